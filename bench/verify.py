"""The verifier of code rewrites: what it accepts of harmless rewrites, what it rejects of planted damage.

    python -m bench.verify [--quick] [--files N] [--skip N] [--folder PATH] [--tasks N] [--seed N]
                           [--isolation NAME] [--show N]

Files: `../shared/data/code/geekcomputers` and this Python's standard library (without its tests), as far as
they pass the syntax gate. Every file is verified as a rewrite of itself, under harmless rewrites, and under
each kind of damage; half of the damage is done to a harmless rewrite of the file instead of the file itself.
Damage that only running shows is done to HumanEval and MBPP, with their tests, in the sandbox; there "seen"
leaves out changes that pass the tests in a plain interpreter too. Damage must show in the tree where it
claims to. Linting is off. Without ../shared the standard library alone is used. The seed decides every
choice. `--skip` leaves out the first files of the seed's order, those that rules were mended on; `--folder`
takes the Python files below a folder instead.
"""

import argparse
import gzip
import json
import random
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import sqrt
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from bench.planted import behaviour, benign, damage
from bluepencil.code import syntax
from bluepencil.documents import Document
from bluepencil.rewriting.verify import CodeChecks, CodeVerifier

DATA = Path(__file__).parents[2] / "shared" / "data" / "code"
TASKS = ("humaneval", "mbpp_sanitized")
# Deep in the library's own tests are files that are broken on purpose; idle and 2to3 are odd enough.
LEFT_OUT = {"test", "tests", "site-packages", "__pycache__"}
OF_NAMES = ("dropped function", "renamed public function", "renamed parameter", "swapped parameters")
QUICK_FILES, QUICK_TASKS = 20, 8


@dataclass
class Count:
    """How many were tried, and how many came out as they should."""

    tried: int = 0
    good: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)

    def add(self, good: bool, codes: list[str], label: str) -> None:
        self.tried += 1
        self.good += good
        self.codes.update(codes[:1])
        if not good:
            self.misses.append(label)

    @property
    def share(self) -> float:
        return self.good / self.tried if self.tried else 0.0


