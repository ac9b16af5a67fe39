"""The options that every command over a corpus shares, and how a run ends on the screen."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def corpus_options(command: Command) -> Command:
    """Add the options of a run over a corpus: fields, format, workers, failures, limits."""
    return _added(run_options(command), _FIELD_OPTIONS)


def run_options(command: Command) -> Command:
    """Add the options of any run: format, workers, failures, limits."""
    return _added(command, _RUN_OPTIONS)


def _added(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


_FIELD_OPTIONS: tuple[Any, ...] = (
    click.option("--text-field", default="text", show_default=True, help="The field that holds the text."),
    click.option(
        "--html-field",
        metavar="FIELD",
        help="A field that holds HTML: its text is rendered into the text field first (extra: web).",
    ),
)

_RUN_OPTIONS: tuple[Any, ...] = (
    click.option(
        "--id-field",
        default="id",
        show_default=True,
        help="The field that names a document; one without gets FILE@POSITION in the ledger.",
    ),
    click.option(
        "--format",
        "data_format",
        type=click.Choice(["parquet", "jsonl.zst"]),
        default="parquet",
        show_default=True,
        help="How the refined corpus is written; the ledger is always Parquet.",
    ),
    click.option("--workers", type=click.IntRange(1), help="Worker processes.  [default: one per core]"),
    click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N records."),
    click.option(
        "--on-failure",
        type=click.Choice(["keep", "drop", "stop"]),
        default="keep",
        show_default=True,
        help="What a document that fails costs: it is kept as it was, left out, or ends the run. "
        "Records that are no documents (not JSON, no text) go to the ledger alone.",
    ),
    click.option("--fresh", is_flag=True, help="Start over: delete what an earlier run left in OUT."),
    click.option(
        "--unit-mb",
        type=click.FloatRange(0.001),
        default=64,
        show_default=True,
        help="The size of the slices that are worked on and committed as one.",
    ),
    click.option(
        "--max-record-mb",
        type=click.FloatRange(0.001),
        default=32,
        show_default=True,
        help="A larger record is counted as failed.",
    ),
    click.option(
        "--hang-seconds",
        type=click.FloatRange(1),
        default=600,
        show_default=True,
        help="A worker that gives no sign of life for so long is replaced.",
    ),
    click.option("--quiet", is_flag=True, help="No progress."),
)


def given_options() -> set[str]:
    """Return the names of the options of this command that the user has written, rather than defaults."""
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    return {name for name in context.params if context.get_parameter_source(name) is not default}


def finish(manifest: dict[str, Any], output: str) -> None:
    """Print the summary of a run; exit with 3 where something could not be read or was given up."""
    from bluepencil.report.summary import summary

    click.echo(summary(manifest, output))
    if manifest["quarantined"] or manifest["damaged_inputs"]:
        raise click.exceptions.Exit(3)
