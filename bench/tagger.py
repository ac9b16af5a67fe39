"""How fast the tagger is, beside extractors that read the HTML: `python -m bench.tagger [--quick]`.

One core, one process. The tagger reads the text of the 181 pages of scrapinghub, trafilatura and resiliparse
their HTML, in the same run; each figure is the best of three passes, since other work on the machine can only
slow a pass down. Pages per second count everything from text to program; `pages_7kb_per_s` is the same per
7,000 characters of text. The data lies outside the repository, in `../shared/data/web`.
"""

import argparse
import gzip
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "web"
PASSES = 3
TOKENS_PER_PAGE = 7000 / 4.4  # characters of a page of the issue, characters per token of English web text
TRILLION = 1e12


def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a data file; raises FileNotFoundError with its path."""
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as source:
        return [json.loads(line) for line in source]


def best_rate(work: Callable[[], object], pages: int) -> float:
    best = float("inf")
    for _ in range(PASSES):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return pages / best


def load_seconds() -> float:
    """Return how long a fresh process takes from before the import to a loaded model, less NumPy itself."""
    code = (
        "import time, numpy; start = time.perf_counter()\n"
        "from bluepencil.refiners.tagger import Tagger; Tagger().thresholds()\n"
        "print(time.perf_counter() - start)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True) for _ in range(PASSES)
    ]
    return min(float(run.stdout) for run in runs)


def extractor_rate(package: str, extract: Callable[[Any, str], object], pages: Sequence[str]) -> float | None:
    """Return pages per second of an extractor, None if it is not installed."""
    try:
        module = importlib.import_module(package)
    except ImportError:
        print(f"{package} is not installed: pip install 'bluepencil[bench]'")
        return None
    return best_rate(lambda: [extract(module, page) for page in pages], len(pages))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every sixth page only")
    options = parser.parse_args()
    try:
        texts = [row["raw"] for row in rows("scrapinghub")]
        htmls = [row["html"] for row in rows("scrapinghub_html")]
    except FileNotFoundError as error:
        print(f"skipped: no data at {error.filename}")
        print(json.dumps({"skipped": "no data"}))
        return
    step = 6 if options.quick else 1
    texts, htmls = texts[::step], htmls[::step]
    from bluepencil.refiners.tagger import Tagger

    tagger = Tagger()
    tagger.propose(texts[:2])
    rate = best_rate(lambda: tagger.propose(texts), len(texts))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    characters = sum(map(len, texts)) / len(texts)
    found = {
        "pages_per_s": rate,
        "pages_7kb_per_s": rate * characters / 7000,
        "mean_characters": characters,
        "trafilatura_pages_per_s": extractor_rate(
            "trafilatura", lambda module, page: module.extract(page), htmls
        ),
        "resiliparse_pages_per_s": extractor_rate(
            "resiliparse.extract.html2text",
            lambda module, page: module.extract_plain_text(page, main_content=True),
            htmls,
        ),
        "load_s": load_seconds(),
        "peak_mb": peak,
        "core_hours_per_trillion_tokens": TRILLION / TOKENS_PER_PAGE / (rate * characters / 7000) / 3600,
        "pages": len(texts),
        "cores": os.cpu_count(),
    }
    for name, value in found.items():
        print(f"{name:32} {value if value is None else f'{value:,.3f}'}")
    print(json.dumps({name: value and round(value, 4) for name, value in found.items()}))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
