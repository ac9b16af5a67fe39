from pathlib import Path

import pytest

from bluepencil.corpus.block import BadRecord
from bluepencil.corpus.jsonlines import JsonReading, blocks
from bluepencil.corpus.paths import resolve
from bluepencil.documents import Document
from conftest import write_lines


def read(tmp_path: Path, lines: list[bytes], **options: object) -> list[object]:
    (source,) = resolve([write_lines(tmp_path / "a.jsonl", lines)])
    reading = JsonReading("text", "id", **options)  # type: ignore[arg-type]
    numbered = [(sum(len(x) + 1 for x in lines[:i]), line) for i, line in enumerate(lines)]
    return [r for block in blocks(iter(numbered), source, reading) for r in block.records]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "not-json"),
        (b'{"text": "a"', "not-json"),
        (b'{"text": "a"} {}', "not-json"),
        (b'["text"]', "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"{}", "text-missing"),
        (b'{"text": null}', "text-missing"),
        (b'{"text": 5}', "text-not-a-string"),
        (b'{"text": ["a"]}', "text-not-a-string"),
        (b'{"text": "a\\u0000b"}', "nul-character"),
        (b'{"text": "\\ud800"}', "bad-encoding"),
        (b'{"text": "a", "x": "\\udfff"}', "bad-encoding"),
        (b'{"text": "\xff"}', "bad-encoding"),
        (b'{"te\xffxt": "a"}', "bad-encoding"),
        (b'{"text": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not-json"),
    ],
)
def test_a_bad_record_has_a_reason(tmp_path: Path, line: bytes, reason: str) -> None:
    good, bad = read(tmp_path, [b'{"text": "fine"}', line])
    assert isinstance(good, Document)
    assert isinstance(bad, BadRecord)
    assert bad.reason == reason
    assert bad.raw == line


def test_ids_are_text_or_made_from_the_place(tmp_path: Path) -> None:
    lines = [b'{"id":"x","text":"a"}', b'{"id":7,"text":"a"}', b'{"id":null,"text":"a"}', b'{"text":"a"}']
    assert [d.id for d in read(tmp_path, lines)] == ["x", "7", "a.jsonl@42", "a.jsonl@65"]  # type: ignore[attr-defined]


def test_fields_are_carried_through_as_they_came(tmp_path: Path) -> None:
    line = b'{"big": 123456789012345678901234567890, "x": 1.50, "n": {"b": [1, null]}, "text": "old"}'
    (source,) = resolve([write_lines(tmp_path / "a.jsonl", [line])])
    (block,) = blocks(iter([(0, line)]), source, JsonReading("text", "id"))
    new = b'{"big":123456789012345678901234567890,"x":1.50,"n":{"b": [1, null]},"text":"new \xe2\x80\xa8"}\n'
    assert block.json_lines([(0, "new \u2028")]) == new
    (block,) = blocks(iter([(0, line)]), source, JsonReading("text", "id"))
    assert block.json_lines([(0, None)]) == line + b"\n"


def test_numbers_that_only_python_writes_survive(tmp_path: Path) -> None:
    line = b'{"text": "a", "score": NaN, "top": -Infinity}'
    (source,) = resolve([write_lines(tmp_path / "a.jsonl", [line])])
    (block,) = blocks(iter([(0, line)]), source, JsonReading("text", "id"))
    assert block.json_lines([(0, "b")]) == b'{"text":"b","score":NaN,"top":-Infinity}\n'


def test_a_byte_order_mark_is_no_part_of_the_first_record(tmp_path: Path) -> None:
    (document,) = read(tmp_path, [b'\xef\xbb\xbf{"text": "a"}'])
    assert isinstance(document, Document)
