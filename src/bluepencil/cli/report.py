"""bluepencil report: a page with what a run came to."""

from pathlib import Path

import click


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The page.  [default: print a table]",
)
def report(run: str, output: Path | None) -> None:
    """Say what a finished RUN came to: what was left after each step, why, scores, tokens, costs.

    With -o, one HTML file that needs nothing beside itself: funnel, reasons, histograms. Without, the table
    that ends a run.

    \b
      bluepencil report refined
      bluepencil report rewritten -o rewritten.html
    """
    from bluepencil.engine.state import read_manifest
    from bluepencil.report.page import write_page
    from bluepencil.report.summary import summary

    if output is None:
        click.echo(summary(read_manifest(Path(run)), run))
        return
    write_page(Path(run), output)
    click.echo(f"written: {output}")
