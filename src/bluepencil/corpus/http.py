"""Reads HTTP responses as crawlers store them: status, type, and the body without its encodings.

Own code, because real archives do not keep to the standard: bodies that a crawler decoded but whose headers
say `chunked` or `gzip` still, bodies that a size limit cut off, lines that end in LF alone, and
`Content-Encoding: UTF-8`. fastwarc 2.0.1 gives nothing for a body that is chunked in name only or cut inside
a chunk, nor for the last, and passes a damaged gzip body on without a word.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

BAD_HTTP = "bad-http-response"
TOO_LARGE = "record-too-large"

_STATUS = re.compile(rb"\s*(?:HTTP/\d(?:\.\d)?|ICY)[ \t]+(\d{3})[^\n]*\n")
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(r"^([^\s:]+)[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\n]*)?\r?\n")
_GZIP_MAGIC = b"\x1f\x8b"


class HttpError(Exception):
    """A response that cannot be read: `reason` is a code, `detail` a sentence. Stays inside this package."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Response:
    """A response: `content_type` is the whole header, `""` if there is none."""

    status: int
    content_type: str
    body: bytes


def read_response(block: bytes, max_bytes: int) -> Response:
    """Read a response with a body of at most `max_bytes` once it is decoded; HttpError if it is none.

    A body that ends too soon gives what there is. Trusted over the headers are the bytes: what is not
    chunked or compressed is taken as it is.
    """
    status = _STATUS.match(block)
    if status is None:
        raise HttpError(BAD_HTTP, f"the response begins with no status line: {block[:40]!r}")
    # The status line itself may end in an empty line: then there are no fields.
    end = _EMPTY_LINE.search(block, status.end() - 2)
    header = block[status.end() : end.start() if end else len(block)]
    fields = _fields(header)
    body = block[end.end() :] if end else b""
    if "chunked" in fields.get("transfer-encoding", "").lower():
        body = _dechunked(body)
    for encoding in reversed(fields.get("content-encoding", "").lower().split(",")):
        body = _decoded(body, encoding.strip(), max_bytes)
    return Response(int(status[1]), fields.get("content-type", ""), body)


def _fields(header: bytes) -> Mapping[str, str]:
    text = header.decode("utf-8", "replace").replace("\r", "")
    # Of several fields the last counts, as in browsers.
    return {match[1].lower(): " ".join(match[2].split()) for match in _FIELD.finditer(text)}


def _dechunked(body: bytes) -> bytes:
    pieces: list[bytes] = []
    position = 0
    while (chunk := _CHUNK.match(body, position)) is not None:
        size = int(chunk[1], 16)
        if not size:
            return b"".join(pieces)
        pieces.append(body[chunk.end() : chunk.end() + size])
        position = chunk.end() + size
        if body.startswith(b"\r\n", position):
            position += 2
        elif body.startswith(b"\n", position):
            position += 1
    return b"".join(pieces) if pieces else body


def _decoded(body: bytes, encoding: str, max_bytes: int) -> bytes:
    if encoding in ("gzip", "x-gzip"):
        return _inflated(body, 31, max_bytes) if body.startswith(_GZIP_MAGIC) else body
    if encoding == "deflate":
        return _deflated(body, max_bytes)
    if encoding == "br":
        return _decompressed(body, "brotli", max_bytes)
    if encoding == "zstd":
        return _decompressed(body, "zstd", max_bytes)
    return body


def _inflated(body: bytes, window_bits: int, max_bytes: int) -> bytes:
    inflate = zlib.decompressobj(window_bits)
    try:
        data = inflate.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise HttpError(BAD_HTTP, f"the body cannot be decompressed: {error}") from error
    return _checked(data, max_bytes)


def _deflated(body: bytes, max_bytes: int) -> bytes:
    """Decompress `deflate`, which means zlib by the standard and a bare stream to some servers."""
    if _is_text(body):
        return body
    try:
        return _inflated(body, 15, max_bytes)
    except HttpError as error:
        if error.reason == TOO_LARGE:
            raise
        return _inflated(body, -15, max_bytes)


def _decompressed(body: bytes, codec: str, max_bytes: int) -> bytes:
    import pyarrow as pa

    if _is_text(body):
        return body
    try:
        with pa.CompressedInputStream(pa.BufferReader(body), codec) as stream:
            data: bytes = stream.read(max_bytes + 1)
    except OSError as error:
        raise HttpError(BAD_HTTP, f"the body cannot be decompressed: {error}") from error
    return _checked(data, max_bytes)


def _is_text(body: bytes) -> bool:
    """Tell whether a body is a page already: compressed bytes do not begin so."""
    return body.lstrip()[:1] == b"<"


def _checked(data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise HttpError(TOO_LARGE, f"the body has more than {max_bytes} bytes once it is decompressed")
    return data
