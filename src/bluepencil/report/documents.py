"""Documents of a run, chosen and shown with what was struck out."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluepencil.documents import Status
from bluepencil.engine.ledger import ledger_rows
from bluepencil.engine.replay import StageOnRecord, stages_on_record
from bluepencil.engine.results import Result, read_results
from bluepencil.errors import OptionError
from bluepencil.report.difference import difference
from bluepencil.report.struck import shortened, struck_out, visible

DEFAULT_SAMPLE = 3
# What is shown of a step in one line.
_MOST_SCORES, _MOST_CHARACTERS = 8, 100


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
            and (self.reason is None or self.reason in _codes(row))
        )

    @property
    def size(self) -> int | None:
        """How many to draw; None is all."""
        everything = self.key is not None or self.reason is not None or self.status is not None
        return self.sample or (None if everything else DEFAULT_SAMPLE)


def _codes(row: Any) -> set[str]:
    """Return every reason and fault code of a ledger row, those of its steps included."""
    return {row["reason"], *row["faults"], *(stage["reason"] for stage in row.get("stages") or ())}


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


def stage_numbers(manifest: Mapping[str, Any], wanted: str) -> set[int]:
    """Return the numbers, from 1, of the steps of a run that a name or a number stands for.

    `rewrite` stands for `rewrite` and `rewrite:MODEL`. Raises OptionError where there is no such step.
    """
    names = [stage["step"] for stage in manifest.get("stages", ())] or [manifest["options"]["step"]]
    numbers = {
        number
        for number, name in enumerate(names, 1)
        if wanted in (str(number), name) or name.startswith(f"{wanted}:")
    }
    if not numbers:
        steps = ", ".join(f"{number} {name}" for number, name in enumerate(names, 1))
        raise OptionError(f"there is no step {wanted!r} in this run; its steps are: {steps}")
    return numbers


def shown(result: Result, lines: int | None, *, color: bool, stages: set[int] | None = None) -> str:
    """Return a document as text for a terminal: a heading, and the page with its edits, step by step.

    `stages` are the numbers, from 1, of the steps to show; None is all.
    """
    row, document = result.row, result.source
    heading = _heading(row)
    parts = [f"\x1b[1m{heading}\x1b[0m" if color else heading]
    if document is None:
        raw = (row["record"] or b"")[:2000].decode(errors="replace")
        return "\n".join([*parts, *_cut(struck_out(f"{row['detail']}\n{raw}", [], color=color), lines), ""])
    done = list(stages_on_record(row, document.text))
    if not row.get("stages"):
        return "\n".join([*parts, *_page(done[0], lines, color=color), ""])
    chosen = [(n, one) for n, one in enumerate(done, 1) if stages is None or n in stages]
    for number, one in chosen:
        parts.append(f"{number}. {one.entry['step']}: {_said(one.entry)}")
        changed = one.after != one.before or one.entry["status"] == Status.DROPPED
        if changed or (one is chosen[-1][1] and row["status"] in (Status.UNCHANGED, Status.FAILED)):
            parts += _page(one, lines, color=color)
    if not chosen:
        parts.append("it did not come to this step")
    return "\n".join([*parts, ""])


def _heading(row: Any) -> str:
    share = 1 - row["characters_after"] / row["characters_before"] if row["characters_before"] else 0.0
    facts = [row["status"], row["reason"]]
    if row["status"] == Status.EDITED:
        facts.append(f"{share:.0%} struck out" if row["program"] else f"{-share:+.0%} of its length")
    facts += [f"left out: {', '.join(row['faults'])}"] if row["faults"] else []
    decided = 0 if row.get("stages") else len(_by_model(row))
    facts += [f"{decided} line{'s' * (decided > 1)} by the model (>)"] if decided else []
    return f"{row['id'] or '(no id)'}: {', '.join(filter(None, facts))}"


def _said(entry: Any) -> str:
    """Return what a step said of a document: outcome, reason, why, scores."""
    facts = [entry["status"], entry["reason"], _short(entry["detail"] or "")]
    notes = json.loads(entry["annotations"]) if entry["annotations"] else {}
    scores = [
        f"{name} {value:g}" if type(value) in (int, float) else f"{name} {_short(str(value))}"
        for name, value in notes.items()
        if isinstance(value, bool | int | float | str)
    ]
    if entry["tokens_in"] is not None or entry["tokens_out"] is not None:
        scores.append(f"{entry['tokens_in'] or 0:,} tokens sent, {entry['tokens_out'] or 0:,} received")
    return ", ".join([*filter(None, facts), *scores[:_MOST_SCORES]])


def _short(text: str) -> str:
    line = visible(" ".join(text.split()))
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"


def _page(done: StageOnRecord, lines: int | None, *, color: bool) -> list[str]:
    """Return the lines of a text with what a step changed; `>` stands before those that a model decided."""
    page = _changes(done, color=color)
    decided = _by_model(done.entry)
    shown = page.split("\n")
    if decided and len(shown) == done.before.count("\n") + 1:
        page = "\n".join(f"{'>' if n in decided else ' '} {line}" for n, line in enumerate(shown, 1))
    return _cut(page, lines)


def _by_model(entry: Any) -> set[int]:
    """Return the lines, from 1, that the model of a cascade decided: `by_model` is `3-5 9`."""
    notes = json.loads(entry["annotations"]) if entry["annotations"] else {}
    spans = [one.partition("-") for one in str(notes.get("by_model") or "").split()]
    return {line for first, _, last in spans for line in range(int(first), int(last or first) + 1)}


def _changes(done: StageOnRecord, *, color: bool) -> str:
    """Return the text that went into a step with what it changed."""
    if done.entry["status"] == Status.DROPPED:
        return struck_out(done.before, [(0, len(done.before), "")], color=color)
    if done.edits is None and done.after != done.before:
        return difference(done.before, done.after, color=color)
    return struck_out(done.before, done.edits or [], color=color)


def _cut(body: str, lines: int | None) -> list[str]:
    whole = body.split("\n")
    return shortened(whole, lines) if lines else whole
