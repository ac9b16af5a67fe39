"""What comes before the model: finding pages of mathematics, and stripping them by the tagger that ships.

    python -m bench.mathpages [--quick]

Pages: the 36 real ones of ../shared/data/math/math_webpages, against the web sets of ../shared/data/web. Of
every page, it is measured whether one of its formulas is gone; of one with gold, how many of the gold's
distinct numbers and formulas the stripped page still has, and how many of its words. Tokens are counted as
the estimates of the client count them. The last line is one JSON object.
"""

import argparse
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bluepencil.documents import Document
from bluepencil.llm import approximate_tokens
from bluepencil.refiners.base import Refine
from bluepencil.refiners.registry import make_refiner
from bluepencil.rewriting.math_numbers import Numbers
from bluepencil.rewriting.math_pages import is_math_page
from bluepencil.rewriting.math_protect import KeepMath
from bluepencil.rewriting.math_question import formulas_of, normal_formula

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WEB = ("scrapinghub", "dragnet_dev", "trafilatura_silver", "readability_silver", "cleaneval_dev", "raw_demo")
PROBLEMS = ("gsm8k_train", "math_test5000")
STRENGTHS = ("light", "normal", "strong")


def rows(name: str, limit: int | None = None) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if limit is not None and number >= limit:
                return
            yield json.loads(line)


def detection(limit: int | None) -> dict[str, float]:
    """Return the share of each set that counts as mathematics."""
    found = {}
    for name in ("math/math_webpages", *(f"math/{one}" for one in PROBLEMS), *(f"web/{one}" for one in WEB)):
        texts = [
            f"{row['raw']}\n{row['gold'] if name.startswith(('math/g', 'math/math_t')) else ''}"
            for row in rows(name, limit)
        ]
        found[name] = round(sum(map(is_math_page, texts)) / len(texts), 4)
    return found


def stripping(strength: str, protect: bool) -> dict[str, float]:
    """Return the tokens before and after, and what of the gold is kept, over all pages."""
    pages = list(rows("math/math_webpages"))
    tagger = make_refiner("tagger", strength)
    step = Refine(KeepMath(tagger) if protect else tagger)
    outcomes = step.run([Document(page["id"], page["raw"]) for page in pages])
    count: Counter[str] = Counter()
    for page, outcome in zip(pages, outcomes, strict=True):
        left = page["raw"] if outcome.text is None and outcome.status != "dropped" else outcome.text or ""
        count["before"] += approximate_tokens(page["raw"])
        count["after"] += approximate_tokens(left)
        count["gold"] += approximate_tokens(page.get("gold") or "") if page.get("gold") else 0
        count["pages with a formula lost"] += bool(lost_formulas(page["raw"], left))
        if page.get("gold"):
            count.update(kept(page["raw"], page["gold"], left))
    shares = {
        kind: round(count[f"{kind} kept"] / max(1, count[kind]), 4)
        for kind in ("words", "numbers", "formulas")
    }
    saved = round(1 - count["after"] / count["before"], 4)
    lost = round(count["pages with a formula lost"] / len(pages), 4)
    tokens = {"tokens_before": count["before"], "tokens_after": count["after"], "tokens_saved": saved}
    return {**tokens, **shares, "pages_with_a_formula_lost": lost}


def lost_formulas(raw: str, left: str) -> list[str]:
    """Return the distinct formulas of a page that the stripped page does not have."""
    after = normal_formula(left)
    return [formula for formula in formulas_of(raw) if formula not in after]


def kept(raw: str, gold: str, left: str) -> Counter[str]:
    """Count what the gold has of the page, and how much of that is left."""
    count: Counter[str] = Counter()
    words = [Counter(re.findall(r"\w+", text)) for text in (raw, gold, left)]
    wanted = words[0] & words[1]
    count["words"], count["words kept"] = wanted.total(), (wanted & words[2]).total()
    numbers = [Numbers(text).values for text in (raw, gold, left)]
    count["numbers"], count["numbers kept"] = (
        len(numbers[0] & numbers[1]),
        len(numbers[0] & numbers[1] & numbers[2]),
    )
    before, after = normal_formula(raw), normal_formula(left)
    formulas = [formula for formula in formulas_of(gold) if formula in before]
    count["formulas"], count["formulas kept"] = len(formulas), sum(formula in after for formula in formulas)
    return count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    limit = 60 if parser.parse_args().quick else None
    found = detection(limit)
    for name, share in found.items():
        print(f"{name:32} {share:7.1%} counted as mathematics")
    start = time.perf_counter()
    stripped = {
        strength + (", formulas kept" if protect else ""): stripping(strength, protect)
        for protect in (False, True)
        for strength in STRENGTHS
    }
    for strength, figures in stripped.items():
        print(f"{strength:24} {figures}")
    print(
        json.dumps(
            {"math_share": found, "stripped": stripped, "seconds": round(time.perf_counter() - start, 1)}
        )
    )


if __name__ == "__main__":
    main()
