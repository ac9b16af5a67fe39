"""bluepencil decontaminate: find benchmark items in the documents of a corpus."""

from pathlib import Path
from typing import Any

import click

from bluepencil.cli.options import corpus_options, finish


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="OUT", help="The folder for the result.")
@click.option(
    "--against",
    multiple=True,
    required=True,
    metavar="FILE[:MAP]",
    help="Benchmark items as JSON lines; may be given several times. MAP says which fields they have: "
    "humaneval, mbpp, gsm8k, math, qa; without it the first record tells.",
)
@click.option(
    "--against-fields",
    default="",
    metavar="PART=FIELD,...",
    help="Fields of the items, where no map fits: question=ask,solution=answer,tests=test,id=key,kind=code.",
)
@click.option(
    "--action",
    type=click.Choice(["drop", "mark", "cut"]),
    default="drop",
    show_default=True,
    help="Leave a document out, only say so in the ledger, or cut the lines that hold the item.",
)
@click.option(
    "--numbers-changed",
    type=click.Choice(["drop", "mark", "cut", "ignore"]),
    default="mark",
    show_default=True,
    help="The same for documents that hold items with other numbers only, which is weaker evidence.",
)
@click.option("--index", metavar="FOLDER", help="Where indexes are kept.  [default: OUT.index]")
@click.option("--prose-share", type=click.FloatRange(0, 1, min_open=True), help="How much of a question, ...")
@click.option("--code-share", type=click.FloatRange(0, 1, min_open=True), help="... of code must be there.")
@click.option("--report", is_flag=True, help="Print which items were found how often.")
@corpus_options
def decontaminate(
    inputs: tuple[str, ...],
    output: str,
    against: tuple[str, ...],
    against_fields: str,
    action: str,
    numbers_changed: str,
    index: str | None,
    prose_share: float | None,
    code_share: float | None,
    report: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Find benchmark items in the documents of a corpus: contained in them, not similar to them.

    \b
      bluepencil decontaminate code.jsonl -o clean --against HumanEval.jsonl.gz --against mbpp.jsonl:mbpp
      bluepencil decontaminate pages.jsonl -o marked --against gsm8k.jsonl --action mark --report
      bluepencil show marked --reason contaminated
    """
    from bluepencil import api
    from bluepencil.decontaminate.build import prepare
    from bluepencil.decontaminate.items import Against
    from bluepencil.decontaminate.match import Index
    from bluepencil.decontaminate.options import Thresholds
    from bluepencil.decontaminate.steps import Decontaminate
    from bluepencil.decontaminate.summary import summary, warnings
    from bluepencil.engine.ledger import ledger_rows
    from bluepencil.engine.progress import Progress

    shares = {"prose_share": prose_share, "code_share": code_share}
    thresholds = Thresholds(**{name: share for name, share in shares.items() if share is not None})
    folder = index or f"{Path(output)}.index"
    made = prepare([Against.parse(one, against_fields) for one in against], folder, thresholds)
    facts = Index(made).facts
    for warning in warnings(facts):
        click.echo(f"note: {warning}", err=True)
    step = Decontaminate(str(made), action, numbers_changed)
    manifest = api.run_step(step, inputs, output, progress=Progress(quiet=quiet), **options)
    if report:
        parts = sorted((Path(output) / "ledger").glob("part-*.parquet"))
        click.echo(summary((row for part in parts for row in ledger_rows(part)), facts))
    finish(manifest, output)
