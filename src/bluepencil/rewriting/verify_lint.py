"""The lint score before and after a rewrite, by the linter of `bluepencil.code.lint`.

Two things move pylint's score and say nothing of a rewrite. Layout: a line end that is missing at the end
costs a file of two statements five points, and a formatter mends it. And length: the score is messages by
statements, so a file that says the same in fewer statements has a lower score with the same messages. So
texts are formatted before they are linted, and a raw score may be lower where no message is new.
"""

import atexit
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bluepencil.code import ruff
from bluepencil.code.format import format_all
from bluepencil.code.lint import Linter, LintFailure, LintOptions, LintScore

_linters: dict[LintOptions, Linter] = {}


@dataclass(frozen=True, slots=True)
class LintDifference:
    """What became of a score: a fault (empty: none), whether there is no score any more, what to record."""

    fault: str
    failed: bool
    notes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LintCheck:
    """Compares scores. `score` is raw or penalized; `tolerance` the points that a rewrite may lose.

    `formatted` lints texts as ruff formats them.
    """

    packages: str
    score: str
    tolerance: float
    formatted: bool = True

    def describe(self) -> Mapping[str, Any]:
        """Return what decides a score. Raises MissingExtraError where pylint or ruff is not installed."""
        described = dict(self._linter().describe())
        return {**described, "ruff": ruff.version()} if self.formatted else described

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[LintDifference]:
        """Return one difference per (before, after). Raises MissingExtraError without pylint or ruff."""
        given = list(dict.fromkeys(text for pair in pairs for text in pair))
        linted = [one.text for one in format_all(given)] if self.formatted else given
        texts = list(dict.fromkeys(linted))
        scores = dict(zip(texts, self._linter().score_all(texts), strict=True))
        of_given = {text: scores[one] for text, one in zip(given, linted, strict=True)}
        return [self._difference(of_given[before], of_given[after]) for before, after in pairs]

    def _difference(self, before: LintScore | LintFailure, after: LintScore | LintFailure) -> LintDifference:
        old, new = self._value(before), self._value(after)
        notes: dict[str, Any] = {"before": _shown(old, before), "after": _shown(new, after)}
        if old is None or new is None:
            failed = isinstance(after, LintFailure) and not isinstance(before, LintFailure)
            detail = f"{after.reason}: {after.detail}" if failed and isinstance(after, LintFailure) else ""
            return LintDifference(detail, failed, notes)
        assert isinstance(before, LintScore) and isinstance(after, LintScore)
        more = Counter(after.messages) - Counter(before.messages)
        if more:
            notes["new"] = dict(sorted(more.items()))
        if new >= old - self.tolerance or (self.score == "raw" and not more):
            return LintDifference("", False, notes)
        listed = f"; new: {', '.join(sorted(more))}" if more else ""
        return LintDifference(f"{old:.2f} before, {new:.2f} after{listed}", False, notes)

    def _value(self, result: LintScore | LintFailure) -> float | None:
        if isinstance(result, LintFailure) or result.raw is None:
            return None
        return result.raw if self.score == "raw" else result.score

    def _linter(self) -> Linter:
        """Return the linter of this process: its start costs more than a file does, so it is kept."""
        options = LintOptions(packages=self.packages)
        if options not in _linters:
            _linters[options] = Linter(options)
            atexit.register(_linters[options].close)
        return _linters[options]


def _shown(value: float | None, result: LintScore | LintFailure) -> float | str | None:
    if isinstance(result, LintFailure):
        return str(result.reason)
    return None if value is None else round(value, 2)
