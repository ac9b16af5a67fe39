"""Lint scores per second, beside one pylint process per file, at identical scores.

    python -m bench.lint [--quick] [--packages environment|standard-library] [--library N] [--processes N]
                         [--every N] [--funnel] [--ruff]

The files are code/geekcomputers of the data folder beside the repository (771 amateur scripts), and N files
of this Python's standard library; where there is no data, files of the standard library alone. In turns of 20
files go through `Linter`, and some or all of them through `pylint --persistent=n --disable=...`, one process
per file, which is how SwallowCode was made; both take the same number of processes at once. Where all files
go through both, everything is counted on our side: the start, and what is parsed to be kept.

files_per_s             the files that went through both over our seconds, of the wall
subprocess_files_per_s  the same files over theirs
ratio                   of the two
all_files_per_s         all files over our seconds, with the start and what is parsed to be kept
cpu_ratio               processor seconds per file, theirs (of the files they had) over ours (of all files,
                        with everything): it depends less on what else runs on the machine
scores_equal            share of the compared files whose score, to the two digits pylint prints, is the same;
                        a file without a score on both sides is equal, too
compared, files         how many files went through both, and through ours
"""

import argparse
import gzip
import io
import json
import math
import os
import pstats
import random
import re
import resource
import statistics
import subprocess
import sysconfig
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bluepencil.code.lint import Linter, LintFailure, LintOptions, LintScore
from bluepencil.code.lint_ruff import OFFSET, SCALE, RuffLinter, uncalibrated
from bluepencil.code.steps import Comments, Generated, Lint, Repetition, Size, Syntax
from bluepencil.documents import Document, Status

DATA = Path(__file__).parents[2] / "shared" / "data" / "code" / "geekcomputers.jsonl.gz"
TURN = 20
THRESHOLD = 7.0
PROFILED = 20


def scripts() -> list[str]:
    if not DATA.exists():
        print(f"no {DATA}: files of the standard library take its place")
        return []
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        return [json.loads(line)["raw"] for line in file]


def library(count: int) -> list[str]:
    """Files of the standard library without its tests, the same ones every time."""
    root = Path(sysconfig.get_path("stdlib"))
    found = sorted(
        path
        for path in root.rglob("*.py")
        if not {"test", "tests", "site-packages", "idle_test", "lib2to3"} & set(path.relative_to(root).parts)
    )
    chosen = random.Random(0).sample(found, min(count, len(found)))
    return [path.read_text(encoding="utf-8", errors="replace") for path in chosen]


