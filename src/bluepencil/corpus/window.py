"""A window that moves over the bytes of a WARC file, as stored or as a gzip member holds them."""

import re
import zlib
from abc import ABC, abstractmethod
from typing import BinaryIO

BAD_HEADER = "bad-record-header"
BAD_LENGTH = "bad-record-length"
BAD_GZIP = "bad-gzip"
TRUNCATED = "truncated-input"

_READ_BYTES = 64 << 10
_INFLATED_BYTES = 1 << 20
_MAX_HEADER = 64 << 10
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_NEXT_RECORD = re.compile(rb"WARC/\d\.\d{1,2}\r?\n(?=[A-Za-z][A-Za-z-]*:)")
_LONGEST_BEGINNING = 64
# Going back in a gzip member means to decompress it again from its start.
_MAX_REWINDS = 8


class Fault(Exception):  # noqa: N818 - becomes a BadRecord, and stays inside this package
    """A record that cannot be read, in bytes that can."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Damage(Fault):
    """Bytes that cannot be read."""


class Source:
    """A file that is read from any offset, mostly one piece after the other."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, 2)
        self._at = self.size
        self._offset = 0
        self._buffer = b""

    def read(self, offset: int) -> memoryview:
        """Return some bytes from `offset` on; none at the end of the file."""
        within = offset - self._offset
        if not 0 <= within < len(self._buffer):
            if offset != self._at:
                self._stream.seek(offset)
            self._buffer = self._stream.read(_READ_BYTES)
            self._offset, self._at, within = offset, offset + len(self._buffer), 0
        return memoryview(self._buffer)[within:]


class Window(ABC):
    """Bytes that are pulled in as they are needed; subclasses say from where."""

    # What it means when a record is shorter than it says.
    short = BAD_LENGTH

    def __init__(self) -> None:
        # The record that is being read: where it begins, and how many came before it.
        self.record = 0
        self.number = 0
        self._data = bytearray()
        self._start = 0
        self._dropped = 0

    @abstractmethod
    def pull(self) -> bytes | memoryview:
        """Return the next bytes, none at the end; Damage if they cannot be read."""

    @property
    def offset(self) -> int:
        """How many bytes lie before the window."""
        return self._dropped + self._start

    def _more(self) -> bool:
        if self._start > _INFLATED_BYTES:
            del self._data[: self._start]
            self._dropped += self._start
            self._start = 0
        piece = self.pull()
        self._data += piece
        return len(piece) > 0

    def has(self, size: int) -> bool:
        """Tell whether `size` bytes follow, and have them at hand."""
        while len(self._data) - self._start < size:
            if not self._more():
                return False
        return True

    def peek(self, begin: int, end: int) -> bytes:
        """Return the bytes from `begin` to `end` of the window, as far as they are at hand."""
        return bytes(self._data[self._start + begin : self._start + end])

    def skip(self, size: int) -> bool:
        """Leave `size` bytes behind without keeping them; False if the end comes before."""
        while size:
            here = min(size, len(self._data) - self._start)
            self._start += here
            size -= here
            if size and not self._more():
                return False
        return True

    def length_of_blanks(self, begin: int = 0) -> int:
        """Return how many line ends stand at `begin`, and have the byte after them at hand."""
        length = 0
        while self.has(begin + length + 1) and self._data[self._start + begin + length] in b"\r\n":
            length += 1
        return length

    def header(self) -> bytes:
        """Return what stands before the first empty line, that included."""
        searched = 0
        while (match := _END_OF_HEADER.search(self._data, self._start + searched)) is None:
            searched = max(0, len(self._data) - self._start - 3)
            if searched > _MAX_HEADER:
                raise Fault(BAD_HEADER, f"the header of the record is longer than {_MAX_HEADER} bytes")
            if not self._more():
                raise Fault(BAD_HEADER, "the header of the record does not end")
        return self.peek(0, match.end() - self._start)

    def find_record(self) -> bool:
        """Move on to the next place after this one where a record may begin."""
        self.skip(1)
        while (match := _NEXT_RECORD.search(self._data, self._start)) is None:
            self._start = max(self._start, len(self._data) - _LONGEST_BEGINNING)
            if not self._more():
                self._start = len(self._data)
                return False
        self._start = match.start()
        return True

    def rewind(self, offset: int) -> None:  # noqa: B027 - what cannot go back stays where it is
        """Go back to `offset`, where that is possible."""

    def remaining(self) -> int | None:
        """Return how many bytes follow, or None where that is not known."""
        return None


class PlainWindow(Window):
    """The bytes of a file as they are stored, from an offset on."""

    short = TRUNCATED

    def __init__(self, source: Source, offset: int) -> None:
        super().__init__()
        self._source = source
        self._dropped = self._next = offset

    def pull(self) -> memoryview:
        """Return the next bytes of the file."""
        piece = self._source.read(self._next)
        self._next += len(piece)
        return piece

    def rewind(self, offset: int) -> None:
        """Go back to `offset`."""
        self._data.clear()
        self._start = 0
        self._dropped = self._next = offset

    def remaining(self) -> int:
        """Return how many bytes follow."""
        return self._source.size - self.offset


class Member(Window):
    """A member of a gzip file, decompressed; `end` is where the next one begins, once this is read."""

    def __init__(self, source: Source, offset: int) -> None:
        super().__init__()
        self._source = source
        self._inflate = zlib.decompressobj(31)
        self._begin = self.end = offset
        self._rewinds = _MAX_REWINDS

    def pull(self) -> bytes:
        """Return the next decompressed bytes, at most 1 MB; Damage if there are none to be had."""
        while not self._inflate.eof:
            piece = self._source.read(self.end)
            try:
                data = self._inflate.decompress(piece, _INFLATED_BYTES)
            except zlib.error as error:
                raise Damage(BAD_GZIP, f"the gzip member cannot be decompressed: {error}") from error
            left = len(self._inflate.unconsumed_tail) + len(self._inflate.unused_data)
            self.end += len(piece) - left
            if data:
                return data
            if not piece:
                raise Damage(TRUNCATED, "the file ends inside a gzip member")
        return b""

    def rewind(self, offset: int) -> None:
        """Go back to `offset`; after some times, stay."""
        if not self._rewinds:
            return
        self._rewinds -= 1
        self._inflate = zlib.decompressobj(31)
        self.end = self._begin
        self._data.clear()
        self._start = self._dropped = 0
        self.skip(offset)
