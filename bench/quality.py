"""How well the tagger cleans pages, per set: `python -m bench.quality [--quick] [--cross-validate OUT]`.

Each set is scored by word-F1 against its gold (`bluepencil.evaluate.edits`) beside doing nothing and the
rules, and on scrapinghub beside extractors that read the HTML, all in this run. The shipped weights have
learned from some sets: their F1 is cross-validated by site, each page read by a network that has not seen its
site; it comes from the card of the weights, and `--cross-validate OUT` trains them again, writes them to OUT
and shows that card. The sets that end in `_dev` and were never trained on are read by the shipped weights.
Writes `bench/results/quality.json`, unless `--quick`. The data lies outside the repository, in
`../shared/data/web`; spans_dev is made of pages of scrapinghub, which the weights know, and of dragnet.
"""

import argparse
import gzip
import importlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bluepencil.evaluate.edits import Page, evaluate
from bluepencil.programs import Policy, execute
from bluepencil.refiners.base import Refiner
from bluepencil.refiners.tagger import Tagger
from bluepencil.refiners.tagger_decide import STRENGTHS
from bluepencil.refiners.tagger_model import shipped_model

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "web"
RESULTS = ROOT / "bench" / "results" / "quality.json"
LEARNED = {
    "scrapinghub": "scrapinghub",
    "trafilatura-silver": "trafilatura_silver",
    "mozilla-readability": "readability_silver",
    "pages": "examples",
}
"""Sources of the card that the shipped weights have learned from, and the file of each; the last is ours."""
UNSEEN = ("dragnet_dev", "cleaneval_dev")
WHOLE_PAGES = Policy(max_deleted_share=1.0)

Row = dict[str, Any]


def rows(name: str, step: int = 1) -> list[Row]:
    """Return every `step`-th row of a data file; raises FileNotFoundError with its path."""
    if name == "examples":
        with (ROOT / "examples" / "pages.jsonl").open(encoding="utf-8") as source:
            return [json.loads(line) for line in source][::step]
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as source:
        return [json.loads(line) for line in source][::step]


def refined(refiner: Refiner, pages: Sequence[Row]) -> list[str]:
    proposals = refiner.propose([row["raw"] for row in pages])
    return [
        execute(proposal.program, row["raw"], WHOLE_PAGES).text
        for proposal, row in zip(proposals, pages, strict=True)
    ]


def scored(pages: Sequence[Row], outputs: Iterable[str]) -> dict[str, Any]:
    score = evaluate(
        Page(row["id"], "set", row["raw"], output, row["gold"])
        for row, output in zip(pages, outputs, strict=True)
    ).overall
    return {
        "n": score.n,
        "f1": round(score.f1, 4),
        "interval": [round(end, 4) for end in score.interval],
        "f1_do_nothing": round(score.f1_do_nothing, 4),
        "noise_removed": round(score.noise_removed, 4),
        "gold_lost": round(score.gold_lost, 4),
        "worse_share": round(score.worse_share, 4),
    }


def rules_f1(pages: Sequence[Row]) -> float:
    from bluepencil.refiners.rules import Rules

    return float(scored(pages, refined(Rules(), pages))["f1"])


def unseen_set(name: str, step: int) -> dict[str, Any]:
    """Return the figures of a set that nothing was learned from."""
    pages = rows(name, step)
    found = {"by": "shipped weights", **scored(pages, refined(Tagger(), pages)), "f1_rules": rules_f1(pages)}
    for strength in STRENGTHS:
        found[f"f1_{strength}"] = scored(pages, refined(Tagger(strength=strength), pages))["f1"]
    return found


def learned_set(name: str, card: Row, step: int) -> dict[str, Any]:
    """Return the cross-validated figures of a set that the shipped weights have learned from."""
    pages = rows(LEARNED[name], step)
    known = card["cross_validation"][name]
    return {
        "by": "cross-validation by site",
        "n": known["n"],
        **known["normal"],
        "f1_do_nothing": known["f1_do_nothing"],
        "f1_rules": rules_f1(pages),
        **{f"f1_{strength}": known[strength]["f1"] for strength in STRENGTHS},
    }


