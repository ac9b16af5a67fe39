"""Web archives, folders of HTML and columns of HTML through `refine`."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bluepencil.engine.ledger import ledger_rows
from bluepencil.engine.results import read_results
from cli.test_cli import bluepencil
from conftest import SHARED_DATA, write_rows

pytest.importorskip("selectolax", reason="the extra web is not installed")

PAGE = "<html><title>Mill</title><body><nav>Home</nav><p>The mill stood by the river.</p></body></html>"


def warc(pages: list[tuple[str, bytes]]) -> bytes:
    """Return a WARC file, one gzip member per record, with a request before each response."""
    records = b""
    for number, (kind, body) in enumerate(pages):
        http = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + body
        for record_type, block in (("request", b"GET / HTTP/1.1\r\n\r\n"), ("response", http)):
            head = (
                f"WARC/1.0\r\nWARC-Type: {record_type}\r\n"
                f"WARC-Record-ID: <urn:uuid:{record_type}-{number}>\r\n"
                f"WARC-Target-URI: https://example.com/{number}\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
                f"Content-Type: application/http\r\nContent-Length: {len(block)}\r\n\r\n"
            )
            records += gzip.compress(head.encode() + block + b"\r\n\r\n")
    return records


@pytest.mark.parametrize("unit_mb", ["64", "0.001"])
def test_a_web_archive_becomes_documents_with_their_addresses(tmp_path: Path, unit_mb: str) -> None:
    pages = [("text/html", PAGE.replace("mill", f"mill number {i}").encode()) for i in range(6)]
    pages.insert(2, ("image/png", b"\x89PNG"))
    (tmp_path / "a.warc.gz").write_bytes(warc(pages))
    arguments = ["refine", tmp_path / "a.warc.gz", "-o", tmp_path / "out", "--refiner", "none"]
    done = bluepencil(*arguments, "--unit-mb", unit_mb)
    assert done.returncode == 0, done.stderr
    rows = pq.ParquetDataset(tmp_path / "out" / "data").read().to_pylist()
    assert [row["url"] for row in rows] == [f"https://example.com/{i}" for i in (0, 1, 3, 4, 5, 6)]
    assert rows[0]["text"] == "Mill\nHome\nThe mill number 0 stood by the river."
    ledger = [row for part in sorted((tmp_path / "out" / "ledger").iterdir()) for row in ledger_rows(part)]
    assert len(ledger) == 14
    assert [row["reason"] for row in ledger].count("record-type") == 7
    assert [row["reason"] for row in ledger].count("not-html") == 1
    assert len(list(read_results(tmp_path / "out"))) == 14


def test_a_cut_off_archive_is_counted(tmp_path: Path) -> None:
    data = warc([("text/html", PAGE.encode())] * 20)
    (tmp_path / "a.warc.gz").write_bytes(data[:-40])
    done = bluepencil("refine", tmp_path / "a.warc.gz", "-o", tmp_path / "out", "--refiner", "none")
    assert done.returncode == 3
    assert "19 unchanged" in done.stdout


def test_a_folder_of_html_is_one_input(tmp_path: Path) -> None:
    (tmp_path / "pages" / "deep").mkdir(parents=True)
    for name in ("b.html", "a.htm", "deep/c.html"):
        (tmp_path / "pages" / name).write_text(PAGE)
    (tmp_path / "pages" / "broken.html").write_bytes(b"\xff\xfe<<<<\x00\x00")
    arguments = [
        "refine",
        tmp_path / "pages",
        "-o",
        tmp_path / "out",
        "--refiner",
        "none",
        "--unit-mb",
        "0.001",
    ]
    done = bluepencil(*arguments, "--format", "jsonl.zst")
    assert done.returncode == 0, done.stderr
    results = list(read_results(tmp_path / "out"))
    assert [r.row["id"] for r in results] == ["a.htm", "b.html", "broken.html", "deep/c.html"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert len(manifest["inputs"]) == 1


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("data_format", ["parquet", "jsonl.zst"])
def test_a_column_of_html_is_rendered(tmp_path: Path, kind: str, data_format: str) -> None:
    rows = [{"id": "x", "html": PAGE}, {"id": "y", "html": None}]
    path = tmp_path / f"a.{kind}"
    if kind == "jsonl":
        write_rows(path, rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    arguments = ["refine", path, "-o", tmp_path / "out", "--refiner", "none", "--format", data_format]
    done = bluepencil(*arguments, "--html-field", "html")
    assert done.returncode == 0, done.stderr
    (good, bad) = read_results(tmp_path / "out")
    assert good.output == "Mill\nHome\nThe mill stood by the river."
    assert bad.row["reason"] == "text-missing"
    again = bluepencil("replay", tmp_path / "out", path, "-o", tmp_path / "again")
    assert again.returncode == 0, again.stderr


def test_real_archives_end_to_end(tmp_path: Path) -> None:
    if not (SHARED_DATA / "warc").is_dir():
        pytest.skip("the real web archives (../shared/data/warc) are not here")
    done = bluepencil("refine", SHARED_DATA / "warc", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rows = pq.ParquetDataset(tmp_path / "out" / "data").read().to_pylist()
    assert len(rows) > 20
    assert all(row["url"].startswith("http") and row["text"].strip() for row in rows)
