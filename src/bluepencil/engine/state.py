"""The durable state of a run: who owns the output folder, what it was asked, what is committed.

OUT/state/run.json         what was asked, written before anything else
OUT/state/journal.jsonl    one line per committed unit, forced to the disk; a torn last line is ignored
OUT/state/lock            held while a run works
OUT/manifest.json         written last; without it the run is not finished
"""

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import IO, Any

from bluepencil.corpus.read import is_stream
from bluepencil.engine.job import Job, Unit
from bluepencil.engine.unit import UnitReport, commit
from bluepencil.errors import InputError, OutputError
from bluepencil.version import __version__

_OURS = {"data", "ledger", "state", "manifest.json"}
_STATE = {"lock", "tmp", "run.json", "run.tmp", "journal.jsonl"}


def _found(output: Path) -> set[str]:
    """Return the names in an output folder, with those inside its state folder as `state/NAME`."""
    state = output / "state"
    inside = {f"state/{path.name}" for path in state.iterdir()} if state.is_dir() else set()
    return {path.name for path in output.iterdir()} | inside


def _is_known(name: str) -> bool:
    folder, _, inside = name.partition("/")
    return folder in _OURS and (not inside or inside in _STATE)


def _is_ours(path: Path) -> bool:
    """Tell whether a file is a manifest or a state that we wrote: what is deleted must never be another's."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    asked = content.get("asked", content) if isinstance(content, dict) else {}
    return isinstance(asked, dict) and {"bluepencil", "options", "inputs"} <= asked.keys()


def fingerprint(job: Job) -> dict[str, Any]:
    """Return what makes two runs the same run, as JSON."""
    inputs = [{"name": s.name, "url": s.url, "fingerprint": s.fingerprint} for s in job.sources]
    asked = {"bluepencil": __version__, "options": job.describe(), "inputs": inputs}
    normal: dict[str, Any] = json.loads(json.dumps(asked))
    return normal


class RunState:
    """Owns an output folder for the time of a run."""

    def __init__(self, job: Job, *, fresh: bool = False) -> None:
        self._streams = {number for number, source in enumerate(job.sources) if is_stream(source)}
        self._output = job.output
        self._work = job.output / "state"
        self._asked = fingerprint(job)
        self.finished: dict[str, Any] | None = None
        self.columns: dict[str, Any] | None = None
        self.reports: dict[Unit, UnitReport] = {}
        self.ended: set[int] = set()
        self._journal: IO[bytes] | None = None
        self._lock = self._take(fresh)

    def _take(self, fresh: bool) -> IO[bytes]:
        output = self._output
        if output.exists() and not output.is_dir():
            raise OutputError(f"{output} is a file; name a folder")
        found = _found(output) if output.exists() else set()
        strange = sorted(name for name in found if not _is_known(name))
        ours = _is_ours(output / "manifest.json") or _is_ours(self._work / "run.json")
        if strange or not (ours or all(name.startswith("state") for name in found)):
            names = ", ".join(strange[:3]) or "data or a manifest that is of something else"
            raise OutputError(f"{output} is not empty and not an output of bluepencil: it holds {names}")
        self._work.mkdir(parents=True, exist_ok=True)
        lock = (self._work / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise OutputError(f"another run is at work in {output}") from error
        try:
            self._resume(fresh)
        except BaseException:
            if (output / "manifest.json").exists():
                self._remove_work()
            lock.close()
            raise
        return lock

    def _resume(self, fresh: bool) -> None:
        if fresh:
            self._clear()
        manifest = self._output / "manifest.json"
        if manifest.exists():
            self.finished = read_manifest(self._output)
            self._compare({name: self.finished[name] for name in self._asked}, "holds the output")
            if not self.finished["quarantined"]:
                self._remove_work()
                return
            # Units that were given up are tried again; what is committed stays.
            self._restart_from(self.finished)
            manifest.unlink()
            self.finished = None
        state = self._work / "run.json"
        if state.exists():
            kept = json.loads(state.read_bytes())
            self._compare(kept["asked"], "holds the unfinished output")
            self.columns = kept["columns"]
        else:
            self._save()
        for name in ("data", "ledger", "state/tmp"):
            (self._output / name).mkdir(exist_ok=True)
        for path in (self._work / "tmp").iterdir():
            path.unlink()
        self._read_journal()
        self._journal = (self._work / "journal.jsonl").open("ab")

    def _clear(self) -> None:
        for name in ("manifest.json", "state/run.json", "state/journal.jsonl"):
            (self._output / name).unlink(missing_ok=True)
        for name in ("data", "ledger"):
            shutil.rmtree(self._output / name, ignore_errors=True)

    def _compare(self, before: dict[str, Any], what: str) -> None:
        changes = _differences(before, self._asked)
        if changes:
            listed = "\n  ".join(changes[:8])
            raise OutputError(
                f"{self._output} {what} of a run that was asked something else:\n  {listed}\n"
                "Name another folder, or start over with --fresh."
            )

    def _save(self) -> None:
        _write(self._work / "run.json", {"asked": self._asked, "columns": self.columns})

    def _restart_from(self, manifest: dict[str, Any]) -> None:
        self.columns = manifest["columns"]
        self._save()
        given_up: dict[int, int] = {}
        for file, segment in (entry["unit"] for entry in manifest["quarantined"]):
            given_up[file] = min(segment, given_up.get(file, segment))
        lines = [json.dumps({"ended": number}) for number in sorted(self._streams - given_up.keys())]
        for entry in manifest["units"]:
            file, segment = entry["unit"]
            # A stream is read on from the first segment that is missing.
            passed = file in self._streams and segment >= given_up.get(file, segment + 1)
            if not entry["quarantined"] and not passed:
                lines.append(json.dumps(entry))
        (self._work / "journal.jsonl").write_text("".join(line + "\n" for line in lines))

    def _read_journal(self) -> None:
        path = self._work / "journal.jsonl"
        data = path.read_bytes() if path.exists() else b""
        sound = data.rpartition(b"\n")[0] + b"\n" if b"\n" in data else b""
        if len(sound) < len(data):
            os.truncate(path, len(sound))
        for line in sound.splitlines():
            entry = json.loads(line)
            if "ended" in entry:
                self.ended.add(entry["ended"])
            else:
                self._know(UnitReport.from_json(entry))

    def _know(self, report: UnitReport) -> None:
        self.reports[report.unit] = report

    def surveyed(self, columns: dict[str, Any]) -> None:
        """Keep the columns that the survey found."""
        self.columns = columns
        self._save()

    def committed(self, report: UnitReport) -> None:
        """Put a unit on record; from now on it is never done again."""
        self._append(report.to_json())
        self._know(report)

    def stream_ended(self, number: int) -> None:
        """Put on record that a stream has no further segment."""
        self._append({"ended": number})
        self.ended.add(number)

    def _append(self, entry: dict[str, Any]) -> None:
        assert self._journal is not None
        self._journal.write(json.dumps(entry).encode() + b"\n")
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def finish(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Write the manifest, and remove what only an unfinished run needs."""
        whole = {**self._asked, "columns": self.columns, **manifest}
        _write(self._output / "manifest.json", whole, temporary=self._work / "tmp" / "manifest")
        self._remove_work()
        return read_manifest(self._output)

    def _remove_work(self) -> None:
        if self._journal is not None:
            self._journal.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def close(self) -> None:
        """Let go of the output folder."""
        if self._journal is not None:
            self._journal.close()
        self._lock.close()


def _write(path: Path, content: dict[str, Any], temporary: Path | None = None) -> None:
    temporary = temporary or path.with_suffix(".tmp")
    with temporary.open("w") as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    commit(temporary, path)


def read_manifest(output: Path) -> dict[str, Any]:
    """Return the manifest of a finished run; raises InputError where there is none."""
    path = output / "manifest.json"
    if not _is_ours(path):
        unfinished = _is_ours(output / "state" / "run.json")
        what = "a run that is not finished" if unfinished else "no output of bluepencil"
        raise InputError(f"{output} holds {what}: there is no manifest.json of ours")
    manifest: dict[str, Any] = json.loads(path.read_bytes())
    return manifest


def _differences(before: Any, now: Any, path: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        return [
            change
            for name in {**before, **now}
            for change in _differences(before.get(name), now.get(name), f"{path}.{name}" if path else name)
        ]
    if isinstance(before, list) and isinstance(now, list):
        if len(before) != len(now):
            return [f"{path}: {len(before)} then, {len(now)} now"]
        pairs = enumerate(zip(before, now, strict=True))
        return [change for i, (a, b) in pairs for change in _differences(a, b, f"{path}[{i}]")]
    return [] if before == now else [f"{path}: {before!r} then, {now!r} now"]
