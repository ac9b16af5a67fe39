"""HTTP responses as archives hold them: encodings true and false, cut bodies, sloppy headers."""

import gzip
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.corpus.http import HttpError, read_response

PAGE = b"<html><title>t</title><p>A page.</html>"
DIGITS = random.Random(1)


def http(
    body: bytes = PAGE, fields: str = "Content-Type: text/html; charset=utf-8\r\n", status: int = 200
) -> bytes:
    return f"HTTP/1.1 {status} Some Reason\r\n{fields}\r\n".encode() + body


def chunked(body: bytes, size: int = 10) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;x=y\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


LONG_PAGE = b"<p>" + b"word " * 2000
BODIES = {
    "plain": ("", LONG_PAGE, LONG_PAGE),
    "chunked": ("Transfer-Encoding: Chunked\r\n", chunked(LONG_PAGE), LONG_PAGE),
    "chunked with LF alone": ("Transfer-Encoding: chunked\r\n", b"3\n<p>\n2\nab\n0\n\n", b"<p>ab"),
    "chunked in name only": ("Transfer-Encoding: chunked\r\n", LONG_PAGE, LONG_PAGE),
    "chunked, cut": ("Transfer-Encoding: chunked\r\n", chunked(LONG_PAGE, 100)[:250], LONG_PAGE[:222]),
    "gzip": ("Content-Encoding: gzip\r\n", gzip.compress(LONG_PAGE), LONG_PAGE),
    "gzip in name only": ("Content-Encoding: gzip\r\n", LONG_PAGE, LONG_PAGE),
    "gzip, chunked": (
        "Content-Encoding: x-gzip\r\nTransfer-Encoding: chunked\r\n",
        chunked(gzip.compress(LONG_PAGE)),
        LONG_PAGE,
    ),
    "deflate": ("Content-Encoding: deflate\r\n", zlib.compress(LONG_PAGE), LONG_PAGE),
    "deflate without a frame": ("Content-Encoding: deflate\r\n", raw_deflate(LONG_PAGE), LONG_PAGE),
    "deflate in name only": ("Content-Encoding: deflate\r\n", LONG_PAGE, LONG_PAGE),
    "brotli in name only": ("Content-Encoding: br\r\n", LONG_PAGE, LONG_PAGE),
    "two encodings": (
        "Content-Encoding: deflate, gzip\r\n",
        gzip.compress(zlib.compress(LONG_PAGE)),
        LONG_PAGE,
    ),
    "an encoding that is a charset": ("Content-Encoding: UTF-8\r\n", LONG_PAGE, LONG_PAGE),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(name):
    fields, body, expected = BODIES[name]
    assert read_response(http(body, fields), 1 << 20).body == expected


@pytest.mark.parametrize("codec", ["brotli", "zstd"])
def test_bodies_that_arrow_decompresses(codec):
    pa = pytest.importorskip("pyarrow")
    body = pa.compress(LONG_PAGE, codec, asbytes=True)
    fields = f"Content-Encoding: {'br' if codec == 'brotli' else codec}\r\n"
    assert read_response(http(body, fields), 1 << 20).body == LONG_PAGE
    for broken, limit, reason in ((body[:-5], 1 << 20, "bad-http-response"), (body, 100, "record-too-large")):
        with pytest.raises(HttpError) as caught:
            read_response(http(broken, fields), limit)
        assert caught.value.reason == reason


def test_a_gzip_body_that_is_cut_gives_what_there_is():
    body = gzip.compress(bytes(DIGITS.choices(b"abcdefgh", k=5000)))
    whole = gzip.decompress(body)
    got = read_response(http(body[:1000], "Content-Encoding: gzip\r\n"), 1 << 20).body
    assert len(got) > 500
    assert whole.startswith(got)


def test_headers_as_servers_write_them():
    response = read_response(b"HTTP/1.0 200\nContent-Type:text/html\n\n<p>", 100)
    assert (response.status, response.content_type, response.body) == (200, "text/html", b"<p>")
    response = read_response(b"HTTP/1.1 204 No Content\r\n\r\n", 100)
    assert (response.status, response.content_type, response.body) == (204, "", b"")
    response = read_response(
        b"\r\nHTTP/2 200\r\nno colon\r\nContent-Type: a/b\r\ncontent-type: c/d;\r\n e=f\r\n", 100
    )
    assert (response.status, response.content_type, response.body) == (200, "c/d; e=f", b"")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_response(data):
    for block in (data, b"HTTP/1.1 200 OK\r\n" + data, http(data, "Transfer-Encoding: chunked\r\n")):
        try:
            response = read_response(block, 10_000)
        except HttpError as error:
            assert error.reason in ("bad-http-response", "record-too-large")
        else:
            assert len(response.body) <= 10_000
