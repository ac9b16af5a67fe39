"""Runs a job on this machine in supervised worker processes.

A worker that is killed, runs out of memory or hangs is replaced and its unit is tried again, from then on
one document at a time. A document that ends a worker twice in that mode is failed and passed over; a
unit that keeps failing without such a document is quarantined. The run goes on either way.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from bluepencil.corpus.code_files import FIELDS as CODE_FIELDS
from bluepencil.corpus.paths import Kind
from bluepencil.corpus.schema import arrow_schema, merge_columns
from bluepencil.corpus.web import FIELDS as WEB_FIELDS
from bluepencil.documents import Reason
from bluepencil.engine.job import Job, Task, Unit, plan
from bluepencil.engine.progress import Progress
from bluepencil.engine.state import RunState
from bluepencil.engine.summary import manifest_of
from bluepencil.engine.unit import UnitReport
from bluepencil.engine.worker import NO_SPACE
from bluepencil.errors import DiskFullError, Interrupted, OutputError, RunError

MAX_ATTEMPTS = 6
"""Failures of one unit, without a document to blame, after which it is quarantined."""

MAX_FAILED_STARTS = 3
"""Workers in a row that end before they are ready, after which the run gives up."""


_FIELDS = {Kind.WARC: WEB_FIELDS, Kind.HTML: WEB_FIELDS, Kind.CODE: CODE_FIELDS}
"""The columns of kinds that have no records to find them in."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(slots=True)
class _History:
    """What went wrong with a unit so far."""

    failures: int = 0
    suspects: Counter[int] = field(default_factory=Counter)
    poison: dict[int, str] = field(default_factory=dict)


