"""Speed of HTML to lines and of reading WARC, and how far the lines agree with those a tagger learns from.

    python -m bench.html [--quick]

Pages are the real ones in ../shared/data/web where they are, else made by a seeded generator; resiliparse
(plain text of the whole page) and trafilatura (main text) render the same pages where they are installed, and
fastwarc reads the same WARC files. Seconds are CPU seconds of one process, the best of several passes; "mb"
is 10^6 bytes of HTML. Agreement: the share of the lines in the training data that come out exactly, and the
reverse, with hidden elements kept (the training data has them) and left out (the default).
"""

import argparse
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from bluepencil.corpus.html import render
from bluepencil.corpus.warc import WarcRecord, read_warc

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
QUICK_PAGES = 40


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def real_pages() -> tuple[list[str], list[list[str]]]:
    """Return pages, and the lines that the training data has for each."""
    learned = {row["id"]: row["raw"].split("\n") for row in rows(DATA / "web" / "scrapinghub.jsonl.gz")}
    pages = list(rows(DATA / "web" / "scrapinghub_html.jsonl.gz"))
    return [page["html"] for page in pages], [learned[page["id"]] for page in pages]


def made_pages(count: int) -> list[str]:
    """Make pages of about 60 kB with 1,000 elements."""
    chance = random.Random(5)
    letters = "abcdefghijklmnopqrstuvwxyzäé"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(2000)]
    pages = []
    for _ in range(count):
        parts = [f"<title>{words[0]}</title><style>{'.a{color:red}' * 800}</style>"]
        for _ in range(250):
            text = " ".join(chance.choices(words, k=chance.choice((2, 4, 20))))
            parts.append(f'<div class="{words[1]}"><p>{text} <a href="/{words[2]}">{words[3]}</a></p></div>')
        pages.append("".join(parts))
    return pages


def cpu_seconds(work: Callable[[], object], passes: int) -> float:
    best = float("inf")
    for _ in range(passes):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def others() -> dict[str, Callable[[str], object]]:
    """Return what else renders pages, as far as it is installed."""
    found: dict[str, Callable[[str], object]] = {}
    try:
        from resiliparse.extract.html2text import extract_plain_text

        found["resiliparse"] = extract_plain_text
    except ImportError:
        print("resiliparse is not installed")
    try:
        import trafilatura

        found["trafilatura"] = trafilatura.extract
    except ImportError:
        print("trafilatura is not installed")
    return found


def measure_speed(pages: list[str], passes: int) -> dict[str, float]:
    result: dict[str, float] = {}
    renderers: dict[str, Callable[[str], object]] = {"": render, **others()}
    for name, renderer in renderers.items():
        # Trafilatura takes ten times longer: one pass over a part of the pages is enough.
        slow = name == "trafilatura"
        some = pages[:QUICK_PAGES] if slow else pages
        size = sum(len(page.encode()) for page in some) / 1e6
        seconds = cpu_seconds(partial(all_of, renderer, some), 1 if slow else passes)
        prefix = f"{name}_" if name else ""
        result[f"{prefix}pages_per_s"] = round(len(some) / seconds, 1)
        result[f"{prefix}mb_per_s"] = round(size / seconds, 1)
        print(f"{name or 'bluepencil':12} {len(some) / seconds:8.0f} pages/s {size / seconds:8.1f} MB/s")
    return result


def all_of(work: Callable[[str], object], pages: list[str]) -> None:
    for page in pages:
        work(page)


def shared_lines(found: Iterable[str], expected: Iterable[str]) -> int:
    return (Counter(found) & Counter(expected)).total()


def measure_agreement(pages: list[str], learned: list[list[str]]) -> dict[str, float]:
    result = {}
    for name, keep_hidden in (("hidden_kept", True), ("", False)):
        rendered = [render(page, keep_hidden=keep_hidden).text.split("\n") for page in pages]
        shared = sum(map(shared_lines, rendered, learned))
        prefix = f"agreement_{name}_" if name else "agreement_"
        result[f"{prefix}found"] = round(shared / sum(map(len, learned)), 5)
        result[f"{prefix}reverse"] = round(shared / sum(map(len, rendered)), 5)
        print(f"agreement, {'hidden kept' if keep_hidden else 'default':12} {shared} lines shared")
    return result


def measure_warc(passes: int) -> dict[str, float]:
    files = [path.read_bytes() for path in sorted((DATA / "warc").glob("*.warc.gz"))]
    if not files:
        return {}
    items = [item for data in files for item in read_warc(BytesIO(data))]
    seconds = cpu_seconds(lambda: [list(read_warc(BytesIO(data))) for data in files], passes)
    result: dict[str, float] = {
        "warc_records": len(items),
        "warc_pages": sum(isinstance(item, WarcRecord) for item in items),
        "warc_records_per_s": round(len(items) / seconds),
    }
    try:
        from fastwarc.warc import ArchiveIterator
    except ImportError:
        print("fastwarc is not installed")
        return result

    def read_all() -> None:
        for data in files:
            for record in ArchiveIterator(BytesIO(data), auto_decode="all"):
                record.reader.read()

    result["fastwarc_records_per_s"] = round(len(items) / cpu_seconds(read_all, passes))
    print(f"WARC: {result['warc_records_per_s']} records/s, fastwarc {result['fastwarc_records_per_s']}")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PAGES} pages, in less than a minute")
    quick = parser.parse_args().quick
    learned: list[list[str]] = []
    if (DATA / "web").is_dir():
        pages, learned = real_pages()
    else:
        pages = made_pages(200)
    if quick:
        pages, learned = pages[:QUICK_PAGES], learned[:QUICK_PAGES]
    passes = 2 if quick else 5
    result: dict[str, float] = {"pages": len(pages), **measure_speed(pages, passes)}
    if learned:
        result |= measure_agreement(pages, learned)
    result |= measure_warc(passes * 3)
    print(json.dumps({"bench": "html", "real_pages": bool(learned), "quick": quick, **result}))


if __name__ == "__main__":
    main()