def wilson(good: int, tried: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    if not tried:
        return 0.0, 1.0
    z, share = 1.96, good / tried
    middle = share + z * z / (2 * tried)
    spread = z * sqrt(share * (1 - share) / tried + z * z / (4 * tried * tried))
    scale = 1 + z * z / tried
    # Rounding must not push the bounds of a full share below it.
    return max(0.0, (middle - spread) / scale), 1.0 if good == tried else min(1.0, (middle + spread) / scale)


def rows(name: str) -> list[dict[str, Any]]:
    path = DATA / f"{name}.jsonl.gz"
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def library() -> Iterator[tuple[str, str]]:
    yield from below(Path(sysconfig.get_path("stdlib")), "stdlib")


def below(root: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield the Python files of a folder, but for tests."""
    for path in sorted(root.rglob("*.py")):
        if not LEFT_OUT & set(path.relative_to(root).parts):
            try:
                yield f"{name}:{path.relative_to(root)}", path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def tasks() -> list[tuple[str, str, dict[str, Any]]]:
    """Return benchmark items as files with tests. They are measured on here, and never trained on."""
    found = []
    for name in TASKS:
        for row in rows(name):
            text = row["prompt"] + row["canonical_solution"]
            if syntax.check(text) is not None:
                # Many solutions of MBPP are not indented as far as the docstring of their prompt.
                text = row["prompt"] + indent(dedent(row["canonical_solution"].expandtabs(4)), "    ")
            fields = {"test": row["test"], "entry_point": row["entry_point"]}
            if syntax.check(text) is None:
                found.append((row["id"], text, fields))
    return found


def passes_plainly(text: str, fields: dict[str, Any]) -> bool:
    """Whether tests pass in an interpreter of their own, without the verifier."""
    program = f"{text}\n{fields['test']}\ncheck({fields['entry_point']})\n"
    try:
        done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, timeout=20)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


class Bench:
    """Counts verdicts by kind."""

    def __init__(self, seed: int, isolation: str) -> None:
        self.seed = seed
        self.static = CodeVerifier(CodeChecks(lint=False))
        self.running = CodeVerifier(CodeChecks(lint=False, execute=True, isolation=isolation))
        self.accepted: dict[str, Count] = {}
        self.rejected: dict[str, Count] = {}
        self.seconds = 0.0
        self.verified = 0
        # Items whose own solution does not pass their tests: nothing can be seen there.
        self.without_tests = 0

    def file(self, name: str, text: str) -> None:
        """Put one file through every static kind."""
        verdict = self._verify(text, text)
        self._count(self.accepted, "identity", verdict == [], verdict, name)
        harmless = {}
        for kind, rewrite in benign.KINDS.items():
            changed = rewrite(self._rng(name, kind), text)
            if changed is not None and changed != text:
                harmless[kind] = changed
                verdict = self._verify(text, changed)
                self._count(self.accepted, kind, verdict == [], verdict, name)
        for kind, plant in {**damage.STRUCTURAL, **damage.AROUND}.items():
            rng = self._rng(name, kind)
            before = damage.with_notice(text) if kind == "removed licence header" else text
            base = before
            # A function `main` that a rewrite added is none that the original could lose.
            bases = sorted(set(harmless) - ({"script put into main()"} if kind in OF_NAMES else set()))
            if bases and rng.random() < 0.5 and before is text:
                base = harmless[rng.choice(bases)]
            after = plant(rng, base)
            if after is None:
                continue
            if kind in damage.STRUCTURAL:
                assert not damage.same_program(after, base), (kind, name)
            assert after != base, (kind, name)
            verdict = self._verify(before, after)
            self._count(self.rejected, kind, verdict != [], verdict, name)

    def task(self, name: str, text: str, fields: dict[str, Any]) -> None:
        """Put one item with tests through identity, harmless rewrites and changes of behaviour."""
        document = Document(name, text, fields)
        verdict = self._codes(self.running, text, text, document)
        self._count(self.accepted, "identity, executed", verdict == [], verdict, name)
        for kind in ("written anew from the tree", "local variables renamed", "docstrings added"):
            changed = benign.KINDS[kind](self._rng(name, kind), text)
            if changed is not None:
                verdict = self._codes(self.running, text, changed, document)
                self._count(self.accepted, f"{kind}, executed", verdict == [], verdict, name)
        if not passes_plainly(text, fields):
            self.without_tests += 1
            return
        for kind, plant in behaviour.KINDS.items():
            after = plant(self._rng(name, kind), text)
            if after is None:
                continue
            assert not damage.same_program(after, text), (kind, name)
            verdict = self._codes(self.running, text, after, document)
            self._count(self.rejected, f"{kind} (all)", verdict != [], verdict, name)
            if verdict or not passes_plainly(after, fields):
                self._count(self.rejected, f"{kind} (seen)", verdict != [], verdict, name)

    def _rng(self, *parts: str) -> random.Random:
        return random.Random(f"{self.seed}:{':'.join(parts)}")

    def _verify(self, before: str, after: str) -> list[str]:
        start = time.process_time()
        codes = self._codes(self.static, before, after, Document("", before))
        self.seconds += time.process_time() - start
        self.verified += 1
        return codes

    @staticmethod
    def _codes(verifier: CodeVerifier, before: str, after: str, document: Document) -> list[str]:
        return [str(one.code) for one in verifier.check(before, after, document).rejections]

    @staticmethod
    def _count(counts: dict[str, Count], kind: str, good: bool, codes: list[str], name: str) -> None:
        counts.setdefault(kind, Count()).add(good, codes, f"{name} {' '.join(codes)}".strip())


def table(title: str, counts: dict[str, Count], show: int) -> None:
    print(f"\n{title:38} {'n':>6} {'share':>7}  95 % interval    first codes")
    for kind, count in counts.items():
        low, high = wilson(count.good, count.tried)
        codes = ", ".join(f"{code} {number}" for code, number in count.codes.most_common(4))
        print(f"{kind:38} {count.tried:6} {count.share:7.4f}  {low:.4f} to {high:.4f}  {codes}")
    for kind, count in counts.items():
        for label in count.misses[:show]:
            print(f"  not so: {kind}: {label}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a sample that takes less than a minute")
    parser.add_argument("--files", type=int, help="at most so many files")
    parser.add_argument("--skip", type=int, default=0, help="leave out the first files of the seed's order")
    parser.add_argument("--folder", type=Path, help="take the Python files of this folder instead")
    parser.add_argument("--tasks", type=int, help="at most so many items with tests")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--isolation", default="auto")
    parser.add_argument("--show", type=int, default=0, help="misses to show of each kind")
    arguments = parser.parse_args()
    given = [(row["id"], row["raw"]) for row in rows("geekcomputers")]
    items = tasks()
    if not given:
        print("../shared is not there: the standard library alone, and nothing is executed")
    everything = (
        [*given, *library()]
        if arguments.folder is None
        else list(below(arguments.folder, arguments.folder.name))
    )
    rng = random.Random(arguments.seed)
    most = len(everything) if not arguments.quick else QUICK_FILES
    most = most if arguments.files is None else arguments.files
    most_items = len(items) if not arguments.quick else QUICK_TASKS
    most_items = most_items if arguments.tasks is None else arguments.tasks
    rng.shuffle(everything)
    passing = ((name, text) for name, text in everything if syntax.check(text) is None)
    files = list(islice(passing, arguments.skip, arguments.skip + most))
    items = rng.sample(items, min(most_items, len(items)))
    bench = Bench(arguments.seed, arguments.isolation)
    for name, text in files:
        bench.file(name, text)
    for name, text, fields in items:
        bench.task(name, text, fields)
    print(
        f"{len(everything)} files, {len(files)} used of those that pass the gate; {len(items)} with tests, "
        f"{bench.without_tests} of which their own solution fails"
    )
    table("accepted", bench.accepted, arguments.show)
    table("rejected", bench.rejected, arguments.show)
    report(bench, files, items)


def report(bench: Bench, files: list[Any], items: list[Any]) -> None:
    speed = bench.verified / bench.seconds if bench.seconds else 0.0
    print(f"\n{speed:.1f} rewrites verified per second of one core, without lint and running")
    isolation = bench.running.describe()["sandbox"] if items else None
    result = {
        "files": len(files),
        "files_with_tests": len(items),
        "tests_that_the_original_fails": bench.without_tests,
        "accepted": {kind: round(count.share, 5) for kind, count in bench.accepted.items()},
        "rejected": {kind: round(count.share, 5) for kind, count in bench.rejected.items()},
        "tried": {kind: count.tried for kind, count in {**bench.accepted, **bench.rejected}.items()},
        "rewrites_per_s": round(speed, 1),
        "sandbox": isolation,
        "python": sys.version.split()[0],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
