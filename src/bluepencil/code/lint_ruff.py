"""A fast alternative to pylint: ruff's rules that have a counterpart there, on the same scale.

Ruff does not infer types and knows nothing of what is imported, so whole kinds of pylint's messages are
missing. The score is pylint's formula over ruff's findings, then two numbers that bring it to pylint's scale;
they were fitted on one half of a collection of amateur scripts (docs/code.md says how well they do on the
other half). A file's score does not depend on what is installed or on other files.
"""

import ast
import json
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Self

from bluepencil.code import ruff
from bluepencil.code.scores import LintFailure, LintReason, LintScore, penalized
from bluepencil.code.tokens import comment_share

RULES: Mapping[str, tuple[str, ...]] = {
    "error": ("E9", "F5", "F6", "F7", "F82", "PLE"),
    "warning": (
        *(
            "F401",
            "F402",
            "F403",
            "F404",
            "F541",
            "F811",
            "F841",
            "F842",
            "E111",
            "E117",
            "E703",
            "E722",
            "W191",
        ),
        *(
            "W605",
            "A001",
            "A002",
            "ARG001",
            "ARG002",
            "B006",
            "B018",
            "B904",
            "BLE001",
            "G004",
            "PIE790",
            "PLW",
        ),
        *("PLW1514", "S102", "S307", "SLF001", "TRY002"),
    ),
    "refactor": (
        *("C416", "PLR0911", "PLR0912", "PLR0913", "PLR0914", "PLR0915", "PLR1714", "PLR1722", "PLR5501"),
        *("RET502", "RET503", "RET505", "RET506", "RET507", "RET508", "SIM115", "UP004", "UP008"),
    ),
    "convention": (
        *(
            "E401",
            "E402",
            "E701",
            "E702",
            "E711",
            "E712",
            "E713",
            "E714",
            "E721",
            "W291",
            "W292",
            "W293",
            "W391",
        ),
        *("D101", "PLC", "PLC2801", "SIM118", "UP031", "UP032", "UP034"),
    ),
}
"""Ruff's rules by pylint's category of the counterpart."""

_WEIGHTS = {"error": 5, "warning": 1, "refactor": 1, "convention": 1}
SCALE, OFFSET = 1.006, -0.681

_SECONDS_BATCH = 120.0
_SECONDS_FILE = 20.0


class RuffLinter:
    """Scores files with ruff, one process for all of a call. It holds nothing between calls."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""

    def describe(self) -> Mapping[str, Any]:
        """Return what decides a score: ruff's version, the rules, the fitted numbers."""
        return {
            "linter": "ruff",
            "version": ruff.version(),
            "rules": {kind: list(rules) for kind, rules in RULES.items()},
            "scale": SCALE,
            "offset": OFFSET,
        }

    def score(self, text: str) -> LintScore | LintFailure:
        """Return the score of one file."""
        return self.score_all([text])[0]

    def score_all(self, texts: Sequence[str]) -> list[LintScore | LintFailure]:
        """Return one result per text, in order; none depends on another."""
        results: list[LintScore | LintFailure | None] = [None] * len(texts)
        statements = [0] * len(texts)
        for number, text in enumerate(texts):
            try:
                text.encode()
                statements[number] = count_statements(text)
            except UnicodeEncodeError as error:
                results[number] = LintFailure(LintReason.NOT_ENCODABLE, str(error))
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                detail = f"{type(error).__name__}: {error}"[:200]
                results[number] = LintFailure(LintReason.CANNOT_PARSE, detail)
        open_numbers = [number for number, result in enumerate(results) if result is None]
        found = _findings([texts[number] for number in open_numbers])
        for number, rules in zip(open_numbers, found, strict=True):
            results[number] = _result(texts[number], statements[number], rules)
        return [result for result in results if result is not None]


def count_statements(text: str) -> int:
    """Return the number of statements of a Python file, as pylint counts them: handlers count, too.

    Raises SyntaxError, ValueError, RecursionError or MemoryError for what Python cannot parse.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    counted = (ast.stmt, ast.ExceptHandler)
    docstrings = sum(
        ast.get_docstring(node, clean=False) is not None
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return sum(isinstance(node, counted) for node in ast.walk(tree)) - docstrings


def category(rule: str) -> str | None:
    """Return pylint's category of a rule of ruff; the longest prefix decides."""
    best: tuple[int, str | None] = (0, None)
    for name, rules in RULES.items():
        for prefix in rules:
            if rule.startswith(prefix):
                best = max(best, (len(prefix), name), key=lambda pair: pair[0])
    return best[1]


def uncalibrated(statements: int, rules: Mapping[str, int]) -> float:
    """Return pylint's formula over ruff's findings: at most 10, without a lower end."""
    cost = sum(_WEIGHTS[kind] * count for rule, count in rules.items() if (kind := category(rule)))
    return 10.0 - 10.0 * cost / statements


def _result(text: str, statements: int, rules: Mapping[str, int] | ruff.RuffError) -> LintScore | LintFailure:
    if isinstance(rules, ruff.RuffError):
        return LintFailure(LintReason.CRASHED, str(rules))
    share = comment_share(text)
    raw = None
    if statements > 0:
        raw = min(10.0, max(0.0, OFFSET + SCALE * max(0.0, uncalibrated(statements, rules))))
    return LintScore(penalized(raw, share), raw, share, max(0, statements), rules)


def _findings(texts: Sequence[str]) -> list[Mapping[str, int] | ruff.RuffError]:
    """Return the findings of each text, counted by rule."""
    if not texts:
        return []
    arguments = [
        "check",
        "--output-format=json",
        "--exit-zero",
        f"--select={','.join(rule for rules in RULES.values() for rule in rules)}",
        "--preview",
        "--config",
        "lint.explicit-preview-rules = true",
        "--ignore-noqa",
    ]
    try:
        with ruff.folder_of(texts) as folder:
            said = json.loads(
                ruff.run(arguments, folder, _SECONDS_FILE if len(texts) == 1 else _SECONDS_BATCH)
            )
    except ruff.RuffError as error:
        if len(texts) == 1:
            return [error]
        return [result for text in texts for result in _findings([text])]
    counts: list[Counter[str]] = [Counter() for _ in texts]
    for finding in said:
        found = re.search(r"(\d+)\.py$", finding["filename"])
        if found and finding["code"]:
            counts[int(found[1])][finding["code"]] += 1
    return [dict(count) for count in counts]
