"""Documents of a run, chosen and shown with what was struck out."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluepencil.documents import Document, Status
from bluepencil.engine.ledger import ledger_rows
from bluepencil.engine.replay import execution_on_record
from bluepencil.engine.results import Result, read_results
from bluepencil.errors import OptionError
from bluepencil.report.struck import shortened, struck_out

DEFAULT_SAMPLE = 3


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents to show: those that all the given conditions hold for, or a sample of them."""

    key: str | None = None
    sample: int | None = None
    seed: int = 0
    reason: str | None = None
    status: str | None = None

    def holds(self, row: Any) -> bool:
        """Tell whether a ledger row is one of those asked for."""
        return (
            (self.key is None or row["id"] == self.key)
            and (self.status is None or row["status"] == self.status)
            and (self.reason is None or row["reason"] == self.reason or self.reason in row["faults"])
        )

    @property
    def size(self) -> int | None:
        """How many to draw; None is all."""
        everything = self.key is not None or self.reason is not None or self.status is not None
        return self.sample or (None if everything else DEFAULT_SAMPLE)


def select(run: Path, selection: Selection) -> Iterator[Result]:
    """Yield the documents asked for, in input order."""
    if selection.sample is not None and selection.key is not None:
        raise OptionError("name an id or a sample, not both")
    chosen: set[tuple[int, int]] | None = None
    if selection.size is not None:
        chosen = _draw(run, selection)

    def wanted(row: Any) -> bool:
        return selection.holds(row) and (chosen is None or (row["file"], row["position"]) in chosen)

    yield from read_results(run, wanted=wanted)


def _draw(run: Path, selection: Selection) -> set[tuple[int, int]]:
    """Draw a sample in one pass and bounded memory (reservoir sampling)."""
    size = selection.size or 0
    generator = random.Random(selection.seed)
    reservoir: list[tuple[int, int]] = []
    seen = 0
    for part in sorted((run / "ledger").glob("part-*.parquet")):
        for row in ledger_rows(part):
            if not selection.holds(row):
                continue
            seen += 1
            place = (row["file"], row["position"])
            if len(reservoir) < size:
                reservoir.append(place)
            elif (index := generator.randrange(seen)) < size:
                reservoir[index] = place
    return set(reservoir)


def shown(result: Result, lines: int | None, *, color: bool) -> str:
    """Return a document as text for a terminal: a heading, and the page with its edits."""
    row = result.row
    share = 1 - row["characters_after"] / row["characters_before"] if row["characters_before"] else 0.0
    facts = [
        row["status"],
        row["reason"],
        f"{share:.0%} struck out" if row["status"] == Status.EDITED else "",
    ]
    facts += [f"left out: {', '.join(row['faults'])}"] if row["faults"] else []
    heading = f"{row['id'] or '(no id)'}: {', '.join(filter(None, facts))}"
    if color:
        heading = f"\x1b[1m{heading}\x1b[0m"
    body = _body(result, color=color).split("\n")
    return "\n".join([heading, *(shortened(body, lines) if lines else body), ""])


def _body(result: Result, *, color: bool) -> str:
    row, document = result.row, result.source
    if document is None:
        raw = (row["record"] or b"")[:2000].decode(errors="replace")
        return f"{row['detail']}\n{raw}"
    return struck_out(document.text, _edits(row, document), color=color)


def _edits(row: Any, document: Document) -> Sequence[tuple[int, int, str]]:
    if row["status"] == Status.DROPPED:
        return [(0, len(document.text), "")]
    if row["status"] != Status.EDITED:
        return []
    return execution_on_record(row, document.text).edits
