"""Several steps in one pass: as if done by hand, counted, kept on record, and replayed."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.api import replay, run_step, run_steps
from bluepencil.documents import Document, Outcome, Reason, Status, Step, text_hash
from bluepencil.engine.chain import Chain, chain
from bluepencil.engine.isolate import run_step as isolated
from bluepencil.engine.replay import stages_on_record
from bluepencil.engine.results import read_results
from bluepencil.engine.stages import StageCounts, added_up, count_stages
from bluepencil.errors import BluepencilError, OptionError, RunError
from conftest import write_rows
from engine.steps import Explode, Toy
from engine.test_run import contents, ledger

steps_of_toys = st.lists(st.sampled_from("abc"), min_size=2, max_size=5).map(
    lambda names: tuple(Toy(name) for name in names)
)
texts = st.lists(st.text(alphabet="xyzé\n", max_size=6), max_size=12)


def by_hand(steps: Sequence[Toy], text: str) -> tuple[str, str | None, str]:
    """Return status, text and reason of a text that goes through the steps one by one."""
    now, reason = text, ""
    for step in steps:
        try:
            outcome = step.one(Document("x", now))
        except ValueError:
            return "failed", None, Reason.STEP_ERROR
        reason = outcome.reason
        if outcome.status in (Status.DROPPED, Status.FAILED):
            return outcome.status.value, None, reason
        now = outcome.text if outcome.text is not None else now
    return ("unchanged", None, reason) if now == text else ("edited", now, reason)


@given(steps_of_toys, texts)
def test_a_chain_is_its_steps_one_after_the_other(steps: tuple[Toy, ...], texts: list[str]) -> None:
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    outcomes = Chain(steps).run(documents)
    assert [(o.status.value, o.text, o.reason) for o in outcomes] == [by_hand(steps, t) for t in texts]
    for outcome in outcomes:
        ran = [stage.outcome for stage in outcome.stages]
        assert all(stage.passed for stage in outcome.stages[:-1])
        assert len(ran) == len(steps) or not outcome.stages[-1].passed
        tokens = [o.annotations["tokens_in"] for o in ran if "tokens_in" in o.annotations]
        assert outcome.annotations.get("tokens_in", 0) == sum(tokens)


@given(steps_of_toys, texts)
def test_counts_add_up(steps: tuple[Toy, ...], texts: list[str]) -> None:
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    outcomes = Chain(steps).run(documents)
    units = [[StageCounts(step.name) for step in steps] for _ in range(2)]
    for number, (document, outcome) in enumerate(zip(documents, outcomes, strict=True)):
        count_stages(units[number % 2], document.text, outcome.stages)
    totals = added_up([step.name for step in steps], units)
    assert totals[0].documents == len(texts)
    assert totals[0].characters_in == sum(map(len, texts))
    kept = [o for o in outcomes if o.status in (Status.EDITED, Status.UNCHANGED)]
    assert totals[-1].passed == len(kept)
    stopped = sum(total.statuses["dropped"] + total.statuses["failed"] for total in totals)
    assert stopped == len(texts) - len(kept)
    assert StageCounts.from_json(json.loads(json.dumps(totals[0].to_json()))) == totals[0]


def test_counts_that_do_not_add_up_are_refused() -> None:
    one = StageCounts("a", documents=2, statuses=Counter(unchanged=2))
    other = StageCounts("b", documents=1, statuses=Counter(unchanged=1))
    with pytest.raises(RunError, match=r"2 left step 1 \(a\), but 1 reached b"):
        added_up(["a", "b"], [[one, other]])
    with pytest.raises(RunError, match=r"the outcomes of step 1 \(a\) do not add up"):
        added_up(["a"], [[StageCounts("a", documents=2)]])


def test_one_step_is_itself() -> None:
    assert chain([Toy("a")]) == Toy("a")
    with pytest.raises(OptionError, match="no step"):
        chain([])


def test_a_step_that_writes_rows_comes_last() -> None:
    with pytest.raises(OptionError, match=r"step 1 \(explode\) writes rows.*step 2 \(a\) comes after"):
        chain([Explode(), Toy("a")])
    assert chain([Toy("a"), Explode()]).row_columns == {"line": "text"}


class Counting:
    """Raises on one document of a batch, and counts how often it sees each."""

    fields: tuple[str, ...] = ()
    row_columns = None

    def __init__(self, name: str, bad: str = "", error: Exception | None = None) -> None:
        self.name, self.bad, self.error = name, bad, error or ValueError("no")
        self.seen: Counter[str] = Counter()

    def describe(self) -> dict[str, Any]:
        return {}

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        self.seen.update(document.id for document in documents)
        if any(document.id == self.bad for document in documents):
            raise self.error
        return [Outcome(Status.UNCHANGED) for _ in documents]


def test_one_bad_document_costs_itself_and_no_earlier_step_is_run_again() -> None:
    first, second, third = Counting("a"), Counting("b", bad="2"), Counting("c")
    steps: tuple[Step, ...] = (first, second, third)
    outcomes = isolated(Chain(steps), [Document(str(i), "text") for i in range(4)])
    assert [o.status.value for o in outcomes] == ["unchanged", "unchanged", "failed", "unchanged"]
    assert outcomes[2].reason == Reason.STEP_ERROR
    assert [stage.step for stage in outcomes[2].stages] == ["a", "b"]
    assert set(first.seen.values()) == {1}
    assert third.seen == {"0": 1, "1": 1, "3": 1}


def test_an_error_of_ours_ends_the_run() -> None:
    with pytest.raises(BluepencilError, match="the budget is spent"):
        Chain((Counting("a"), Counting("b", "1", RunError("the budget is spent")))).run([Document("1", "x")])


def test_a_text_that_no_file_can_hold_fails() -> None:
    class Half(Counting):
        def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
            return [Outcome(Status.EDITED, text="half \ud83d of a pair") for _ in documents]

    (outcome,) = Chain((Counting("a"), Half("half"))).run([Document("1", "x")])
    assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.BAD_ENCODING)
    (alone,) = isolated(Half("half"), [Document("1", "x")])
    assert (alone.status, alone.text, alone.reason) == (Status.FAILED, None, Reason.BAD_ENCODING)


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"d{i}", "text": f"Title {i}\nA body. More of é.\n{i * 7919}", "n": i} for i in range(count)
    ]


STEPS = (Toy("a", never=("raise",)), Toy("b"), Toy("c"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_rows(tmp_path / "a.jsonl", [*rows(200), {"no": "text"}])
    run_steps(STEPS, tmp_path / "a.jsonl", tmp_path / "out", unit_mb=0.003, workers=1)
    return tmp_path / "out"


def test_the_ledger_keeps_every_stage(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_bytes())
    stages = manifest["stages"]
    assert [stage["step"] for stage in stages] == ["a", "b", "c"]
    assert stages[0]["documents"] == 200
    for one, following in pairwise(stages):
        assert one["outcomes"]["unchanged"] + one["outcomes"]["edited"] == following["documents"]
        assert one["characters_out"] == following["characters_in"]
    found = ledger(run)
    assert len(found) == 201
    assert found[-1]["stages"] is None
    for stage, name in enumerate("abc"):
        counted = Counter(
            f"{row['stages'][stage]['status']}:{row['stages'][stage]['reason']}"
            for row in found
            if row["stages"] and len(row["stages"]) > stage and row["stages"][stage]["reason"]
        )
        assert dict(counted) == stages[stage]["reasons"], name
    for result in read_results(run):
        row = result.row
        if result.source is None:
            continue
        status, text, reason = by_hand(STEPS, result.source.text)
        assert (row["status"], row["reason"]) == (status, reason)
        assert row["step"] == row["stages"][-1]["step"]
        assert row["program"] == ""
        expected = {"dropped": None, "edited": text}.get(status, result.source.text)
        assert result.output == expected
        assert row["tokens_in"] in (None, sum(s["tokens_in"] or 0 for s in row["stages"]))
        for done in stages_on_record(row, result.source.text):
            if done.entry["status"] in ("edited", "unchanged"):
                assert text_hash(done.after) == done.entry["result_hash"]
                assert len(done.after) == done.entry["characters_after"]
            # A text is kept only where no program makes it.
            assert (done.entry["text"] is None) == (done.after == done.before or bool(done.entry["program"]))


def test_a_chain_replays_from_the_raw_input_and_the_ledger(run: Path, tmp_path: Path) -> None:
    manifest = replay(run, tmp_path / "a.jsonl", tmp_path / "again")
    assert contents(tmp_path / "again") == contents(run)
    assert manifest["stages"] == json.loads((run / "manifest.json").read_bytes())["stages"]


def test_a_stage_that_replays_to_another_text_is_found(run: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    part = sorted((run / "ledger").iterdir())[0]
    table = pq.read_table(part)
    changed = table.to_pylist()
    row = next(r for r in changed if r["stages"] and r["stages"][0]["text"])
    row["stages"][0]["text"] += "!"
    pq.write_table(type(table).from_pylist(changed, schema=table.schema), part)
    replay(run, tmp_path / "a.jsonl", tmp_path / "again")
    (found,) = [r for r in ledger(tmp_path / "again") if r["reason"] == "result-differs"]
    assert found["id"] == row["id"]
    assert "step 1 (a)" in found["detail"]


def test_a_rewrite_by_one_step_replays_too(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(60))
    manifest = run_step(Toy("a"), tmp_path / "a.jsonl", tmp_path / "out")
    assert manifest["stages"] == []
    kept = [row["stages"] for row in ledger(tmp_path / "out") if row["stages"] is not None]
    assert kept
    assert all(len(stages) == 1 and stages[0]["text"].endswith("and a") for stages in kept)
    replay(tmp_path / "out", tmp_path / "a.jsonl", tmp_path / "again")
    assert contents(tmp_path / "again") == contents(tmp_path / "out")


def test_one_step_in_a_chain_leaves_what_it_leaves_alone(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(60))
    run_steps([Toy("a")], tmp_path / "a.jsonl", tmp_path / "chained")
    run_step(Toy("a"), tmp_path / "a.jsonl", tmp_path / "alone")
    chained, alone = contents(tmp_path / "chained"), contents(tmp_path / "alone")
    assert chained == alone


def test_rows_at_the_end_of_a_chain(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(30))
    manifest = run_steps([Toy("a"), Explode()], tmp_path / "a.jsonl", tmp_path / "out")
    reached = manifest["stages"][1]["documents"]
    assert 0 < reached < 30
    assert manifest["totals"]["outcomes"]["edited"] == reached
    assert manifest["totals"]["data_rows"] > reached


@pytest.mark.parametrize(("on_failure", "kept"), [("keep", True), ("drop", False)])
def test_a_failed_document_keeps_its_source_text(tmp_path: Path, on_failure: str, kept: bool) -> None:
    texts = [f"text {i}" for i in range(400)]
    (text,) = [t for t in texts if Toy("a").deed(t) == "rewrite" and Toy("b").deed(f"{t}\nand a") == "fail"][
        :1
    ]
    write_rows(tmp_path / "a.jsonl", [{"text": text}])
    run_steps([Toy("a"), Toy("b")], tmp_path / "a.jsonl", tmp_path / "out", on_failure=on_failure)
    (result,) = read_results(tmp_path / "out")
    assert result.output == (text if kept else None)
    assert result.row["reason"] == "b-fails"


def test_a_document_that_kills_its_worker_in_a_later_step_costs_itself(tmp_path: Path) -> None:
    data = rows(30)
    steps = [Toy("a", never=("drop", "fail", "raise", "strike")), Toy("b"), Toy("c")]
    data[17]["text"] = "KILL-b"
    write_rows(tmp_path / "a.jsonl", data)
    manifest = run_steps(steps, tmp_path / "a.jsonl", tmp_path / "out", unit_mb=0.001, workers=2)
    assert manifest["totals"]["rows"] == 30
    assert manifest["totals"]["reasons"]["failed:worker-died"] == 1
    assert manifest["stages"][0]["documents"] == 29
    (row,) = [r for r in ledger(tmp_path / "out") if r["reason"] == "worker-died"]
    assert (row["id"], row["stages"]) == ("d17", None)
    replay(tmp_path / "out", tmp_path / "a.jsonl", tmp_path / "again")
    assert contents(tmp_path / "again") == contents(tmp_path / "out")


def test_another_order_of_the_steps_is_another_run(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", rows(5))
    run_steps([Toy("a"), Toy("b")], tmp_path / "a.jsonl", tmp_path / "out")
    with pytest.raises(BluepencilError, match="something else"):
        run_steps([Toy("b"), Toy("a")], tmp_path / "a.jsonl", tmp_path / "out")
    with pytest.raises(BluepencilError, match=r"steps\[1\].options.never"):
        run_steps([Toy("a"), Toy("b", never=("drop",))], tmp_path / "a.jsonl", tmp_path / "out")


def test_the_fields_of_all_steps_are_read() -> None:
    assert Chain((Toy("a", fields=("x", "y")), Toy("b", fields=("y", "z")))).fields == ("x", "y", "z")
