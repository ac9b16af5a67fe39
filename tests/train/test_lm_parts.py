"""The parts of training a language model: options, examples, packing, curves, validation."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch

from bluepencil import api
from bluepencil.errors import InputError, OptionError
from bluepencil.programs import execute, number_lines
from bluepencil.programs.dialects.languages import LANGUAGES
from bluepencil.refiners.lm import dialect_named
from bluepencil.refiners.lm_card import Card
from bluepencil.refiners.lm_generate import Finish, Generation
from bluepencil.refiners.lm_prompt import Encoder, PromptFormat
from bluepencil.refiners.registry import make_refiner
from bluepencil.train.lm_curves import curves, ticks
from bluepencil.train.lm_examples import (
    TrainingExample,
    Windows,
    fingerprint,
    open_tokens,
    read_examples,
    windows_of,
    write_tokens,
)
from bluepencil.train.lm_options import PRESETS, LmOptions, TinySize, options_for
from bluepencil.train.lm_packing import IGNORED, Packed, one_row, pack, program_loss
from bluepencil.train.lm_tiny import make_model, make_tokenizer
from bluepencil.train.lm_trainer import steps_of
from bluepencil.train.lm_validate import validate, without_numbers
from llm.clients import options
from llm.server import FakeServer, reply
from refiners.lm_models import page, write_examples

FORMAT = PromptFormat("plain", "Edit:\n", "\n\n")


def test_presets_are_those_of_the_papers_and_may_be_changed() -> None:
    refinex = options_for("Qwen/Qwen3-0.6B-Base")
    assert (refinex.learning_rate, refinex.batch, refinex.max_tokens) == (7e-6, 256, 16_384)
    prox = options_for("m", "prox", batch=8, epochs=None)
    assert (prox.learning_rate, prox.final_rate_share, prox.batch, prox.epochs) == (1e-5, 0.1, 8, 4.0)
    assert options_for("m", "ultrax").learning_rate == 3e-5
    assert options_for("tiny").max_tokens == PRESETS["tiny"]["max_tokens"]
    for wrong in ({"preset": "none"}, {"nonsense": 1}, {"batch": 0}, {"epochs": -1}, {"device": "tpu"}):
        with pytest.raises(OptionError):
            options_for("m", **wrong)  # type: ignore[arg-type]
    for wrong in ({"hidden": 100, "heads": 8}, {"vocabulary": 10}, {"layers": 0}):
        with pytest.raises(OptionError):
            TinySize(**wrong)


def test_steps_take_the_examples_asked_for() -> None:
    options = LmOptions("m", batch=64, epochs=3)
    # 1,000 examples in 250 rows: 16 rows hold 64 examples, 16 steps an epoch.
    assert steps_of(options, rows=250, examples=1000, processes=1) == (16, 48)
    assert steps_of(options, rows=250, examples=1000, processes=4) == (4, 48)
    assert steps_of(LmOptions("m", batch=1, max_steps=7), 250, 1000, 1) == (1, 7)


@pytest.mark.parametrize("style", ["plain", "chat"])
def test_examples_are_read_as_distill_writes_them(tmp_path: Path, style: str) -> None:
    pairs = tmp_path / "pairs.jsonl"
    rows = [dict(zip(("raw", "gold"), page(n), strict=True)) | {"id": str(n)} for n in range(9)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for data_format in ("parquet", "jsonl.zst"):
        out = tmp_path / f"examples-{data_format}"
        distilling = {"window": 90, "overlap": 20, "validation_share": 0.3, "screen": "exact"}
        api.distill(pairs, out, style=style, distilling=distilling, workers=1, data_format=data_format)
        assert windows_of(out) == Windows(90, 20, "chunk")
        found, examples = read_examples(out, "chunk")
        assert found.style == style
        assert found.before.startswith("Write the edit program")
        assert {one.split for one in examples} == {"train", "validation"}
        assert len({one.id for one in examples}) == 9
        assert examples[0].text.startswith("[1] ")
    assert windows_of(pairs).window == 12_000


def test_what_is_no_example_is_refused(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in write_examples(tmp_path / "a.jsonl", 4).read_text().splitlines()]

    def refused(match: str, *changed: dict[str, Any]) -> None:
        path = tmp_path / "b.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in changed))
        with pytest.raises(InputError, match=match):
            read_examples(path, "chunk")

    refused("in other words", rows[0], {**rows[1], "prompt": "Other words: " + rows[1]["text"]})
    refused("in other words", {**rows[0], "completion": "keep_all()", "program": "remove_all()"})
    refused("has no program", {"id": "a", "text": "[1] b"})
    refused("no split", {**rows[0], "split": "test"})
    refused("no example to train on", {**rows[0], "split": "validation"})
    bare = {name: rows[0][name] for name in ("id", "text", "program")}
    (tmp_path / "c.jsonl").write_text(json.dumps(bare))
    found, (example,) = read_examples(tmp_path / "c.jsonl", "chunk")
    assert found.after == "\n\n"
    assert example.split == "train"


def test_the_fingerprint_changes_with_everything() -> None:
    one = TrainingExample("a", "[1] b", "keep_all()", "train")
    other = TrainingExample("a", "[1] c", "keep_all()", "train")
    made = {
        fingerprint(rows, fmt)
        for rows in ([one], [other], [one, other], [other, one])
        for fmt in (FORMAT, PromptFormat())
    }
    assert len(made) == 8


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(50, 200), st.integers(0, 3))
def test_packing_loses_nothing_and_keeps_to_the_capacity(lengths, capacity, seed) -> None:
    rows = pack(lengths, capacity, seed)
    assert sorted(number for row in rows for number in row) == list(range(len(lengths)))
    assert all(sum(lengths[number] for number in row) <= capacity for row in rows)
    assert rows == pack(lengths, capacity, seed)
    # First fit: no two rows that are less than half full.
    assert sum(sum(lengths[n] for n in row) * 2 <= capacity for row in rows) <= 1


@pytest.fixture(scope="module")
def small() -> Any:
    """Return a tokenizer and a model of two layers."""
    size = TinySize(hidden=32, layers=2, heads=4, vocabulary=400, context=512)
    tokenizer = make_tokenizer([number_lines(page(n)[0]) for n in range(30)], size)
    return tokenizer, make_model(tokenizer, size, seed=3)


@pytest.fixture
def tokens(small: Any, tmp_path: Path) -> Any:
    examples = [
        TrainingExample(str(n), number_lines(page(n)[0]), f"remove_lines(1, {1 + n % 3})", "train")
        for n in range(12)
    ]
    assert write_tokens(tmp_path, "train", examples, FORMAT, Encoder(small[0]), 500) == 0
    return open_tokens(tmp_path, "train")


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_the_loss_of_a_packed_row_is_that_of_its_examples(small: Any, tokens: Any, attention: str) -> None:
    _, model = small
    model.set_attn_implementation(attention)
    total = count = 0.0
    for number in range(12):
        inputs = one_row([Packed(tokens, [[number]])[0]])
        # The library's own loss, without packing and with all scores.
        plain = model(input_ids=inputs["input_ids"], labels=inputs["labels"]).loss
        assert program_loss(model, inputs).item() == pytest.approx(plain.item(), abs=1e-5)
        learnt = int((inputs["labels"] != IGNORED).sum())
        total, count = total + plain.item() * learnt, count + learnt
    together = one_row([Packed(tokens, [list(range(12))])[0]])
    assert program_loss(model, together).item() == pytest.approx(total / count, abs=1e-5)
    assert program_loss(model, together, count=1).item() == pytest.approx(total, rel=1e-5)
    # And so are the gradients.
    model.zero_grad()
    program_loss(model, together).backward()
    packed = {name: value.grad.clone() for name, value in model.named_parameters()}
    model.zero_grad()
    for number in range(12):
        program_loss(model, one_row([Packed(tokens, [[number]])[0]]), count=count).backward()
    for name, value in model.named_parameters():
        assert torch.allclose(packed[name], value.grad, atol=1e-5), name


def test_only_the_program_is_learnt(small: Any, tokens: Any) -> None:
    row = Packed(tokens, [[3, 5]])[0]
    learnt = row["labels"] != IGNORED
    text = small[0].decode(row["input_ids"][learnt])
    assert text.replace("<|endoftext|>", "|").count("|") == 2
    assert set(text.split("<|endoftext|>")) == {"remove_lines(1, 1)", "remove_lines(1, 3)", ""}
    assert row["position_ids"].tolist().count(0) == 2


def test_examples_that_are_too_long_or_no_text_are_left_out(small: Any, tmp_path: Path) -> None:
    examples = [
        TrainingExample("a", "[1] short", "keep_all()", "train"),
        TrainingExample("b", "[1] " + "long " * 200, "keep_all()", "train"),
        TrainingExample("c", "[1] \ud800", "keep_all()", "train"),
        TrainingExample("d", "[1] other split", "keep_all()", "validation"),
    ]
    assert write_tokens(tmp_path, "train", examples, FORMAT, Encoder(small[0]), 60) == 2
    found = open_tokens(tmp_path, "train")
    assert len(found) == 1
    assert small[0].decode(found.ids) == "Edit:\n[1] short\n\nkeep_all()<|endoftext|>"
    assert write_tokens(tmp_path, "validation", [], FORMAT, Encoder(small[0]), 60) == 0
    assert len(open_tokens(tmp_path, "validation")) == 0


def test_the_tiny_tokenizer_knows_every_text_and_numbers_as_such(small: Any) -> None:
    tokenizer, _ = small
    text = "[12] Ünï \u2028 漢字\x00\n\n remove_lines(12, 113)  é"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    again = make_tokenizer([number_lines(page(n)[0]) for n in range(30)], TinySize(vocabulary=400))
    assert again.get_vocab() == tokenizer.get_vocab()


class Answers:
    def __init__(self, *answers: str | Generation) -> None:
        self.answers = answers

    def describe(self) -> dict[str, Any]:
        return {}

    def generate(self, prompts: Any, constraints: Any = ()) -> list[Generation]:
        return [
            one if isinstance(one, Generation) else Generation(one, tokens_in=20, tokens_out=2)
            for one in self.answers
        ]


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_model_is_asked_and_read_in_the_dialect_of_its_examples(tmp_path: Path, name: str) -> None:
    pytest.importorskip("aiohttp")
    system = tmp_path / "system.txt"
    system.write_text("Clean this page.\n")
    pairs = tmp_path / "pairs.jsonl"
    pages = [page(number) for number in range(4)]
    rows = [
        {"id": str(n), "raw": f"{raw}\n\nend\r", "gold": f"{gold}\nend"}
        for n, (raw, gold) in enumerate(pages)
    ]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "examples"
    distilling = {"dialect": name, "screen": "none", "validation_share": 0}
    message = system if LANGUAGES[name].published else None
    api.distill(pairs, out, style="chat", system=message, distilling=distilling, workers=1)
    windows = windows_of(out)
    assert windows.dialect == name
    prompt_format, examples = read_examples(out, windows.numbering, windows.dialect)

    # Scored in its dialect, the expert is always right.
    report = validate(examples, prompt_format, Answers(*(one.program for one in examples)), dialect=name)
    assert (report.n, report.exact_share, report.valid_share) == (len(examples), 1.0, 1.0)

    model = tmp_path / "model"
    model.mkdir()
    Card(
        prompt=prompt_format,
        window=windows.window,
        overlap=windows.overlap,
        max_new_tokens=64,
        dialect=windows.dialect,
    ).write(model)
    asked = {prompt_format.prompt(one.text).contents: one.program for one in examples}
    with FakeServer(lambda seen: reply(asked[_contents(seen)])) as server:
        refiner = make_refiner(f"lm:{model}", None, {"client": options(server)})
        proposals = refiner.propose([row["raw"] for row in rows])
        assert not any("chat_template_kwargs" in seen.body for seen in server.seen)
    if LANGUAGES[name].edits:
        done = [
            execute(one.program, row["raw"]).text.split() for one, row in zip(proposals, rows, strict=True)
        ]
        assert done == [row["gold"].split() for row in rows]
    else:
        assert all(one.program.keeps_all and not one.faults for one in proposals)

    if name != "native":
        # A bare file does not say its dialect, and is not taken for another.
        bare = tmp_path / "bare.jsonl"
        bare.write_text("".join(json.dumps(asdict(one)) + "\n" for one in examples))
        with pytest.raises(InputError, match="not in the dialect native"):
            read_examples(bare, "chunk")


def _contents(seen: Any) -> str:
    return "\n".join(message["content"] for message in seen.body["messages"])


def test_a_card_of_a_later_version_is_refused() -> None:
    with pytest.raises(InputError, match="not known here: morse"):
        dialect_named("morse", FORMAT)


@pytest.mark.parametrize("first", [1, 8])
def test_validation_counts_lines_in_the_chunk_however_they_are_numbered(first: int) -> None:
    text = number_lines("menu\nrain\nfoot", first)
    numbering = "chunk" if first == 1 else "document"
    fmt = PromptFormat("plain", "", "\n", "", numbering)
    example = TrainingExample("a", text, f"remove_lines({first}, {first})", "validation")
    answers = Answers(
        f"remove_lines({first}, {first})",
        f"remove_lines({first}, {first + 1})",
        f"remove_lines({first + 3}, {first + 3})",
        "remove_lines(0, 2)",
        Generation("remove_lines(", Finish.CUT_OFF, 20, 4),
    )
    report = validate([example] * 5, fmt, answers)
    assert report.n == 5
    assert report.valid_share == 0.4
    assert report.whole_share == 0.8
    assert report.exact_share == 0.2
    assert report.lines.recall == 0.4
    assert report.lines.precision == pytest.approx(2 / 3)
    assert report.tokens_out_per_in == 12 / 100
    assert report.faults == {"line-missing": 1, "bad-range": 1}


@given(st.lists(st.text(max_size=8).filter(lambda line: "\n" not in line), min_size=1), st.integers(1, 99))
def test_numbers_come_off_again(lines: list[str], first: int) -> None:
    text = "\n".join(lines)
    assert without_numbers(number_lines(text, first)) == (first, text)


def test_the_curves_are_a_picture_with_every_point() -> None:
    records = [{"step": n, "loss": 5.0 / n, "learning_rate": 1e-4 * n} for n in range(1, 11)]
    records += [{"step": 5, "validation_loss": 1.5}, {"step": 10, "validation_loss": 1.0}]
    picture = curves(records, "a <model> & more")
    root = ElementTree.fromstring(picture)
    circles = root.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 22
    assert "a <model> & more" in "".join(root.itertext())
    assert "validation loss, at the end 1" in "".join(root.itertext())
    for circle in circles:
        assert 0 <= float(circle.get("cx", "-1")) <= 720
        assert 0 <= float(circle.get("cy", "-1")) <= 510
    ElementTree.fromstring(curves([], "nothing yet"))


@pytest.mark.parametrize("most", [0.003, 0.07, 1.0, 8.3, 12, 820, 31_250])
def test_ticks_are_round_and_few(most: float) -> None:
    found = ticks(most)
    assert 4 <= len(found) <= 11
    assert found[0] == 0
    assert found[-1] <= most * (1 + 1e-9)
    assert np.allclose(np.diff(found), found[1])
