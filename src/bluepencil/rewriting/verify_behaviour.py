"""Behaviour before and after a rewrite: what the original's tests and examples say of both, in a sandbox.

Tests come from a field of the document (statements such as `assert`, or a function `check(candidate)` with
the name of the entry point in another field, as HumanEval has it; or functions that start with `test`);
examples from the original's docstrings. What the original fails itself judges nothing. Without tests or
examples nothing runs: functions are not called with made-up arguments.
"""

import ast
import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from bluepencil.rewriting.sandbox import Sandbox
from bluepencil.rewriting.verify_source import Source

_PROGRAM = Path(__file__).with_name("verify_tests_inside.py")
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a module is put to: tests, the entry point that they are called with, docstrings with examples."""

    tests: str | None
    entry: str | None
    docstrings: tuple[tuple[str, str], ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to run."""
        return self.tests is None and not self.docstrings


@dataclass(frozen=True, slots=True)
class Seen:
    """What came out of a trial: errors as texts (empty: none), and which examples gave what they say."""

    fault: str
    tests: str | None
    examples: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two trials say: a fault of the rewrite (empty: none), whether it is time, what to record."""

    fault: str
    timed_out: bool
    notes: Mapping[str, Any]


def trial(
    before: Source, fields: Mapping[str, Any], tests_field: str, entry_field: str, doctests: bool
) -> Trial:
    """Return what there is to run for a document; a list of statements is joined."""
    tests = fields.get(tests_field)
    if isinstance(tests, list | tuple) and all(isinstance(one, str) for one in tests):
        tests = "\n".join(tests)
    entry = fields.get(entry_field)
    return Trial(
        tests if isinstance(tests, str) and tests.strip() else None,
        (entry.strip() or None) if isinstance(entry, str) else None,
        tuple(_docstrings(before)) if doctests else (),
    )


def compare(before: str, after: str, what: Trial, sandbox: Sandbox) -> Comparison:
    """Run a trial on both texts. Raises OptionError where the sandbox cannot work on this machine."""
    notes: dict[str, Any] = {"sandbox": sandbox.in_effect}
    old = _observe(before, what, sandbox)
    if old.fault:
        return Comparison("", False, notes | {"original": old.fault})
    if old.tests:
        notes["original"] = old.tests
    good = sum(old.examples)
    if old.tests != "" and not good:
        return Comparison("", False, notes)
    new = _observe(after, what, sandbox)
    fault = new.fault
    if not fault and old.tests == "" and new.tests:
        fault = new.tests
    held = sum(one and other for one, other in zip(old.examples, new.examples, strict=False))
    if not fault and held < good:
        fault = f"{good - held} of {good} examples of the docstrings give something else"
    if old.tests == "":
        notes["tests"] = "passed" if not (new.fault or new.tests) else "failed"
    if good:
        notes["examples"] = [good, held]
    return Comparison(fault, new.fault == _TIMED_OUT, notes)


@lru_cache(maxsize=256)
def _observe(text: str, what: Trial, sandbox: Sandbox) -> Seen:
    """Run a trial; kept, because several rewrites of one text are compared with it."""
    job = {"text": text, "tests": what.tests, "entry": what.entry, "docstrings": what.docstrings}
    program = _PROGRAM.read_text(encoding="utf-8")
    ended = sandbox.run(program, {"job.json": json.dumps(job)}, ["{given}/job.json"])
    if ended.timed_out or ended.exit_code == 128 + signal.SIGXCPU:
        return Seen(_TIMED_OUT, None, ())
    try:
        result = json.loads(ended.stdout)
    except ValueError:
        result = None
    if not isinstance(result, dict):
        return Seen(f"ended early with exit code {ended.exit_code}", None, ())
    return Seen(result["loaded"], result["tests"], tuple(result["examples"]))


def _docstrings(source: Source) -> list[tuple[str, str]]:
    found = []
    for node in source.of(ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef):
        text = ast.get_docstring(cast(Documented, node))
        if text and ">>>" in text and _is_readable(text):
            found.append((getattr(node, "name", "module"), text))
    return found


def _is_readable(text: str) -> bool:
    """Whether doctest can read the examples, and finds one."""
    import doctest

    try:
        return bool(doctest.DocTestParser().get_examples(text))
    except ValueError:
        return False
