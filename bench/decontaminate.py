"""Decontamination: recall on planted copies, false alarms on clean texts, speed and memory, beside others.

    python -m bench.decontaminate [--quick] [--most-items N]

Items and clean documents are drawn into two halves by a hash of their ids. Thresholds were chosen, and the
background of the index was learned, on the one half; everything printed here is of the other. Planted are
HumanEval and MBPP in files of geekcomputers, GSM8K and MATH in web pages; `bench/contamination` says how each
is disguised. Clean are files of geekcomputers and of this Python's standard library, web pages, and GSM8K's
training problems, which resemble the test without being in it. What is flagged among them is printed, to be
looked at. A copy counts as found where its own item is named; for datatrove, which names no item, where the
document is flagged. Speed and memory are those of processes of their own, with one thread. Needs the extra
`bench` and ../shared/data.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.contamination import code_plants, data, math_plants, rivals, synthetic
from bench.contamination.data import DATA, REPORT, Problem, Text
from bluepencil.decontaminate.build import prepare
from bluepencil.decontaminate.items import Against
from bluepencil.decontaminate.match import Found, Index, Match

Plants = dict[str, list[tuple[Problem, str]]]
_STEMS = {name: Path(path).name.partition(".")[0] for name, path in data.BENCHMARKS.items()}
_SHOWN = 12


def found_in(found: Sequence[Found], problem: Problem) -> list[Found]:
    return [one for one in found if (one.benchmark, one.item) == (_STEMS[problem.benchmark], problem.id)]


def recall(index: Index, plants: Plants, checks: Sequence[rivals.Check]) -> dict[str, dict[str, Any]]:
    """Return, by kind, the share of plants that is found, by us and by each check."""
    table: dict[str, dict[str, Any]] = {}
    for kind, documents in plants.items():
        scanned = index.scan([text for _, text in documents])
        mine = [found_in(found, problem) for found, (problem, _) in zip(scanned, documents, strict=True)]
        weak = kind == "numbers changed"
        hits = sum(any(weak or one.match is not Match.NUMBERS_CHANGED for one in found) for found in mine)
        row: dict[str, Any] = {"plants": len(documents), "bluepencil": round(hits / len(documents), 4)}
        if weak:
            as_such = sum(any(one.match is Match.NUMBERS_CHANGED for one in found) for found in mine)
            row["named as such"] = round(as_such / len(documents), 4)
        for check in checks:
            flagged = sum(check.flags(text, problem) for problem, text in documents)
            row[check.name] = round(flagged / len(documents), 4)
        table[kind] = row
        missed = [p.id for (p, _), found in zip(documents, mine, strict=True) if not found][:_SHOWN]
        print(f"  {kind}: {row}" + (f" missed: {', '.join(missed)}" if missed else ""))
    return table


def false_alarms(
    index: Index, name: str, clean: Sequence[Text], checks: Sequence[rivals.Check]
) -> dict[str, Any]:
    """Return the shares of clean documents that are flagged, and print ours."""
    scanned = index.scan([one.text for one in clean])
    strong = {
        one.id: [found for found in mine if found.match is not Match.NUMBERS_CHANGED]
        for one, mine in zip(clean, scanned, strict=True)
    }
    flagged = {key: mine for key, mine in strong.items() if mine}
    weak = sum(bool(mine) for mine in scanned) - len(flagged)
    result: dict[str, Any] = {
        "documents": len(clean),
        "flagged": len(flagged),
        "false_alarm_share": round(len(flagged) / len(clean), 5),
        "numbers_changed_only": weak,
        "by match": dict(Counter(one.match.value for mine in flagged.values() for one in mine)),
    }
    for check in checks:
        result[check.name] = round(sum(check.flags(one.text, None) for one in clean) / len(clean), 5)
    print(f"  {name}: {result}")
    texts = {one.id: one.text for one in clean}
    for key, mine in list(flagged.items())[:_SHOWN]:
        best = max(mine, key=lambda one: one.bits)
        said = " ".join(texts[key][best.start : best.end].split())[:160]
        print(f"    {key}: {best.benchmark} {best.item} {best.part} {best.match} {best.share:.2f}: {said}")
    return result


def planted(index: Index, folder: Path, *, quick: bool) -> dict[str, Any]:
    """Plant copies in clean documents and look for them."""
    rng = random.Random(20261121)
    some = 15 if quick else None
    results: dict[str, Any] = {}
    hosts = [one for one in data.clean_code(REPORT) if one.id.startswith("code_")]
    pages = data.clean_pages(REPORT)
    for names, wrap in ((("humaneval", "mbpp"), "code"), (("gsm8k", "math"), "prose")):
        for name in names:
            problems = data.problems(name, REPORT)
            if wrap == "code":
                parsed = [one for one in problems if code_plants.parses(one)]
                print(
                    f"{name}: {len(problems)} items, {len(problems) - len(parsed)} do not parse, not planted"
                )
                problems = parsed
            else:
                print(f"{name}: {len(problems)} items")
            problems = problems[:some]
            checks = _checks(problems, folder / name)
            if wrap == "code":
                plants = code_plants.plants(problems, hosts, rng, long_files=5 if quick else len(problems))
            else:
                plants = math_plants.plants(problems, pages, rng)
            results[name] = recall(index, plants, checks)
    return results


def _checks(problems: Sequence[Problem], folder: Path) -> list[rivals.Check]:
    folder.mkdir(exist_ok=True)
    return [
        rivals.SubstringOrMinHash(problems),
        rivals.WordSets(problems),
        rivals.Datatrove(problems, str(folder)),
    ]


def clean(index: Index, folder: Path, *, quick: bool) -> dict[str, Any]:
    """Look at clean documents."""
    some = 150 if quick else None
    code_items = [one for name in ("humaneval", "mbpp") for one in data.problems(name, None)]
    prose_items = [one for name in ("gsm8k", "math") for one in data.problems(name, None)]
    print("clean documents, all items looked for")
    code_checks = _checks(code_items, folder / "code")
    prose_checks = _checks(prose_items, folder / "prose")
    return {
        "code": false_alarms(index, "code", data.clean_code(REPORT)[:some], code_checks),
        "pages": false_alarms(index, "pages", data.clean_pages(REPORT)[:some], prose_checks),
        "gsm8k_train": false_alarms(
            index, "gsm8k_train", data.training_problems(REPORT)[:some], prose_checks
        ),
    }


def scan_speed(kind: str, items: int, folder: str, *, quick: bool) -> dict[str, Any]:
    """Measure our scan in this process: megabytes per second of CPU time, and peak resident megabytes."""
    texts = _sample(kind, 2_000_000 if quick else 12_000_000)
    size = sum(len(text.encode("utf-8", "replace")) for text in texts) / 1e6
    index = Index(folder)
    index.scan(texts[:20])
    seconds = min(_timed(lambda: index.scan(texts)) for _ in range(1 if quick else 3))
    return {"items": items, "mb_per_s": round(size / seconds, 1), "peak_mb": _peak()}


def datatrove_speed(kind: str, items: int, folder: str, path: str) -> dict[str, Any]:
    """Measure datatrove's filter in this process, on a smaller sample."""
    texts = _sample(kind, 500_000)
    size = sum(len(text.encode("utf-8", "replace")) for text in texts) / 1e6
    with Path(path).open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    question, solution = ("prompt", "canonical_solution") if kind == "code" else ("question", "answer")
    problems = [Problem("", row["id"], row[question], row[solution]) for row in rows]
    check = rivals.Datatrove(problems, folder)
    seconds = _timed(lambda: [check.flags(text, None) for text in texts])
    return {"items": items, "mb_per_s": round(size / seconds, 2), "peak_mb": _peak()}


