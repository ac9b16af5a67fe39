"""Adds up what the units came to, and checks that nothing is missing, before a run is called finished."""

import platform
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from bluepencil.documents import Reason, Status
from bluepencil.engine.job import Job, Unit
from bluepencil.engine.stages import added_up
from bluepencil.engine.unit import UnitReport, data_path, ledger_path
from bluepencil.errors import RunError

_SUMS = ("rows", "data_rows", "characters_before", "characters_after", "tokens_in", "tokens_out")


def manifest_of(job: Job, reports: Mapping[Unit, UnitReport]) -> dict[str, Any]:
    """Return the manifest of a run; raises RunError where the numbers or the files do not add up."""
    units = [reports[unit] for unit in sorted(reports)]
    totals: dict[str, Any] = {name: sum(getattr(unit, name) for unit in units) for name in _SUMS}
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for unit in units:
        _check(job, unit)
        statuses.update(unit.statuses)
        reasons.update(unit.reasons)
        faults.update(unit.faults)
    totals["outcomes"] = {status.value: statuses[status.value] for status in Status}
    totals["reasons"] = dict(sorted(reasons.items()))
    totals["faults"] = dict(sorted(faults.items()))
    if sum(statuses.values()) != totals["rows"]:
        raise RunError(f"{totals['rows']} rows came in, but the outcomes add up to {sum(statuses.values())}")
    return {
        "totals": totals,
        "stages": _stages(job, units, totals),
        "about": dict(job.about),
        "quarantined": [
            {"unit": list(unit.unit), "input": job.sources[unit.unit[0]].url, "why": unit.quarantined}
            for unit in units
            if unit.quarantined
        ],
        "damaged_inputs": sum(
            reasons[f"failed:{reason}"] for reason in (Reason.TRUNCATED_INPUT, Reason.UNREADABLE_INPUT)
        ),
        "versions": {name: version(name) for name in ("pyarrow", "msgspec", "numpy")}
        | {"python": platform.python_version()},
        "units": [unit.to_json() for unit in units],
    }


def _stages(job: Job, units: list[UnitReport], totals: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what each of several steps came to; none for a step alone, whose counts are the totals."""
    stages = added_up(job.stages, [unit.stages for unit in units if not unit.quarantined])
    if stages:
        kept = totals["outcomes"]["unchanged"] + totals["outcomes"]["edited"]
        if stages[-1].passed != kept:
            raise RunError(f"{stages[-1].passed} documents left the last step, but {kept} are on record")
        if stages[0].documents > totals["rows"]:
            raise RunError(f"{totals['rows']} rows came in, but {stages[0].documents} reached the first step")
    return [stage.for_manifest() for stage in stages]


def _check(job: Job, unit: UnitReport) -> None:
    if unit.quarantined:
        return
    ledger = ledger_path(job.output, unit.unit)
    data = data_path(job.output, unit.unit, job.data_format)
    missing = [p for p, wanted in ((ledger, True), (data, unit.data_rows > 0)) if wanted and not p.exists()]
    if missing:
        raise RunError(f"{missing[0]} is on record as written but is not there; start over with --fresh")
