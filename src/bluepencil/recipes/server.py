"""Which server the steps of a recipe ask, and how: the table `[server]`, or the command line."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bluepencil.errors import OptionError

if TYPE_CHECKING:
    from bluepencil.llm import ClientOptions

NOWHERE = "http://127.0.0.1:8000"
"""The address that stands for a server which is not asked: in a check, an estimate, an explanation."""

OF_ONE_STEP = (
    "server",
    "model",
    "api_key_env",
    "in_flight",
    "timeout_s",
    "requests_per_minute",
    "tokens_per_minute",
    "price",
)
"""What a step may say differently from the table `[server]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How models are asked; see `bluepencil.llm.ClientOptions` for what is not said here.

    start_server: a command that starts the server first; {port} stands for a free port.
    cache: folder of the answers; None is bluepencil/answers in the user's cache folder.
    price: money per million tokens in and out. budget, token_budget: what the run may spend.
    """

    server: str | None = None
    model: str | None = None
    start_server: str | None = None
    cache: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    in_flight: int = 64
    timeout_s: float = 300.0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    price: tuple[float, float] | None = None
    budget: float | None = None
    token_budget: int | None = None

    def client(self, output: Path, *, lenient: bool = False) -> "ClientOptions":
        """Return the options of a client whose limits are counted under an output folder.

        `lenient` takes a place-holder where no server is named. Raises OptionError for want of either.
        """
        from bluepencil.llm import Budget, ClientOptions, Price

        if self.model is None:
            raise OptionError("a model is asked, and none is named: say --model NAME, or model in the recipe")
        if self.server is None and not (lenient or self.start_server):
            raise OptionError("name a --server, or one to start with --start-server")
        limits = (self.budget, self.token_budget)
        return ClientOptions(
            server=self.server or NOWHERE,
            model=self.model,
            cache=self.cache or str(default_cache()),
            api_key_env=self.api_key_env,
            in_flight=self.in_flight,
            timeout_s=self.timeout_s,
            patience_s=max(900.0, self.timeout_s),
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            price=Price(*self.price) if self.price else None,
            budget=Budget(*limits) if any(limit is not None for limit in limits) else None,
            run=str(output.resolve()),
        )

    def with_values(self, values: dict[str, Any]) -> "Asking":
        """Return the same with other values; naming a server makes one to start unneeded, and the reverse."""
        if values.get("server") and not values.get("start_server"):
            values = {"start_server": None, **values}
        if values.get("start_server") and not values.get("server"):
            values = {"server": None, **values}
        return replace(self, **values)


def default_cache() -> Path:
    """Return where answers are kept unless told otherwise."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "bluepencil" / "answers"


@contextmanager
def serving(asking: Asking, output: Path) -> Iterator[Asking]:
    """Start the server where one is to be started, and end it afterwards; it writes OUT.server.log."""
    if asking.start_server is None:
        yield asking
        return
    from bluepencil.llm import LocalServer, ServerOptions, ServerUnusableError

    if asking.server is not None:
        raise OptionError("name a --server, or one to start with --start-server; not both")
    log = output.with_name(f"{output.name}.server.log")
    server = LocalServer(ServerOptions(command=asking.start_server, log=str(log)))
    with server:
        try:
            yield replace(asking, server=server.address)
        except ServerUnusableError:
            # A server that has ended tells more, with the end of its log, than the client that lost it.
            server.check()
            raise
