"""bluepencil train: refiners of your own."""

from pathlib import Path
from typing import Any

import click


@click.group()
def train() -> None:
    """Train a refiner: a tagger, or a language model."""


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


@train.command()
@click.argument("examples", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder for the model."
)
@click.option(
    "--base",
    required=True,
    metavar="MODEL",
    help="What to train on: a folder, a name on the hub, or tiny: a small one made from the examples.",
)
@click.option(
    "--preset",
    type=click.Choice(["refinex", "prox", "ultrax", "tiny"]),
    help="Published settings.  [default: refinex; for --base tiny: tiny]",
)
@click.option("--epochs", type=click.FloatRange(min=0, min_open=True), help="Passes over the examples.")
@click.option("--max-steps", type=click.IntRange(1), help="End after so many steps.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True))
@click.option("--batch", type=click.IntRange(1), help="Examples per step, about.")
@click.option("--max-tokens", type=click.IntRange(16), help="Of a packed row, and of the longest example.")
@click.option("--weight-decay", type=click.FloatRange(0))
@click.option("--checkpointing/--no-checkpointing", default=None, help="Less memory, a third more time.")
@click.option("--validate", type=click.IntRange(0), help="Validation examples to write programs for.")
@click.option("--hidden", type=click.IntRange(8), help="tiny: numbers per token inside.  [default: 128]")
@click.option("--layers", type=click.IntRange(1), help="tiny: layers.  [default: 4]")
@click.option("--vocabulary", type=click.IntRange(300), help="tiny: tokens known.  [default: 4096]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--device", type=click.Choice(["auto", "cpu"]), default="auto", show_default=True)
@click.option(
    "--dtype", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True
)
@click.option("--fresh", is_flag=True, help="Start over: delete what an earlier run left in the folder.")
@click.option("--quiet", is_flag=True, help="No progress.")
def lm(
    examples: Path, output: Path, base: str, preset: str | None, fresh: bool, quiet: bool, **given: Any
) -> None:
    """Train a language model to write edit programs, on EXAMPLES as `bluepencil distill` makes them.

    Needs the extra `train`. The folder is one that transformers and servers load. A run that was stopped goes
    on with the same command.

    \b
      bluepencil train lm examples -o my-model --base Qwen/Qwen3-0.6B-Base
      bluepencil train lm examples -o small --base tiny
      torchrun --nproc-per-node 8 -m bluepencil train lm examples -o my-model --base Qwen/Qwen3-0.6B-Base
      bluepencil refine pages.jsonl -o refined --refiner lm:my-model
    """
    from bluepencil.report.trained import trained_table
    from bluepencil.train.lm import train as train_lm
    from bluepencil.train.lm_options import TinySize, options_for

    size = {name: given.pop(name) for name in ("hidden", "layers", "vocabulary")}
    tiny = TinySize(**{name: value for name, value in size.items() if value is not None})
    options = options_for(base, preset, tiny=tiny, **given)

    def report(line: str) -> None:
        if not quiet:
            click.echo(line, err=True)

    card = train_lm(examples, output, options, report, fresh=fresh)
    if card is not None:
        click.echo(trained_table(card.record, str(output)))
