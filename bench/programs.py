"""Speed of the edit language: parse and execute, beside a direct transcription of the paper's executor.

    python -m bench.programs [--quick]

Texts and programs come from a seeded generator, and from real pages where ../shared/data/web is there: on
those, a program removes the lines that are not part of the main text, and sometimes a string. The set "keep"
is the synthetic one, with keep_str for remove_str. All programs are free of faults, so both executors must
give the same result; that is checked before anything is timed.
"mb" is 10^6 bytes of UTF-8 text. One core; the best of several passes, because what else runs on the machine
only ever makes a pass slower.
"""

import argparse
import ast
import gzip
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from bluepencil.programs import (
    KeepStr,
    Policy,
    Program,
    RemoveLines,
    RemoveStr,
    check,
    execute,
    parse,
    render,
)

WEB = Path(__file__).resolve().parents[2] / "shared" / "data" / "web"
REAL_SETS = ("scrapinghub", "trafilatura_silver", "readability_silver")
# No guard: the oracle has none.
POLICY = Policy(max_deleted_share=1.0)
CALL = re.compile(r"(\w+)(\(.*\))")


class Case(NamedTuple):
    """A page and the text of a program for it."""

    text: str
    source: str


def oracle(case: Case) -> str:
    """Execute as the paper describes it: a list of lines, one call after the other, join."""
    lines: list[str | None] = list(case.text.split("\n"))
    for call in case.source.split("\n"):
        match = CALL.fullmatch(call)
        if match is None or match[1] == "keep_all":
            continue
        arguments = ast.literal_eval(match[2])
        if match[1] == "remove_lines":
            for number in range(arguments[0], arguments[1] + 1):
                lines[number - 1] = None
        elif match[1] == "remove_str":
            line = lines[arguments[0] - 1]
            if line is not None and line.count(arguments[1]) == 1:
                lines[arguments[0] - 1] = line.replace(arguments[1], "")
        elif match[1] == "keep_str":
            line = lines[arguments[0] - 1]
            if line is not None and line.count(arguments[1]) == 1:
                lines[arguments[0] - 1] = arguments[1]
    return "\n".join(line for line in lines if line is not None)


def synthetic(count: int, seed: int, *, keep: bool = False) -> Iterator[Case]:
    """Make pages of about 190 lines and 7 kB, and programs of 3 to 20 calls."""
    chance = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyzäé中"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(5000)]
    for _ in range(count):
        sizes = chance.choices((2, 4, 8, 20), weights=(5, 4, 2, 1), k=chance.randint(150, 230))
        text = "\n".join(" ".join(chance.choices(words, k=size)) for size in sizes)
        yield Case(text, render(_program(text, _ranges(chance, len(sizes)), chance, keep=keep)))


def _ranges(chance: random.Random, lines: int) -> list[tuple[int, int]]:
    marks = sorted(chance.sample(range(1, lines + 1), 2 * chance.randint(2, 16)))
    return list(zip(marks[::2], marks[1::2], strict=True))


def real() -> Iterator[Case]:
    """Read pages and make the programs that leave the lines at least half of whose words are gold."""
    chance = random.Random(0)
    for name in REAL_SETS:
        path = WEB / f"{name}.jsonl.gz"
        if not path.exists():
            continue
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            for row in map(json.loads, rows):
                ranges = []
                numbered = enumerate(row["line_keep"], 1)
                for kept, run in groupby(numbered, key=lambda item: item[1] >= 0.5):
                    numbers = [number for number, _ in run]
                    if not kept:
                        ranges.append((numbers[0], numbers[-1]))
                yield Case(row["raw"], render(_program(row["raw"], ranges, chance)))


