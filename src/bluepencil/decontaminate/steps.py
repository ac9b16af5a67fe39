"""The step that looks for benchmark items in documents, and drops, marks or cuts what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bluepencil.decontaminate.items import Against
from bluepencil.documents import Document, Outcome, Status
from bluepencil.errors import InputError, OptionError
from bluepencil.programs import Policy, Program, RemoveLines, execute, render
from bluepencil.programs.lines import LineIndex

if TYPE_CHECKING:
    from bluepencil.decontaminate.match import Found, Index

SHOWN = 5
"""Items of a document that the ledger describes; all are counted."""
_NUMBERS_CHANGED = "numbers-changed"


class Action(StrEnum):
    """What becomes of a document that holds an item."""

    DROP = "drop"
    MARK = "mark"
    CUT = "cut"


class ContaminationReason(StrEnum):
    """Why a document was dropped, cut or marked."""

    CONTAMINATED = "contaminated"
    NUMBERS_CHANGED = "numbers-changed"


@dataclass(frozen=True, slots=True)
class Decontaminate:
    """The step that looks for benchmark items in documents.

    index: the folder that `prepare` returned; with `against`, the folder to prepare it in. It is built when
        the step is made, so before any worker starts.
    against: files of benchmark items, FILE or FILE:MAP.
    action: drop the document; mark it in the ledger and keep it; or cut out whole lines, those that a found
        part touches.
    numbers_changed: what becomes of a document in which items stand with other numbers only: mark, drop, cut
        or ignore. It is weaker evidence: problems of one kind differ by little else.
    """

    index: str
    action: str = "drop"
    numbers_changed: str = "mark"
    against: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse actions that do not exist, and an index that is not there; build one if asked."""
        if self.action not in list(Action):
            raise OptionError(f"the action must be one of {', '.join(Action)}, not {self.action!r}")
        if self.numbers_changed not in [*Action, "ignore"]:
            choices = ", ".join([*Action, "ignore"])
            raise OptionError(f"for changed numbers, choose from {choices}, not {self.numbers_changed!r}")
        if self.against:
            from bluepencil.decontaminate.build import prepare

            files = [Against.parse(one) for one in self.against]
            object.__setattr__(self, "index", str(prepare(files, self.index)))
            object.__setattr__(self, "against", ())
        if not (Path(self.index) / "index.json").exists():
            raise InputError(f"{self.index} is no index of benchmark items; decontaminate.prepare makes one")

    @property
    def name(self) -> str:
        """Names the step with what it does."""
        return f"decontaminate:{self.action}"

    @property
    def fields(self) -> tuple[str, ...]:
        """No field beside the text is read."""
        return ()

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result; where the index lies does not, what it holds does."""
        facts = _opened(self.index).facts
        return {
            "index": facts["fingerprint"],
            "benchmarks": facts["benchmarks"],
            "too_short_items": facts["too_short"],
            "thresholds": facts["thresholds"],
            "action": self.action,
            "numbers_changed": self.numbers_changed,
        }

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Return one outcome per document, in order."""
        found = _opened(self.index).scan([document.text for document in documents])
        return [self._outcome(document.text, mine) for document, mine in zip(documents, found, strict=True)]

    def _outcome(self, text: str, found: "list[Found]") -> Outcome:
        plain = [one for one in found if one.match != _NUMBERS_CHANGED]
        weak = [one for one in found if one.match == _NUMBERS_CHANGED]
        if self.numbers_changed == "ignore":
            found, weak = plain, []
        if not found:
            return Outcome(Status.UNCHANGED)
        action = self.action if plain else self.numbers_changed
        reason = ContaminationReason.CONTAMINATED if plain else ContaminationReason.NUMBERS_CHANGED
        notes = _annotations(found)
        detail = _sentence(text, found)
        if action == Action.MARK:
            return Outcome(Status.UNCHANGED, reason=reason, detail=detail, annotations=notes)
        if action == Action.DROP:
            return Outcome(Status.DROPPED, reason=reason, detail=detail, annotations=notes)
        cut = plain + (weak if self.numbers_changed == Action.CUT else [])
        return self._cut(text, cut, Outcome(Status.EDITED, reason=reason, detail=detail, annotations=notes))

    def _cut(self, text: str, found: "list[Found]", outcome: Outcome) -> Outcome:
        """Cut the lines that the matches touch; drop what has nothing left, or is still contaminated."""
        program = lines_of(text, found)
        policy = Policy(max_deleted_share=1.0, max_calls=max(1, len(program.operations)))
        left = execute(program, text, policy).text
        why = "nothing is left" if not left.strip() else ""
        again = {one.match == _NUMBERS_CHANGED for one in _opened(self.index).scan([left])[0]}
        if False in again or (True in again and self.numbers_changed == Action.CUT):
            why = "an item is still there when its lines are cut"
        if why:
            detail = f"{outcome.detail}; dropped, since {why}"
            return Outcome(
                Status.DROPPED, reason=outcome.reason, detail=detail, annotations=outcome.annotations
            )
        return Outcome(
            Status.EDITED,
            text=left,
            reason=outcome.reason,
            detail=outcome.detail,
            program=render(program),
            annotations=outcome.annotations,
        )


