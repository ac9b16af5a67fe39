import json
import pickle
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.api import replay, run_step
from bluepencil.cli.decontaminate import decontaminate
from bluepencil.decontaminate.match import Index
from bluepencil.decontaminate.steps import Decontaminate, by_item
from bluepencil.documents import Document, Outcome, Status
from bluepencil.engine.ledger import ledger_rows
from bluepencil.errors import InputError, OptionError
from conftest import write_rows
from decontaminate.items_for_tests import CODE, FILLER, HOST, ORCHARD, PACK, SOLUTION, benchmarks, write

QUESTION = ORCHARD["question"]
LINES = FILLER.count("\n") + 1
DEFINED = SOLUTION[SOLUTION.index("def ") :]
CHANGED = QUESTION.replace("14", "61").replace("23", "8").replace("37", "55")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("step")
    benchmarks(made)
    return made


def step(folder: Path, **options: Any) -> Decontaminate:
    against = tuple(f"{folder / name}.jsonl:{fields}" for name, fields in
                    (("orchard", "gsm8k"), ("residue", "math"), ("pack", "humaneval")))  # fmt: skip
    return Decontaminate(str(folder / "index"), against=against, **options)


def outcome(made: Decontaminate, text: str) -> Outcome:
    (one,) = made.run([Document("1", text)])
    return one


def test_drop_says_why(folder: Path) -> None:
    one = outcome(step(folder), f"{FILLER}\n{QUESTION}")
    assert (one.status, one.reason, one.text) == (Status.DROPPED, "contaminated", None)
    assert one.detail == f"orchard orchard, question only: verbatim (100%), line {LINES + 1}"
    notes = one.annotations
    assert notes["contaminating_items"] == 1
    assert json.loads(json.dumps(notes["contamination"])) == [
        {
            "benchmark": "orchard",
            "item": "orchard",
            "parts": {
                "question": {
                    "match": "verbatim", "share": 1.0, "bits": pytest.approx(330, abs=150),
                    "start": len(FILLER) + 1, "end": len(FILLER) + 1 + len(QUESTION),
                }
            },
        }
    ]  # fmt: skip


def test_mark_and_clean_texts(folder: Path) -> None:
    made = step(folder, action="mark")
    assert outcome(made, FILLER) == Outcome(Status.UNCHANGED)
    one = outcome(made, CODE)
    assert (one.status, one.reason, one.text) == (Status.UNCHANGED, "contaminated", None)
    assert "question verbatim" in one.detail
    assert "solution verbatim" in one.detail


def test_changed_numbers_go_their_own_way(folder: Path) -> None:
    text = f"{FILLER}\n{CHANGED}"
    for choice, status, reason in (
        ("mark", Status.UNCHANGED, "numbers-changed"),
        ("drop", Status.DROPPED, "numbers-changed"),
        ("cut", Status.EDITED, "numbers-changed"),
        ("ignore", Status.UNCHANGED, ""),
    ):
        one = outcome(step(folder, numbers_changed=choice), text)
        assert (one.status, one.reason) == (status, reason)
    both = outcome(step(folder, action="cut"), f"{FILLER}\n{CHANGED}\n{FILLER}\n{DEFINED}")
    assert both.reason == "contaminated"
    assert both.text == f"{FILLER}\n{CHANGED}\n{FILLER}\n"


def test_cut_removes_the_lines_and_nothing_else(folder: Path) -> None:
    made = step(folder, action="cut")
    one = outcome(made, f"{HOST}\n{CODE}\n{FILLER}\n{QUESTION}\n{FILLER}")
    assert one.status is Status.EDITED
    assert one.program.count("remove_lines") == 2
    assert one.text is not None
    assert HOST in one.text
    assert one.text.endswith(f"{FILLER}\n{FILLER}")
    assert "crate" not in one.text
    assert outcome(made, QUESTION).status is Status.DROPPED
    assert "nothing is left" in outcome(made, QUESTION).detail


pieces = st.lists(st.sampled_from([FILLER, HOST, QUESTION, CODE, SOLUTION, CHANGED, "", "x"]), max_size=6)


