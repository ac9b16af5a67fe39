"""bluepencil evaluate: what a run is worth, measured."""

import json
import warnings

import click


@click.group()
def evaluate() -> None:
    """Score what a run made."""


@evaluate.command()
@click.argument("run", metavar="RUN")
@click.option("--gold", required=True, metavar="FILE", help="JSON lines or Parquet with ids and gold texts.")
@click.option("--gold-field", default="gold", show_default=True, help="The field that holds the gold text.")
@click.option("--by", metavar="FIELD", help="Score each value of this field of the gold file on its own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def edits(run: str, gold: str, gold_field: str, by: str | None, as_json: bool) -> None:
    """Score the texts that RUN wrote against gold.

    Precision, recall and F1 of the words kept (characters in scripts without spaces), by longest common
    subsequence, as means over documents with a bootstrap 95 % interval, beside doing nothing; the share
    of noise removed and of gold lost; and how many documents are worse than before.

    \b
      bluepencil evaluate edits refined --gold pages.jsonl --by source
    """
    from bluepencil.api import evaluate_edits

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        report = evaluate_edits(run, gold, gold_field=gold_field, by=by)
    for warning in said:
        click.echo(f"note: {warning.message}", err=True)
    click.echo(json.dumps(report.to_json()) if as_json else report.to_table())
