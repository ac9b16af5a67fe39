"""WARC and WET: files that the tests build, whole, damaged and cut, and the real samples."""

import gzip
import io
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.corpus.warc import PAGE_KINDS, BadRecord, Skipped, WarcRecord, read_warc
from bluepencil.errors import InputError, OptionError
from conftest import SHARED_DATA

PAGE = b"<html><title>t</title><p>A page.</html>"
DIGITS = random.Random(1)


def record(
    kind: str,
    block: bytes,
    content_type: str = "application/http; msgtype=response",
    uri: str = "https://example.com/",
    length: int | None = None,
    extra: str = "",
) -> bytes:
    number = "".join(DIGITS.choices("0123456789abcdef", k=32))
    fields = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Date: 2024-04-25T16:24:44Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{number}>\r\nContent-Type: {content_type}\r\n{extra}"
        f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return fields.encode() + block + b"\r\n\r\n"


def http(
    body: bytes = PAGE, fields: str = "Content-Type: text/html; charset=utf-8\r\n", status: int = 200
) -> bytes:
    return f"HTTP/1.1 {status} Some Reason\r\n{fields}\r\n".encode() + body


def chunked(body: bytes, size: int = 10) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;x=y\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def page_record(number: int, size: int = 400) -> bytes:
    noise = bytes(DIGITS.choices(b"abcdefghijklmnop ", k=size))
    return record("response", http(b"<p>" + noise), uri=f"https://example.com/{number}")


def compressed(records: list[bytes]) -> bytes:
    return b"".join(gzip.compress(item, mtime=0) for item in records)


def read(data: bytes, **options):
    return list(read_warc(io.BytesIO(data), **options))


def codes(items) -> list[str]:
    return [item.record_type if isinstance(item, WarcRecord) else item.reason for item in items]


FORMS = {
    "plain": b"".join,
    "one member per record": compressed,
    "one member": lambda records: gzip.compress(b"".join(records), mtime=0),
    "members of two": lambda records: compressed(
        [b"".join(records[at : at + 2]) for at in range(0, len(records), 2)]
    ),
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def test_a_response():
    data = record("response", http(), uri="<https://example.com/a>", extra="WARC-IP-Address: 1.2.3.4\r\n")
    [item] = read(data)
    assert item == WarcRecord(
        position=0,
        record_type="response",
        uri="https://example.com/a",
        date="2024-04-25T16:24:44Z",
        record_id=item.record_id,
        content_type="text/html; charset=utf-8",
        payload=PAGE,
        status=200,
    )
    assert item.record_id.startswith("urn:uuid:")


def test_a_page_of_a_wet_file(form):
    text = "Título\nText – as it is.\n"
    info = record("warcinfo", b"software: x\r\n", "application/warc-fields")
    page = record(
        "conversion", text.encode(), "text/plain", extra="WARC-Identified-Content-Language: spa,eng\r\n"
    )
    skipped, item = read(form([info, page]))
    assert isinstance(skipped, Skipped)
    assert (item.text, item.languages, item.content_type, item.status) == (
        text,
        "spa,eng",
        "text/plain",
        None,
    )
    assert item.payload == text.encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (record("warcinfo", b"x: y\r\n", "application/warc-fields"), "record-type"),
        (record("request", b"GET / HTTP/1.1\r\n\r\n"), "record-type"),
        (record("metadata", b"x: y"), "record-type"),
        (record("revisit", http(b"")), "record-type"),
        (record("response", http(status=404)), "http-status"),
        (record("response", http(status=301)), "http-status"),
        (record("response", http(b"%PDF-", "Content-Type: application/pdf\r\n")), "not-html"),
        (record("response", http(b"{}", "Content-Type: application/json\r\n")), "not-html"),
        (record("response", http(b"just text", "")), "not-html"),
        (record("response", b"20240425 example.com", "text/dns"), "not-html"),
        (record("response", http(b" \r\n")), "empty-page"),
        (record("response", http(b"", "Content-Type: text/html\r\n")), "empty-page"),
        (record("resource", b"log", "text/plain"), "not-html"),
        (record("conversion", b" ", "text/plain"), "empty-page"),
        (record("conversion", b"x", "image/png"), "not-html"),
        (record("response", b"no http at all"), "bad-http-response"),
        (record("response", http(b"\x1f\x8bxx", "Content-Encoding: gzip\r\n")), "bad-http-response"),
        (record("resource", PAGE, "text/html; charset=utf-8"), "resource"),
        (record("conversion", PAGE, "text/html"), "conversion"),
        (record("response", http(PAGE, "")), "response"),
        (
            record("response", http(b"\xef\xbb\xbf <?xml version='1.0'?><!-- x --><!DOCTYPE html>", "")),
            "response",
        ),
        (record("response", http(PAGE, "content-type : Application/XHTML+xml\r\n")), "response"),
        (record("Response", http()), "response"),
    ],
)
def test_what_becomes_of_a_record(data, code, form):
    assert codes(read(form([data]))) == [code]


