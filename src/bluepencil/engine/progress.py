"""What a person sees while a run works: one line that changes on a terminal, plain lines elsewhere."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from bluepencil.documents import Status
from bluepencil.engine.unit import UnitReport

_TERMINAL_SECONDS = 0.2
_PLAIN_SECONDS = 15.0


@dataclass(slots=True)
class _InFlight:
    """What a worker has done of a unit that is not committed."""

    documents: int = 0
    characters: int = 0
    stored: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


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
        self._told: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._in_flight: dict[int, _InFlight] = {}
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
        lost = self._in_flight.pop(worker, _InFlight())
        self._documents -= lost.documents
        self._characters -= lost.characters
        self._statuses.subtract(lost.statuses)

    def advance(
        self, worker: int, documents: int, characters: int, statuses: Mapping[str, int], stored: int = 0
    ) -> None:
        """A worker has done some more documents; it is `stored` bytes into its unit, if that is known."""
        unit = self._in_flight.setdefault(worker, _InFlight())
        unit.documents += documents
        unit.characters += characters
        unit.statuses.update(statuses)
        unit.stored = stored
        self._documents += documents
        self._characters += characters
        self._statuses.update(statuses)

    def told(self, counts: Mapping[str, int]) -> None:
        """Steps have done so much more in blocks that may not be done: {"answers": 12}."""
        self._told.update(counts)

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
        rate = f"{_rate(self._documents / seconds)} docs/s, {self._characters / seconds / 1e6:.1f} MB/s"
        for what, count in self._told.items():
            rate = f"{rate} | {count:,} {what}, {_rate(count / seconds)}/s"
        stored = self._stored + sum(unit.stored for unit in self._in_flight.values())
        share = min(1.0, stored / self._total) if self._total else 0.0
        done = stored - self._stored_before
        left = seconds * (self._total - stored) / done if done else None
        time_left = "" if left is None or share >= 1 else f", {_duration(left)} left"
        return f"{self._phase}: {share:.0%}{time_left} | {rate} | {outcomes or 'starting'}"

    def _print(self, text: str) -> None:
        self._stream.write(("\r\x1b[2K" if self._terminal else "") + text)
        self._stream.flush()

    def close(self) -> None:
        """Clear the line that changes."""
        if self._terminal and not self._quiet:
            self._print("")


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.1f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
