"""The durable cache: what was answered once is never asked for again.

A folder with one segment per process that ever wrote into it. An answer is found by its request's key
(`messages.Request.key`) and by nothing else, so every run, restart and change of options that leaves the
prompt alone finds it.
"""

import os
import socket
import threading
import time
import uuid
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from bluepencil.errors import OutputError
from bluepencil.llm.messages import Stored
from bluepencil.llm.segments import Entries, Reader, Writer, cannot_write, no_entries, pack, prefix_of

# Recent answers are kept in a dict and merged into the sorted table when there are this many: a dict costs
# about 200 bytes per answer, the table 24.
MERGE_AT = 100_000
PLAIN, DEFLATED = b"\x00", b"\x01"
# Shorter payloads do not get smaller by enough to pay for the call.
DEFLATE_FROM = 200

Place = tuple[int, int, int]  # segment, offset, length
_PLACE = np.dtype([("segment", "<u4"), ("offset", "<u8"), ("length", "<u4")])


class Cache:
    """Answers by key, on disk; safe to use from several threads, processes and machines at once."""

    def __init__(self, folder: str | Path) -> None:
        """Open the folder, making it where it is missing, and read what it knows."""
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"the cache folder cannot be made: {self.folder}: {error}") from error
        self.damaged = 0
        self._lock = threading.Lock()
        self._readers: list[Reader] = []
        self._known: set[str] = set()
        self._writer: Writer | None = None
        self._segment = -1
        self._written: set[int] = set()
        # Two arrays, sorted by the first: a search wants its column in one piece.
        self._prefixes = np.empty(0, dtype="<u8")
        self._table = np.empty(0, dtype=_PLACE)
        self._recent: dict[int, list[Place]] = {}
        self.refresh()

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        """Count the records; a key that two processes paid for at the same time counts twice."""
        with self._lock:
            return len(self._table) + sum(map(len, self._recent.values()))

    def get(self, key: bytes) -> Stored | None:
        """Return the answer stored under a key, or None. A damaged record counts as none."""
        with self._lock:
            places = self._places(prefix_of(key))
            readers = [self._readers[segment] for segment, _, _ in places]
        for reader, (_, offset, length) in zip(readers, places, strict=True):
            try:
                found = reader.read(offset, length)
            except OSError as error:
                raise self._unreadable(error) from error
            if found is None:
                self.damaged += 1
            elif found[0] == key:
                return _decode(found[1])
        return None

    def add(self, group: Sequence[tuple[bytes, Stored]]) -> None:
        """Store a group of answers; all of them are durable when this returns. Raises as `write` does."""
        self.write([(key, record(key, stored)) for key, stored in group])

    def write(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Write (key, `record`) pairs; all of them are durable when this returns.

        Raises DiskFullError or OutputError, and then none of the group is stored.
        """
        try:
            if self._writer is None:
                self._writer, self._segment = self._open_segment()
            entries = self._writer.append(records)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        with self._lock:
            self._note(self._segment, entries)

    def refresh(self) -> None:
        """Look for what other processes have stored since the last call."""
        with self._lock:
            try:
                names = (path.name for path in self.folder.iterdir() if path.suffix == ".answers")
                for name in sorted(set(names) - self._known):
                    self._follow(name)
                for segment, reader in enumerate(self._readers):
                    if segment not in self._written:
                        self._note(segment, reader.news())
            except OSError as error:
                raise self._unreadable(error) from error

    def close(self) -> None:
        """Close the own segment; what is stored stays."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _unreadable(self, error: OSError) -> OutputError:
        return OutputError(f"the cache cannot be read: {self.folder}: {error.strerror}")

    def _open_segment(self) -> tuple[Writer, int]:
        host = socket.gethostname().split(".")[0]
        name = f"{time.time_ns():020d}-{host}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        with self._lock:
            writer = Writer(self.folder / name)
            segment = self._follow(f"{name}.answers")
            self._written.add(segment)
        return writer, segment

    def _follow(self, name: str) -> int:
        self._known.add(name)
        self._readers.append(Reader(self.folder / name.removesuffix(".answers")))
        return len(self._readers) - 1

    def _note(self, segment: int, entries: Entries) -> None:
        if len(entries) >= MERGE_AT:
            self._merge(segment, entries)
            return
        for prefix, offset, length in entries.tolist():
            self._recent.setdefault(prefix, []).append((segment, offset, length))
        if len(self._recent) >= MERGE_AT:
            self._merge(segment, no_entries())

    def _merge(self, segment: int, entries: Entries) -> None:
        """Move the recent places, and these entries of one segment, into the sorted table."""
        rows = [(prefix, place) for prefix, places in self._recent.items() for place in places]
        added = np.empty(len(entries), dtype=_PLACE)
        added["segment"], added["offset"], added["length"] = segment, entries["offset"], entries["length"]
        recent = np.array([place for _, place in rows], dtype=_PLACE)
        prefixes = np.concatenate(
            [self._prefixes, np.array([prefix for prefix, _ in rows], dtype="<u8"), entries["prefix"]]
        )
        order = np.argsort(prefixes, kind="stable")
        self._prefixes = prefixes[order]
        self._table = np.concatenate([self._table, recent, added])[order]
        self._recent = {}

    def _places(self, prefix: int) -> list[Place]:
        first, last = (
            int(np.searchsorted(self._prefixes, np.uint64(prefix), side)) for side in ("left", "right")
        )
        settled: list[Place] = self._table[first:last].tolist()
        return settled + self._recent.get(prefix, [])


def record(key: bytes, stored: Stored) -> bytes:
    """Return an answer as a segment holds it."""
    plain = msgspec.msgpack.encode(stored)
    return pack(key, PLAIN + plain if len(plain) < DEFLATE_FROM else DEFLATED + zlib.compress(plain, 1))


def _decode(payload: bytes) -> Stored:
    plain = zlib.decompress(payload[1:]) if payload[:1] == DEFLATED else payload[1:]
    return msgspec.msgpack.decode(plain, type=Stored)