def command_line(linter: Linter, text: str, folder: Path) -> str:
    """Return the score that pylint prints for a file alone in its folder; "" where it prints none."""
    file = folder / "linted_file.py"
    folder.mkdir()
    file.write_bytes(text.encode())
    environment = {**os.environ, "PYLINTRC": os.devnull}
    done = subprocess.run(
        linter.command(str(file)), capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    found = re.search(r"rated at (-?[\d.]+)/10", done.stdout)
    return found[1] if found else ""


def printed(result: LintScore | LintFailure) -> str:
    return f"{result.raw:.2f}" if isinstance(result, LintScore) and result.raw is not None else ""


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(texts: list[str], every: int, packages: str, processes: int) -> dict[str, object]:
    """Lint in turns; every so many-th file goes through the command line, too."""
    ours = others = theirs = their_cpu = 0.0
    results: dict[int, str] = {}
    expected: dict[int, str] = {}
    cpu = children_cpu()
    with (
        tempfile.TemporaryDirectory() as name,
        Linter(LintOptions(packages=packages, processes=processes)) as linter,
        ThreadPoolExecutor(processes) as pool,
    ):
        for first in range(0, len(texts), TURN):
            turn = range(first, min(first + TURN, len(texts)))
            chosen = [number for number in turn if number % every == 0]
            rest = [number for number in turn if number % every]
            start = time.perf_counter()
            results.update(
                zip(chosen, map(printed, linter.score_all([texts[n] for n in chosen])), strict=True)
            )
            ours += time.perf_counter() - start
            start = time.perf_counter()
            results.update(zip(rest, map(printed, linter.score_all([texts[n] for n in rest])), strict=True))
            others += time.perf_counter() - start
            start, before = time.perf_counter(), children_cpu()
            scores = pool.map(lambda n: command_line(linter, texts[n], Path(name) / str(n)), chosen)
            expected.update(zip(chosen, scores, strict=True))
            theirs += time.perf_counter() - start
            their_cpu += children_cpu() - before
            print(
                f"{turn.stop} of {len(texts)} files, {ours + others:.0f} s beside {theirs:.0f} s", flush=True
            )
    our_cpu = children_cpu() - cpu - their_cpu
    different = [number for number, score in expected.items() if results[number] != score]
    for number in different[:20]:
        print(f"file {number}: {results[number] or 'none'}, command line {expected[number] or 'none'}")
    return {
        "files_per_s": round(len(expected) / ours, 2),
        "subprocess_files_per_s": round(len(expected) / theirs, 3),
        "ratio": round(theirs / ours, 2),
        "all_files_per_s": round(len(texts) / (ours + others), 2),
        "cpu_ratio": round(len(texts) / our_cpu * their_cpu / len(expected), 2),
        "cpu_s_per_file": round(our_cpu / len(texts), 4),
        "subprocess_cpu_s_per_file": round(their_cpu / len(expected), 4),
        "scores_equal": 1 - len(different) / len(expected),
        "compared": len(expected),
        "files": len(texts),
    }


class Profiled(Linter):
    """A linter whose forks leave profiles in a folder."""

    def __init__(self, options: LintOptions, folder: Path) -> None:
        super().__init__(options)
        self.folder = folder

    def program(self) -> str:
        """Return the program with a profiler around a fork's work."""
        inserted = (
            "import cProfile, os\n"
            "from bluepencil.code import lint_server\n"
            "profile, wait, finish = cProfile.Profile(), lint_server.Forks.wait, lint_server.Forks.finish\n"
            "def waited(forks, shelf):\n"
            "    content = wait(forks, shelf)\n"
            "    profile.enable()\n"
            "    return content\n"
            "def finished(forks, answer):\n"
            "    profile.disable()\n"
            f"    profile.dump_stats({str(self.folder)!r} + '/' + str(os.getpid()))\n"
            "    finish(forks, answer)\n"
            "lint_server.Forks.wait, lint_server.Forks.finish = waited, finished\n"
        )
        before, rest = super().program().split("served = ")
        return f"{before}{inserted}served = {rest}"


PARTS = {
    "parsing the file and what it imports": ("builder.py", "_data_build"),
    "what parsing does afterwards: attributes, transforms": ("builder.py", "_post_build"),
    "walking the tree: all checkers": ("ast_walker.py", "walk"),
    "inference, within the walk": ("node_ng.py", "infer"),
    "tokens": ("utils.py", "tokenize_module"),
    "token and raw checkers: comments, format, similarities": ("pylinter.py", "_check_astroid_module"),
}


def profile(texts: list[str], packages: str) -> None:
    """Print where a fork spends its time once common modules are kept."""
    with (
        tempfile.TemporaryDirectory() as name,
        Profiled(LintOptions(packages=packages), Path(name)) as linter,
    ):
        linter.score_all(texts[:-PROFILED])
        for left in linter.folder.iterdir():
            left.unlink()
        linter.score_all(texts[-PROFILED:])
        stats = pstats.Stats(*map(str, linter.folder.iterdir()), stream=io.StringIO())
    total = stats.total_tt  # type: ignore[attr-defined]
    by_file: Counter[str] = Counter()
    print(f"profile of {PROFILED} forks, {1000 * total / PROFILED:.0f} ms each under the profiler:")
    for (path, _, function), (_, _, own, cumulative, _) in stats.stats.items():  # type: ignore[attr-defined]
        package = next((part for part in ("astroid", "pylint", "isort") if f"/{part}/" in path), "Python")
        by_file[f"{package}/{Path(path).name}" if package != "Python" else package] += own
        for part, (file, wanted) in PARTS.items():
            if path.endswith(file) and function == wanted:
                print(f"  {cumulative / total:5.0%}  {part}")
    for path, own in by_file.most_common(8):
        print(f"  {own / total:5.0%}  own time in {path}")


def funnel(name: str, texts: list[str], packages: str) -> dict[str, object]:
    """Print what each gate leaves of some Python files, and how their scores lie."""
    documents = [Document(f"{number}.py", text, {"language": "python"}) for number, text in enumerate(texts)]
    rows: list[dict[str, object]] = [
        {"gate": "input", "files": len(texts), "characters": sum(map(len, texts))}
    ]
    scores: list[float] = []
    gates = (Syntax(), Size(), Generated(), Comments(), Repetition(), Lint(packages=packages))
    for gate in gates:
        outcomes = gate.run(documents)
        scores = [
            outcome.annotations["lint_score"] for outcome in outcomes if "lint_score" in outcome.annotations
        ]
        reasons = Counter(outcome.reason for outcome in outcomes if outcome.status is Status.DROPPED)
        documents = [d for d, o in zip(documents, outcomes, strict=True) if o.status is not Status.DROPPED]
        left = {"files": len(documents), "characters": sum(len(document.text) for document in documents)}
        rows.append({"gate": gate.name, **left, "dropped": dict(reasons.most_common())})
    print(f"{name}:")
    for row in rows:
        print("  " + json.dumps(row))
    tenths = [round(value, 2) for value in statistics.quantiles(scores, n=10)]
    print(f"  lint scores of {len(scores)} files: mean {statistics.mean(scores):.2f}, tenths {tenths}")
    return {"files": len(texts), "left": len(documents)}


def ruff_beside_pylint(texts: list[str], packages: str) -> dict[str, object]:
    """Fit ruff's scale on every second file, and compare it with pylint on the others."""
    ruff = RuffLinter()
    with Linter(LintOptions(packages=packages)) as linter:
        pairs = zip(linter.score_all(texts), ruff.score_all(texts), strict=True)
    rows = [
        (one.raw, one.score, max(0.0, uncalibrated(other.statements, other.messages)), other.score)
        for one, other in pairs
        if isinstance(one, LintScore) and isinstance(other, LintScore) and None not in (one.raw, other.raw)
    ]
    raw, score, formula, fast = np.array(rows[0::2], dtype=float).T
    scale, offset = np.polyfit(formula, raw, 1)
    raw, score, formula, fast = np.array(rows[1::2], dtype=float).T
    agree, count = float(np.mean((score >= THRESHOLD) == (fast >= THRESHOLD))), len(raw)
    # Wilson's interval of 95 %.
    middle, square = agree + 1.96**2 / (2 * count), 1.96**2 / count
    spread = 1.96 * math.sqrt(agree * (1 - agree) / count + square / (4 * count))
    return {
        "fitted": [round(float(scale), 3), round(float(offset), 3)],
        "shipped": [SCALE, OFFSET],
        "files": count,
        "rank_correlation": round(float(np.corrcoef(ranks(raw), ranks(formula))[0, 1]), 4),
        "rank_correlation_after_penalty": round(float(np.corrcoef(ranks(score), ranks(fast))[0, 1]), 4),
        "agree_at_threshold": round(agree, 4),
        "interval": [round((middle + sign * spread) / (1 + square), 4) for sign in (-1, 1)],
        "kept": [round(float(np.mean(kind >= THRESHOLD)), 4) for kind in (score, fast)],
    }


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, equal values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[place])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="some files, in less than a minute on an idle core"
    )
    parser.add_argument("--packages", default="environment")
    parser.add_argument("--library", type=int, default=0, help="so many files of the standard library, too")
    parser.add_argument("--funnel", action="store_true", help="only what each gate leaves of the files")
    parser.add_argument("--ruff", action="store_true", help="only ruff's scores beside pylint's")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--every", type=int, help="every so many-th file goes through the command line, too")
    parser.add_argument("--no-profile", action="store_true")
    arguments = parser.parse_args()
    if arguments.ruff:
        print(json.dumps(ruff_beside_pylint(scripts(), arguments.packages)))
        return
    if arguments.funnel:
        sets = {"geekcomputers": scripts(), "standard library": library(10_000)}
        found = {name: funnel(name, texts, arguments.packages) for name, texts in sets.items() if texts}
        print(json.dumps(found))
        return
    texts = scripts() or library(200)
    if arguments.quick:
        texts = texts[:: max(1, len(texts) // 120)]
    texts += library(arguments.library)
    every = arguments.every or (10 if arguments.quick else 1)
    figures = compare(texts, every, arguments.packages, arguments.processes)
    if not arguments.no_profile:
        profile(texts[: 40 if arguments.quick else 150] + texts[-PROFILED:], arguments.packages)
    described = Linter(LintOptions(packages=arguments.packages)).describe()
    print(json.dumps({**figures, **described}))


if __name__ == "__main__":
    main()
