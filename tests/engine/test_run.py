import json
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bluepencil.api import run_step
from bluepencil.engine.ledger import ledger_rows
from bluepencil.engine.results import read_results
from bluepencil.errors import DiskFullError, InputError, OutputError, RunError
from conftest import write_lines, write_rows
from engine.steps import Shorten


def rows(count: int) -> list[dict[str, Any]]:
    texts = ["DROP this one.", "same", "First sentence. Second sentence."]
    return [{"id": i, "text": texts[i % 3], "meta": {"n": i}} for i in range(count)]


def contents(output: Path) -> dict[str, bytes]:
    """Every byte that a run leaves, by path; the manifest without what differs between inputs' places."""
    found = {str(p.relative_to(output)): p.read_bytes() for p in sorted(output.rglob("*")) if p.is_file()}
    manifest = json.loads(found.pop("manifest.json"))
    return {**found, "totals": json.dumps(manifest["totals"]).encode()}


def ledger(output: Path) -> list[dict[str, Any]]:
    parts = sorted((output / "ledger").iterdir())
    return [dict(row) for part in parts for row in ledger_rows(part)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
@pytest.mark.parametrize("data_format", ["parquet", "jsonl.zst"])
def test_every_record_has_one_outcome(tmp_path: Path, name: str, data_format: str) -> None:
    write_rows(tmp_path / name, rows(100))
    manifest = run_step(Shorten(), tmp_path / name, tmp_path / "out", data_format=data_format, unit_mb=0.001)
    assert len(manifest["units"]) > 2
    assert manifest["totals"]["outcomes"] == {"unchanged": 33, "edited": 33, "dropped": 34, "failed": 0}
    assert manifest["totals"]["reasons"] == {"dropped:asked": 34}
    results = list(read_results(tmp_path / "out"))
    assert [r.row["id"] for r in results] == [str(i) for i in range(100)]
    assert [r.output for r in results[:3]] == [None, "same", "First sentence."]
    assert [r.source.text for r in results if r.source][:2] == ["DROP this one.", "same"]
    assert not (tmp_path / "out" / "state").exists()


def test_parquet_in_parquet_out_keeps_types(tmp_path: Path) -> None:
    import pyarrow as pa

    table = pa.table({"text": ["One. Two.", None, "same"], "n": pa.array([1, None, 3], pa.int16())})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1)
    manifest = run_step(Shorten(), tmp_path / "a.parquet", tmp_path / "out", unit_mb=0.00001)
    assert manifest["totals"]["outcomes"] == {"unchanged": 1, "edited": 1, "dropped": 0, "failed": 1}
    out = pq.ParquetDataset(tmp_path / "out" / "data").read()
    assert out.schema.equals(table.schema)
    assert out.to_pydict() == {"text": ["One.", "same"], "n": [1, 3]}


def test_a_late_field_and_a_null_first_lose_nothing(tmp_path: Path) -> None:
    data = [
        {"text": "a", "x": None},
        {"text": "b", "x": {"y": [1]}},
        {"text": "c", "late": 0.5},
        {"text": "d", "x": 3},
    ]
    write_rows(tmp_path / "a.jsonl", data)
    run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", unit_mb=0.00001)
    out = pq.ParquetDataset(tmp_path / "out" / "data").read().to_pylist()
    assert [r["x"] for r in out] == [None, '{"y": [1]}', None, "3"]
    assert [r["late"] for r in out] == [None, None, 0.5, None]


def test_the_output_is_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(200))
    write_rows(tmp_path / "b.jsonl.gz", rows(200))
    for workers in (1, 3):
        run_step(Shorten(), tmp_path, tmp_path.parent / f"out{workers}", workers=workers, unit_mb=0.002)
    assert contents(tmp_path.parent / "out1") == contents(tmp_path.parent / "out3")


def test_bad_records_cost_themselves_and_are_kept_aside(tmp_path: Path) -> None:
    lines = [
        b'{"text": "fine"}',
        b"junk",
        b"",
        b'{"text": 1}',
        b'{"text": "long ' + b"x" * 5000 + b'"}',
        b'{"text": "ok"}',
    ]
    write_lines(tmp_path / "a.jsonl", lines)
    manifest = run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", max_record_mb=0.001)
    assert manifest["totals"]["outcomes"] == {"unchanged": 2, "edited": 0, "dropped": 0, "failed": 3}
    found = ledger(tmp_path / "out")
    assert [(r["reason"], r["position"]) for r in found] == [
        ("", 0),
        ("not-json", 17),
        ("text-not-a-string", 23),
        ("record-too-large", 35),
        ("", 35 + len(lines[4]) + 1),
    ]
    assert found[1]["record"] == b"junk"
    assert manifest["totals"]["data_rows"] == 2


