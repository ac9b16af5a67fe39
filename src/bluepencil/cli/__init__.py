"""The command line: one file per command, loaded when it is called."""

import importlib
import signal
import sys
from typing import Any

import click

from bluepencil.errors import BluepencilError, Interrupted, RunError
from bluepencil.version import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "code": ("bluepencil.cli.code:code", "Check, lint, rewrite and verify source files."),
    "decontaminate": (
        "bluepencil.cli.decontaminate:decontaminate",
        "Find benchmark items in the documents of a corpus.",
    ),
    "dedup": ("bluepencil.cli.dedup:dedup", "Drop documents that an earlier one equals or resembles."),
    "distill": ("bluepencil.cli.distill:distill", "Turn expert edits into programs to learn from."),
    "evaluate": ("bluepencil.cli.evaluate:evaluate", "Score what a run made against gold."),
    "expert": ("bluepencil.cli.expert:expert", "Ask a large model to refine documents; keep the pairs."),
    "math": ("bluepencil.cli.math:math", "Rewrite pages of mathematics, and check every one."),
    "refine": ("bluepencil.cli.refine:refine", "Strike noise out of the documents of a corpus."),
    "replay": ("bluepencil.cli.replay:replay", "Rebuild a run's output from the input and its ledger."),
    "report": ("bluepencil.cli.report:report", "Write a page with what a run came to."),
    "run": ("bluepencil.cli.run:run", "Run a recipe: several steps in one pass."),
    "train": ("bluepencil.cli.train:train", "Train a refiner on pairs."),
    "show": ("bluepencil.cli.show:show", "Show documents with what was struck out."),
}
"""Each command: where it lives, and its line in the list of commands."""


class _Commands(click.Group):
    """Commands that are imported when they are needed, so that `--help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.command(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="bluepencil")
def cli() -> None:
    """Refine the text that language models are pre-trained on, with every edit on record.

    \b
    A first run:
      bluepencil refine pages.jsonl -o refined
      bluepencil show refined --sample 3
    Every command explains itself with --help. Exit codes: 0 done, 1 the run failed or differs, 2 wrong
    input or options, 3 done but with damaged inputs or units given up, 130 interrupted.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line tool; a user's own mistake ends in one message and no traceback."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = cli.main(arguments, prog_name="bluepencil", standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Interrupted as stop:
        click.echo(str(stop), err=True)
        code = 130
    except BluepencilError as error:
        click.echo(f"error: {error}", err=True)
        code = 1 if isinstance(error, RunError) else 2
    except BrokenPipeError:
        # Whoever read our output has seen enough; what is left in the buffers goes nowhere.
        sys.stdout = None
        code = 141
    sys.exit(code if isinstance(code, int) else 0)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
