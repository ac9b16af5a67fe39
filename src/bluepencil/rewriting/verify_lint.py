"""The lint score before and after a rewrite, by the linter of `bluepencil.code.lint`."""

import atexit
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    """Compares scores. `score` is raw or penalized; `tolerance` the points that a rewrite may lose."""

    packages: str
    score: str
    tolerance: float

    def describe(self) -> Mapping[str, Any]:
        """Return what decides a score. Raises MissingExtraError where pylint is not installed."""
        return self._linter().describe()

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[LintDifference]:
        """Return one difference per (before, after). Raises MissingExtraError without pylint."""
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        scores = dict(zip(texts, self._linter().score_all(texts), strict=True))
        return [self._difference(scores[before], scores[after]) for before, after in pairs]

    def _difference(self, before: LintScore | LintFailure, after: LintScore | LintFailure) -> LintDifference:
        old, new = self._value(before), self._value(after)
        notes = {"before": _shown(old, before), "after": _shown(new, after)}
        if old is None or new is None:
            failed = isinstance(after, LintFailure) and not isinstance(before, LintFailure)
            detail = f"{after.reason}: {after.detail}" if failed and isinstance(after, LintFailure) else ""
            return LintDifference(detail, failed, notes)
        lower = new < old - self.tolerance
        return LintDifference(f"{old:.2f} before, {new:.2f} after" if lower else "", False, notes)

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
