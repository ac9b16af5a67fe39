"""What scoring refined text against gold found, as JSON values and as a table for people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Interval = tuple[float, float]
"""The low and the high end of a 95 % interval."""

OVERALL = "all"
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class SourceScore:
    """The scores of one source: means over its documents, unless said otherwise. Shares are 0 to 1."""

    n: int
    precision: float
    recall: float
    f1: float
    interval: Interval
    """The 95 % interval of `f1`."""
    f1_do_nothing: float
    """The F1 of the raw text."""
    difference: float
    """`f1` less `f1_do_nothing`."""
    difference_interval: Interval
    noise_removed: float
    """Of all words of the raw texts that gold has not, the share removed; below 0 if words were added."""
    gold_lost: float
    """Of all words of gold that the raw texts hold, the share lost."""
    worse: int
    """Documents whose F1 is below that of their raw text."""
    worse_share: float
    dropped: int
    """Documents with no output; they score as empty texts."""


@dataclass(frozen=True, slots=True)
class Report:
    """Scores per source, in order, and over all documents."""

    sources: Mapping[str, SourceScore]
    overall: SourceScore

    def rows(self) -> dict[str, SourceScore]:
        """Return every row by name: the sources in order, then `all`."""
        return {**self.sources, OVERALL: self.overall}

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Return plain values by source, with `all` last; shares are rounded to four decimals."""
        return {
            name: {key: _plain(value) for key, value in asdict(row).items()}
            for name, row in self.rows().items()
        }

    def to_table(self) -> str:
        """Return the scores as aligned plain text, one row per source, without a final line break."""
        table = [list(_COLUMNS), *(_cells(name, row) for name, row in self.rows().items())]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return "\n".join(_aligned(cells, widths) for cells in table)


_COLUMNS = (
    "source", "n", "precision", "recall", "F1", "95 % interval", "do nothing", "difference",
    "95 % interval", "noise removed", "gold lost", "worse", "dropped",
)  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [round(end, _DECIMALS) for end in value]
    return round(value, _DECIMALS) if isinstance(value, float) else value


def _cells(name: str, row: SourceScore) -> list[str]:
    low, high = row.interval
    low_difference, high_difference = row.difference_interval
    return [
        name,
        f"{row.n:,}",
        f"{row.precision:.3f}",
        f"{row.recall:.3f}",
        f"{row.f1:.3f}",
        f"{low:.3f} to {high:.3f}",
        f"{row.f1_do_nothing:.3f}",
        f"{row.difference:+.3f}",
        f"{low_difference:+.3f} to {high_difference:+.3f}",
        f"{row.noise_removed:.1%}",
        f"{row.gold_lost:.1%}",
        f"{row.worse:,} ({row.worse_share:.1%})",
        f"{row.dropped:,}",
    ]


def _aligned(cells: list[str], widths: list[int]) -> str:
    first = cells[0].ljust(widths[0])
    return "  ".join([first, *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))])
