"""Folders of source files as a corpus."""

from pathlib import Path

import pytest
from pyarrow import parquet

from bluepencil.api import documents, run_step
from bluepencil.code.steps import Syntax
from bluepencil.engine.results import read_results
from bluepencil.engine.state import read_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "pkg/__init__.py": b"",
        "pkg/a.py": b"\xef\xbb\xbfx = 1\n",
        "pkg/broken.py": b"def f(:\n",
        "pkg/latin.py": b"x = '\xe9'\n",
        "pkg/nul.py": b"x = 1\x00\n",
        "big.py": b"#" * 3000,
    }
    for name, content in files.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    return tmp_path / "in"


def test_a_file_is_a_document_with_its_path(folder: Path) -> None:
    found = {document.id: document.text for document in documents(folder)}
    assert found["pkg/a.py"] == "x = 1\n"
    assert found["pkg/__init__.py"] == ""
    assert [document.id for document in documents(folder / "pkg" / "a.py")] == ["a.py"]


def test_a_run_over_a_folder_loses_nothing(folder: Path, tmp_path: Path) -> None:
    manifest = run_step(Syntax(), folder, tmp_path / "out", max_record_mb=0.002, unit_mb=0.001)
    assert manifest["totals"]["rows"] == 6
    assert manifest["totals"]["reasons"] == {
        "dropped:syntax-error": 1,
        "failed:bad-encoding": 1,
        "failed:nul-character": 1,
        "failed:record-too-large": 1,
    }
    assert len(manifest["units"]) > 1
    rows = parquet.read_table(tmp_path / "out" / "data").to_pylist()
    assert rows == [
        {"id": "pkg/__init__.py", "path": "pkg/__init__.py", "text": ""},
        {"id": "pkg/a.py", "path": "pkg/a.py", "text": "x = 1\n"},
    ]
    shown = {result.row["id"]: result.source for result in read_results(tmp_path / "out")}
    assert shown["pkg/broken.py"].text == "def f(:\n"
    again = run_step(Syntax(), folder, tmp_path / "out", max_record_mb=0.002, unit_mb=0.001)
    assert again == manifest == read_manifest(tmp_path / "out")