@lru_cache(maxsize=4)
def _opened(folder: str) -> "Index":
    from bluepencil.decontaminate.match import Index

    return Index(folder)


def lines_of(text: str, found: "Sequence[Found]") -> Program:
    """Return the program that removes every line that a match touches."""
    index = LineIndex(text)
    ranges: list[tuple[int, int]] = []
    for start, end in sorted((index.locate(one.start)[0], index.locate(one.end - 1)[0]) for one in found):
        if ranges and start <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], end))
        else:
            ranges.append((start, end))
    return Program(tuple(RemoveLines(start, end) for start, end in ranges))


def by_item(found: "Sequence[Found]") -> "list[list[Found]]":
    """Return what was found item by item; those first of which the most, and the plainest, was found."""
    items: dict[tuple[str, str], list[Found]] = {}
    for one in found:
        items.setdefault((one.benchmark, one.item), []).append(one)
    order = {match: number for number, match in enumerate(("verbatim", "normalised", "renamed"))}
    for mine in items.values():
        mine.sort(key=lambda one: (order.get(one.match, 3), -one.bits))
    return sorted(items.values(), key=lambda mine: (order.get(mine[0].match, 3), -sum(o.bits for o in mine)))


def _annotations(found: "Sequence[Found]") -> dict[str, Any]:
    items = by_item(found)
    shown = []
    for mine in items[:SHOWN]:
        best: dict[str, Any] = {}
        for one in mine:
            best.setdefault(
                one.part, {k: v for k, v in asdict(one).items() if k not in ("benchmark", "item", "part")}
            )
        shown.append({"benchmark": mine[0].benchmark, "item": mine[0].item, "parts": best})
    return {"contamination": shown, "contaminating_items": len(items)}


def _sentence(text: str, found: "Sequence[Found]") -> str:
    """Say for people what was found and where."""
    items = by_item(found)
    first = items[0]
    parts: dict[str, Found] = {}
    for one in first:
        parts.setdefault(one.part, one)
    said = []
    for one in parts.values():
        start, end = text.count("\n", 0, one.start) + 1, text.count("\n", 0, one.end) + 1
        lines = f"line {start}" if start == end else f"lines {start}-{end}"
        what = "" if len(parts) == 1 else f"{one.part} "
        said.append(f"{what}{one.match} ({one.share:.0%}), {lines}")
    only = f", {first[0].part} only" if len(parts) == 1 else ""
    more = f"; and {len(items) - 1} more items" if len(items) > 1 else ""
    return f"{first[0].benchmark} {first[0].item}{only}: {'; '.join(said)}{more}"