@pytest.mark.parametrize(("on_failure", "kept"), [("keep", 3), ("drop", 1)])
def test_a_document_that_fails_costs_itself(tmp_path: Path, on_failure: str, kept: int) -> None:
    write_rows(tmp_path / "a.jsonl", [{"text": "RAISE it."}, {"text": "fine"}, {"text": "NO-MEMORY"}])
    manifest = run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", on_failure=on_failure)
    assert manifest["totals"]["reasons"] == {"failed:out-of-memory": 1, "failed:step-error": 1}
    assert manifest["totals"]["data_rows"] == kept
    assert "asked to raise" in ledger(tmp_path / "out")[0]["detail"]


def test_on_failure_stop_names_the_document(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", [{"text": "fine"}, {"id": "culprit", "text": "RAISE it."}])
    with pytest.raises(RunError, match=r"culprit.*step-error"):
        run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", on_failure="stop")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_document_that_kills_its_worker_costs_itself(tmp_path: Path) -> None:
    data = rows(30)
    data[17]["text"] = "KILL the worker."
    write_rows(tmp_path / "a.jsonl.gz", data)
    manifest = run_step(Shorten(), tmp_path / "a.jsonl.gz", tmp_path / "out", unit_mb=0.001, workers=2)
    assert manifest["totals"]["rows"] == 30
    assert manifest["totals"]["reasons"]["failed:worker-died"] == 1
    assert [r["id"] for r in ledger(tmp_path / "out") if r["reason"] == "worker-died"] == ["17"]


def test_a_document_that_hangs_costs_itself(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", [{"text": "one"}, {"text": "HANG"}, {"text": "two"}])
    manifest = run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", hang_seconds=1.0)
    assert manifest["totals"]["reasons"] == {"failed:hung": 1}
    assert manifest["totals"]["outcomes"]["unchanged"] == 2


def test_a_worker_killed_once_loses_nothing(tmp_path: Path) -> None:
    data = rows(30)
    data[11]["text"] = "ONCE"
    write_rows(tmp_path / "a.jsonl", data)
    step = Shorten(kill_once=str(tmp_path / "killed"))
    manifest = run_step(step, tmp_path / "a.jsonl", tmp_path / "out", unit_mb=0.001)
    assert (tmp_path / "killed").exists()
    assert manifest["totals"]["outcomes"]["failed"] == 0


def test_a_unit_that_always_fails_is_quarantined_and_the_run_goes_on(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(60))
    output = tmp_path / "broken"
    # A folder in the way of the part makes the commit of that one unit fail each time.
    (output / "state").mkdir(parents=True)
    (output / "ledger" / "part-00000-000001.parquet" / "in the way").mkdir(parents=True)
    (output / "state" / "run.json").write_bytes(json.dumps(asked(tmp_path / "a.jsonl", output)).encode())
    manifest = run_step(Shorten(), tmp_path / "a.jsonl", output, unit_mb=0.001)
    assert [entry["unit"] for entry in manifest["quarantined"]] == [[0, 1]]
    assert "IsADirectoryError" in manifest["quarantined"][0]["why"]
    done = manifest["totals"]["rows"]
    assert 0 < done < 60
    (output / "ledger" / "part-00000-000001.parquet" / "in the way").rmdir()
    (output / "ledger" / "part-00000-000001.parquet").rmdir()
    manifest = run_step(Shorten(), tmp_path / "a.jsonl", output, unit_mb=0.001)
    assert manifest["quarantined"] == []
    assert manifest["totals"]["rows"] == 60


def asked(path: Path, output: Path) -> dict[str, Any]:
    """Return the state that a run of `Shorten` over `path` would write first."""
    from dataclasses import replace

    from bluepencil.corpus.paths import resolve
    from bluepencil.corpus.read import Reading
    from bluepencil.engine.job import Job
    from bluepencil.engine.state import fingerprint

    reading = replace(Reading(), unit_bytes=int(0.001 * (1 << 20)), whole=True)
    return {"asked": fingerprint(Job(resolve([path]), output, Shorten(), reading)), "columns": None}


def test_a_finished_run_is_not_done_again(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(10))
    first = run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    assert run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out") == first
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "data").rglob("*")}.items() <= before.items()


