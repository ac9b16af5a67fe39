"""Cuts a WARC file into records, goes on after damage, and says where each record is.

Own code, since fastwarc 2.0.1 does not do what a corpus of a million files needs: it stops for good at the
first damaged record or gzip member, ends without a word at a length beyond the file, and hands out a record
that the end of the file cuts off as if it were whole. zlib does the decompressing.

After damage, reading resumes at the next gzip member that begins with a WARC header, or, within plain or
decompressed bytes, at the next line `WARC/1.x` that a header field follows. Memory is bounded by
`max_bytes` for a record and 64 kB for its header.

Limits: zstd and other compressions are not read; a record does not go on in the next gzip member; where
one gzip member holds many records, what follows damaged compressed data is lost.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count, dropwhile, islice
from typing import BinaryIO

from bluepencil.corpus.window import (
    BAD_GZIP,
    BAD_HEADER,
    BAD_LENGTH,
    TRUNCATED,
    Damage,
    Fault,
    Member,
    PlainWindow,
    Source,
    Window,
)
from bluepencil.errors import InputError

TOO_LARGE = "record-too-large"

_GZIP_MAGIC = b"\x1f\x8b\x08"
# Enough compressed bytes to see "WARC/" after a gzip header with a long file name in it.
_PROBE_BYTES = 4096
_BEGINNING = re.compile(rb"WARC/\d\.\d{1,2}\r?\n")
_LONGEST_BEGINNING = 64
_LENGTH = re.compile(r"\d{1,18}")


@dataclass(frozen=True, slots=True)
class Frame:
    """A record as it is stored: where, its header fields (names in lower case), and its block."""

    position: int
    fields: Mapping[str, str]
    block: bytes


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be read: where it begins, a code to count by, a sentence for people."""

    position: int
    reason: str
    detail: str


def frames(stream: BinaryIO, start: int, max_bytes: int) -> Iterator[Frame | BadRecord]:
    """Return the records of a WARC file from position `start` on, in the order of the file.

    `stream` must be seekable. A position is the offset in bytes at which a record begins in the file as
    stored: for one record per gzip member, the offset of the member (records that share one with others add
    1 each). Only where the first gzip member holds several records, as in a file compressed as a whole, it
    is the offset in the decompressed bytes, and reading from there begins by decompressing all before it.
    """
    if not stream.seekable():
        raise InputError("a WARC file is read from a stream that can seek")
    source = Source(stream)
    if not _is_gzip(source):
        return _plain(source, start, max_bytes)
    if _first_member_holds_several(source, max_bytes):
        found = _members(source, 0, max_bytes, inflated=True)
    elif start == 0 or _begins_record(source, start):
        return _members(source, start, max_bytes, inflated=False)
    else:
        # The place of damage, or a record after the first of its member: the file tells only from its start.
        found = _members(source, 0, max_bytes, inflated=False)
    return dropwhile(lambda item: item.position < start, found)


def _record(window: Window, max_bytes: int) -> tuple[Mapping[str, str], bytes]:
    """Read the record at the window and leave it behind; Fault if that cannot be done."""
    header = window.header()
    fields = _fields(header)
    length = _length(fields)
    end = len(header) + length
    remaining = window.remaining()
    if length > max_bytes and (remaining is None or end <= remaining):
        _pass_over(window, end)
        raise Fault(TOO_LARGE, f"the record has {length} bytes; at most {max_bytes} are read")
    if length > max_bytes or not window.has(end):
        raise Fault(window.short, f"the record should have {length} bytes; fewer follow")
    _check_end(window, end)
    block = window.peek(len(header), end)
    window.skip(end)
    return fields, block


def _pass_over(window: Window, end: int) -> None:
    begin = window.offset
    try:
        if not window.skip(end):
            raise Fault(window.short, "the input ends inside a record that is too large to be read")
        _check_end(window, 0)
    except Fault:
        window.rewind(begin)
        raise


def _check_end(window: Window, end: int) -> None:
    """Make sure that a record ends where it says; this reads a gzip member up to its checksum."""
    blanks = window.length_of_blanks(end)
    window.has(end + blanks + 5)
    # Sloppy writers leave out the two empty lines; behind them, what follows is another record's damage.
    following = window.peek(end + blanks, end + blanks + 5)
    if following not in (b"", b"WARC/") and window.peek(end, end + 4) != b"\r\n\r\n":
        raise Fault(BAD_LENGTH, "the record does not end where its Content-Length says")


