from pathlib import Path

import pytest

from bluepencil.corpus.paths import Kind, files_of, resolve
from bluepencil.errors import InputError
from conftest import write_rows

ROW = [{"text": "a"}]


def test_folders_and_globs_name_readable_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.jsonl", "a.jsonl.gz", "deep/c.jsonl.zst", ".hidden.jsonl", "_SUCCESS.json", "notes.txt"):
        write_rows(tmp_path / name, ROW)
    sources = resolve([tmp_path])
    assert [s.name for s in sources] == ["a.jsonl.gz", "b.jsonl", "deep/c.jsonl.zst"]
    assert [s.compression for s in sources] == ["gzip", None, "zstd"]
    assert [s.name for s in resolve([f"{tmp_path}/*.jsonl*"])] == ["a.jsonl.gz", "b.jsonl"]
    assert {s.kind for s in sources} == {Kind.JSON_LINES}


def test_the_ledger_of_a_run_is_no_input(tmp_path: Path) -> None:
    for name in ("data/part.jsonl", "ledger/part.jsonl", "manifest.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_rows(tmp_path / name, ROW)
    assert [s.name for s in resolve([tmp_path])] == ["part.jsonl"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", ROW)
    assert len(resolve([path, tmp_path, f"{tmp_path}/a.*"])) == 1


def test_a_name_with_glob_characters_is_a_file_if_there_is_one(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a[1].jsonl", ROW)
    assert resolve([path])[0].name == "a[1].jsonl"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("missing.jsonl", "there is no input"),
        ("empty", "is a folder without a readable file"),
        ("*.parquet", "matches no readable file"),
        ("notes.txt", "tells no format"),
        ("no-such-scheme://x/y.jsonl", "cannot be opened"),
    ],
)
def test_what_cannot_be_read_is_said_at_once(tmp_path: Path, entry: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    named = entry if "://" in entry else f"{tmp_path}/{entry}"
    with pytest.raises(InputError, match=message):
        resolve([named])


def test_files_of_code_are_an_input_where_there_is_nothing_else(tmp_path: Path) -> None:
    for name in (
        "pkg/__init__.py",
        "pkg/.venv/a.py",
        "pkg/_b.c",
        "pkg/notes.txt",
        "pkg/.c.py",
        "pkg/deep/D.PY",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    (folder,) = resolve([tmp_path / "pkg"])
    assert (folder.kind, folder.name, folder.size) == (Kind.CODE, "pkg", 18)
    names = [Path(url).name for url, _ in files_of(folder.url, Kind.CODE)]
    assert names == ["__init__.py", "_b.c", "D.PY"]
    assert [s.name for s in resolve([f"{tmp_path}/pkg/*"])] == ["__init__.py", "_b.c"]
    assert resolve([tmp_path / "pkg" / "__init__.py"])[0].kind is Kind.CODE
    # Scripts beside pages or data are none of the corpus.
    (tmp_path / "pkg" / "a.html").write_text("<p>x")
    assert [s.kind for s in resolve([tmp_path / "pkg"])] == [Kind.HTML]
    write_rows(tmp_path / "pkg" / "a.jsonl", ROW)
    assert [s.kind for s in resolve([tmp_path / "pkg"])] == [Kind.JSON_LINES, Kind.HTML]
    assert [s.name for s in resolve([f"{tmp_path}/pkg/*"])] == ["a.html", "a.jsonl"]


def test_addresses_are_opened_through_fsspec() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    with memory.open("/bucket/a.jsonl", "wb") as file:
        file.write(b'{"text": "a"}\n')
    (source,) = resolve(["memory://bucket/a.jsonl"])
    with source.open() as stored:
        assert stored.read() == b'{"text": "a"}\n'
    assert source.name == "a.jsonl"
