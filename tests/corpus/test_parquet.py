from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bluepencil.corpus.block import BadRecord
from bluepencil.corpus.jsonlines import JsonReading
from bluepencil.corpus.parquet import blocks, check_schema, row_groups
from bluepencil.corpus.paths import resolve
from bluepencil.errors import InputError

BIG = 1 << 30


def table(texts: list[str | None], kind: pa.DataType | None = None) -> pa.Table:
    n = len(texts)
    return pa.table(
        {
            "id": pa.array(range(n), pa.uint16()),
            "text": pa.array(texts, kind or pa.string()),
            "when": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * n, pa.timestamp("us", "UTC")),
            "price": pa.array([Decimal("1.10")] * n, pa.decimal128(9, 2)),
            "tags": pa.array([["a", None]] * n),
            "blob": pa.array([b"\xff"] * n),
        },
        schema=None,
    ).replace_schema_metadata({"made by": "a test"})


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_only_the_text_column_changes(tmp_path: Path, kind: pa.DataType) -> None:
    before = table(["one", "two", "three"], kind)
    pq.write_table(before, tmp_path / "a.parquet", row_group_size=2)
    (source,) = resolve([tmp_path / "a.parquet"])
    schema = check_schema(source, "text")
    assert row_groups(source, 1) == [(0, 1), (1, 2)]
    (first,) = blocks(source, (0, 1), JsonReading("text", "id"), BIG)
    (second,) = blocks(source, (1, 2), JsonReading("text", "id"), BIG)
    assert [r.id for r in first.records] == ["0", "1"]  # type: ignore[union-attr]
    assert list(second.positions) == [2]
    out = pa.concat_tables([first.table([(1, "TWO")], schema), second.table([(0, None)], schema)])
    expected = before.slice(1).set_column(
        1, before.schema.field("text"), pa.array(["TWO", "three"]).cast(kind)
    )
    assert out.to_pydict() == expected.to_pydict()
    assert out.schema.equals(before.schema, check_metadata=False)
    assert out.schema.metadata[b"made by"] == b"a test"


def test_bad_rows_are_counted_and_kept_aside(tmp_path: Path) -> None:
    bad_utf8 = pa.array([b"\xff"]).view(pa.string())
    texts = pa.concat_arrays([pa.array(["fine", None, "a\0b", "long" * 10]), bad_utf8])
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    (source,) = resolve([tmp_path / "a.parquet"])
    (block,) = blocks(source, (0, 1), JsonReading("text", "id"), 30)
    reasons = [r.reason if isinstance(r, BadRecord) else r.id for r in block.records]
    assert reasons == ["a.parquet@0", "text-missing", "nul-character", "record-too-large", "bad-encoding"]
    assert all(r.raw for r in block.records if isinstance(r, BadRecord))


def test_rows_become_json_lines(tmp_path: Path) -> None:
    pq.write_table(table(["one"]), tmp_path / "a.parquet")
    (source,) = resolve([tmp_path / "a.parquet"])
    (block,) = blocks(source, (0, 1), JsonReading("text", "id"), BIG)
    line = (
        b'{"id":0,"text":"ONE","when":"2026-01-01T00:00:00Z","price":"1.10","tags":["a",null],"blob":"/w=="}'
    )
    assert block.json_lines([(0, "ONE")]) == line + b"\n"


@pytest.mark.parametrize(("name", "message"), [("missing", "has no column"), ("id", "not text")])
def test_a_text_column_that_is_none_is_said_before_the_run(tmp_path: Path, name: str, message: str) -> None:
    pq.write_table(table(["one"]), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=message):
        check_schema(resolve([tmp_path / "a.parquet"])[0], name)


def test_a_file_that_is_no_parquet_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        check_schema(resolve([tmp_path / "a.parquet"])[0], "text")