def test_other_kinds_on_demand():
    request = record("request", b"GET / HTTP/1.1\r\n\r\n")
    [item] = read(request, kinds=PAGE_KINDS | {"request"})
    assert (item.record_type, item.payload) == ("request", b"GET / HTTP/1.1\r\n\r\n")
    assert codes(read(record("response", http()), kinds=frozenset({"request"}))) == ["record-type"]


# Whole files, and where reading may start again


def test_every_position_is_a_place_to_start(form):
    records = [page_record(number) for number in range(9)]
    records[2:2] = [record("request", b"GET / HTTP/1.1\r\n\r\n"), record("response", http(), length=7)]
    data = form(records)
    items = read(data)
    assert len(items) == 11
    assert codes(items)[3] == "bad-record-length"
    positions = [item.position for item in items]
    assert positions == sorted(set(positions))
    for number, position in enumerate(positions):
        assert read(data, start=position) == items[number:]
    assert read(data, start=len(data) * 100) == []


def test_positions_are_those_of_the_stored_file():
    records = [page_record(number) for number in range(3)]
    for form, stored in (
        (b"".join, records),
        (compressed, [gzip.compress(item, mtime=0) for item in records]),
    ):
        sizes = [len(item) for item in stored]
        assert [item.position for item in read(form(records))] == [0, sizes[0], sizes[0] + sizes[1]]


def test_an_empty_file(form):
    assert read(b"") == []
    assert read(form([b""])) == []


def test_lone_line_feeds_and_missing_blank_lines():
    block = http().replace(b"\r\n", b"\n")
    sloppy = record("response", block).replace(b"\r\n", b"\n").rstrip(b"\n")
    for between in (b"", b"\n", b"\r\n", b"\n" * 9):
        items = read((sloppy + between) * 3)
        assert [item.payload for item in items] == [PAGE] * 3


def test_folded_header_fields():
    data = record(
        "response", http(), extra="X-Long: a\r\n b\r\nWARC-Identified-Content-Language: deu,\r\n\teng\r\n"
    )
    assert read(data)[0].languages == "deu, eng"


def test_zeros_after_the_last_member():
    data = compressed([page_record(1)]) + b"\0" * 200_000
    assert codes(read(data)) == ["response"]


def test_bytes_that_are_no_warc():
    assert codes(read(b"<html>" * 100)) == ["bad-record-header"]
    assert codes(read(gzip.compress(b"<html>" * 100))) == ["bad-record-header"]
    assert codes(read(b"\x1f\x8b\x08" + b"x" * 50)) == ["bad-gzip"]


# Damage


def test_a_damaged_member_costs_itself():
    members = [gzip.compress(page_record(number), mtime=0) for number in range(7)]
    starts = [sum(map(len, members[:number])) for number in range(7)]
    for place in (0, 3, len(members[3]) // 2, len(members[3]) - 6):
        for value in (0xFF, 0x55):
            data = bytearray(b"".join(members))
            data[starts[3] + place] ^= value
            items = read(bytes(data))
            good = [item.uri[-1] for item in items if isinstance(item, WarcRecord)]
            bad = [item for item in items if isinstance(item, BadRecord)]
            # A byte of the gzip header may not matter, such as the one that names the system.
            assert good == list("012456" if bad else "0123456")
            assert [item.position for item in bad] in ([], [starts[3]])


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_bytes_lost_between_members_cost_what_they_touch(cut):
    members = [gzip.compress(page_record(number), mtime=0) for number in range(6)]
    at = len(members[0]) + len(members[1]) - 10
    data = b"".join(members)
    items = read(data[:at] + data[at + cut :])
    good = [item.uri[-1] for item in items if isinstance(item, WarcRecord)]
    assert good == list("02345" if cut < 10 else "0345")
    assert sum(isinstance(item, BadRecord) for item in items) in (1, 2)


def test_the_first_member_damaged():
    data = bytearray(compressed([page_record(number) for number in range(3)]))
    data[0] = 0
    assert codes(read(bytes(data)))[-2:] == ["response", "response"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"WARC/1.0", b"WARX/1.0", "bad-record-header"),
        (b"Content-Length: ", b"Content-Lenxxx: ", "bad-record-header"),
        (b"Content-Length: ", b"Content-Length: -", "bad-record-header"),
        (b"Content-Length: ", b"Content-Length: 9", "bad-record-length"),
        (b"Content-Length: ", b"Content-Length: 99999", "bad-record-length"),
        (b"Content-Length: ", b"Content-Length: 99999999999999", "bad-record-length"),
        (b"WARC-Type: ", b"WARC-Tipo: ", "bad-record-header"),
        (b"charset=utf-8", b"", "bad-record-length"),
        (b"<p>", b"<p><p>", "bad-record-length"),
    ],
)
def test_a_damaged_record_costs_itself(old, new, code, form):
    records = [page_record(number) for number in range(6)]
    records[2] = records[2].replace(old, new)
    items = read(form(records))
    assert codes(items) == ["response"] * 2 + [code] + ["response"] * 3
    assert [item.uri[-1] for item in items if isinstance(item, WarcRecord)] == list("01345")