def _fields(header: bytes) -> dict[str, str]:
    beginning = _BEGINNING.match(header)
    if beginning is None:
        raise Fault(BAD_HEADER, "there is no record here: it would begin with WARC/1.0 or WARC/1.1")
    fields: dict[str, str] = {}
    name = ""
    for line in header[beginning.end() :].decode("utf-8", "replace").split("\n"):
        if line[:1] in (" ", "\t") and name:
            fields[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if colon and name not in fields:
            fields[name] = value.strip()
        else:
            name = ""
    return fields


def _length(fields: Mapping[str, str]) -> int:
    if "warc-type" not in fields:
        raise Fault(BAD_HEADER, "the header of the record has no WARC-Type")
    length = fields.get("content-length", "")
    if not _LENGTH.fullmatch(length):
        raise Fault(BAD_HEADER, f"the header of the record has no usable Content-Length: {length[:40]!r}")
    return int(length)


def _records(window: Window, max_bytes: int, place: Callable[[int, int], int]) -> Iterator[Frame | BadRecord]:
    """Read all records in a window; `place` makes a position of a record's number and offset in it."""
    for number in count():
        window.number, window.record = number, window.offset
        if not (window.skip(window.length_of_blanks()) and window.has(1)):
            return
        window.record = window.offset
        try:
            fields, block = _record(window, max_bytes)
        except Damage:
            raise
        except Fault as fault:
            found = fault.reason == TOO_LARGE or window.find_record()
            reason = BAD_LENGTH if found and fault.reason == TRUNCATED else fault.reason
            yield BadRecord(place(number, window.record), reason, fault.detail)
        else:
            yield Frame(place(number, window.record), fields, block)


def _plain(source: Source, start: int, max_bytes: int) -> Iterator[Frame | BadRecord]:
    return _records(PlainWindow(source, start), max_bytes, lambda _number, offset: offset)


def _members(source: Source, start: int, max_bytes: int, *, inflated: bool) -> Iterator[Frame | BadRecord]:
    """Read a gzip file member by member; positions are offsets in the stored or in the inflated bytes."""
    begin: int | None = start
    before = 0
    while begin is not None and (begin := _past_zeros(source, begin)) < source.size:
        member = Member(source, begin)
        place = partial(_place, before if inflated else begin, inflated)
        try:
            yield from _records(member, max_bytes, place)
        except Damage as damage:
            begin = _next_member(source, begin + 1)
            reason = BAD_GZIP if begin is not None else damage.reason
            yield BadRecord(place(member.number, member.record), reason, damage.detail)
            # What follows has a position of its own.
            before += 1
        else:
            begin = member.end
        before += member.offset


def _place(base: int, inflated: bool, number: int, offset: int) -> int:
    return base + (offset if inflated else number)


def _past_zeros(source: Source, offset: int) -> int:
    """Return where the next byte stands that is not NUL: tapes and block devices pad with them."""
    while piece := source.read(offset):
        filled = len(piece) - len(bytes(piece).lstrip(b"\0")) if piece[0] == 0 else 0
        offset += filled
        if filled < len(piece):
            break
    return offset


def _is_gzip(source: Source) -> bool:
    beginning = bytes(source.read(0)[:_LONGEST_BEGINNING])
    if beginning.startswith(_GZIP_MAGIC) or _BEGINNING.match(beginning.lstrip(b"\r\n")):
        return beginning.startswith(_GZIP_MAGIC)
    return _next_member(source, 0) is not None


def _begins_record(source: Source, offset: int) -> bool:
    """Tell whether a gzip member that holds a record begins at an offset."""
    probe = bytes(source.read(offset)[:_PROBE_BYTES])
    if len(probe) < _PROBE_BYTES:
        probe += bytes(source.read(offset + len(probe))[: _PROBE_BYTES - len(probe)])
    if not probe.startswith(_GZIP_MAGIC):
        return False
    try:
        return (
            zlib.decompressobj(31).decompress(probe, _LONGEST_BEGINNING).lstrip(b"\r\n").startswith(b"WARC/")
        )
    except zlib.error:
        return False


def _next_member(source: Source, offset: int) -> int | None:
    """Return where the first gzip member with a record begins that does not begin before `offset`."""
    while piece := bytes(source.read(offset)):
        # A magic number may be cut in two by the end of the piece.
        piece += bytes(source.read(offset + len(piece))[: len(_GZIP_MAGIC) - 1])
        found = piece.find(_GZIP_MAGIC)
        if found == -1:
            offset += max(1, len(piece) - len(_GZIP_MAGIC) + 1)
        elif _begins_record(source, offset + found):
            return offset + found
        else:
            offset += found + 1
    return None


def _first_member_holds_several(source: Source, max_bytes: int) -> bool:
    records = _records(Member(source, 0), max_bytes, partial(_place, 0, True))
    try:
        return sum(1 for _ in islice(records, 2)) > 1
    except Damage:
        return False
