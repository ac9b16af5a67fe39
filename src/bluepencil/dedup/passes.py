"""The two passes over a corpus, one after the other."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bluepencil.dedup.options import DedupOptions
from bluepencil.dedup.plan import write_plan
from bluepencil.dedup.signatures import Signatures
from bluepencil.dedup.step import Deduplicate
from bluepencil.errors import RunError

Manifest = dict[str, Any]
Pass = Callable[..., Manifest]
"""Runs a step into a folder over the corpus at hand: pass_(step, folder, recorded=..., apart=...)."""


def deduplicate(
    pass_: Pass, output: Path, options: DedupOptions, *, fresh: bool = False, keep_signatures: bool = False
) -> Manifest:
    """Find the duplicates of a corpus and write it to `output` without them; return the manifest.

    Signatures and plan are in a folder beside the output until that is finished, or for good. Raises RunError
    where a part of the corpus could not be compared.
    """
    work = output.with_name(f"{output.name}.dedup")
    signatures, plan = work / "signatures", work / "plan.arrow"
    apart = (output, work)
    if fresh or not _is_finished(output):
        first = pass_(Signatures(options), signatures, fresh=fresh, apart=apart)
        if first["quarantined"]:
            given_up = ", ".join(sorted({entry["input"] for entry in first["quarantined"]}))
            raise RunError(f"not all of {given_up} could be compared; the same command tries the rest again")
        write_plan(signatures, plan, options)
    manifest = pass_(Deduplicate(options, str(plan)), output, fresh=fresh, recorded=signatures, apart=apart)
    if not keep_signatures and not manifest["quarantined"]:
        _remove(work, signatures, plan)
    return manifest


def _is_finished(output: Path) -> bool:
    """Say whether nothing is left to do; whether the folder is ours at all is seen later."""
    try:
        manifest = json.loads((output / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("quarantined") == []


def _remove(work: Path, signatures: Path, plan: Path) -> None:
    """Delete what was made for this run, and nothing that somebody put beside it."""
    if work.exists():
        shutil.rmtree(signatures, ignore_errors=True)
        plan.unlink(missing_ok=True)
        if not any(work.iterdir()):
            work.rmdir()
