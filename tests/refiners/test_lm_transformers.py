"""Answers from a model in this process: random weights, which never know when to stop."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from bluepencil.errors import InputError, OptionError
from bluepencil.llm import AskReason
from bluepencil.refiners.lm_generate import Finish
from bluepencil.refiners.lm_prompt import Prompt
from bluepencil.refiners.lm_transformers import LocalGenerator, batches, load
from refiners.lm_models import page, write_random

CONTEXT = 256


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_random(tmp_path_factory.mktemp("models") / "random", CONTEXT))


def prompts(count: int) -> list[Prompt]:
    return [Prompt(text="\n".join(page(number)[0].split("\n")[: 1 + number % 4])) for number in range(count)]


def test_an_answer_does_not_depend_on_its_batch(model: str) -> None:
    asked = prompts(12)
    alone = LocalGenerator(model, 24, batch_tokens=1, dtype="float32", device="cpu").generate(asked)
    together = LocalGenerator(model, 24, dtype="float32", device="cpu").generate(asked)
    some = LocalGenerator(model, 24, batch_tokens=300, dtype="float32", device="cpu").generate(asked[::-1])
    assert alone == together == some[::-1]
    assert len({answer.text for answer in alone}) > 3
    assert [answer.tokens_in for answer in alone] == [
        len(load(model, "float32", "cpu").encoder.prompt(prompt)) for prompt in asked
    ]


def test_an_answer_that_does_not_end_is_cut_off(model: str) -> None:
    answers = LocalGenerator(model, 8, device="cpu").generate(prompts(4))
    assert {answer.finish_reason for answer in answers} == {Finish.CUT_OFF}
    assert all(answer.tokens_out == 8 and not answer.is_whole for answer in answers)


def test_a_loop_is_ended_early(model: str) -> None:
    answers = LocalGenerator(model, 200, device="cpu").generate(prompts(8))
    ended = [answer for answer in answers if answer.finish_reason is Finish.REPEATS]
    assert ended, "random weights fall into cycles"
    assert all(answer.tokens_out < 200 and answer.tokens_out % 16 == 0 for answer in ended)


def test_a_prompt_that_leaves_no_room_is_not_asked(model: str) -> None:
    long = Prompt(text="lake " * 300)
    short, refused = LocalGenerator(model, 64, device="cpu").generate([Prompt(text="lake"), long])
    assert refused.finish_reason is Finish.TOO_LONG
    assert str(CONTEXT) in refused.detail
    assert short.tokens_out
    # One that leaves some room has what is left.
    near = Prompt(text=" lake" * (CONTEXT - 20))
    (answer,) = LocalGenerator(model, 64, device="cpu").generate([near])
    assert answer.tokens_in + answer.tokens_out <= CONTEXT


def test_text_that_is_not_text_costs_itself_alone(model: str) -> None:
    bad, good = LocalGenerator(model, 4, device="cpu").generate([Prompt(text="a\ud800b"), Prompt(text="ab")])
    assert bad.finish_reason is Finish.NOT_TEXT
    assert good.tokens_out == 4


class Spelled:
    """A constraint that admits exactly one answer."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def request(self, server: str, detail: str) -> Mapping[str, Any]:
        return {}

    def matcher(self, tokenizer: Any) -> "SpelledMatcher":
        ids = tokenizer(self.answer, add_special_tokens=False)["input_ids"]
        return SpelledMatcher([*ids, tokenizer.eos_token_id], len(tokenizer))


class SpelledMatcher:
    def __init__(self, left: Sequence[int], vocabulary: int) -> None:
        self.left = list(left)
        self.vocabulary = vocabulary

    def allowed(self) -> Any:
        bits = np.zeros(-(-self.vocabulary // 32) * 32, dtype=np.uint8)
        bits[self.left[0]] = 1
        return np.packbits(bits, bitorder="little").view(np.int32)

    def advance(self, token: int) -> None:
        assert token == self.left.pop(0)


def test_a_constraint_decides_what_may_be_written(model: str) -> None:
    spelled = ["keep_all()", "remove_lines(1, 2)\nremove_lines(4, 4)"]
    answers = LocalGenerator(model, 64, device="cpu").generate(prompts(3), [*map(Spelled, spelled), None])
    assert [answer.text for answer in answers[:2]] == spelled
    assert [answer.finish_reason for answer in answers[:2]] == [Finish.STOP] * 2
    assert answers[2] == LocalGenerator(model, 64, device="cpu").generate(prompts(3))[2]


def test_an_empty_answer_and_a_loop_that_ends_are_no_whole_answers(model: str) -> None:
    spelled = ["", "a\na\na\n"]
    answers = LocalGenerator(model, 64, device="cpu").generate(prompts(2), list(map(Spelled, spelled)))
    assert [answer.finish_reason for answer in answers] == [AskReason.EMPTY, Finish.REPEATS]


def test_batches_keep_to_their_budget_and_lose_nothing() -> None:
    from bluepencil.refiners.lm_transformers import Row

    rows = [Row(number, [1] * (number * 7 % 50 + 1), 20, None) for number in range(40)]
    made = list(batches(rows, 300, 66))
    assert sorted(row.number for batch in made for row in batch) == list(range(40))
    for batch in made:
        longest = max(len(row.tokens) for row in batch)
        assert len(batch) == 1 or (longest + 20) * len(batch) <= 300
        assert longest + max(row.room for row in batch) <= 66 or len(batch) == 1
    assert len(made[0][0].tokens) == 50
    assert len(made[0]) == 1


def test_what_cannot_be_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can be loaded"):
        LocalGenerator(str(tmp_path), 8, device="cpu").generate(prompts(1))
    for wrong in ({"max_new_tokens": 0}, {"batch_tokens": 0}, {"dtype": "int4"}):
        with pytest.raises(OptionError):
            LocalGenerator("m", **{"max_new_tokens": 8, **wrong})


def test_a_row_that_was_ended_takes_no_more_tokens() -> None:
    """Its tokens are padding from then on, which a program need not admit."""
    from bluepencil.refiners.lm_transformers import Constrained

    constrained = Constrained([SpelledMatcher([5, 6], 8), SpelledMatcher([7, 6], 8), None], [0])
    constrained.take([5, 3, 1], {1: "ended"})
    assert list(constrained.open) == [0]
    constrained.take([0, 3, 1], {1: "ended"})
    assert not constrained.open