def test_a_cut_file_gives_what_stands_before_the_cut(form):
    records = [page_record(number) for number in range(6)]
    data = form(records)
    for end in range(0, len(data), 97):
        items = read(data[:end])
        good = [item.uri[-1] for item in items if isinstance(item, WarcRecord)]
        assert good == list("012345")[: len(good)]
        assert [type(item) for item in items[len(good) :]] in ([], [BadRecord])
        if len(items) > len(good):
            assert items[-1].reason in ("truncated-input", "bad-record-header")


def test_a_large_record_is_passed_over(form):
    records = [page_record(0), page_record(1, size=50_000), page_record(2)]
    items = read(form(records), max_bytes=20_000)
    assert codes(items) == ["response", "record-too-large", "response"]
    assert "50" in items[1].detail


def test_a_large_record_with_a_wrong_length():
    large = page_record(1, size=50_000)
    wrong = large.replace(b"Content-Length: 5", b"Content-Length: 6")
    records = [page_record(0), wrong, *(page_record(number, size=5_000) for number in range(2, 7))]
    items = read(b"".join(records), max_bytes=20_000)
    assert codes(items) == ["response", "bad-record-length", *["response"] * 5]


def test_a_small_record_that_decompresses_to_a_large_one():
    bomb = gzip.compress(b"<p>" + bytes(5_000_000))
    data = record("response", http(bomb, "Content-Type: text/html\r\nContent-Encoding: gzip\r\n"))
    assert codes(read(data, max_bytes=1_000_000)) == ["record-too-large"]


def test_streams_and_options_that_cannot_work():
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(InputError, match="can seek"):
        list(read_warc(Pipe(b"WARC/1.0")))
    with pytest.raises(OptionError):
        read(b"", start=-1)
    with pytest.raises(OptionError):
        read(b"", max_bytes=0)


# Anything at all

WHOLE = [
    record("warcinfo", b"x: y\r\n", "application/warc-fields"),
    *(page_record(number) for number in range(4)),
    record("response", http(gzip.compress(PAGE), "Content-Type: text/html\r\nContent-Encoding: gzip\r\n")),
    record("response", http(chunked(PAGE), "Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n")),
    record("conversion", "Text – text".encode(), "text/plain"),
]


def check_reading(data: bytes) -> None:
    items = read(data, max_bytes=100_000)
    positions = [item.position for item in items]
    assert positions == sorted(positions)
    assert all(isinstance(item, WarcRecord | Skipped | BadRecord) for item in items)
    if items:
        middle = items[len(items) // 2]
        again = read(data, start=middle.position, max_bytes=100_000)
        assert again == items[positions.index(middle.position) :]


def mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(changed))
        match chance.randrange(5):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at : at + chance.choice((1, 10, 500))]
            case 2:
                changed[at:at] = changed[at : at + chance.choice((1, 100, 1000))]
            case 3:
                changed[at:at] = chance.randbytes(chance.choice((1, 10, 100)))
            case 4:
                changed[at:at] = chance.choice((b"WARC/1.0\r\n", b"\x1f\x8b\x08", b"\r\n\r\n", b"\0" * 50))
    return bytes(changed)


def test_mutated_files(form):
    chance = random.Random(11)
    data = form(WHOLE)
    assert Counter(map(type, read(data))) == {WarcRecord: 7, Skipped: 1}
    for _ in range(400):
        check_reading(mutated(data, chance))


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [*WHOLE, b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 5\r\n\r\n", b"\r\n"]
            ),
            st.binary(max_size=30),
        ),
        max_size=6,
    ),
    st.sampled_from(list(FORMS)),
)
def test_any_bytes(pieces, name):
    check_reading(FORMS[name](pieces))


# The real samples


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sample-0000", {"page": 22, "record-type": 24, "not-html": 2}),
        ("sample-0001", {"page": 15, "record-type": 17, "not-html": 2}),
    ],
)
def test_real_files(name, expected):
    pytest.importorskip("selectolax", reason="selectolax is not installed (extra web)")
    path = SHARED_DATA / "warc" / f"{name}.warc.gz"
    if not path.is_file():
        pytest.skip("the real WARC files (../shared/data/warc) are not here")
    from bluepencil.corpus.html import render

    data = path.read_bytes()
    items = read(data)
    found = Counter("page" if isinstance(item, WarcRecord) else item.reason for item in items)
    assert found == expected
    for item in items:
        assert read(data, start=item.position)[0] == item
        if isinstance(item, WarcRecord):
            page = render(item.payload, encoding_hint=item.content_type)
            assert page.encoding == "utf-8"
            assert page.text.startswith(page.title)
            assert len(page.text.split("\n")) > 10
            assert "\ufffd" not in page.text
            assert item.uri.startswith("https://")
            assert item.status == 200
