"""The options of a client, checked when they are made."""

import os
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bluepencil.errors import OptionError
from bluepencil.llm.accounting import Budget, Price
from bluepencil.llm.messages import WHOLE


def _new_run() -> str:
    return f"run-{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """How one server is asked. All limits hold for the run: processes with the same cache and run share them.

    server: address of an OpenAI-compatible server; "/v1" is added where no path is given.
    model: the name the server knows the model by; part of every cache key.
    cache: folder of the durable cache; None keeps nothing, and then a rerun pays again.
    api_key_env: environment variable that holds the key; unset or empty means no key is sent.
    in_flight: requests under way at once.
    timeout_s: seconds one request may take.
    attempts: tries of one record whose requests fail on the server; timeout_attempts: of one that times out.
    patience_s: seconds without one success, all requests failing, after which the run ends.
    connect_patience_s: the same while a server has never been reached (a wrong address, most often).
    failures_in_a_row: records given up one after the other, without a success, that end the run.
    backoff_s, backoff_max_s: first and longest pause between two tries; each is doubled and jittered.
    requests_per_minute, tokens_per_minute: None is no limit.
    run: name that budget and limits are counted under; name it after the output to count over restarts.
    finish_reasons: values of finish_reason that mean a whole answer; add "null" for a server that sends none.
    """

    server: str
    model: str
    cache: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    in_flight: int = 64
    timeout_s: float = 300.0
    attempts: int = 5
    timeout_attempts: int = 2
    patience_s: float = 900.0
    connect_patience_s: float = 60.0
    failures_in_a_row: int = 20
    backoff_s: float = 0.5
    backoff_max_s: float = 30.0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    price: Price | None = None
    budget: Budget | None = None
    run: str = field(default_factory=_new_run)
    finish_reasons: tuple[str, ...] = WHOLE

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        _check_address(self.server)
        if not self.model:
            raise OptionError("the model has no name")
        for name in ("in_flight", "attempts", "timeout_attempts", "failures_in_a_row"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1")
        for name in (
            "timeout_s",
            "patience_s",
            "connect_patience_s",
            "requests_per_minute",
            "tokens_per_minute",
        ):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise OptionError(f"{name} must be more than 0")
        if not 0 <= self.backoff_s <= self.backoff_max_s:
            raise OptionError("backoff_s must lie between 0 and backoff_max_s")
        if self.patience_s < self.timeout_s:
            raise OptionError("patience_s must not be shorter than timeout_s")
        if self.budget is not None and self.budget.money is not None and self.price is None:
            raise OptionError("a budget in money needs a price")

    @property
    def base(self) -> str:
        """The address that endpoints are appended to, without a slash at its end."""
        address = self.server.rstrip("/")
        return address if urlsplit(address).path else f"{address}/v1"

    def api_key(self) -> str:
        """Return the key, read from the environment at each call so that it is never kept or pickled."""
        return os.environ.get(self.api_key_env, "").strip()


def _check_address(server: str) -> None:
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OptionError(
            f"not the address of a server: {server!r}; expected something like http://127.0.0.1:8000"
        )
    if parts.username or parts.password:
        raise OptionError(
            "the address of the server holds a password; put the key in an environment variable"
        )
    if parts.query or parts.fragment:
        raise OptionError(f"the address of the server ends in a query or fragment: {server!r}")
