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
from bluepencil.llm.question import Question
from bluepencil.llm.server import LocalServer, ServerOptions
from bluepencil.llm.thinking import after_thinking

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
    "Question",
    "Request",
    "ServerOptions",
    "ServerUnusableError",
    "Usage",
    "after_thinking",
    "approximate_tokens",
    "estimate",
]
