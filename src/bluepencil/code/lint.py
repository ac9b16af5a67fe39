"""Scores Python files with pylint: exactly what its command line gives, without a start of Python per file.

How the score comes about, and what holds it still: `bluepencil.code.lint_server`. A `Linter` holds one such
process, made on first use and again when it dies.
"""

import importlib.metadata
import importlib.util
import json
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Self

from bluepencil.code.child import Child, ChildDiedError, program
from bluepencil.code.scores import LintFailure, LintReason, LintScore, penalized
from bluepencil.errors import MissingExtraError, OptionError

__all__ = ["DISABLED", "LintFailure", "LintOptions", "LintReason", "LintScore", "Linter"]

DISABLED = ("E0401", "C0114", "C0301", "C0103", "C0116", "C0411", "R0903", "W0511", "C0412")
"""The messages that SwallowCode disables (arXiv 2505.02881, section 3.2)."""

PACKAGES = ("environment", "standard-library")

_ATTEMPTS = 2
_WALL_FACTOR = 4
_GRACE_S = 60.0


@dataclass(frozen=True, slots=True)
class LintOptions:
    """What decides a score, and what a file may cost.

    `packages` says what a linted file can import: "environment" is what pylint finds where it is installed,
    as its command line does; "standard-library" hides installed packages, so that scores are alike on all
    machines with the same Python. `seconds` is processor time per file (four times as much wall time),
    `memory_mb` what a file may take beyond the waiting process. `processes` files are linted at once. `warm`
    keeps modules of the standard library parsed; scores are the same without.
    """

    disable: tuple[str, ...] = DISABLED
    packages: str = "environment"
    processes: int = 1
    seconds: float = 60.0
    memory_mb: int = 2048
    warm: bool = True

    def __post_init__(self) -> None:
        if self.packages not in PACKAGES:
            raise OptionError(f"packages must be one of {', '.join(PACKAGES)}, not {self.packages!r}")
        if self.processes < 1 or self.seconds <= 0 or self.memory_mb < 0:
            raise OptionError("processes and seconds must be positive, memory_mb must not be negative")
        if wrong := [code for code in self.disable if not code.replace("-", "").isalnum()]:
            raise OptionError(f"not the code or name of a message: {wrong[0]!r}")

    def arguments(self) -> list[str]:
        """Return the arguments of pylint's command line, as SwallowCode gives them."""
        plugins = ["--load-plugins=bluepencil.code.lint_isolate"] if self.packages != "environment" else []
        return ["--persistent=n", f"--disable={','.join(self.disable)}", *plugins]


class Linter:
    """Scores files with pylint. Use it as a context manager; not for several threads at once."""

    def __init__(self, options: LintOptions | None = None) -> None:
        self.options = options or LintOptions()
        self._child: Child | None = None
        if importlib.util.find_spec("pylint") is None:
            raise MissingExtraError("pylint", "code")

    def __enter__(self) -> Self:
        """Return itself; the process starts with the first file."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    def close(self) -> None:
        """End the process; a later call starts another."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides a score: versions, disabled messages, and what files can import."""
        environment = self.options.packages == "environment"
        return {
            "linter": "pylint",
            "version": importlib.metadata.version("pylint"),
            "astroid": importlib.metadata.version("astroid"),
            "python": ".".join(map(str, sys.version_info[:3])),
            "disable": list(self.options.disable),
            "packages": self.options.packages,
            "installed": installed() if environment else "",
            "seconds": self.options.seconds,
            "memory_mb": self.options.memory_mb,
        }

    def command(self, file: str) -> list[str]:
        """Return the command line whose score this is.

        It must be started where it finds no settings (`PYLINTRC` set to an empty file, in an empty folder),
        for a file that lies alone in its folder under a name that nobody imports.
        """
        return [sys.executable, "-m", "pylint", *self.options.arguments(), file]

    def score(self, text: str) -> LintScore | LintFailure:
        """Return the score of one file."""
        return self.score_all([text])[0]

    def score_all(self, texts: Sequence[str]) -> list[LintScore | LintFailure]:
        """Return one result per text, in order; none depends on another.

        Raises RunError where pylint does not start.
        """
        results: dict[int, LintScore | LintFailure] = {}
        waiting: deque[tuple[int, bytes]] = deque()
        for index, text in enumerate(texts):
            try:
                waiting.append((index, text.encode()))
            except UnicodeEncodeError as error:
                results[index] = LintFailure(LintReason.NOT_ENCODABLE, str(error))
        lost = [0] * len(texts)
        running: dict[int, bytes] = {}
        while waiting or running:
            child = self._ready()
            try:
                while waiting and len(running) < self.options.processes:
                    index, content = waiting.popleft()
                    running[index] = content
                    child.send(index + 1, content)
                number, answer = child.receive()
            except ChildDiedError as error:
                self.close()
                for index, content in running.items():
                    lost[index] += 1
                    if lost[index] < _ATTEMPTS:
                        waiting.appendleft((index, content))
                    else:
                        results[index] = LintFailure(LintReason.CRASHED, str(error))
                running.clear()
                continue
            del running[number - 1]
            results[number - 1] = read_answer(answer)
        return [results[index] for index in range(len(texts))]

    def _ready(self) -> Child:
        """Return the process: the one that runs, or a new one. One that belongs to a parent is left alone."""
        if self._child is None or not self._child.ours:
            options = self.options
            settings = {
                "arguments": options.arguments(),
                "seconds": options.seconds,
                "memory": options.memory_mb << 20,
                "warm": options.warm,
            }
            self._child = Child("pylint", self.program(), settings, options.seconds * _WALL_FACTOR + _GRACE_S)
        return self._child

    def program(self) -> str:
        """Return the Python program of the waiting process."""
        return program("bluepencil.code.lint_server")


def read_answer(payload: bytes) -> LintScore | LintFailure:
    """Return the result that an answer of the waiting process stands for."""
    answer = json.loads(payload)
    if "reason" in answer:
        return LintFailure(LintReason(answer["reason"]), answer["detail"])
    raw = None if answer["raw"] is None else float(answer["raw"])
    return LintScore(
        penalized(raw, answer["comment_share"]),
        raw,
        answer["comment_share"],
        answer["statements"],
        answer["messages"],
    )


def installed() -> str:
    """Return a hash of the names and versions of all installed packages, which pylint can see."""
    names = sorted({f"{found.name}=={found.version}" for found in importlib.metadata.distributions()})
    return blake2b("\n".join(names).encode(), digest_size=8).hexdigest()
