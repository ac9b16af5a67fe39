"""A language-model refiner from nothing: pairs -> programs -> a small model -> refined pages of unseen sites.

    python recipes/train-refiner.py                       the example pages of this repository
    python recipes/train-refiner.py --data FOLDER         JSON lines with id, url, source, raw and gold

1,236 pages take 13 minutes of CPU time. The model has about a million parameters and random weights to
begin with, so it loses against the tagger; by how much is what this prints, with 95 % intervals over the same
pages: doing nothing, the model, and a tagger that was trained on the same sites for a few passes. The example
pages are far too few to learn from: on them the model does harm, and the tagger nothing; that run is a tour.
Needs the extra `train`.
"""

import gzip
import json
import resource
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from bluepencil import api
from bluepencil.distill import Options
from bluepencil.distill.dataset import split_of
from bluepencil.engine.results import read_results
from bluepencil.evaluate.edits import Page, evaluate
from bluepencil.train.lm import train as train_lm
from bluepencil.train.lm_options import TinySize, options_for
from bluepencil.train.tagger import train as train_tagger
from bluepencil.train.tagger_options import TaggerOptions

EXAMPLES = Path(__file__).parents[1] / "examples" / "pages.jsonl"
FILES = ("scrapinghub", "trafilatura_silver", "readability_silver")
# Windows of some ten lines: what a model of this size can look over.
WINDOW, OVERLAP = 600, 100
MODEL = TinySize(hidden=128, layers=3, heads=4, vocabulary=4096, context=1024)

# CPU time says what it takes where other work is on the cores.
_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def rows_of(data: Path | None) -> Iterator[dict[str, Any]]:
    """Yield the pages to learn from, with `source` set."""
    paths = [EXAMPLES] if data is None else [data / f"{name}.jsonl.gz" for name in FILES]
    for path in paths:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = {"source": path.name.partition(".")[0], **json.loads(line)}
                if data is None:
                    # The sites of the example pages share the few domains that are reserved for examples.
                    row["url"] = f"https://{row['site'].replace('.', '-')}.test/"
                yield row


def write(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def outputs(run: Path) -> dict[str, str | None]:
    """Return what a run wrote for each document; None for one that was dropped."""
    return {result.row["id"]: result.output for result in read_results(run)}


def compare(rows: list[dict[str, Any]], model: dict[str, Any], tagger: dict[str, Any]) -> dict[str, Any]:
    """Return the word-F1 of both by source, and of the model less the tagger, page by page."""

    def pages(written: dict[str, Any], instead_of: dict[str, Any] | None = None) -> Iterator[Page]:
        for row in rows:
            # What stands in the place of the raw text is what the difference is taken to.
            before = row["raw"] if instead_of is None else instead_of[row["id"]] or ""
            yield Page(row["id"], row["source"], before, written[row["id"]], row["gold"])

    found: dict[str, Any] = {}
    reports = evaluate(pages(model)), evaluate(pages(tagger)), evaluate(pages(model, tagger))
    for source, ours in reports[0].rows().items():
        other, difference = (report.rows()[source] for report in reports[1:])
        found[source] = {
            "n": ours.n,
            "f1_do_nothing": round(ours.f1_do_nothing, 4),
            "f1_lm": round(ours.f1, 4),
            "lm_less_nothing": [round(end, 4) for end in (ours.difference, *ours.difference_interval)],
            "f1_tagger": round(other.f1, 4),
            "lm_less_tagger": [
                round(end, 4) for end in (difference.difference, *difference.difference_interval)
            ],
        }
    return found


@click.command()
@click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of pairs."
)
@click.option(
    "-o", "--output", default="train-refiner-out", type=click.Path(path_type=Path), show_default=True
)
@click.option("--steps", type=click.IntRange(1), help="Of training.  [default: 600; 150 on the examples]")
@click.option("--share", default=0.15, show_default=True, help="Of the sites that are held out.")
@click.option("--seed", default=0, show_default=True)
def main(data: Path | None, output: Path, steps: int | None, share: float, seed: int) -> None:
    """Distill, train, refine unseen sites, compare."""
    begun = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    split = Options(validation_share=share, seed=seed)
    rows = list(rows_of(data))
    unseen = [row for row in rows if split_of(row["id"], row.get("url") or "", split) == "validation"]
    known = {row["id"] for row in unseen}
    if not unseen or len(unseen) == len(rows):
        raise click.UsageError("the split leaves nothing to train on, or to test on; try another --seed")
    pairs = write(output / "pairs.jsonl", rows)
    held_out = write(output / "unseen.jsonl", unseen)
    learnt_from = write(output / "train.jsonl", (row for row in rows if row["id"] not in known))
    click.echo(f"{len(rows) - len(unseen)} pages to learn from, {len(unseen)} of other sites to test on")

    distilling = {
        "screen": "refinex-keep",
        "window": WINDOW,
        "overlap": OVERLAP,
        "validation_share": share,
        "seed": seed,
    }
    api.distill(pairs, output / "examples", distilling=distilling, fresh=True)
    options = options_for(
        "tiny",
        max_steps=steps or (150 if data is None else 600),
        epochs=1000.0,
        batch=16,
        max_tokens=384,
        validations=10,
        checkpoints=5,
        validate=400,
        seed=seed,
        tiny=MODEL,
    )
    card = train_lm(output / "examples", output / "model", options, click.echo, fresh=True)
    assert card is not None
    trained = time.monotonic()

    few = TaggerOptions(folds=2, epochs=3 if data else 12, span_epochs=0, fewest_sites=8 if data else 3)
    train_tagger([learnt_from], output / "tagger.npz", few)
    tagged = time.monotonic()
    for name, refiner in {
        "lm": f"lm:{output / 'model'}",
        "tagger": f"tagger:{output / 'tagger.npz'}",
    }.items():
        run = output / f"by-{name}"
        api.refine(
            held_out, run, refiner=refiner, text_field="raw", fresh=True, hang_seconds=3600, unit_mb=0.5
        )
    found = compare(unseen, outputs(output / "by-lm"), outputs(output / "by-tagger"))
    for source, row in found.items():
        click.echo(
            f"{source}: {row['n']} pages, F1 {row['f1_do_nothing']:.3f} untouched, {row['f1_lm']:.3f} model, "
            f"{row['f1_tagger']:.3f} tagger"
        )
    validation = card.record.get("validation") or {}
    figures = {
        "parameters": card.record["training"]["parameters"],
        "steps": card.record["training"]["steps"],
        "valid_share": validation.get("valid_share"),
        "line_f1": (validation.get("lines") or {}).get("f1"),
        "sources": found,
        "seconds": {
            "distill_and_train": round(trained - begun),
            "tagger": round(tagged - trained),
            "refine_and_evaluate": round(time.monotonic() - tagged),
        },
        "cpu_seconds": round(sum(sum(resource.getrusage(who)[:2]) for who in _WHO)),
    }
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
