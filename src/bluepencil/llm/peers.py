"""How the processes of one run share its limits: a small file each, below the cache folder.

Every process keeps the tokens it has paid for in a file of its own and touches that file while it has work.
The files of a run add up to what the run has spent, restarts included; those touched lately are the
processes that its limits are shared by. Nothing is locked, so it also works on network file systems; what
the others do is known with a delay of about a second, by which a budget can be passed.
"""

import hashlib
import os
import socket
import struct
import time
import uuid
from pathlib import Path

from bluepencil.llm.segments import cannot_write

# In seconds. A process that is silent for longer than ALIVE has no more share in the limits.
BEAT, ALIVE = 1.0, 5.0
_SPENT = struct.Struct("<QQ")


class Peers:
    """One process among those of a run. Without a folder it is always alone."""

    def __init__(self, folder: Path | None, run: str) -> None:
        """Take part in a run; the file is made at the first `beat` or `spend`."""
        self._folder = None
        if folder is not None:
            self._folder = folder / "runs" / hashlib.sha256(run.encode("utf-8", "replace")).hexdigest()[:16]
        host = socket.gethostname().split(".")[0]
        self._name = f"{host}-{os.getpid()}-{uuid.uuid4().hex[:8]}.spent"
        self._file = -1
        self._own = (0, 0)
        self._looked = -ALIVE
        self._others = (0, 0)
        self._alive = 1

    @property
    def alive(self) -> int:
        """How many processes share the limits now, this one included."""
        return self._alive

    @property
    def others(self) -> tuple[int, int]:
        """The tokens (in, out) spent by all other processes of the run, past ones included."""
        return self._others

    def spend(self, tokens_in: int, tokens_out: int) -> None:
        """Note tokens that were paid for."""
        self._own = (self._own[0] + tokens_in, self._own[1] + tokens_out)
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
            os.pwrite(self._file, _SPENT.pack(*self._own), 0)
        except OSError as error:
            raise cannot_write(self._folder, error) from error

    def _look(self, folder: Path) -> None:
        """Read every file of the run; times are compared as the file system gave them, not the clocks."""
        now = os.fstat(self._file).st_mtime
        tokens_in = tokens_out = 0
        alive = 1
        for entry in os.scandir(folder):
            if entry.name == self._name or not entry.name.endswith(".spent"):
                continue
            spent = Path(entry.path).read_bytes()
            if len(spent) == _SPENT.size:
                one_in, one_out = _SPENT.unpack(spent)
                tokens_in, tokens_out = tokens_in + one_in, tokens_out + one_out
            alive += now - entry.stat().st_mtime < ALIVE
        self._others = (tokens_in, tokens_out)
        self._alive = alive
