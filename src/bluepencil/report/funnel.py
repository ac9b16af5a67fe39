"""How much is left after each step of a run, from its manifest: the table that papers print."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_STOPPING = ("dropped:", "failed:")


@dataclass(frozen=True, slots=True)
class Left:
    """What is left after a step. `tokens` are by rule of thumb, None where they were not counted.

    `reasons` say why documents stopped here, `others` what was said of those that went on; `edited` is how
    many this step changed; `sent` and `received` are the tokens of a model that it asked.
    """

    name: str
    documents: int
    characters: int
    tokens: int | None = None
    edited: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    received: int = 0


def funnel(manifest: Mapping[str, Any]) -> list[Left]:
    """Return what came in and what is left after each step; a step alone is counted by its totals."""
    totals, stages = manifest["totals"], manifest.get("stages") or []
    kept = totals["outcomes"]["unchanged"] + totals["outcomes"]["edited"]
    if not stages:
        return [
            Left("came in", totals["rows"], totals["characters_before"]),
            Left(
                manifest["options"]["step"],
                kept,
                totals["characters_after"],
                edited=totals["outcomes"]["edited"],
                reasons=_stopping(totals["reasons"]),
                others=_passing(totals["reasons"]),
                sent=totals["tokens_in"],
                received=totals["tokens_out"],
            ),
        ]
    first = stages[0]
    before = _stopping(totals["reasons"])
    for stage in stages:
        before -= _stopping(stage["reasons"])
    return [
        Left("came in", first["documents"], first["characters_in"], first["text_tokens_in"], reasons=before),
        *(
            Left(
                stage["step"],
                stage["outcomes"]["unchanged"] + stage["outcomes"]["edited"],
                stage["characters_out"],
                stage["text_tokens_out"],
                stage["outcomes"]["edited"],
                _stopping(stage["reasons"]),
                _passing(stage["reasons"]),
                stage["tokens_in"],
                stage["tokens_out"],
            )
            for stage in stages
        ),
    ]


def _stopping(reasons: Mapping[str, int]) -> Counter[str]:
    """Return the reasons for which documents go no further."""
    return Counter({code: n for code, n in reasons.items() if code.startswith(_STOPPING)})


def _passing(reasons: Mapping[str, int]) -> Counter[str]:
    return Counter({code: n for code, n in reasons.items() if not code.startswith(_STOPPING)})


def share(part: int, whole: int) -> str:
    """Return a share in per cent, as a table has it."""
    return f"{part / whole:.1%}" if whole else "-"


def funnel_lines(rows: Sequence[Left]) -> Iterator[str]:
    """Yield the funnel as a table for a terminal: after each step, and its share of what came in."""
    width = min(44, max(len(_named(at, row)) for at, row in enumerate(rows)))
    yield f"{'':<{width}} {'documents':>12} {'':>7} {'characters':>16} {'':>7} {'tokens, about':>16} {'':>7}"
    start = rows[0]
    for at, row in enumerate(rows):
        name = _named(at, row)
        name = name if len(name) <= width else f"{name[: width - 1]}…"
        tokens = "" if row.tokens is None else f"{row.tokens:,}"
        of_tokens = share(row.tokens, start.tokens) if row.tokens is not None and start.tokens else ""
        yield (
            f"{name:<{width}} {row.documents:>12,} {share(row.documents, start.documents):>7} "
            f"{row.characters:>16,} {share(row.characters, start.characters):>7} {tokens:>16} {of_tokens:>7}"
        )
        for reasons in (row.reasons, row.others):
            for code, number in sorted(reasons.items(), key=lambda one: -one[1]):
                yield f"{'':<4}{number:>{width + 9},} {code.replace(':', ': ', 1)}"
        if row.edited and at:
            yield f"{'':<4}{row.edited:>{width + 9},} changed"


def _named(at: int, row: Left) -> str:
    return f"{at}. {row.name}" if at else row.name
