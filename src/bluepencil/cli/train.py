"""bluepencil train: refiners of your own."""

from pathlib import Path
from typing import Any

import click


@click.group()
def train() -> None:
    """Train a refiner."""


@train.command()
@click.argument(
    "pairs", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The file for the model."
)
@click.option("--epochs", type=click.IntRange(1), help="Passes over the pages.")
@click.option("--folds", type=click.IntRange(2), help="Networks, each trained without one fold of the sites.")
@click.option("--fewest-sites", type=click.IntRange(1), help="Of how many sites a word must be known.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--trusted", multiple=True, metavar="SOURCE", help="Values of the field `source` that a person labelled."
)
def tagger(
    pairs: tuple[Path, ...],
    output: Path,
    epochs: int | None,
    folds: int | None,
    fewest_sites: int | None,
    threads: int,
    seed: int,
    trusted: tuple[str, ...],
) -> None:
    """Train a tagger on PAIRS: JSON lines (plain or gz) with `raw` and `gold`, and `url` to split by site.

    Needs the extra `train`. The model is a single file; a card with its figures on held-out sites is written
    beside it.

    \b
      bluepencil train tagger mine.jsonl -o mine.npz
      bluepencil refine pages.jsonl -o refined --refiner tagger:mine.npz
    """
    from bluepencil.errors import MissingExtraError

    try:
        from bluepencil.train.tagger import train as train_tagger
        from bluepencil.train.tagger_options import TaggerOptions
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("torch", "train") from error
    given: dict[str, Any] = {"epochs": epochs, "folds": folds, "fewest_sites": fewest_sites}
    given["trusted"] = trusted or None
    options = TaggerOptions(threads=threads, seed=seed, **{k: v for k, v in given.items() if v is not None})
    card = train_tagger(list(pairs), output, options, report=lambda line: click.echo(line, err=True))
    click.echo(f"{output}: {card['sha256'][:12]}, card in {output.with_suffix('.json')}")
