"""bluepencil dedup: drop documents that an earlier one of the corpus equals or resembles."""

from typing import Any

import click

from bluepencil.cli.options import corpus_options, finish


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="OUT", help="The folder for the result.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.85,
    show_default=True,
    help="Share of shingles that two texts must have in common (Jaccard similarity, estimated by MinHash).",
)
@click.option(
    "--unit",
    type=click.Choice(["tokens", "words", "characters"]),
    default="tokens",
    show_default=True,
    help="What shingles are made of; tokens are words and single signs, right for code.",
)
@click.option("--size", type=click.IntRange(1), default=5, show_default=True, help="Units in a shingle.")
@click.option(
    "--permutations",
    type=click.IntRange(2, 4096),
    default=128,
    show_default=True,
    help="Numbers in a signature: more estimate better and take longer.",
)
@click.option("--exact", is_flag=True, help="Only texts that are equal but for white space.")
@click.option("--keep-signatures", is_flag=True, help="Leave OUT.dedup there, to try another threshold.")
@corpus_options
def dedup(
    inputs: tuple[str, ...],
    output: str,
    threshold: float,
    unit: str,
    size: int,
    permutations: int,
    exact: bool,
    keep_signatures: bool,
    **options: Any,
) -> None:
    """Drop documents that an earlier one of the corpus equals or resembles.

    Compared are all documents of all inputs; of those that are alike the first one, in input order, is kept.
    The ledger says of each that is dropped which one it is a duplicate of (duplicate_of) and how similar they
    are. The result does not depend on the number of workers. Near duplicates need the extra `dedup`.

    \b
      bluepencil dedup rewritten/data -o unique
      bluepencil dedup pages.jsonl -o unique --unit words --threshold 0.8
      bluepencil dedup rewritten/data -o unique --exact
    """
    from bluepencil.api import deduplicate

    chosen = {"threshold": threshold, "unit": unit, "size": size, "permutations": permutations}
    manifest = deduplicate(
        inputs,
        output,
        duplicates={"near": False} if exact else chosen,
        keep_signatures=keep_signatures,
        **options,
    )
    finish(manifest, output)