class _Worker:
    """A worker process and what the supervisor knows of it."""

    def __init__(self, job: Job) -> None:
        self.connection, far = Pipe()
        command = [sys.executable, "-m", "bluepencil.engine.worker", str(far.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[far.fileno()], env=_environment())
        far.close()
        self.ready = False
        self.task: Task | None = None
        self.segment: int | None = None
        self.position: int | None = None
        self.heard = time.monotonic()
        self.send(list(sys.path))
        self.send(job)

    @property
    def unit(self) -> Unit | None:
        if self.task is None:
            return None
        return self.task.unit if self.segment is None else (self.task.unit[0], self.segment)

    def give(self, task: Task) -> None:
        self.task, self.segment, self.position = task, None, None
        self.heard = time.monotonic()
        self.send(task)

    def send(self, message: object) -> None:
        # A worker that has ended is noticed where its messages are read.
        with contextlib.suppress(BrokenPipeError):
            self.connection.send(message)

    def end(self, number: int = signal.SIGKILL) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait()
        self.connection.close()


def disk_full(output: Path, message: str) -> DiskFullError:
    """Return the error that says what to do about a full disk."""
    return DiskFullError(
        f"no space is left for {output}: {message}. What is committed is kept: make room and run the same "
        "command again."
    )


def _environment() -> dict[str, str]:
    # The path is sent too, but the package itself must be found before anything can be received.
    package_root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120
    path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
    # There is a process per core; threads of their own would only be in each other's way.
    threads = dict.fromkeys(_THREAD_VARIABLES, "1")
    return {**threads, **os.environ, "PYTHONPATH": path}


class LocalRun:
    """A run on this machine: hands out tasks, listens, replaces workers."""

    def __init__(
        self, job: Job, state: RunState, workers: int, hang_seconds: float, progress: Progress
    ) -> None:
        self._job = job
        self._state = state
        self._count = workers
        self._hang_seconds = hang_seconds
        self._progress = progress
        self._pending: deque[Task] = deque()
        self._workers: list[_Worker] = []
        self._histories: dict[Unit, _History] = {}
        self._failed_starts = 0
        self._columns: dict[str, Any] = {}

    def run(self) -> None:
        """Work until nothing is left."""
        try:
            if self._job.needs_survey:
                self._find_columns()
            several = len(self._job.stages)
            self._progress.phase(f"{several} steps" if several else self._job.step.name)
            self._work_on(plan(self._job, set(self._state.reports), self._state.ended))
        finally:
            for worker in self._workers:
                worker.end()

    def _find_columns(self) -> None:
        if self._state.columns is None:
            self._progress.phase("finding columns")
            for source in self._job.sources:
                self._columns |= dict.fromkeys(_FIELDS.get(source.kind, ()), "string")
            self._work_on(plan(self._job, set(), set(), survey=True))
            # The text is written as text, whatever bad records hold there.
            self._state.surveyed({**self._columns, self._job.reading.text_field: "string"})
        self._job = replace(self._job, schema=arrow_schema(self._state.columns or {}))
        for worker in self._workers:
            worker.send(self._job)

    def _work_on(self, tasks: list[Task]) -> None:
        self._pending = deque(tasks)
        while self._pending or any(w.task for w in self._workers):
            self._staff()
            self._listen()

    def _staff(self) -> None:
        for worker in self._workers:
            if worker.ready and worker.task is None and self._pending:
                worker.give(self._pending.popleft())
        wanted = min(self._count, len(self._pending) + sum(w.task is not None for w in self._workers))
        while len(self._workers) < wanted:
            self._workers.append(_Worker(self._job))

    def _listen(self) -> None:
        by_connection = {w.connection: w for w in self._workers}
        for connection in wait(list(by_connection), timeout=0.5):
            assert isinstance(connection, Connection)
            worker = by_connection[connection]
            try:
                self._hear(worker, connection.recv())
            except (EOFError, OSError):
                self._lost(worker, Reason.WORKER_DIED)
        now = time.monotonic()
        for worker in [w for w in self._workers if w.task and now - w.heard > self._hang_seconds]:
            self._lost(worker, Reason.HUNG)
        self._progress.tick()

    def _hear(self, worker: _Worker, message: tuple[Any, ...]) -> None:
        worker.heard = time.monotonic()
        handler: Callable[..., None] | None = getattr(self, f"_on_{message[0]}", None)
        if handler is not None:
            handler(worker, *message[1:])

    def _on_ready(self, worker: _Worker) -> None:
        worker.ready = True
        self._failed_starts = 0

    def _on_begin(self, worker: _Worker, segment: int) -> None:
        worker.segment, worker.position = segment, None
        self._progress.begin(id(worker))

    def _on_at(self, worker: _Worker, position: int | None) -> None:
        worker.position = position

    def _on_progress(
        self, worker: _Worker, documents: int, characters: int, statuses: Any, stored: int
    ) -> None:
        self._progress.advance(id(worker), documents, characters, statuses, stored)

    def _on_told(self, worker: _Worker, counts: Mapping[str, int]) -> None:
        self._progress.told(counts)

    def _on_commit(self, worker: _Worker, report: UnitReport) -> None:
        self._state.committed(report)
        self._histories.pop(report.unit, None)
        self._progress.commit(id(worker), report.stored_bytes)
        if worker.task is not None and worker.task.stream:
            # What was learnt of one segment does not hold for the next.
            worker.task = Task((report.unit[0], report.unit[1] + 1), stream=True)
            worker.segment = None

    def _on_done(self, worker: _Worker) -> None:
        if worker.task is not None and worker.task.stream:
            self._state.stream_ended(worker.task.unit[0])
        worker.task = None

    def _on_surveyed(self, worker: _Worker, columns: dict[str, Any]) -> None:
        self._columns = merge_columns(self._columns, columns)
        worker.task = None

    def _on_fatal(self, worker: _Worker, message: str, error: BaseException | None) -> None:
        raise error or RunError(message)

    def _on_full(self, worker: _Worker, message: str) -> None:
        raise disk_full(self._job.output, message)

    def _on_error(self, worker: _Worker, message: str, trace: str) -> None:
        self._retry(worker, message)
        worker.task = None

    def _lost(self, worker: _Worker, reason: Reason) -> None:
        if reason is Reason.HUNG:
            what = f"gave no sign of life for {self._hang_seconds:g} s (--hang-seconds)"
            worker.end()
        else:
            code = worker.process.wait()
            what = f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
            worker.end()
        self._workers.remove(worker)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILED_STARTS:
                raise RunError(f"workers do not start: the last one {what}")
        if worker.task is not None:
            self._progress.note(f"a worker {what} on {self._place(worker)}; its unit is tried again")
            self._retry(worker, f"the worker {what}", reason)

    def _retry(self, worker: _Worker, message: str, reason: Reason | None = None) -> None:
        unit, task = worker.unit, worker.task
        assert unit is not None and task is not None
        self._progress.begin(id(worker))
        history = self._histories.setdefault(unit, _History())
        if reason is not None and worker.position is not None:
            history.suspects[worker.position] += 1
            if history.suspects[worker.position] >= 2:
                history.poison[worker.position] = reason
                history.failures = 0
        history.failures += 1
        if history.failures >= MAX_ATTEMPTS:
            self._give_up(unit, task, message)
            return
        again = replace(task, unit=unit, careful=reason is not None, poison=dict(history.poison))
        self._pending.appendleft(again)

    def _give_up(self, unit: Unit, task: Task, message: str) -> None:
        if task.survey:
            raise RunError(f"{self._job.sources[unit[0]].url} cannot be read: {message}")
        self._progress.note(f"unit {unit} of {self._job.sources[unit[0]].url} is quarantined: {message}")
        self._state.committed(UnitReport(unit, quarantined=message))
        if task.stream:
            self._pending.appendleft(Task((unit[0], unit[1] + 1), stream=True))

    def _place(self, worker: _Worker) -> str:
        unit = worker.unit
        return "no unit" if unit is None else f"{self._job.sources[unit[0]].name}, unit {unit[1]}"


def run(
    job: Job,
    *,
    workers: int | None = None,
    fresh: bool = False,
    hang_seconds: float = 600.0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run a job to its end and return the manifest.

    The same call on an unfinished output goes on where it stopped; on a finished one it only reads the
    manifest. Raises OutputError where the folder holds something else, Interrupted on Ctrl-C.
    """
    progress = progress or Progress(quiet=True)
    try:
        return _run(job, workers or os.cpu_count() or 1, fresh, hang_seconds, progress)
    except KeyboardInterrupt as stop:
        raise Interrupted(
            f"stopped; what is committed in {job.output} is kept, and the same command goes on"
        ) from stop
    except OSError as error:
        # Workers tell of their own; this is a disk or a folder that fails under the supervisor.
        if error.errno in NO_SPACE:
            raise disk_full(job.output, str(error)) from error
        raise OutputError(f"{job.output} cannot be written: {error}") from error


def _run(job: Job, workers: int, fresh: bool, hang_seconds: float, progress: Progress) -> dict[str, Any]:
    state = RunState(job, fresh=fresh)
    try:
        if state.finished is not None:
            progress.note(f"{job.output} is finished already")
            return state.finished
        progress.start(sum(s.size for s in job.sources), state.reports.values())
        LocalRun(job, state, workers, hang_seconds, progress).run()
        manifest = manifest_of(job, state.reports)
        return state.finish(manifest)
    finally:
        progress.close()
        state.close()
