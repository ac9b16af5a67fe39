import json
import multiprocessing
import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.decontaminate import hashing
from bluepencil.decontaminate.background import Background, learn
from bluepencil.decontaminate.build import prepare
from bluepencil.decontaminate.items import MAPS, Against, read_items
from bluepencil.decontaminate.match import Index
from bluepencil.decontaminate.options import Thresholds
from bluepencil.decontaminate.parts import MOST_PARTS
from bluepencil.decontaminate.reading import Kind
from bluepencil.decontaminate.table import Table
from bluepencil.errors import InputError, OptionError
from conftest import write_rows
from decontaminate.items_for_tests import FILLER, ORCHARD, PACK, benchmarks, found, index_of, said, write


def test_maps_and_fields(tmp_path: Path) -> None:
    raw = {
        "task_id": 7,
        "text": "Write a thing that counts.",
        "code": "def f(x):\n    return x",
        "test_list": ["a", "b"],
    }
    (item,) = read_items([Against(str(write(tmp_path / "mbpp.jsonl", [raw])))]).items
    assert (item.benchmark, item.id) == ("mbpp", "7")
    assert [(part.role, part.kind, part.written) for part in item.parts] == [
        ("question", "prose", raw["text"]), ("solution", "code", raw["code"]), ("tests", "code", "a\nb"),
    ]  # fmt: skip
    odd = write(tmp_path / "odd.jsonl", [{"ask": "Who?", "tell": "The reeve of Lund."}])
    against = Against.parse(str(odd), "question=ask, solution=tell,id=ask,kind=prose")
    (item,) = read_items([against]).items
    assert (item.id, [part.written for part in item.parts]) == ("Who?", ["Who?", "The reeve of Lund."])


def test_docstrings_are_questions_and_examples_are_left_out(tmp_path: Path) -> None:
    (item,) = read_items([Against(str(write(tmp_path / "pack.jsonl", [PACK])))]).items
    question, _, tests = item.parts
    assert question.written.startswith("Distribute the weights")
    assert question.written.endswith("than the limit.")
    assert "assert pack_crates(" in tests.text


def test_compressed_benchmarks_are_read(tmp_path: Path) -> None:
    for suffix in ("gz", "zst"):
        path = write_rows(tmp_path / f"b.jsonl.{suffix}", [ORCHARD])
        assert len(read_items([Against(str(path), "gsm8k")]).items) == 1


def test_odd_items_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    twice = json.dumps(ORCHARD)
    empty, half = (
        {"question": text, "answer": " "} for text in ("", "Which unusual weathercock is Trondheim's?")
    )
    lines = [twice, twice, "[1]", "{broken", json.dumps(empty), json.dumps(half)]
    path.write_text("\n".join(lines), encoding="utf-8")
    items = read_items([Against(str(path), "gsm8k")])
    assert [item.id for item in items.items] == ["orchard", "orchard#2", "3"]
    assert items.odd == {
        "ids that stand twice": 1, "records that are not objects": 1, "records that are not JSON": 1,
        "items with an empty question": 1, "items with an empty solution": 2, "items without any text": 1,
    }  # fmt: skip
    assert items.benchmarks == {"items": 3}


