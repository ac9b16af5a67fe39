import gzip
import json
import pickle
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.errors import InputError, OptionError
from bluepencil.programs import KEEP_ALL, Policy, execute
from bluepencil.refiners.tagger import Tagger, redecide
from bluepencil.refiners.tagger_decide import STRENGTHS
from bluepencil.refiners.tagger_model import load_model, shipped_model
from bluepencil.refiners.tagger_network import bag_means, packed_table

EXAMPLES = Path(__file__).parents[2] / "examples" / "pages.jsonl"
MOST_WEIGHTS = 8_000_000  # bytes; the limit of the issue that asked for the tagger


def examples() -> list[dict[str, Any]]:
    return [json.loads(line) for line in EXAMPLES.read_text("utf-8").rstrip("\n").split("\n")]


def deleted(text: str, program: Any) -> int:
    return execute(program, text, Policy(max_deleted_share=1.0)).deleted


def test_a_text_gets_the_same_scores_whatever_is_in_the_batch() -> None:
    texts = [row["raw"] for row in examples()] + ["", "\n\n", "one line"]
    tagger = Tagger()
    alone = [tagger.propose([text])[0] for text in texts]
    random = Random(3)
    for _ in range(3):
        order = random.sample(range(len(texts)), len(texts))
        for place, proposal in zip(order, tagger.propose([texts[i] for i in order]), strict=True):
            assert proposal == alone[place]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.characters(codec=None) | st.sampled_from("a A.\n "), max_size=200), max_size=4))
def test_any_text_gets_a_program_that_can_be_carried_out(texts: list[str]) -> None:
    for text, proposal in zip(texts, Tagger(strength="strong").propose(texts), strict=True):
        assert not execute(proposal.program, text).faults
        assert len(proposal.annotations["line_scores"]) == text.count("\n") + 1


ODD = {
    "empty": "",
    "blank lines": "\n \n\n",
    "no words": "|\n---\n***",
    "NUL and lone surrogates": "a\0b \ud800 c\nd\udfff",
    "one page in one line": "The house stood empty for years. " * 300,
    "5,000 lines": "Home\nA sentence that says something about the town.\n" * 2500,
    "script without spaces": "ホーム\n昨日、市長は新しい橋の計画を発表した。\n" * 20,
    "5 MB in one line": "word " * 1_000_000,
    "30,000 short lines": "x\n" * 30_000,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_pages_are_read(text: str) -> None:
    proposal = Tagger().propose([text])[0]
    assert not execute(proposal.program, text).faults


def test_text_without_words_is_kept() -> None:
    for proposal in Tagger(strength="strong").propose(["", "\n \n\n", "|\n---"]):
        assert proposal.program == KEEP_ALL


def test_no_text_gives_no_proposal() -> None:
    assert list(Tagger().propose([])) == []


def test_a_stronger_tagger_deletes_no_less() -> None:
    for row in examples():
        light, normal, strong = (
            Tagger(strength=strength).propose([row["raw"]])[0].program for strength in STRENGTHS
        )
        # A page all of whose lines go at one strength may be kept whole, so only edits are compared.
        if all(not program.keeps_all for program in (light, normal, strong)):
            sizes = [deleted(row["raw"], program) for program in (light, normal, strong)]
            assert sizes == sorted(sizes)


def test_another_strength_is_decided_from_the_annotations_alone() -> None:
    texts = [row["raw"] for row in examples()]
    normal = Tagger().propose(texts)
    for strength in STRENGTHS:
        other = Tagger(strength=strength)
        for text, first, second in zip(texts, normal, other.propose(texts), strict=True):
            assert redecide(text, first.annotations, other) == second.program


def test_redeciding_needs_the_annotations() -> None:
    with pytest.raises(InputError, match="line_scores"):
        redecide("text", {}, Tagger())


def test_strengths_have_names() -> None:
    with pytest.raises(OptionError, match="light, normal, strong"):
        Tagger(strength="brutal")


def test_a_tagger_travels_to_other_processes() -> None:
    tagger = Tagger(strength="light")
    assert pickle.loads(pickle.dumps(tagger)) == tagger


def test_the_description_names_model_and_strength() -> None:
    light, normal = Tagger(strength="light"), Tagger()
    assert light.describe() != normal.describe()
    assert light.name == normal.name == f"tagger:{normal.describe()['model'][:8]}"
    json.dumps(normal.describe())


def test_a_file_that_is_not_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a tagger model"):
        Tagger(tmp_path / "missing.npz").propose(["x"])
    (tmp_path / "text.npz").write_text("no")
    with pytest.raises(InputError, match="is not a tagger model"):
        Tagger(tmp_path / "text.npz").propose(["x"])


def test_the_weights_are_small_and_the_card_is_theirs() -> None:
    folder = shipped_model().parent
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MOST_WEIGHTS
    card = json.loads(shipped_model().with_suffix(".json").read_text("utf-8"))
    assert card["sha256"] == load_model(shipped_model()).digest
    assert card["licences"] and card["reproduce"]


def test_sums_are_exact_in_float32() -> None:
    """Every product of whole numbers that the networks add up stays below 2**24, whatever the input."""
    model = load_model(shipped_model())
    networks = [*model.lines, *([model.spans] if model.spans else [])]
    for network in networks:
        layers = [network.first, network.middle, network.last, *(layer for _, layer in network.layers)]
        for layer in layers:
            assert (np.abs(layer.weight).sum(axis=0) * 127).max() < 2**24
            assert (layer.weight == np.round(layer.weight)).all()


def test_means_of_bags_are_those_of_a_plain_loop() -> None:
    noise = np.random.default_rng(1)
    table = noise.integers(-127, 128, (50, 8)).astype(np.int8)
    counts = [0, 1, 3, 0, 700, 256, 257, 512]
    items = noise.integers(0, 50, sum(counts))
    starts = np.concatenate([[0], np.cumsum(counts)])
    found = bag_means(packed_table([table]), items, starts)
    for bag, count in enumerate(counts):
        rows = table[items[starts[bag] : starts[bag + 1]]].astype(int)
        wanted = np.clip(4 * rows.sum(axis=0) // max(1, count), -127, 127)
        assert found[bag].tolist() == wanted.tolist()


def test_real_pages_get_better(web_data: Path) -> None:
    from bluepencil.evaluate.edits import Page, evaluate

    with gzip.open(web_data / "dragnet_dev.jsonl.gz", "rt", encoding="utf-8") as source:
        rows = [json.loads(line) for line in source][::10]
    programs = [proposal.program for proposal in Tagger().propose([row["raw"] for row in rows])]
    outputs = [execute(program, row["raw"]).text for program, row in zip(programs, rows, strict=True)]
    pages = [
        Page(row["id"], "dragnet", row["raw"], output, row["gold"])
        for row, output in zip(rows, outputs, strict=True)
    ]
    overall = evaluate(pages, resamples=10).overall
    assert overall.f1 > overall.f1_do_nothing + 0.2
