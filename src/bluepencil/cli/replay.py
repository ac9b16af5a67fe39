"""bluepencil replay: rebuild a run's output from the input and its ledger."""

from itertools import islice
from pathlib import Path

import click

from bluepencil.cli.options import finish


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="OUT", help="The folder for the rebuilt corpus.")
@click.option(
    "--strength",
    type=click.Choice(["light", "normal", "strong"]),
    help="Decide again at another strength, from the tagger's scores in the ledger.",
)
@click.option("--workers", type=click.IntRange(1), help="Worker processes.  [default: one per core]")
@click.option("--fresh", is_flag=True, help="Start over: delete what an earlier replay left in OUT.")
@click.option("--quiet", is_flag=True, help="No progress.")
def replay(
    run: str,
    inputs: tuple[str, ...],
    output: str,
    strength: str | None,
    workers: int | None,
    fresh: bool,
    quiet: bool,
) -> None:
    """Rebuild the output of RUN from the raw INPUT and the ledger of RUN alone.

    The rebuilt corpus is byte-identical. Where a document cannot be rebuilt, because its text is not the
    one that was refined, it is named with the reason, and the exit code is 1.

    \b
      bluepencil replay refined pages.jsonl.gz -o again
      bluepencil replay refined pages.jsonl.gz -o lighter --strength light
    """
    from bluepencil import api
    from bluepencil.engine.progress import Progress
    from bluepencil.engine.replay import differing

    progress = Progress(quiet=quiet)
    manifest = api.replay(
        run, inputs, output, strength=strength, workers=workers, fresh=fresh, progress=progress
    )
    rows = list(islice(differing(Path(output)), 21))
    for row in rows[:20]:
        place = f"{manifest['inputs'][row['file']]['url']}, position {row['position']}"
        click.echo(f"{row['reason']}: {row['id'] or '(no id)'} ({place}): {row['detail']}", err=True)
    if len(rows) > 20:
        click.echo(f"... and more; all are in {output}/ledger", err=True)
    finish(manifest, output)
    if rows:
        raise click.exceptions.Exit(1)