def test_no_usable_item_is_an_error(tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.jsonl", [{"question": " ", "answer": ""}])
    with pytest.raises(InputError, match="no usable item"):
        read_items([Against(str(empty))])
    with pytest.raises(InputError, match="known benchmark: title"):
        read_items([Against(str(write(tmp_path / "t.jsonl", [{"title": "x"}])))])
    with pytest.raises(InputError, match="no field nothere"):
        read_items([Against.parse(str(empty), "question=nothere")])
    with pytest.raises(InputError, match="there is no input"):
        read_items([Against(str(tmp_path / "no.jsonl"))])
    with pytest.raises(InputError, match="too short or too common"):
        prepare(
            [Against(str(write(tmp_path / "s.jsonl", [{"question": "Yes?", "answer": "No"}])))],
            tmp_path / "i",
        )
    with pytest.raises(OptionError, match="no map 'humanevil'"):
        Against("x", "humanevil")
    for wrong in ("kind=prosa", "qestion=a", "question"):
        with pytest.raises(OptionError):
            Against.parse("x", wrong)


def test_two_files_of_one_name_are_two_benchmarks(tmp_path: Path) -> None:
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        files.append(Against(str(write(tmp_path / folder / "x.jsonl", [ORCHARD])), "gsm8k"))
    assert read_items(files).benchmarks == {"x": 1, "x-2": 1}


def test_short_items_are_looked_for_as_a_whole_or_counted(tmp_path: Path) -> None:
    records = [
        {"id": "rare", "question": "Evaluate $\\log_7 16807$.", "answer": "5"},
        {"id": "common", "question": "What is it?", "answer": "Yes"},
        {"id": "repeated", "question": "0.3333333333333333333", "answer": ""},
        {"id": "long", **{k: v for k, v in ORCHARD.items() if k != "id"}},
    ]
    index = index_of(tmp_path, records)
    assert index.facts["too_short"] == 2
    assert index.facts["too_short_examples"] == ["items common", "items repeated"]
    assert said(found(index, f"{FILLER} evaluate log_{{7}}(16807)! {FILLER}")) == {
        ("rare", "question", "normalised")
    }
    assert found(index, f"{FILLER} Evaluate $\\log_7 16808$. What is it? 3333333333333333333333333") == []


def test_the_index_is_the_same_wherever_it_is_built(tmp_path: Path) -> None:
    files = benchmarks(tmp_path)
    one, other = (prepare(files, tmp_path / name) for name in ("one", "other"))
    assert one.name == other.name
    assert [p.name for p in sorted(one.iterdir())] == [p.name for p in sorted(other.iterdir())]
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes()


def test_the_index_is_mapped_not_read(tmp_path: Path, index: Index) -> None:
    table = Index(prepare(benchmarks(tmp_path), tmp_path / "i"))._loose[Kind.PROSE]
    assert isinstance(table.keys.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        table.keys[0] = 0
    assert index.facts["items"] == 3


def test_a_stale_index_is_built_anew_and_a_good_one_is_used(tmp_path: Path) -> None:
    files = benchmarks(tmp_path)
    first = prepare(files, tmp_path / "i")
    stamp = (first / "index.json").stat().st_mtime_ns
    assert prepare(files, tmp_path / "i") == first
    assert (first / "index.json").stat().st_mtime_ns == stamp
    assert prepare(files, tmp_path / "i", Thresholds(prose_share=0.7)) != first
    write(tmp_path / "orchard.jsonl", [ORCHARD, {**ORCHARD, "id": "two"}])
    second = prepare(files, tmp_path / "i")
    assert second != first
    assert Index(second).facts["items"] == 4
    assert not [path for path in (tmp_path / "i").iterdir() if path.name.startswith(".")]
    facts = json.loads((second / "index.json").read_text())
    (second / "index.json").write_text(json.dumps({**facts, "format": 0}))
    with pytest.raises(InputError, match="format 0"):
        Index(second)
    with pytest.raises(InputError, match="is no index"):
        Index(tmp_path)


def _prepare(job: tuple[list[Against], Path]) -> str:
    return str(prepare(*job))


def test_builders_at_the_same_time_agree(tmp_path: Path) -> None:
    job = (benchmarks(tmp_path), tmp_path / "i")
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        built = pool.map(_prepare, [job] * 6)
    assert len(set(built)) == 1
    assert [path.name for path in (tmp_path / "i").iterdir()] == [Path(built[0]).name]
    assert found(Index(built[0]), ORCHARD["question"])


def test_n_grams_of_very_many_items_still_find_each(tmp_path: Path) -> None:
    template = (
        "Uncle {0} keeps a ferry between two wooded islands and charges every goat the same fare as a bishop."
    )
    names = ["".join(chr(97 + (n // 26**k) % 26) for k in range(3)) + "quist" for n in range(3 * MOST_PARTS)]
    rest = (
        " He writes the sums of {0} into a blue ledger, and {0} has never lost a coin to the tide or to {0}."
    )
    records = [{"id": n, "question": (template + rest).format(n), "answer": ""} for n in names]
    index = index_of(tmp_path, records)
    results = found(index, f"{FILLER}\n{records[40]['question']}\n{FILLER}")
    assert names[40] in {one.item for one in results}


keys = st.lists(st.tuples(st.integers(1, 2**64 - 1), st.integers(0, 50)), max_size=200)


@given(keys)
def test_slices_are_sorted_and_whole(entries: list[tuple[int, int]]) -> None:
    grams = np.array([gram for gram, _ in entries], np.uint64)
    chosen = np.array([part % 3 > 0 for _, part in entries], np.bool_)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "SLICE_BITS", 2)
        slices = list(hashing.in_slices(grams, chosen))
    seen = [int(grams[place]) for places, _ in slices for place in places]
    assert seen == sorted(gram for gram, part in entries if part % 3)
    groups = [places[a:b] for places, begins in slices for a, b in pairwise(begins)]
    assert [int(grams[group[0]]) for group in groups] == sorted(set(seen))
    assert all(len({int(grams[place]) for place in group}) == 1 for group in groups)


@given(keys, st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_the_table_is_a_dictionary(entries: list[tuple[int, int]], others: list[int]) -> None:
    grams = np.array([gram for gram, _ in entries], np.uint64)
    table = Table.build(grams, np.array([p for _, p in entries], np.uint32), np.zeros(len(entries), np.uint8))
    asked = np.array([*others, *grams.tolist()], np.uint64)
    places, numbers = table.find(asked)
    which, parts = table.parts(numbers)
    held = sorted((int(asked[places[n]]), int(p)) for n, p in zip(which, parts, strict=True))
    assert held == sorted((int(a), p) for a in asked.tolist() for gram, p in entries if gram == a)


def test_a_background_of_ones_own(tmp_path: Path) -> None:
    arrays = {**learn([FILLER] * 5 + ["other words"], Kind.PROSE), **learn(["x = 1\n"] * 4, Kind.CODE)}
    with (tmp_path / "table.npz").open("wb") as file:
        np.savez_compressed(file, **arrays)
    background = Background.load(str(tmp_path / "table.npz"))
    assert len(background.grams[Kind.PROSE].keys) > 5
    assert background.grams[Kind.PROSE].bits.max() < 16
    with pytest.raises(InputError, match="no table"):
        Background.load(str(tmp_path / "none.npz"))
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(InputError, match="no table"):
        Background.load(str(tmp_path / "broken.npz"))


def test_thresholds_that_cannot_work_are_refused() -> None:
    for wrong in ({"prose_share": 0}, {"code_share": 1.1}, {"prose_bits": 0}):
        with pytest.raises(OptionError):
            Thresholds(**wrong)
    assert set(MAPS) == {"humaneval", "mbpp", "gsm8k", "math", "qa"}
    assert pickle.loads(pickle.dumps(Thresholds())) == Thresholds()
