"""bluepencil distill: expert edits become the shortest programs that reproduce them."""

import json
from pathlib import Path
from typing import Any

import click

from bluepencil.cli.options import finish, run_options


@click.command()
@click.argument("pairs", nargs=-1, required=True, metavar="PAIRS...")
@click.option("-o", "--output", required=True, metavar="OUT", help="The folder for the examples.")
@click.option(
    "--raw-field",
    "--text-field",
    "raw_field",
    default="raw",
    show_default=True,
    help="The field with the text as it was.",
)
@click.option("--refined-field", default="gold", show_default=True, help="The field with the expert's text.")
@click.option("--url-field", default="url", show_default=True, help="The address that the split goes by.")
@click.option(
    "--screen",
    type=click.Choice(["none", "refinex", "refinex-keep", "ultrax", "exact"]),
    default="refinex-keep",
    show_default=True,
    help="Which pairs are fit to learn from; docs/distill.md says what each asks.",
)
@click.option(
    "--dialect",
    type=click.Choice(["native", "prox-c", "prox-d", "ultrax", "rescraper"]),
    default="native",
    show_default=True,
    help="The language of the programs, how lines are numbered, and the words of the prompt; "
    "docs/dialects.md shows each.",
)
@click.option(
    "--system",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The system message for ultrax and rescraper, which is not part of this package.",
)
@click.option(
    "--style",
    type=click.Choice(["plain", "chat"]),
    help="Prompt and completion, or messages.  [default: that of the dialect; native is plain]",
)
@click.option(
    "--window", type=int, help="Characters of a chunk at most.  [default: the dialect's; native 12000]"
)
@click.option(
    "--overlap", type=int, help="Characters that chunks share, about.  [default: the dialect's; native 1000]"
)
@click.option("--validation-share", type=click.FloatRange(0, 1), default=0.02, show_default=True)
@click.option("--split-by", type=click.Choice(["site", "id"]), default="site", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Another seed is another split.")
@click.option(
    "--replacements", is_flag=True, help="Allow replace_str, where deletions cannot say it or are longer."
)
@click.option("--json", "as_json", is_flag=True, help="The report as one JSON object.")
@run_options
def distill(pairs: tuple[str, ...], output: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Turn pairs of a text and an expert's version of it into training examples.

    Each pair becomes the shortest program that makes the one of the other, cut into chunks with numbered
    lines as a refiner sees them. What cannot be said by deletions, or in the dialect, is left out and
    counted.

    \b
      bluepencil distill pairs.jsonl -o examples
      bluepencil distill pairs.jsonl -o examples --style chat --format jsonl.zst
      bluepencil distill pairs.jsonl -o examples --dialect prox-c --replacements
    """
    from bluepencil import api
    from bluepencil.engine.progress import Progress
    from bluepencil.report.distilled import distilled, distilled_table

    names = ("dialect", "screen", "window", "overlap", "validation_share", "split_by", "seed", "replacements")
    distilling = {name: options.pop(name) for name in names}
    manifest = api.distill(pairs, output, distilling=distilling, progress=Progress(quiet=quiet), **options)
    figures = distilled(Path(output))
    if as_json:
        click.echo(json.dumps(figures))
        return
    click.echo(distilled_table(figures))
    finish(manifest, output)
