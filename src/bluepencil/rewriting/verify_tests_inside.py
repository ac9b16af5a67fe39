"""A program of its own, run in the sandbox: loads a module, puts it to its tests, says how they went.

The only argument is a JSON file: {"text": source, "tests": source or null, "entry": name or null,
"docstrings": [[name, docstring], ...]}. Prints one line of JSON: {"loaded": "" or error, "tests": "" or error
or null, "examples": [whether each example of the docstrings gave what it says]}. What the code itself prints
goes nowhere.
"""

import doctest
import json
import os
import random
import sys
from types import ModuleType
from typing import Any


class Examples(doctest.DocTestRunner):
    """Runs the examples of docstrings and writes down which gave what is written beneath them."""

    def __init__(self, passed: list[bool]) -> None:
        super().__init__(verbose=False)
        self.passed = passed

    def report_start(self, out: Any, test: Any, example: Any) -> None:
        """Say nothing."""

    def report_success(self, out: Any, test: Any, example: Any, got: Any) -> None:
        """Count it."""
        self.passed.append(True)

    def report_failure(self, out: Any, test: Any, example: Any, got: Any) -> None:
        """Count it."""
        self.passed.append(False)

    def report_unexpected_exception(self, out: Any, test: Any, example: Any, exc_info: Any) -> None:
        """Count it."""
        self.passed.append(False)


def load(text: str) -> ModuleType:
    """Return the module that a text makes; its `__main__` block does not run."""
    module = ModuleType("candidate")
    module.__file__ = "candidate.py"
    sys.modules["candidate"] = module
    exec(compile(text, "candidate.py", "exec", dont_inherit=True), module.__dict__)
    return module


def put_to_test(module: ModuleType, tests: str, entry: str | None) -> None:
    """Run tests among the names of a module: statements, `check(entry)`, functions named `test...`."""
    names = dict(module.__dict__)
    known = set(names)
    exec(compile(tests, "tests.py", "exec", dont_inherit=True), names)
    if entry and "check" in names and "check" not in known:
        names["check"](names[entry])
    for name in [
        name for name in names if name.startswith("test") and name not in known and callable(names[name])
    ]:
        names[name]()


def run_examples(module: ModuleType, docstrings: list[list[str]]) -> list[bool]:
    """Run the examples of docstrings among the names of a module; those that never came to run failed."""
    passed: list[bool] = []
    for name, docstring in docstrings:
        test = doctest.DocTestParser().get_doctest(docstring, dict(module.__dict__), name, None, None)
        start = len(passed)
        Examples(passed).run(test, out=lambda text: None, clear_globs=False)
        passed += [False] * (len(test.examples) - (len(passed) - start))
    return passed


def error_of(error: BaseException) -> str:
    """Return what a person needs to see of an error."""
    return f"{type(error).__name__}: {error}"[:200]


def main() -> None:
    """Do the job in the file of the first argument."""
    answers = os.dup(1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(quiet, number)
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - as few imports as can be
        job = json.load(file)
    sys.argv[1:] = []
    # So that what is drawn at random is drawn alike before and after.
    random.seed(0)
    own = os.getpid()
    result: dict[str, Any] = {"loaded": "", "tests": None, "examples": []}
    try:
        module = load(job["text"])
    except BaseException as error:  # noqa: BLE001 - the code may raise anything, SystemExit too
        result["loaded"] = error_of(error) or "error"
    else:
        if job["tests"] is not None:
            try:
                put_to_test(module, job["tests"], job["entry"])
                result["tests"] = ""
            except BaseException as error:  # noqa: BLE001 - as above
                result["tests"] = error_of(error) or "error"
        try:
            result["examples"] = run_examples(module, job["docstrings"])
        except BaseException as error:  # noqa: BLE001 - as above
            result["loaded"] = error_of(error) or "error"
    if os.getpid() == own:
        os.write(answers, json.dumps(result).encode())
        # Threads and exit handlers of the code have nothing to say any more.
        os._exit(0)


if __name__ == "__main__":
    main()
