"""The end of a run as a table for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from bluepencil.report.funnel import funnel, funnel_lines


def summary(manifest: Mapping[str, Any], output: str) -> str:
    """Return what became of the documents of a run, and where it lies."""
    return "\n".join(_lines(manifest, output))


def _lines(manifest: Mapping[str, Any], output: str) -> Iterator[str]:
    totals = manifest["totals"]
    several = bool(manifest.get("stages"))
    rows = max(1, totals["rows"])
    yield f"{totals['rows']:>14,} records"
    for status, count in totals["outcomes"].items():
        yield f"{count:>14,} {status:<10} {count / rows:7.2%}"
        # Where there were several steps, each has its own reasons, in the table below.
        for reason, number in () if several else totals["reasons"].items():
            of, _, code = reason.partition(":")
            if of == status:
                yield f"{'':>18}{number:>10,} {code}"
    for code, number in totals["faults"].items():
        yield f"{number:>14,} calls left out: {code}"
    before, after = totals["characters_before"], totals["characters_after"]
    yield f"{before:>14,} characters came in"
    yield f"{after:>14,} characters stay ({after / before if before else 1.0:.1%})"
    if totals["tokens_in"] or totals["tokens_out"]:
        yield f"{totals['tokens_in']:>14,} tokens sent, {totals['tokens_out']:,} received"
    if several:
        yield ""
        yield from funnel_lines(funnel(manifest))
        yield from kept_in_spite(manifest)
        yield ""
    for entry in manifest["quarantined"][:5]:
        yield f"quarantined: unit {entry['unit']} of {entry['input']}: {entry['why']}"
    if manifest["damaged_inputs"]:
        yield f"{manifest['damaged_inputs']} input files are damaged; what could be read of them is done"
    yield f"output: {output}"


def kept_in_spite(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence about failed documents that were written all the same, where there are any."""
    options, totals = manifest["options"], manifest["totals"]
    failed = totals["data_rows"] - totals["outcomes"]["unchanged"] - totals["outcomes"]["edited"]
    if options["writes"] == "documents" and options["on_failure"] == "keep" and failed:
        yield f"{failed:,} more are written as they came in, since they failed (--on-failure keep)"
