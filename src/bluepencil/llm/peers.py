"""How the processes of one run share its limits: a small file for each client, below the cache folder.

Every client keeps what it has paid for in a file of its own and touches that file while it has work. The
files of a run add up to what the run has spent, restarts included; the processes whose files were touched
lately are those that its limits are shared by. Several clients of one process (steps of a recipe) count as
one: they work by turns. Nothing is locked, so it also works on network file systems; what the others do is
known with a delay of about a second, by which a budget can be passed.
"""

import hashlib
import math
import os
import socket
import struct
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from bluepencil.llm.segments import cannot_write

# In seconds. A process that is silent for longer than ALIVE has no more share in the limits.
BEAT, ALIVE = 1.0, 5.0
# Tokens in and out, and their money at the time; NaN where no price was known.
_SPENT = struct.Struct("<QQd")
# Tells processes apart where two machines have the same name; a fork has a number of its own.
_STARTED = uuid.uuid4().hex[:8]


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens that were paid for. `money` is what those with a price cost, each client at its own.

    `unpriced_in` and `unpriced_out` are those of the tokens for which no price was known.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    unpriced_in: int = 0
    unpriced_out: int = 0

    def plus(self, tokens_in: int, tokens_out: int, money: float | None) -> "Spent":
        """Return the same with more tokens; None is no price."""
        unpriced = money is None
        return Spent(
            self.tokens_in + tokens_in,
            self.tokens_out + tokens_out,
            self.money + (money or 0.0),
            self.unpriced_in + tokens_in * unpriced,
            self.unpriced_out + tokens_out * unpriced,
        )


class Peers:
    """One client among those of a run. Without a folder it is always alone."""

    def __init__(self, folder: Path | None, run: str) -> None:
        """Take part in a run; the file is made at the first `beat` or `spend`."""
        self._folder = None
        if folder is not None:
            self._folder = folder / "runs" / hashlib.sha256(run.encode("utf-8", "replace")).hexdigest()[:16]
        host = socket.gethostname().split(".")[0]
        self._process = f"{host}-{os.getpid()}-{_STARTED}"
        self._name = f"{self._process}-{uuid.uuid4().hex[:8]}.spent"
        self._file = -1
        self._own = Spent()
        self._looked = -ALIVE
        self._others = Spent()
        self._alive = 1

    @property
    def alive(self) -> int:
        """How many processes share the limits now, this one included."""
        return self._alive

    @property
    def others(self) -> Spent:
        """What all other clients of the run have spent, those of the past included."""
        return self._others

    def spend(self, tokens_in: int, tokens_out: int, money: float | None = None) -> None:
        """Note tokens that were paid for; None where no price is known."""
        self._own = self._own.plus(tokens_in, tokens_out, money)
        self._write()

    def beat(self) -> None:
        """Say that this process is at work, and look at the others; at most once a second does anything."""
        now = time.monotonic()
        if self._folder is None or now - self._looked < BEAT:
            return
        self._looked = now
        self._write()
        self._look(self._folder)

    def close(self) -> None:
        """Leave the run; what was spent stays on record."""
        if self._file >= 0:
            # Not alive any more, and seen at once.
            os.utime(self._file, (0, 0))
            os.close(self._file)
            self._file = -1

    def _write(self) -> None:
        if self._folder is None:
            return
        try:
            if self._file < 0:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._folder / self._name, os.O_WRONLY | os.O_CREAT, 0o644)
            own = self._own
            unpriced = bool(own.unpriced_in or own.unpriced_out)
            money = math.nan if unpriced else own.money
            os.pwrite(self._file, _SPENT.pack(own.tokens_in, own.tokens_out, money), 0)
        except OSError as error:
            raise cannot_write(self._folder, error) from error

    def _look(self, folder: Path) -> None:
        """Read every file of the run; times are compared as the file system gave them, not the clocks."""
        now = os.fstat(self._file).st_mtime
        others = Spent()
        alive = {self._process}
        for entry in os.scandir(folder):
            if entry.name == self._name or not entry.name.endswith(".spent"):
                continue
            content = Path(entry.path).read_bytes()
            if len(content) == _SPENT.size:
                tokens_in, tokens_out, money = _SPENT.unpack(content)
                others = others.plus(tokens_in, tokens_out, None if math.isnan(money) else money)
            if now - entry.stat().st_mtime < ALIVE:
                alive.add(entry.name.rpartition("-")[0])
        self._others = others
        self._alive = len(alive)