def test_another_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(10))
    run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out")
    with pytest.raises(OutputError, match=r"on_failure: 'keep' then, 'drop' now"):
        run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", on_failure="drop")
    write_rows(tmp_path / "a.jsonl", rows(11))
    with pytest.raises(OutputError, match=r"inputs\[0\].fingerprint"):
        run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out")
    manifest = run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", fresh=True)
    assert manifest["totals"]["rows"] == 11


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path, fresh: bool) -> None:
    write_rows(tmp_path / "a.jsonl", rows(10))
    (tmp_path / "out" / "data").mkdir(parents=True)
    (tmp_path / "out" / "data" / "thesis.doc").write_text("years of work")
    with pytest.raises(OutputError, match="not an output of bluepencil"):
        run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", fresh=fresh)
    assert (tmp_path / "out" / "data" / "thesis.doc").exists()
    other = tmp_path / "other"
    (other / "data").mkdir(parents=True)
    (other / "data" / "images.bin").write_text("years of work")
    (other / "manifest.json").write_text('{"name": "another tool\'s"}')
    with pytest.raises(OutputError, match="of something else"):
        run_step(Shorten(), tmp_path / "a.jsonl", other, fresh=fresh)
    assert (other / "data" / "images.bin").exists()
    (tmp_path / "stately" / "state").mkdir(parents=True)
    (tmp_path / "stately" / "state" / "letters.txt").write_text("private")
    with pytest.raises(OutputError, match=r"it holds state/letters\.txt"):
        run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "stately", fresh=fresh)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "file", fresh=fresh)


def test_two_runs_at_once_in_one_folder_are_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(5))
    slow = threading.Thread(
        target=run_step, args=(Shorten(seconds=0.5), tmp_path / "a.jsonl", tmp_path / "out")
    )
    slow.start()
    while not (tmp_path / "out" / "state" / "run.json").exists():
        time.sleep(0.01)
    with pytest.raises(OutputError, match="another run is at work"):
        run_step(Shorten(seconds=0.5), tmp_path / "a.jsonl", tmp_path / "out")
    slow.join()


def test_a_limit_takes_the_first_records_of_the_corpus(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(50))
    write_rows(tmp_path / "b.jsonl.gz", rows(50))
    manifest = run_step(Shorten(), tmp_path, tmp_path.parent / "limited", limit=70, unit_mb=0.001)
    assert [r["id"] for r in ledger(tmp_path.parent / "limited")] == [str(i % 50) for i in range(70)]
    assert manifest["totals"]["rows"] == 70
    assert len(list(read_results(tmp_path.parent / "limited"))) == 70


def test_an_output_inside_the_input_folder_is_no_input(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(10))
    first = run_step(Shorten(), tmp_path, tmp_path / "out")
    assert run_step(Shorten(), tmp_path, tmp_path / "out") == first
    with pytest.raises(InputError, match="lies in the output folder"):
        run_step(Shorten(), tmp_path / "out" / "data", tmp_path / "out")


def test_a_json_array_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(rows(3), indent=1))
    with pytest.raises(InputError, match="looks like one JSON array"):
        run_step(Shorten(), tmp_path / "a.json", tmp_path / "out")


def test_duplicate_ids_and_empty_files_are_no_trouble(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", [{"id": "x", "text": "a"}] * 3)
    for name in ("b.jsonl", "c.jsonl.gz", "d.jsonl.zst"):
        write_rows(tmp_path / name, [])
    (tmp_path / "e.jsonl.gz").write_bytes(b"")
    manifest = run_step(Shorten(), tmp_path, tmp_path.parent / "empties")
    assert manifest["totals"]["rows"] == 3


def test_truncated_input_is_one_failure_and_on_record(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl.gz", rows(5000))
    path.write_bytes(path.read_bytes()[:-500])
    manifest = run_step(Shorten(), path, tmp_path / "out")
    assert manifest["damaged_inputs"] == 1
    assert manifest["totals"]["outcomes"]["failed"] == 1
    assert manifest["totals"]["rows"] > 1000


def test_a_file_that_outgrows_its_space_stops_the_run_and_it_goes_on_later(tmp_path: Path) -> None:
    import random
    import resource

    letters = random.Random(0)
    data = [{"id": i, "text": "".join(letters.choices("abcdefghijklmnop", k=400))} for i in range(3000)]
    write_rows(tmp_path / "a.jsonl", data)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(DiskFullError, match="make room and run the same command again"):
            run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", data_format="jsonl.zst")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    manifest = run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "out", data_format="jsonl.zst")
    assert manifest["totals"]["rows"] == 3000
