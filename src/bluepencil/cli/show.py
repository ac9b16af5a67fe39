"""bluepencil show: documents with what was struck out."""

import click


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--id", "key", help="The document of this id.")
@click.option(
    "--sample", type=click.IntRange(1), metavar="N", help="N documents drawn at random (the default: 3)."
)
@click.option("--seed", default=0, show_default=True, help="Draws another sample.")
@click.option("--reason", metavar="CODE", help="Documents with this reason or fault code.")
@click.option(
    "--status", type=click.Choice(["unchanged", "edited", "dropped", "failed"]), help="Of this outcome."
)
@click.option("--stage", metavar="STEP", help="What one step did: its name, or its number from 1.")
@click.option("--lines", default=60, show_default=True, help="Lines shown of each; 0 shows all.")
@click.option(
    "--color/--no-color", default=None, help="Colours, or [-...-] marks.  [default: as the terminal is]"
)
def show(
    run: str,
    key: str | None,
    sample: int | None,
    seed: int,
    reason: str | None,
    status: str | None,
    stage: str | None,
    lines: int,
    color: bool | None,
) -> None:
    """Show documents of a finished RUN with what was struck out.

    Where several steps were run, each has a line with what it said, and the lines that it rewrote.

    \b
      bluepencil show refined --sample 5
      bluepencil show refined --id page-17 --lines 0
      bluepencil show refined --reason all-noise
      bluepencil show rewritten --id file-3 --stage sgcr
    """
    import sys
    from pathlib import Path

    from bluepencil.engine.state import read_manifest
    from bluepencil.report.documents import Selection, select, shown, stage_numbers

    selection = Selection(key=key, sample=sample, seed=seed, reason=reason, status=status)
    colored = sys.stdout.isatty() if color is None else color
    stages = stage_numbers(read_manifest(Path(run)), stage) if stage is not None else None
    found = 0
    for result in select(Path(run), selection):
        found += 1
        click.echo(shown(result, lines or None, color=colored, stages=stages), color=colored)
    if not found:
        click.echo("no document is like that", err=True)
        raise click.exceptions.Exit(1)
