"""The end of a run as a table for a terminal."""

from collections.abc import Mapping
from typing import Any


def summary(manifest: Mapping[str, Any], output: str) -> str:
    """Return what became of the documents of a run, and where it lies."""
    totals = manifest["totals"]
    rows = max(1, totals["rows"])
    lines = [f"{totals['rows']:>14,} records"]
    for status, count in totals["outcomes"].items():
        lines.append(f"{count:>14,} {status:<10} {count / rows:7.2%}")
        for reason, number in totals["reasons"].items():
            of, _, code = reason.partition(":")
            if of == status:
                lines.append(f"{'':>18}{number:>10,} {code}")
    for code, number in totals["faults"].items():
        lines.append(f"{number:>14,} calls left out: {code}")
    before, after = totals["characters_before"], totals["characters_after"]
    share = after / before if before else 1.0
    lines.append(f"{before:>14,} characters came in")
    lines.append(f"{after:>14,} characters stay ({share:.1%})")
    if totals["tokens_in"] or totals["tokens_out"]:
        lines.append(f"{totals['tokens_in']:>14,} tokens sent, {totals['tokens_out']:,} received")
    for entry in manifest["quarantined"][:5]:
        lines.append(f"quarantined: unit {entry['unit']} of {entry['input']}: {entry['why']}")
    if manifest["damaged_inputs"]:
        lines.append(
            f"{manifest['damaged_inputs']} input files are damaged; what could be read of them is done"
        )
    lines.append(f"output: {output}")
    return "\n".join(lines)