def _program(
    text: str, ranges: list[tuple[int, int]], chance: random.Random, *, keep: bool = False
) -> Program:
    """Return a program that removes the ranges, and a string from (or all else of) a fifth as many lines."""
    removed = {number for start, end in ranges for number in range(start, end + 1)}
    operations: list[RemoveLines | RemoveStr | KeepStr] = [RemoveLines(start, end) for start, end in ranges]
    lines = text.split("\n")
    others = [number for number, line in enumerate(lines, 1) if number not in removed and len(line) > 20]
    for number in chance.sample(others, min(len(others), -(-len(ranges) // 5))):
        line = lines[number - 1]
        start = chance.randrange(len(line) - 10)
        string = line[start : start + 10]
        if line.find(string, line.find(string) + 1) < 0:
            operations.append(KeepStr(number, (string,)) if keep else RemoveStr(number, string))
    operations.sort(key=lambda op: op.start if isinstance(op, RemoveLines) else op.line)
    return Program(tuple(operations))


Work = Callable[[Case, Program], object]
WORKS: dict[str, Work] = {
    "both": lambda case, program: execute(parse(case.source).program, case.text, POLICY),
    "oracle": lambda case, program: oracle(case),
    "parse": lambda case, program: parse(case.source),
    "execute": lambda case, program: execute(program, case.text, POLICY),
    "check": lambda case, program: check(program, case.text, POLICY),
}


def seconds(cases: list[Case], passes: int) -> dict[str, float]:
    """Return the best time of each work over all cases; the works take turns, and results are thrown away."""
    pairs = [(case, parse(case.source).program) for case in cases]
    best = dict.fromkeys(WORKS, float("inf"))
    for _ in range(passes):
        for name, work in WORKS.items():
            before = time.perf_counter()
            for case, program in pairs:
                work(case, program)
            best[name] = min(best[name], time.perf_counter() - before)
    return best


def measure(cases: list[Case], passes: int) -> dict[str, float | int]:
    """Check that both executors agree on every case, then time them."""
    calls = 0
    for case in cases:
        parsed = parse(case.source)
        execution = execute(parsed.program, case.text, POLICY)
        if parsed.faults or parsed.notes or execution.faults or execution.text != oracle(case):
            raise SystemExit(f"the executors differ on {case.source!r}")
        calls += len(parsed.program.operations)
    megabytes = sum(len(case.text.encode()) for case in cases) / 1e6
    lines = sum(case.text.count("\n") + 1 for case in cases)
    best = seconds(cases, passes)
    return {
        "pages": len(cases),
        "kb_per_page": round(megabytes * 1000 / len(cases), 2),
        "lines_per_page": round(lines / len(cases), 1),
        "calls_per_page": round(calls / len(cases), 2),
        "mb_per_s": round(megabytes / best["both"], 1),
        "oracle_mb_per_s": round(megabytes / best["oracle"], 1),
        "ratio": round(best["oracle"] / best["both"], 2),
        "parse_us": round(best["parse"] / len(cases) * 1e6, 2),
        "execute_us": round(best["execute"] / len(cases) * 1e6, 2),
        "check_us": round(best["check"] / len(cases) * 1e6, 2),
        "mb_per_s_with_a_check_of_its_own": round(megabytes / (best["both"] + best["check"]), 1),
    }


def main() -> None:
    options = argparse.ArgumentParser(description="Speed of parse and execute beside the obvious executor.")
    options.add_argument("--quick", action="store_true", help="fewer pages and passes")
    quick = options.parse_args().quick
    count, passes = (300, 10) if quick else (2000, 15)
    results = {"synthetic": measure(list(synthetic(count, seed=0)), passes)}
    results["keep"] = measure(list(synthetic(count, seed=0, keep=True)), passes)
    pages = list(real())
    if pages:
        results["real"] = measure(pages[:300] if quick else pages, passes)
    for name, figures in results.items():
        print(name, figures)
    # The total is that of the synthetic pages, which everybody has.
    print(json.dumps({"bench": "programs", **results["synthetic"], "sets": results}))


if __name__ == "__main__":
    main()
