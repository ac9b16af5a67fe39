"""Asks language models: any OpenAI-compatible server, with nothing lost and nothing paid for twice."""

from bluepencil.llm.accounting import (
    Budget,
    BudgetReachedError,
    Estimate,
    Price,
    Usage,
    approximate_tokens,
    estimate,
)
from bluepencil.llm.cache import Cache
from bluepencil.llm.client import Client
from bluepencil.llm.limits import ServerUnusableError
from bluepencil.llm.messages import Answer, AskReason, Failure, Request
from bluepencil.llm.options import ClientOptions
from bluepencil.llm.prompts import Prompt
from bluepencil.llm.server import LocalServer, ServerOptions

__all__ = [
    "Answer",
    "AskReason",
    "Budget",
    "BudgetReachedError",
    "Cache",
    "Client",
    "ClientOptions",
    "Estimate",
    "Failure",
    "LocalServer",
    "Price",
    "Prompt",
    "Request",
    "ServerOptions",
    "ServerUnusableError",
    "Usage",
    "approximate_tokens",
    "estimate",
]
