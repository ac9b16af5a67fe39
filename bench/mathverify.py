"""What the math verifier accepts and rejects: real solutions, untouched and with planted damage.

    python -m bench.mathverify [--quick] [--half dev|test] [--show KIND]

Sets: GSM8K's training problems and MATH's test problems (for measuring only). A problem belongs to the half
that the rules were written on, or to the other, which is reported, by a hash of its id; so do the sentences
of the "talk" damage. The last line is one JSON object.
"""

import argparse
import gzip
import hashlib
import json
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.mathverify_plants import DAMAGE, LAYOUTS, TALK, Problem, competition, gsm8k, in_tex, restyled
from bench.mathverify_plants import talk as planted_talk
from bluepencil.documents import Document
from bluepencil.rewriting.math_checks import MathChecks
from bluepencil.rewriting.math_verifier import MathVerifier
from bluepencil.rewriting.verdict import Verdict

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "math"
SETS = {"gsm8k": ("gsm8k_train", gsm8k), "math": ("math_test5000", competition)}
FULL, QUICK = 2000, 60
# Also judged without asking for the equations of the source.
LOOSE = ("sound, restyled", "dropped step")
LOOSELY = "(equations not asked for)"


@dataclass
class Tally:
    """How many were tried and rejected, by which first code, and some to look at."""

    tried: int = 0
    rejected: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    accepted_ids: list[tuple[str, str]] = field(default_factory=list)
    rejected_ids: list[tuple[str, str]] = field(default_factory=list)