def _sample(kind: str, characters: int) -> list[str]:
    texts: list[str] = []
    for one in data.clean_code(REPORT) if kind == "code" else data.clean_pages(REPORT):
        texts.append(one.text)
        characters -= len(one.text)
        if characters < 0:
            break
    return texts


def _timed(work: Any) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _peak() -> int:
    """Return the peak of the resident memory in MB; getrusage would count the parent's before the start."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def speeds(sizes: Sequence[int], *, quick: bool) -> dict[str, list[dict[str, Any]]]:
    """Measure speed and memory by number of items, each in a process of its own."""
    table: dict[str, list[dict[str, Any]]] = {}
    for kind in ("prose", "code"):
        for items in sizes:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "items.jsonl"
                synthetic.write_items(path, items, kind)
                started = time.perf_counter()
                against = f"{path}:{'humaneval' if kind == 'code' else 'qa'}"
                built = _child("build", kind, items, folder, against, quick)
                build_s = time.perf_counter() - started
                row = _child("scan", kind, items, built["index"], "", quick)
                stored = sum(one.stat().st_size for one in Path(built["index"]).iterdir()) / 1e6
                row |= {
                    "build_s": round(build_s, 1),
                    "index_mb": round(stored, 1),
                    "build_mb": built["peak_mb"],
                }
                table.setdefault(kind, []).append(row)
                print(f"  {kind}, {items} items: {row}")
                if items <= 100_000:
                    other = _child("datatrove", kind, items, folder, str(path), quick)
                    table.setdefault(f"{kind}, {rivals.DATATROVE}", []).append(other)
                    print(f"  {kind}, {items} items, {rivals.DATATROVE}: {other}")
    return table


def _child(what: str, kind: str, items: int, folder: str, path: str, quick: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.decontaminate", "--child", what, kind, str(items), folder, path]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        command + (["--quick"] if quick else []), capture_output=True, text=True, check=False,
        env={**os.environ, **threads},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def run_child(arguments: Sequence[str], *, quick: bool) -> dict[str, Any]:
    what, kind, items, folder, path = arguments
    if what == "build":
        index = prepare([Against.parse(path)], Path(folder) / "index")
        return {"index": str(index), "peak_mb": _peak()}
    if what == "scan":
        return scan_speed(kind, int(items), folder, quick=quick)
    return datatrove_speed(kind, int(items), folder, path)


def pooled(recalls: dict[str, Any], names: Sequence[str], method: str) -> dict[str, float]:
    """Return recall by kind over several benchmarks."""
    found: dict[str, list[tuple[int, float]]] = {}
    for name in names:
        for kind, row in recalls[name].items():
            found.setdefault(kind, []).append((row["plants"], row[method]))
    return {
        kind: round(sum(n * share for n, share in rows) / sum(n for n, _ in rows), 4)
        for kind, rows in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few items, a few documents, under a minute")
    parser.add_argument("--most-items", type=int, default=100_000, help="the largest index that is measured")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not DATA.exists():
        print(f"the planted items and the pages are in {DATA}, which is not there")
        print(json.dumps({"skipped": "no ../shared/data"}))
        return
    if arguments.child:
        print(json.dumps(run_child(arguments.child, quick=arguments.quick)))
        return
    with tempfile.TemporaryDirectory() as folder:
        against = [Against(str(DATA / path), name) for name, path in data.BENCHMARKS.items()]
        index = Index(prepare(against, Path(folder) / "index"))
        print(f"index: {index.facts['items']} items, {index.facts['too_short']} too short to judge")
        recalls = planted(index, Path(folder), quick=arguments.quick)
        alarms = clean(index, Path(folder), quick=arguments.quick)
    sizes = [
        n for n in (10, 1000, 100_000, 1_000_000) if n <= (1000 if arguments.quick else arguments.most_items)
    ]
    speed = speeds(sizes, quick=arguments.quick)
    methods = ["bluepencil", rivals.SubstringOrMinHash.name, rivals.WordSets.name, rivals.DATATROVE]
    groups = {"code": ("humaneval", "mbpp"), "math": ("gsm8k", "math")}
    result = {
        "recall": {m: {g: pooled(recalls, names, m) for g, names in groups.items()} for m in methods},
        "recall_by_benchmark": recalls,
        "false_alarms": alarms,
        "false_alarm_share": alarms["code"]["false_alarm_share"],
        "mb_per_s": {name: [row["mb_per_s"] for row in rows] for name, rows in speed.items()},
        "speed": speed,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
