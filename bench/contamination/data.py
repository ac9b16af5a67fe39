"""Benchmark items and clean documents, in two halves: one to choose thresholds on, the other to report."""

import gzip
import json
import sysconfig
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

DATA = Path(__file__).parents[2].parent / "shared" / "data"
BENCHMARKS = {
    "humaneval": "code/humaneval.jsonl.gz",
    "mbpp": "code/mbpp_sanitized.jsonl.gz",
    "gsm8k": "math/gsm8k_test.jsonl.gz",
    "math": "math/math_test5000.jsonl.gz",
}
PAGES = (
    "scrapinghub",
    "trafilatura_silver",
    "readability_silver",
    "dragnet_dev",
    "cleaneval_dev",
    "raw_demo",
)
DEVELOPMENT, REPORT = 0, 1


class Text(NamedTuple):
    """A clean document."""

    id: str
    text: str


class Problem(NamedTuple):
    """A benchmark item as it is planted."""

    benchmark: str
    id: str
    question: str
    solution: str
    code: str = ""


def half(key: str) -> int:
    """Return which half an id belongs to; the shipped background was learned from the first alone."""
    return crc32(key.encode()) % 2


def rows(name: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def problems(name: str, which: int | None) -> list[Problem]:
    """Return the items of a benchmark, of one half or all."""
    found = []
    for row in rows(BENCHMARKS[name]):
        if which is not None and half(row["id"]) != which:
            continue
        if "prompt" in row:
            # MBPP's prompt and solution are indented differently; its rows hold both together in `raw`.
            code = row.get("raw", row["prompt"] + row["canonical_solution"])
            found.append(Problem(name, row["task_id"], row["prompt"], row["canonical_solution"], code))
        else:
            found.append(Problem(name, row["id"], row["raw"], row["gold"]))
    return found


def clean_code(which: int) -> list[Text]:
    """Return the files of geekcomputers and of this Python's standard library."""
    found = [Text(row["id"], row["raw"]) for row in rows("code/geekcomputers.jsonl.gz")]
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        if "site-packages" not in path.parts:
            name = path.relative_to(root).as_posix()
            found.append(Text(name, path.read_text(encoding="utf-8", errors="replace")))
    return [one for one in found if half(one.id) == which]


def clean_pages(which: int) -> list[Text]:
    """Return web pages, and the mathematical ones."""
    names = [f"web/{name}.jsonl.gz" for name in PAGES] + ["math/math_webpages.jsonl.gz"]
    found = [Text(row["id"], row["raw"]) for name in names for row in rows(name)]
    return [one for one in found if half(one.id) == which]


def training_problems(which: int) -> list[Text]:
    """Return GSM8K's training problems: of the same kind as the test, and not in it."""
    found = [Text(row["id"], f"{row['raw']}\n{row['gold']}") for row in rows("math/gsm8k_train.jsonl.gz")]
    return [one for one in found if half(one.id) == which]