@settings(max_examples=40)
@given(pieces)
def test_nothing_is_found_after_a_cut(folder: Path, texts: list[str]) -> None:
    made = step(folder, action="cut", numbers_changed="cut")
    one = outcome(made, "\n".join(texts))
    if one.status is Status.EDITED:
        assert one.text is not None
        assert Index(made.index).scan([one.text]) == [[]]
    planted = any(text in (QUESTION, CODE, SOLUTION, CHANGED) for text in texts)
    assert (one.status is not Status.UNCHANGED) == planted


def test_the_step_is_small_and_built_before_it_travels(folder: Path) -> None:
    made = step(folder)
    assert made.against == ()
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert again.describe() == made.describe()
    assert len(pickle.dumps(made)) < 1000
    assert json.loads(json.dumps(made.describe()))["benchmarks"] == {"orchard": 1, "residue": 1, "pack": 1}
    with pytest.raises(OptionError, match="drop, mark, cut"):
        Decontaminate(made.index, action="burn")
    with pytest.raises(OptionError, match="ignore"):
        Decontaminate(made.index, numbers_changed="burn")
    with pytest.raises(InputError, match="is no index"):
        Decontaminate(str(folder / "nowhere"))


def test_many_items_are_counted_and_the_plainest_comes_first(folder: Path, tmp_path: Path) -> None:
    records = [{"id": n, "question": f"{QUESTION} Signed by number {n}.", "answer": ""} for n in range(9)]
    path = write(tmp_path / "many.jsonl", records)
    made = Decontaminate(str(tmp_path / "i"), against=(f"{path}:qa",))
    one = outcome(made, records[3]["question"])
    assert one.annotations["contaminating_items"] == 9
    assert len(one.annotations["contamination"]) == 5
    assert one.annotations["contamination"][0]["item"] == "3"
    assert "and 8 more items" in one.detail
    assert by_item([]) == []


def test_a_run_and_its_replay(folder: Path, tmp_path: Path) -> None:
    rows = [
        {"id": str(n), "text": text}
        for n, text in enumerate([HOST, f"{HOST}\n{DEFINED}", "", f"{FILLER}\n{QUESTION}"])
    ]
    write_rows(tmp_path / "in.jsonl", rows)
    made = step(folder, action="cut")
    manifest = run_step(made, tmp_path / "in.jsonl", tmp_path / "out", workers=2, unit_mb=0.001)
    assert manifest["totals"]["outcomes"]["edited"] == 2
    replay(tmp_path / "out", tmp_path / "in.jsonl", tmp_path / "again", workers=1)
    first, second = (
        pq.ParquetDataset(tmp_path / name / "data").read().to_pylist() for name in ("out", "again")
    )
    assert first == second
    assert [row["text"] for row in first] == [HOST, f"{HOST}\n", "", FILLER]


def test_the_command(folder: Path, tmp_path: Path) -> None:
    rows = [{"id": "a", "text": HOST}, {"id": "b", "text": CODE}, {"id": "c", "text": CHANGED}]
    write_rows(tmp_path / "in.jsonl", rows)
    short = write(tmp_path / "short.jsonl", [{"id": "s", "question": "Why?", "answer": "So."}, ORCHARD])
    odd = write(tmp_path / "odd.jsonl", [{"ask": PACK["prompt"], "tell": PACK["canonical_solution"]}])
    command = [
        str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out"), "--against", f"{short}:gsm8k",
        "--action", "mark", "--report", "--workers", "1", "--quiet",
    ]  # fmt: skip
    done = CliRunner().invoke(decontaminate, command)
    assert done.exit_code == 0, done.output
    assert "1 of 2 items are too short to judge: short s" in done.output
    assert "short, numbers-changed: 1" in done.output
    assert "short: 1 of 2 items were found" in done.output
    assert (tmp_path / "out.index").is_dir()
    other = [
        str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "more"), "--against", str(odd),
        "--against-fields", "question=ask,solution=tell,kind=code", "--workers", "1", "--quiet",
    ]  # fmt: skip
    done = CliRunner().invoke(decontaminate, other)
    assert done.exit_code == 0, done.output
    (part,) = (tmp_path / "more" / "ledger").glob("*.parquet")
    statuses = {row["id"]: (row["status"], row["reason"]) for row in ledger_rows(part)}
    assert statuses == {"a": ("unchanged", ""), "b": ("dropped", "contaminated"), "c": ("unchanged", "")}
