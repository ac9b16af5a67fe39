"""The worker process: takes tasks over a pipe, runs them, and says what became of each.

Started as `python -m bluepencil.engine.worker FD`. A thread listens to the supervisor, so that a worker
whose supervisor has gone ends at once and leaves no orphan.
"""

import errno
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from bluepencil.corpus.jsonlines import JsonBlock, values_of
from bluepencil.corpus.read import Segment, is_stream, read_segment, read_stream
from bluepencil.corpus.schema import Shape, survey
from bluepencil.documents import Document
from bluepencil.engine.job import Job, Task
from bluepencil.engine.unit import UnitRun
from bluepencil.errors import BluepencilError

NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def main(descriptor: int) -> None:
    """Serve the supervisor at the other end of the pipe until it says stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection: Connection[Any, Any] = Connection(descriptor)
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    job: Job | None = None
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
    connection.send(("ready",))
    while (message := inbox.get()) is not None:
        if isinstance(message, Task):
            assert job is not None
            connection.send(_attempt(job, message, connection))
        else:
            job = message


def _listen(connection: "Connection[Any, Any]", inbox: "queue.SimpleQueue[Any]") -> None:
    try:
        sys.path[:] = connection.recv()
        while True:
            inbox.put(connection.recv())
    except (EOFError, OSError):
        os._exit(1)
    except Exception as error:  # noqa: BLE001 - what cannot be unpickled is the supervisor's to report
        connection.send(("fatal", f"the step cannot be loaded in a worker: {error!r}", None))


def _attempt(job: Job, task: Task, connection: "Connection[Any, Any]") -> tuple[Any, ...]:
    try:
        if task.survey:
            return ("surveyed", _survey(job, task, connection))
        for segment in _segments(job, task):
            connection.send(("begin", segment.number))
            notify = _notifier(connection)
            connection.send(("commit", UnitRun(job, task, segment, notify).run()))
            # The care that one segment needed is not for the rest of a stream.
            task = replace(task, careful=False, poison={})
        return ("done",)
    except BluepencilError as error:
        return ("fatal", str(error), error)
    except OSError as error:
        if error.errno in NO_SPACE:
            return ("full", str(error))
        return ("error", f"{type(error).__name__}: {error}", traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - reported, retried, and quarantined in the end
        return ("error", f"{type(error).__name__}: {error}", traceback.format_exc())


def _notifier(connection: "Connection[Any, Any]") -> Any:
    def notify(*message: Any) -> None:
        connection.send(message)

    return notify


def _segments(job: Job, task: Task) -> Iterator[Segment]:
    number, first = task.unit
    source = job.sources[number]
    if not is_stream(source):
        records = None if job.limits is None else job.limits[task.unit]
        yield read_segment(source, first, job.reading, records)
        return
    limits = None
    if job.limits is not None:
        limits = {segment: count for (file, segment), count in job.limits.items() if file == number}
    yield from read_stream(source, first, job.reading, limits)


def _survey(job: Job, task: Task, connection: "Connection[Any, Any]") -> dict[str, Shape]:
    columns: dict[str, Shape] = {}
    if job.reading.html_field is not None:
        # Columns can be found without rendering the pages.
        as_is = replace(job.reading, text_field=job.reading.html_field, html_field=None)
        job = replace(job, reading=as_is)
    for segment in _segments(job, task):
        for block in segment.blocks:
            assert isinstance(block, JsonBlock)
            sound = zip(block.rows, block.records, strict=True)
            survey((values_of(row) for row, record in sound if isinstance(record, Document)), columns)
            connection.send(("surveying",))
    return columns


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except BrokenPipeError:
        # The supervisor has gone; there is nobody to tell.
        os._exit(1)
