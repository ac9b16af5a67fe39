"""Clients for the tests: as the users' are, with shorter pauses."""

from collections.abc import Iterable
from typing import Any

from bluepencil.llm import Answer, Client, ClientOptions, Failure, Request
from llm.server import FakeServer


def options(server: FakeServer, **values: Any) -> ClientOptions:
    quick = {"backoff_s": 0.01, "backoff_max_s": 0.05, "timeout_s": 5.0, "connect_patience_s": 5.0}
    return ClientOptions(**{"server": server.address, "model": "m", **quick, **values})


def client(server: FakeServer, **values: Any) -> Client:
    return Client(options(server, **values))


def ask(text: str, **params: Any) -> Request:
    return Request(messages=[{"role": "user", "content": text}], params=params)


def texts(outcomes: Iterable[Answer | Failure]) -> list[str]:
    return [outcome.text if isinstance(outcome, Answer) else outcome.reason.value for outcome in outcomes]
