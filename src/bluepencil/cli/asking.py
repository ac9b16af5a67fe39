"""The options of every command that asks a language model."""

import functools
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bluepencil.llm import ClientOptions, Estimate

_OPTIONS = (
    click.option("--server", metavar="URL", help="Address of the server, such as http://127.0.0.1:8000."),
    click.option("--model", required=True, metavar="NAME", help="The name the server knows the model by."),
    click.option(
        "--start-server",
        metavar="COMMAND",
        help="Start the server first and end it afterwards; {port} stands for a free port. Its output goes "
        "to PAIRS.server.log.",
    ),
    click.option(
        "--cache",
        metavar="FOLDER",
        help="Where answers are kept.  [default: bluepencil/answers in the user's cache folder]",
    ),
    click.option("--api-key-env", default="OPENAI_API_KEY", show_default=True, help="Variable with the key."),
    click.option(
        "--in-flight", type=click.IntRange(1), default=64, show_default=True, help="Requests at once."
    ),
    click.option(
        "--timeout", type=click.FloatRange(0.1), default=300, show_default=True, help="Seconds of one."
    ),
    click.option("--requests-per-minute", type=click.FloatRange(0.001)),
    click.option("--tokens-per-minute", type=click.FloatRange(0.001)),
    click.option(
        "--price", nargs=2, type=float, metavar="IN OUT", help="Money per million tokens in and out."
    ),
    click.option(
        "--budget", type=float, metavar="MONEY", help="Stop cleanly before more is spent; needs --price."
    ),
    click.option("--token-budget", type=click.IntRange(1), help="The same in tokens, in and out."),
    click.option("--estimate", is_flag=True, help="Say what it would cost, and send nothing."),
    click.option(
        "--tokens-per-s", type=click.FloatRange(0.001), help="For --estimate: what the server can do."
    ),
)
_NAMES = (
    "server",
    "model",
    "start_server",
    "cache",
    "api_key_env",
    "in_flight",
    "timeout",
    "requests_per_minute",
    "tokens_per_minute",
    "price",
    "budget",
    "token_budget",
    "estimate",
    "tokens_per_s",
)


def asking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets them as one dictionary, `asking`."""

    @functools.wraps(command)
    def gathered(**values: Any) -> Any:
        asking = {name: values.pop(name) for name in _NAMES}
        return command(asking=asking, **values)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def client_options(asking: dict[str, Any], output: Path, stack: ExitStack) -> "ClientOptions":
    """Return the client's options, with the server started where one is to be; `stack` ends it."""
    from bluepencil.errors import OptionError
    from bluepencil.llm import Budget, ClientOptions, LocalServer, Price, ServerOptions, ServerUnusableError

    if (asking["server"] is None) == (asking["start_server"] is None) and not asking["estimate"]:
        raise OptionError("name a --server, or one to start with --start-server")
    address = asking["server"] or "http://127.0.0.1:8000"
    if asking["start_server"] is not None and not asking["estimate"]:
        log = output.with_name(output.name + ".server.log")
        server = LocalServer(ServerOptions(command=asking["start_server"], log=str(log)))
        address = stack.enter_context(server).address

        def say_why(_kind: object, error: BaseException | None, _trace: object) -> None:
            # A server that has ended tells more, with the end of its log, than the client that lost it.
            if isinstance(error, ServerUnusableError):
                server.check()

        stack.push(say_why)
    limits = (asking["budget"], asking["token_budget"])
    return ClientOptions(
        server=address,
        model=asking["model"],
        cache=asking["cache"] or str(_default_cache()),
        api_key_env=asking["api_key_env"],
        in_flight=asking["in_flight"],
        timeout_s=asking["timeout"],
        patience_s=max(900.0, asking["timeout"]),
        requests_per_minute=asking["requests_per_minute"],
        tokens_per_minute=asking["tokens_per_minute"],
        price=Price(*asking["price"]) if asking["price"] else None,
        budget=Budget(*limits) if any(limits) else None,
        run=str(output.resolve()),
    )


def _default_cache() -> Path:
    import os

    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "bluepencil" / "answers"


def estimate_table(estimate: "Estimate") -> str:
    """Return an estimate for a terminal."""
    lines = [
        f"{estimate.documents:>14,} documents, {estimate.cached:,} of them answered already",
        f"{estimate.tokens_in:>14,} tokens to send",
        f"{estimate.tokens_out:>14,} tokens to receive (counted by: {estimate.counted_by})",
    ]
    lines.append(
        f"{estimate.money:>14,.2f} to pay" if estimate.money is not None else "no --price, so no sum"
    )
    if estimate.seconds is not None:
        lines.append(f"{estimate.seconds / 3600:>14,.1f} hours")
    return "\n".join(lines)
