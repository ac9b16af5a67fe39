"""What distilling came to, from the ledger: pairs kept and rejected, programs, tokens."""

from collections import Counter
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

import msgspec

from bluepencil.documents import Status
from bluepencil.engine.ledger import ledger_rows
from bluepencil.engine.state import read_manifest

_SUMS = (
    "examples",
    "passed_over_lines",
    "text_characters",
    "program_characters",
    "text_tokens",
    "program_tokens",
)
_NOTES = msgspec.json.Decoder(dict[str, Any])


def distilled(run: Path) -> dict[str, Any]:
    """Return the figures of a finished distill run."""
    read_manifest(run)
    rejected: Counter[str] = Counter()
    unsaid: Counter[str] = Counter()
    calls: list[int] = []
    sums: Counter[str] = Counter()
    pairs = 0
    for part in sorted((run / "ledger").glob("part-*.parquet")):
        for row in ledger_rows(part):
            pairs += 1
            if row["status"] in (Status.DROPPED, Status.FAILED):
                rejected[row["reason"]] += 1
                continue
            notes = _NOTES.decode(row["annotations"])
            calls.append(notes["calls"])
            sums["keep_all"] += notes["calls"] == 0
            for name in _SUMS:
                sums[name] += notes.get(name, 0)
            unsaid.update(notes.get("unsaid_chunks", {}))
            sums["exact"] += notes["exact"]
    centiles = quantiles(calls, n=20, method="inclusive") if len(calls) > 1 else [float(sum(calls))] * 19
    return {
        "pairs": pairs,
        "kept": len(calls),
        "rejected": dict(sorted(rejected.items())),
        "examples": sums["examples"],
        "keep_all": sums["keep_all"],
        "only_deletions": sums["exact"],
        "passed_over_lines": sums["passed_over_lines"],
        "chunks_left_out": dict(sorted(unsaid.items())),
        "calls_per_pair": round(mean(calls), 2) if calls else 0.0,
        "calls_median": centiles[9],
        "calls_95": centiles[18],
        "program_characters_per_text_character": round(
            sums["program_characters"] / max(1, sums["text_characters"]), 4
        ),
        "tokens_per_program": round(sums["program_tokens"] / max(1, sums["examples"]), 1),
        "program_tokens_per_text_token": round(sums["program_tokens"] / max(1, sums["text_tokens"]), 4),
    }


def distilled_table(figures: dict[str, Any]) -> str:
    """Return the figures for a terminal."""
    lines = [f"{figures['pairs']:>12,} pairs", f"{figures['kept']:>12,} kept"]
    lines += [f"{number:>12,} rejected: {reason}" for reason, number in figures["rejected"].items()]
    lines += [
        f"{figures['examples']:>12,} examples (chunks)",
        f"{figures['keep_all']:>12,} pairs with nothing to delete",
        f"{figures['only_deletions']:>12,} pairs that are deletions and nothing else",
        f"{figures['passed_over_lines']:>12,} lines too long for the window, passed over",
        *(
            f"{number:>12,} chunks left out, which the dialect cannot say: {reason}"
            for reason, number in figures["chunks_left_out"].items()
        ),
        f"{figures['calls_per_pair']:>12} calls per pair (median {figures['calls_median']:g}, "
        f"95 % at most {figures['calls_95']:g})",
        f"{figures['tokens_per_program']:>12,} tokens per program, by a rule of thumb",
        f"{figures['program_tokens_per_text_token']:>12.2%} of the tokens of their texts the programs have",
    ]
    return "\n".join(lines)
