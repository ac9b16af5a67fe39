"""Append-only files of answers: one file per process, so that nobody waits for anybody.

A segment is two files. NAME.answers holds the records and is the only truth: a magic line, then per record

    crc32 u32 | length u32 | key 32 bytes | payload        little endian; the sum covers all that follows it

NAME.index holds 20 bytes per record (first 8 bytes of the key, offset, length). It is written after the
records are durable, is never synced itself, and is only believed as far as it chains without a gap from the
start of the file; what it does not cover is read from the records. A torn tail, left by a process that was
killed, ends the segment: nobody ever appends to another process's file.

Why not SQLite: its write-ahead log must not be used over a network file system, and ranks of one job write
from many machines into one folder there. Appending to a file of one's own needs no lock anywhere.
"""

import contextlib
import errno
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bluepencil.errors import DiskFullError, OutputError

MAGIC = b"bluepencil answers 1\n"
HEADER = struct.Struct("<II32s")
# No answer is near this; a length above it is damage, not a record.
LARGEST_PAYLOAD = 1 << 28
ENTRY = np.dtype([("prefix", "<u8"), ("offset", "<u8"), ("length", "<u4")])
Entries = NDArray[np.void]
# fdatasync leaves out the time stamps and nothing that is needed to read the file back.
_sync = getattr(os, "fdatasync", os.fsync)


def prefix_of(key: bytes) -> int:
    """Return the part of a key that the index holds."""
    return int.from_bytes(key[:8], "little")


def pack(key: bytes, payload: bytes) -> bytes:
    """Return one record."""
    length = len(payload)
    checksum = zlib.crc32(payload, zlib.crc32(key, zlib.crc32(length.to_bytes(4, "little"))))
    return HEADER.pack(checksum, length, key) + payload


def unpack(record: bytes) -> tuple[bytes, bytes] | None:
    """Return (key, payload) of the record that these bytes start with; None if it is damaged or not whole."""
    if len(record) < HEADER.size:
        return None
    checksum, length, key = HEADER.unpack_from(record)
    payload = record[HEADER.size : HEADER.size + length]
    if length > LARGEST_PAYLOAD or len(payload) < length:
        return None
    if zlib.crc32(payload, zlib.crc32(key, zlib.crc32(length.to_bytes(4, "little")))) != checksum:
        return None
    return key, payload


def no_entries() -> Entries:
    """Return an empty table of entries."""
    return np.empty(0, dtype=ENTRY)


class Writer:
    """Appends groups of records to a new segment; each group is durable when `append` returns."""

    def __init__(self, path: Path) -> None:
        """Create the segment at `path` (without suffix) and make its name durable."""
        self.path = path
        self._records = os.open(path.with_suffix(".answers"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        self._index = os.open(path.with_suffix(".index"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        # After half an entry no more may follow.
        self._index_ends = False
        self.end = 0
        self._write(MAGIC)
        _sync(self._records)
        _sync_folder(path.parent)

    def append(self, group: Sequence[tuple[bytes, bytes]]) -> Entries:
        """Write (key, packed record) pairs, wait until the disk has them, and return their entries.

        An OSError leaves the segment as it was before the group.
        """
        before, offset = self.end, self.end
        rows = []
        for key, record in group:
            rows.append((prefix_of(key), offset, len(record) - HEADER.size))
            offset += len(record)
        entries = np.array(rows, dtype=ENTRY)
        try:
            self._write(b"".join(record for _, record in group))
            _sync(self._records)
        except OSError:
            self._take_back(before)
            raise
        self._write_index(entries)
        return entries

    def close(self) -> None:
        """Close both files; what was appended is durable already."""
        os.close(self._records)
        os.close(self._index)

    def _write(self, block: bytes) -> None:
        _write_all(self._records, block)
        self.end += len(block)

    def _write_index(self, entries: Entries) -> None:
        """Write entries of records that are durable; without them the records are found all the same."""
        if self._index_ends:
            return
        try:
            _write_all(self._index, entries.tobytes())
        except OSError:
            self._index_ends = True

    def _take_back(self, end: int) -> None:
        """Cut off half a group, so that what is appended later can still be found."""
        os.ftruncate(self._records, end)
        os.lseek(self._records, end, os.SEEK_SET)
        self.end = end


class Reader:
    """Follows one segment while it grows, and reads records of it."""

    def __init__(self, path: Path) -> None:
        """Take the segment at `path` (without suffix)."""
        self._answers = path.with_suffix(".answers")
        self._index = path.with_suffix(".index")
        self._end = len(MAGIC)
        self._size_seen = 0
        self._index_read = 0
        self._index_sound = True

    def news(self) -> Entries:
        """Return the entries of the records that were added since the last call."""
        size = self._size()
        if size == self._size_seen:
            return no_entries()
        self._size_seen = size
        # From the index, which is short to read; then, from the records, what the index does not cover.
        indexed = self._indexed() if self._index_sound else no_entries()
        return np.concatenate([indexed, self._scanned()]) if self._end < size else indexed

    def _size(self) -> int:
        try:
            return self._answers.stat().st_size
        except FileNotFoundError:  # somebody tidied up; what it held is not known any more
            return self._size_seen

    def _indexed(self) -> Entries:
        try:
            block = _read_from(self._index, self._index_read)
        except FileNotFoundError:
            return no_entries()
        # Asked for after the index was read, so that it covers all that the index speaks of.
        size = self._size()
        entries = np.frombuffer(block[: len(block) - len(block) % ENTRY.itemsize], dtype=ENTRY)
        self._index_read += entries.nbytes
        entries = entries[entries["offset"] >= self._end]
        if not len(entries):
            return entries
        ends = entries["offset"] + HEADER.size + entries["length"]
        starts = np.concatenate([np.array([self._end], dtype="<u8"), ends[:-1]])
        sound = (entries["offset"] == starts) & (ends <= size)
        count = len(entries) if bool(sound.all()) else int(np.argmin(sound))
        if count and self.read(int(entries["offset"][count - 1]), int(entries["length"][count - 1])) is None:
            count = 0
        self._index_sound = count == len(entries)
        if count:
            self._end = int(ends[count - 1])
        return entries[:count]

    def _scanned(self) -> Entries:
        rows = [(prefix_of(key), offset, length) for key, offset, length in self._records()]
        return np.array(rows, dtype=ENTRY)

    def _records(self) -> Iterator[tuple[bytes, int, int]]:
        """Read records from where the last reading ended, up to the first that is not whole."""
        with self._answers.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return
            file.seek(self._end)
            while len(header := file.read(HEADER.size)) == HEADER.size:
                length = HEADER.unpack(header)[1]
                if length > LARGEST_PAYLOAD:
                    return
                record = unpack(header + file.read(length))
                if record is None:
                    return
                offset, self._end = self._end, self._end + HEADER.size + length
                yield record[0], offset, length

    def read(self, offset: int, length: int) -> tuple[bytes, bytes] | None:
        """Return (key, payload) of a record; None if it is damaged."""
        try:
            with self._answers.open("rb", buffering=0) as file:
                return unpack(os.pread(file.fileno(), HEADER.size + length, offset))
        except FileNotFoundError:
            return None


def cannot_write(folder: Path, error: OSError) -> OutputError:
    """Return the error to raise when something could not be written into a cache folder."""
    kind = DiskFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else OutputError
    return kind(f"the cache cannot be written: {folder}: {error.strerror}")


def _read_from(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read()


def _write_all(descriptor: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    # Some network file systems refuse to sync a folder; they keep names by other means.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
