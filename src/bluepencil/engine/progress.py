"""What a person sees while a run works: one line that changes on a terminal, plain lines elsewhere."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TextIO

from bluepencil.documents import Status
from bluepencil.engine.unit import UnitReport

_TERMINAL_SECONDS = 0.2
_PLAIN_SECONDS = 15.0


class Progress:
    """Counts documents, characters and stored bytes, and prints rate, share, time left and outcomes."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._terminal = self._stream.isatty()
        self._interval = _TERMINAL_SECONDS if self._terminal else _PLAIN_SECONDS
        self._started = self._printed = time.monotonic()
        self._total = self._stored = self._stored_before = 0
        self._documents = self._characters = 0
        self._statuses: Counter[str] = Counter()
        self._in_flight: dict[int, tuple[int, int, Counter[str]]] = {}
        self._phase = ""

    def start(self, total_bytes: int, committed: Iterable[UnitReport]) -> None:
        """Begin with what an earlier run has committed already."""
        self._total = total_bytes
        for report in committed:
            self._stored += report.stored_bytes
            self._statuses.update(report.statuses)
        self._stored_before = self._stored
        if self._stored:
            done = sum(self._statuses.values())
            self.note(f"going on: {done:,} documents are done already")

    def phase(self, name: str) -> None:
        """Name what is being done."""
        self._phase = name
        self._started = time.monotonic()

    def begin(self, worker: int) -> None:
        """A worker starts a unit; what it counted of an unfinished one does not count."""
        documents, characters, statuses = self._in_flight.pop(worker, (0, 0, Counter()))
        self._documents -= documents
        self._characters -= characters
        self._statuses.subtract(statuses)

    def advance(self, worker: int, documents: int, characters: int, statuses: Mapping[str, int]) -> None:
        """A worker has done some more documents."""
        before = self._in_flight.get(worker, (0, 0, Counter()))
        self._in_flight[worker] = (
            before[0] + documents,
            before[1] + characters,
            before[2] + Counter(statuses),
        )
        self._documents += documents
        self._characters += characters
        self._statuses.update(statuses)

    def commit(self, worker: int, stored_bytes: int) -> None:
        """A worker's unit is committed."""
        self._in_flight.pop(worker, None)
        self._stored += stored_bytes

    def note(self, message: str) -> None:
        """Print a line that stays."""
        if not self._quiet:
            self._print(message + "\n")

    def tick(self) -> None:
        """Print where the run stands, if it is time to."""
        now = time.monotonic()
        if self._quiet or now - self._printed < self._interval:
            return
        self._printed = now
        self._print(self.line() + ("" if self._terminal else "\n"))

    def line(self) -> str:
        """Return where the run stands, as one line."""
        seconds = max(time.monotonic() - self._started, 1e-6)
        outcomes = " ".join(
            f"{s.value} {self._statuses[s.value]:,}" for s in Status if self._statuses[s.value]
        )
        rate = f"{self._documents / seconds:,.0f} docs/s, {self._characters / seconds / 1e6:.1f} MB/s"
        share = min(1.0, self._stored / self._total) if self._total else 0.0
        done = self._stored - self._stored_before
        left = seconds * (self._total - self._stored) / done if done else None
        time_left = "" if left is None or share >= 1 else f", {_duration(left)} left"
        return f"{self._phase}: {share:.0%}{time_left} | {rate} | {outcomes or 'starting'}"

    def _print(self, text: str) -> None:
        self._stream.write(("\r\x1b[2K" if self._terminal else "") + text)
        self._stream.flush()

    def close(self) -> None:
        """Clear the line that changes."""
        if self._terminal and not self._quiet:
            self._print("")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