def is_dev(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def wilson(part: int, whole: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share, after Wilson."""
    if not whole:
        return (0.0, 1.0)
    share, square = part / whole, z * z / whole
    middle = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / whole + square / whole / 4) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def problems(name: str, number: int, dev: bool) -> Iterator[Problem]:
    file, make = SETS[name]
    path = DATA / f"{file}.jsonl.gz"
    if not path.exists():
        raise SystemExit(f"the data is not here: {path}")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if is_dev(row["id"]) is dev]
    random.Random(0).shuffle(rows)
    yield from map(make, rows[:number])


def measure(name: str, number: int, dev: bool) -> dict[str, Tally]:
    verifier, loose = MathVerifier(), MathVerifier(MathChecks(source_equations=0.0))
    tallies: dict[str, Tally] = defaultdict(Tally)
    said = tuple(sentence for sentence in TALK if is_dev(sentence) is dev)
    for problem in problems(name, number, dev):
        before, document = problem.source, Document(problem.id, problem.source)
        for label, after in variants(problem, said):
            verdicts = [(label, verifier.check(before, after, document))]
            if label.startswith(LOOSE):
                verdicts.append((f"{label} {LOOSELY}", loose.check(before, after, document)))
            for name, verdict in verdicts:
                count(tallies[name], problem, label, after, verdict)
    return dict(tallies)


def count(tally: Tally, problem: Problem, label: str, after: str, verdict: Verdict) -> None:
    tally.tried += 1
    if verdict.rejections:
        tally.rejected += 1
        tally.codes[verdict.rejections[0].code] += 1
        tally.rejected_ids.append((problem.id, verdict.rejections[0].detail))
    else:
        sound = LAYOUTS.get(label.partition(", ")[2])
        shown = difference(sound(problem), after) if sound else ""
        tally.accepted_ids.append((problem.id, shown))


def difference(sound: str, after: str) -> str:
    """Return where two texts differ, with what stands around it, on one line."""
    start = next(
        (n for n, (a, b) in enumerate(zip(sound, after, strict=False)) if a != b), min(len(sound), len(after))
    )
    end = next(
        (n for n, (a, b) in enumerate(zip(reversed(sound), reversed(after), strict=False)) if a != b),
        min(len(sound), len(after)),
    )
    end = min(end, len(sound) - start, len(after) - start)
    old, new = sound[start : len(sound) - end], after[start : len(after) - end]
    text = (
        f"{sound[max(0, start - 40) : start]}[-{old[:160]}-]{{+{new[:120]}+}}{sound[len(sound) - end :][:30]}"
    )
    return text.replace("\n", "\u23ce")


def variants(problem: Problem, said: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield "untouched", problem.source
    if problem.kind == "gsm8k":
        yield "sound, in TeX", in_tex(problem)
    else:
        yield "sound, restyled", restyled(problem)
    for layout, lay_out in LAYOUTS.items():
        yield f"sound, {layout}", lay_out(problem)
        for kind, damage in DAMAGE.items():
            chance = random.Random(f"{problem.id} {kind} {layout}")
            if kind == "talk":
                after = planted_talk(problem, layout, chance, said)
            else:
                after = damage(problem, layout, chance)
            if after is not None and after != lay_out(problem):
                yield f"{kind}, {layout}", after


def show(name: str, tallies: dict[str, Tally]) -> None:
    print(f"\n{name}: share rejected (95 % interval), and the first codes")
    for label, tally in sorted(
        tallies.items(), key=lambda item: ("untouched" not in item[0], "sound" not in item[0], item[0])
    ):
        low, high = wilson(tally.rejected, tally.tried)
        codes = ", ".join(f"{code.removeprefix('math-')} {n}" for code, n in tally.codes.most_common(4))
        share = f"{tally.rejected / tally.tried:7.2%} ({low:.2%} to {high:.2%})"
        print(f"  {label:42} {share} of {tally.tried:5}  {codes}")


def summary(results: dict[str, dict[str, Tally]]) -> dict[str, Any]:
    """Return the shares accepted of what is sound, and rejected of each kind of damage, over both layouts."""
    accept: dict[str, float] = {}
    reject: dict[str, dict[str, float]] = {}
    for name, tallies in results.items():
        for label, tally in tallies.items():
            if label.startswith(("untouched", "sound")):
                accept[f"{name}: {label}"] = round(1 - tally.rejected / tally.tried, 4)
        reject[name] = {}
        for kind in DAMAGE:
            found = [
                tally
                for label, tally in tallies.items()
                if label.startswith(kind + ",") and not label.endswith(LOOSELY)
            ]
            tried = sum(tally.tried for tally in found)
            if tried:
                reject[name][kind] = round(sum(tally.rejected for tally in found) / tried, 4)
    loose = {
        name: sum(one.rejected for one in found) / max(1, sum(one.tried for one in found))
        for name, tallies in results.items()
        for found in [
            [
                t
                for label, t in tallies.items()
                if label.startswith("dropped step") and label.endswith(LOOSELY)
            ]
        ]
    }
    rounded = {name: round(share, 4) for name, share in loose.items()}
    return {"accept": accept, "reject": reject, "reject_dropped_step_loosely": rounded}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--half", choices=("dev", "test"), default="test")
    parser.add_argument("--number", type=int)
    parser.add_argument("--show", help="print what of this label was judged wrongly")
    options = parser.parse_args()
    number = options.number or (QUICK if options.quick else FULL)
    start = time.process_time()
    results = {}
    for name in SETS:
        results[name] = measure(name, number, options.half == "dev")
        show(name, results[name])
        if options.show:
            show_wrong(results[name], options.show)
    judged = sum(tally.tried for tallies in results.values() for tally in tallies.values())
    seconds = (time.process_time() - start) / judged
    each = {name: tallies["untouched"].tried for name, tallies in results.items()}
    found = {"half": options.half, "problems": each, **summary(results)}
    print(json.dumps({**found, "ms_each": round(1000 * seconds, 2)}))


def show_wrong(tallies: dict[str, Tally], label: str) -> None:
    """Print some that were judged wrongly; damage as its difference from what is sound."""
    for name, tally in tallies.items():
        if name.startswith(label):
            wrong = tally.rejected_ids if label.startswith(("untouched", "sound")) else tally.accepted_ids
            for identity, detail in wrong[:25]:
                print(f"    {identity} [{name}] {detail}")


if __name__ == "__main__":
    main()
