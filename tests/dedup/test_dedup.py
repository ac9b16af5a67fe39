import gzip
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from bluepencil.api import deduplicate
from bluepencil.errors import OutputError
from conftest import SHARED_DATA, write_lines, write_rows
from engine.test_run import contents

pytest.importorskip("datasketch", reason="near duplicates need the extra `dedup`")

LETTERS = random.Random(0)
WORDS = ["".join(LETTERS.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(3000)]


def page(seed: int, changed: int = 0) -> str:
    """Return 400 random words; the last `changed` of them differ from those of the same page unchanged."""
    words = random.Random(seed).choices(WORDS, k=400)
    return " ".join([*words[: len(words) - changed], *(f"other{seed}x{n}" for n in range(changed))])


def ledger(output: Path) -> list[dict[str, Any]]:
    parts = sorted((output / "ledger").glob("*.parquet"))
    return [row for part in parts for row in parquet.read_table(part).to_pylist()]


def kept(output: Path) -> list[str]:
    parts = sorted((output / "data").glob("*.parquet"))
    return [row["id"] for part in parts for row in parquet.read_table(part).to_pylist()]


def rows() -> list[dict[str, Any]]:
    return [
        {"id": "a", "text": page(1), "path": "a.py"},
        {"id": "b", "text": page(2)},
        {"id": "a again", "text": page(1).replace(" ", "\n  ")},
        {"id": "near a", "text": page(1, changed=8)},
        {"id": "far from a", "text": page(1, changed=150)},
        {"id": "empty", "text": ""},
        {"id": "copy of near a", "text": page(1, changed=8)},
        {"id": "blank", "text": " \n"},
        {"id": "b", "text": page(3)},
        {"id": "b", "text": page(2)},
    ]


def test_the_first_of_what_is_alike_is_kept_and_the_ledger_says_of_what_the_rest_is_one(
    tmp_path: Path,
) -> None:
    source = write_rows(tmp_path / "in.jsonl", rows())
    manifest = deduplicate(source, tmp_path / "out", workers=1)
    assert kept(tmp_path / "out") == ["a", "b", "far from a", "empty", "b"]
    assert manifest["totals"]["outcomes"] == {"unchanged": 5, "edited": 0, "dropped": 5, "failed": 0}
    assert manifest["totals"]["reasons"] == {"dropped:duplicate": 3, "dropped:near-duplicate": 2}
    found = {}
    for number, row in enumerate(ledger(tmp_path / "out")):
        if row["status"] == "dropped":
            notes = json.loads(row["annotations"])
            found[number] = (row["reason"], notes["duplicate_of"], notes["similarity"])
            assert notes["duplicate_of"] in row["detail"]
    near = found[3][2]
    assert 0.85 <= near < 1
    assert found == {
        2: ("duplicate", "a", 1.0),
        3: ("near-duplicate", "a", near),
        6: ("near-duplicate", "a", near),
        7: ("duplicate", "empty", 1.0),
        9: ("duplicate", "b", 1.0),
    }
    # Of three documents with one id, the place tells which.
    places = [json.loads(row["annotations"])["duplicate_of_position"] for row in ledger(tmp_path / "out")[9:]]
    assert places == [ledger(tmp_path / "out")[1]["position"]]
    assert not (tmp_path / "out.dedup").exists()


def test_exact_needs_no_signatures(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", rows())
    deduplicate(source, tmp_path / "out", duplicates={"near": False}, workers=1)
    assert kept(tmp_path / "out") == ["a", "b", "near a", "far from a", "empty", "b"]


def test_a_lower_threshold_uses_the_signatures_again(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", rows())
    deduplicate(source, tmp_path / "out", keep_signatures=True, workers=1)
    signatures = tmp_path / "out.dedup" / "signatures"
    before = {path: path.stat().st_mtime_ns for path in signatures.rglob("*.parquet")}
    with pytest.raises(OutputError, match="threshold"):
        deduplicate(source, tmp_path / "out", duplicates={"threshold": 0.3}, workers=1)
    (tmp_path / "out").rename(tmp_path / "first")
    deduplicate(source, tmp_path / "out", duplicates={"threshold": 0.3}, workers=1)
    assert kept(tmp_path / "out") == ["a", "b", "empty", "b"]
    assert before
    assert not (tmp_path / "out.dedup").exists()


def corpus(folder: Path, count: int = 300) -> Path:
    """Write a corpus in three formats in which every fifth document is like one somewhere before it."""
    folder.mkdir()
    chance = random.Random(1)
    made: list[dict[str, Any]] = []
    for number in range(count):
        same = number % 5 == 4
        seed = 5 * chance.randrange(number // 5 + 1) if same else number
        made.append({"id": str(number % 40), "text": page(seed, chance.choice([0, 5]) if same else 0)})
    third = count // 3
    write_rows(folder / "a.jsonl", made[:third])
    write_rows(folder / "b.jsonl.zst", made[third : 2 * third])
    parquet.write_table(pa.Table.from_pylist(made[2 * third :]), folder / "c.parquet", row_group_size=20)
    return folder


def test_the_result_does_not_depend_on_workers_units_or_interruptions(tmp_path: Path) -> None:
    source = corpus(tmp_path / "in")
    deduplicate(source, tmp_path / "one", workers=1, unit_mb=0.05)
    deduplicate(source, tmp_path / "two", workers=2, unit_mb=0.05)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    deduplicate(source, tmp_path / "three", workers=2)
    assert [row["id"] for row in ledger(tmp_path / "three")] == [
        row["id"] for row in ledger(tmp_path / "one")
    ]
    assert [row["status"] for row in ledger(tmp_path / "three")] == [
        row["status"] for row in ledger(tmp_path / "one")
    ]
    dropped = sum(row["status"] == "dropped" for row in ledger(tmp_path / "one"))
    assert dropped == 60


@pytest.mark.slow
def test_killed_and_started_again_it_comes_to_the_same(tmp_path: Path) -> None:
    source = corpus(tmp_path / "in", 500)
    deduplicate(source, tmp_path / "reference", workers=1, unit_mb=0.05)
    program = (
        "import sys; from bluepencil.api import deduplicate; "
        "deduplicate(sys.argv[1], sys.argv[2], workers=1, unit_mb=0.05)"
    )
    output = tmp_path / "out"
    moments = random.Random(0)
    kills = 0
    while True:
        process = subprocess.Popen([sys.executable, "-c", program, str(source), str(output)])
        deadline = time.monotonic() + 0.3 + 0.3 * kills + moments.random() * 0.1
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if process.poll() is not None:
            break
        process.kill()
        process.wait()
        kills += 1
    assert process.returncode == 0
    assert kills >= 2
    assert contents(output) == contents(tmp_path / "reference")


def test_a_finished_run_is_not_done_again(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", rows())
    first = deduplicate(source, tmp_path / "out", workers=1)
    assert deduplicate(source, tmp_path / "out", workers=1) == first
    assert not (tmp_path / "out.dedup").exists()
    assert deduplicate(source, tmp_path / "out", workers=1, fresh=True)["totals"] == first["totals"]


def test_bad_records_are_no_documents_in_either_pass(tmp_path: Path) -> None:
    good = [json.dumps(row).encode() for row in rows()]
    surrogate = b'{"id": "s", "text": "x", "path": "\\ud800"}'
    source = write_lines(tmp_path / "in.jsonl", [b"no json", good[0], surrogate, b'{"id": "x"}', good[2]])
    for data_format, kept_too in (("parquet", 0), ("jsonl.zst", 0)):
        output = tmp_path / data_format
        manifest = deduplicate(source, output, workers=1, data_format=data_format)
        outcomes = manifest["totals"]["outcomes"]
        assert (outcomes["unchanged"], outcomes["dropped"], outcomes["failed"]) == (1 + kept_too, 1, 3)
        assert "failed:source-differs" not in manifest["totals"]["reasons"]


def test_the_output_may_lie_in_the_folder_of_the_input(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", rows())
    deduplicate(tmp_path, tmp_path / "out", workers=1)
    again = deduplicate(tmp_path, tmp_path / "out", workers=1)
    assert again["totals"]["rows"] == len(rows())


def test_what_is_not_ours_is_left_there(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", rows())
    (tmp_path / "out.dedup").mkdir()
    (tmp_path / "out.dedup" / "notes.txt").write_text("mine")
    deduplicate(source, tmp_path / "out", workers=1)
    assert [path.name for path in (tmp_path / "out.dedup").iterdir()] == ["notes.txt"]


def test_on_real_code(tmp_path: Path) -> None:
    source = SHARED_DATA / "code" / "geekcomputers.jsonl.gz"
    if not source.exists():
        pytest.skip("the real code (../shared/data/code) is not here")
    with gzip.open(source, "rt", encoding="utf-8") as file:
        made = [json.loads(line) for line in file][:200]
    texts = [{"id": str(number), "text": row["raw"]} for number, row in enumerate(made)]
    texts += [{"id": f"copy of {row['id']}", "text": f"# a copy\n{row['text']}"} for row in texts]
    write_rows(tmp_path / "in.jsonl", texts)
    deduplicate(tmp_path / "in.jsonl", tmp_path / "out", workers=1)
    long_enough = {f"copy of {row['id']}" for row in texts[:200] if len(row["text"]) > 1000}
    left = set(kept(tmp_path / "out"))
    assert len(long_enough) > 50
    assert not long_enough & left
