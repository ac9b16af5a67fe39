"""bluepencil refine: strike noise out of the documents of a corpus."""

from typing import Any

import click

from bluepencil.cli.models import model_options
from bluepencil.cli.options import corpus_options, finish


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="OUT", help="The folder for the result.")
@click.option(
    "--refiner",
    default="tagger",
    show_default=True,
    metavar="NAME",
    help="What writes the edit programs: tagger, tagger:MODEL, rules, rules:SET,SET (c4, context, "
    "navigation, ...), none; a language model: lm:FOLDER, prox-c:MODEL, prox-d:MODEL, ultrax:MODEL@FILE, "
    "rescraper:MODEL@FILE (docs/dialects.md); or cascade:tagger,lm:FOLDER, which asks a model only where the "
    "tagger is not sure (docs/cascade.md).",
)
@click.option(
    "--strength",
    type=click.Choice(["light", "normal", "strong"]),
    help="How sure the tagger must be before something goes: light for text that was cleaned already, "
    "strong for whole web pages; docs/tagger.md has the figures.  [default: normal]",
)
@click.option(
    "--fault-cost",
    type=click.Choice(["call", "chunk", "document"]),
    default="call",
    show_default=True,
    help="What a faulty call of a program costs: itself, the edits of its chunk, or all of the document.",
)
@click.option(
    "--max-deleted-share",
    type=click.FloatRange(0, 1),
    default=0.95,
    show_default=True,
    help="A program that deletes a larger share of the characters is not carried out.",
)
@click.option(
    "--max-calls",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Nor is a program with more calls than this.",
)
@click.option(
    "--replacements",
    is_flag=True,
    help="Carry out calls that put text in the place of text, too: replace_str, insert_line.",
)
@model_options
@corpus_options
def refine(
    inputs: tuple[str, ...],
    output: str,
    refiner: str,
    strength: str | None,
    fault_cost: str,
    max_deleted_share: float,
    max_calls: int,
    replacements: bool,
    model: dict[str, Any],
    quiet: bool,
    **options: Any,
) -> None:
    """Strike noise out of the documents of a corpus.

    INPUT is files, folders, globs or addresses (s3://, hf://, ...) of JSON lines (.jsonl, .jsonl.gz,
    .jsonl.zst), Parquet, WARC, WET (plain or gz) or HTML files. All fields are carried
    through; only the text changes, and only by deletion unless --replacements is given.

    \b
    OUT/data/       the refined corpus
    OUT/ledger/     a row per record: outcome, reason, program, hashes
    OUT/manifest.json   written last: totals, inputs, options; without it the run is not finished

    A run that was stopped goes on with the same command.

    \b
      bluepencil refine pages.jsonl.gz -o refined
      bluepencil refine 'crawl/*.parquet' -o refined --text-field content --workers 8
      bluepencil refine pages.jsonl -o refined --refiner lm:my-model
      bluepencil refine pages.jsonl -o refined --refiner cascade:tagger,lm:my-model --sure 0.8
    """
    from bluepencil.api import refine as run
    from bluepencil.cli.models import run_options_for
    from bluepencil.engine.progress import Progress
    from bluepencil.programs import Policy

    policy = Policy(replacements, max_deleted_share, max_calls)
    manifest = run(
        inputs,
        output,
        refiner=refiner,
        strength=strength,
        policy=policy,
        fault_cost=fault_cost,
        progress=Progress(quiet=quiet),
        **run_options_for(refiner, model, output, options),
    )
    finish(manifest, output)
