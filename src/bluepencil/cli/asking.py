"""The options of every command that asks a language model."""

import functools
from collections.abc import Callable, Container
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bluepencil.recipes.server import default_cache as default_cache

if TYPE_CHECKING:
    from bluepencil.llm import ClientOptions, Estimate

_OPTIONS = (
    click.option("--server", metavar="URL", help="Address of the server, such as http://127.0.0.1:8000."),
    click.option("--model", metavar="NAME", help="The name the server knows the model by."),
    click.option(
        "--start-server",
        metavar="COMMAND",
        help="Start the server first and end it afterwards; {port} stands for a free port. Its output goes "
        "to OUT.server.log.",
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
NO_MODEL = "no model named"
"""Stands for the model in an estimate without one; no answer is kept under such a name."""
_ESTIMATING = ("estimate", "tokens_per_s")


def asking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets them as one dictionary, `asking`."""

    @functools.wraps(command)
    def gathered(**values: Any) -> Any:
        asking = {name: values.pop(name) for name in _NAMES}
        return command(asking=asking, **values)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def asking_values(asking: dict[str, Any], only: Container[str] | None = None) -> dict[str, Any]:
    """Return what the options say as fields of `recipes.server.Asking`; `only` these of them, by option."""
    renamed = {"timeout": "timeout_s"}
    return {
        renamed.get(name, name): asking[name]
        for name in _NAMES
        if name not in _ESTIMATING and (only is None or name in only)
    }


def client_options(asking: dict[str, Any], output: Path, stack: ExitStack) -> "ClientOptions":
    """Return the client's options, with the server started where one is to be; `stack` ends it."""
    from bluepencil.recipes.server import Asking, serving

    named = Asking(**asking_values(asking))
    if asking["estimate"]:
        return replace(named, model=named.model or NO_MODEL).client(output, lenient=True)
    named.client(output)  # what is missing is said before a server is started
    return stack.enter_context(serving(named, output)).client(output)


def estimate_table(estimate: "Estimate", *, named: bool = True) -> str:
    """Return an estimate for a terminal; `named` says whether a model was, whose answers may be kept."""
    answered = f"{estimate.cached:,} of them answered already"
    if not named:
        answered = "without --model it is not known which of them are answered already"
    lines = [
        f"{estimate.documents:>14,} documents, {answered}",
        *(f"{count:>14,} not sent: {reason}" for reason, count in sorted(estimate.not_sent.items())),
        f"{estimate.tokens_in:>14,} tokens to send",
        f"{estimate.tokens_out:>14,} tokens to receive (counted by: {estimate.counted_by})",
    ]
    lines.append(
        f"{estimate.money:>14,.2f} to pay" if estimate.money is not None else "no --price, so no sum"
    )
    if estimate.seconds is not None:
        hours = estimate.seconds / 3600
        lines.append(f"{hours:>14,.1f} hours" if hours >= 1 else f"{60 * hours:>14,.1f} minutes")
    return "\n".join(lines)