def spans_set(step: int) -> dict[str, Any]:
    """Return noise removed and gold lost, in characters, over spans_dev, per origin of its pages."""
    found: dict[str, Any] = {}
    everything = rows("spans_dev", step)
    for origin in ("scrapinghub", "dragnet"):
        pages = [row for row in everything if origin in row["source"]]
        if not pages:
            continue
        figures: dict[str, Any] = {"by": "shipped weights", "saw_these_sites": origin == "scrapinghub"}
        for strength in STRENGTHS:
            figures[strength] = span_shares(Tagger(strength=strength), pages)
        found[f"spans_dev/{origin}"] = {
            **figures,
            **scored(pages, refined(Tagger(), pages)),
            "f1_rules": rules_f1(pages),
        }
    return found


def span_shares(tagger: Tagger, pages: Sequence[Row]) -> dict[str, float]:
    """Return the share of noise and of gold characters that go, and of noise inside lines that stay."""
    noise = [0, 0]
    gold = [0, 0]
    glued = [0, 0]
    for row, proposal in zip(pages, tagger.propose([row["raw"] for row in pages]), strict=True):
        text = row["raw"]
        gone = bytearray(len(text))
        for edit in execute(proposal.program, text, WHOLE_PAGES).edits:
            gone[edit.start : edit.end] = b"\1" * (edit.end - edit.start)
        marked = bytearray(len(text))
        for start, end in row["noise_spans"]:
            marked[start:end] = b"\1" * (end - start)
            whole = (start == 0 or text[start - 1] == "\n") and (end == len(text) or text[end] == "\n")
            if not whole:
                glued[0] += sum(gone[start:end])
                glued[1] += end - start
        for place, character in enumerate(text):
            if not character.isspace():
                counts = noise if marked[place] else gold
                counts[0] += gone[place]
                counts[1] += 1
    return {
        "noise_removed": round(noise[0] / max(1, noise[1]), 4),
        "glued_noise_removed": round(glued[0] / max(1, glued[1]), 4),
        "gold_kept": round(1 - gold[0] / max(1, gold[1]), 4),
    }


def _justext(module: Any, page: str) -> str:
    paragraphs = module.justext(page.encode(), module.get_stoplist("English"))
    return "\n".join(part.text for part in paragraphs if not part.is_boilerplate)


def _readability(module: Any, page: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(module.Document(page).summary(), main_content=False))


EXTRACTORS: dict[str, tuple[str, Callable[[Any, str], str]]] = {
    "trafilatura": ("trafilatura", lambda module, page: module.extract(page) or ""),
    "readability": ("readability", _readability),
    "resiliparse": (
        "resiliparse.extract.html2text",
        lambda module, page: module.extract_plain_text(page, main_content=True),
    ),
    "justext": ("justext", _justext),
}


def extractors(step: int) -> dict[str, float | None]:
    """Return the F1 of each extractor from the HTML of scrapinghub, None for one that is not installed."""
    pages = rows("scrapinghub", step)
    htmls = {row["id"]: row["html"] for row in rows("scrapinghub_html")}
    found: dict[str, float | None] = {}
    for name, (package, extract) in EXTRACTORS.items():
        try:
            module = importlib.import_module(package)
        except ImportError:
            print(f"{package} is not installed: pip install 'bluepencil[bench]'")
            found[f"f1_{name}"] = None
            continue
        outputs = [extract(module, htmls[row["id"]]) for row in pages]
        found[f"f1_{name}"] = float(scored(pages, outputs)["f1"])
    return found


def cross_validate(out: Path) -> Row:
    """Train the tagger again as the card of the shipped weights says, and return the new card."""
    from bluepencil.train.tagger import train
    from bluepencil.train.tagger_recipe import NOTES, pairs

    return train(pairs(DATA, ROOT), out, report=print, notes=NOTES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every tenth page, nothing written")
    parser.add_argument("--cross-validate", type=Path, metavar="OUT", help="train again, minutes to an hour")
    options = parser.parse_args()
    if not DATA.is_dir():
        print(f"skipped: no data at {DATA}")
        print(json.dumps({"skipped": "no data"}))
        return
    step = 10 if options.quick else 1
    card = json.loads(shipped_model().with_suffix(".json").read_text("utf-8"))
    if options.cross_validate:
        card = cross_validate(options.cross_validate)
    found = {name: learned_set(name, card, step) for name in LEARNED}
    found["scrapinghub"] |= extractors(step)
    found |= {name: unseen_set(name, step) for name in UNSEEN}
    found |= spans_set(step)
    for name, figures in found.items():
        print(name, json.dumps(figures))
    result = {"model": card["sha256"], "sets": found}
    if not options.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
