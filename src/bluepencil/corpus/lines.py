"""Lines of a file with their byte offsets, in bounded memory, from any offset on.

A line belongs to the range in which its first byte lies. So a large file is cut into ranges that are
read independently, and every line is read exactly once whatever the ranges are.
"""

from collections.abc import Iterator
from typing import Any

from bluepencil.corpus.block import KEPT_ASIDE_BYTES, BadRecord
from bluepencil.corpus.paths import Source
from bluepencil.documents import Reason

CHUNK = 1 << 20
Line = tuple[int, bytes | BadRecord]


class _Stream:
    """The decompressed bytes of a source; damage shows as `damage` after the last sound byte."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._file = source.open()
        self._reader = self._decompressed()
        self.offset = 0
        self.damage: BadRecord | None = None
        self._bytewise = False

    def _decompressed(self) -> Any:
        if self._source.compression is None:
            return self._file
        import pyarrow

        return pyarrow.CompressedInputStream(pyarrow.PythonFile(self._file), self._source.compression)

    def compressed_position(self) -> int:
        """How many stored bytes have been read, for progress."""
        return self._source.size if self._file.closed else int(self._file.tell())

    def seek(self, offset: int) -> None:
        """Go to a decompressed offset: directly in a plain file, by reading in a compressed one."""
        if self._source.compression is None:
            self._file.seek(offset)
            self.offset = offset
            return
        while self.offset < offset and self.read(min(CHUNK, offset - self.offset)):
            pass

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end or where the file is damaged."""
        if self.damage is not None:
            return b""
        try:
            data: bytes = self._reader.read(1 if self._bytewise else size)
        except OSError as error:
            return self._salvage(error, size)
        self.offset += len(data)
        return data

    def _salvage(self, error: OSError, size: int) -> bytes:
        # A failing read of many bytes gives none of them: read on byte by byte, to lose no sound line.
        if self._source.compression is not None and not self._bytewise:
            sound = self.offset
            self.close()
            self._file, self._bytewise, self.offset = self._source.open(), False, 0
            self._reader = self._decompressed()
            self.seek(sound)
            self._bytewise = True
            return self.read(size)
        cut = "runcated" in str(error)
        reason = Reason.TRUNCATED_INPUT if cut else Reason.UNREADABLE_INPUT
        self.damage = BadRecord(reason, f"{self._source.url}: {error}")
        return b""

    def close(self) -> None:
        if self._reader is not self._file and not self._reader.closed:
            self._reader.close()
        self._file.close()


class LineReader:
    r"""Reads the lines of a source whose first byte lies at `start` or later.

    Yields (offset, line without its "\\n"). A line of more than `max_bytes`, and the place where a
    file is damaged, come as a BadRecord. Blank lines are no records and are passed over.
    """

    def __init__(self, source: Source, start: int, max_bytes: int) -> None:
        self._source = source
        self._start = start
        self._max_bytes = max_bytes
        self._stream: _Stream | None = None

    @property
    def stored_bytes_read(self) -> int:
        """How much of the stored file has been read, for progress."""
        return self._stream.compressed_position() if self._stream else 0

    def __iter__(self) -> Iterator[Line]:
        self._stream = stream = _Stream(self._source)
        try:
            yield from self._lines(stream)
        finally:
            stream.close()

    def _lines(self, stream: _Stream) -> Iterator[Line]:
        offset, carry = self._first_line(stream)
        while True:
            *lines, carry = carry.split(b"\n")
            for line in lines:
                if len(line) > self._max_bytes:
                    yield offset, self._too_large(line, len(line))
                elif line and not line.isspace():
                    yield offset, line
                offset += len(line) + 1
            if len(carry) > self._max_bytes:
                size, rest = self._pass_over(stream, len(carry))
                yield offset, self._too_large(carry, size)
                offset, carry = offset + size + 1, rest
                continue
            chunk = stream.read(CHUNK)
            if not chunk:
                break
            carry += chunk
        if stream.damage is not None:
            yield offset, BadRecord(stream.damage.reason, stream.damage.detail, carry).cut()
        elif carry and not carry.isspace():
            yield offset, carry

    def _first_line(self, stream: _Stream) -> tuple[int, bytes]:
        """Go to the first line that starts at `start` or later; return its offset and what is read of it."""
        if self._start == 0:
            return 0, b""
        # The byte before `start` tells whether a line starts there.
        offset = self._start - 1
        stream.seek(offset)
        while chunk := stream.read(CHUNK):
            end = chunk.find(b"\n")
            if end >= 0:
                return offset + end + 1, chunk[end + 1 :]
            offset += len(chunk)
        return offset, b""

    @staticmethod
    def _pass_over(stream: _Stream, size: int) -> tuple[int, bytes]:
        """Read to the end of a line that is too long; return its size and what is read of the next."""
        while chunk := stream.read(CHUNK):
            end = chunk.find(b"\n")
            if end >= 0:
                return size + end, chunk[end + 1 :]
            size += len(chunk)
        return size, b""

    def _too_large(self, head: bytes, size: int) -> BadRecord:
        detail = f"a record of {size} bytes; the limit is {self._max_bytes} (--max-record-mb)"
        return BadRecord(Reason.TOO_LARGE, detail, head[:KEPT_ASIDE_BYTES])
