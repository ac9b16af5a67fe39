import pickle

import pytest

from bluepencil.errors import OptionError
from bluepencil.llm import (
    Answer,
    Client,
    ClientOptions,
    Estimate,
    Failure,
    Price,
    Prompt,
    Question,
    after_thinking,
)
from bluepencil.llm.messages import AskReason

OPTIONS = ClientOptions(server="http://127.0.0.1:9", model="m", price=Price(1e6, 2e6))


def question(options: ClientOptions = OPTIONS) -> Question:
    return Question(
        Client(options), Prompt.parse("--- user ---\n{{text}} in {{language}}"), {"temperature": 0}
    )


def test_a_question_fills_its_places_and_travels() -> None:
    asked = pickle.loads(pickle.dumps(question()))
    request = asked.request({"text": "x", "language": "C"})
    assert request.messages == [{"role": "user", "content": "x in C"}]
    assert request.params == {"temperature": 0}
    with pytest.raises(OptionError, match="language"):
        asked.request({"text": "x"})


def test_what_an_answer_cost_is_noted_whether_it_is_of_use_or_not() -> None:
    asked = question()
    notes = {"tokens_in": 3, "tokens_out": 2, "prompt_hash": asked.prompt.hash}
    assert asked.notes(Answer("x", "stop", 3, 2)) == {**notes, "cost": 7}
    assert asked.notes(Failure(AskReason.CUT_OFF, "", 3, 2)) == {**notes, "cost": 7}
    free = question(ClientOptions(server="http://127.0.0.1:9", model="m"))
    assert free.notes(Answer("x", "stop", 3, 2)) == notes


def test_estimates_add_up() -> None:
    one = question().estimate(
        [{"text": "x" * 40, "language": "C"}] * 3, answer_tokens=lambda request: 5, tokens_per_s=10
    )
    assert (one.documents, one.tokens_out, one.seconds) == (3, 15, 1.5)
    both = one.plus(one)
    assert (both.documents, both.tokens_in, both.seconds) == (6, 2 * one.tokens_in, 3)
    assert both.money == pytest.approx(2 * (one.money or 0))
    unknown = Estimate(1, 0, 1, 1, None, None, one.counted_by)
    assert (one.plus(unknown).money, unknown.plus(one).seconds) == (None, None)


@pytest.mark.parametrize(
    ("answer", "rest"),
    [
        ("x", "x"),
        (" <think>a</think>x", "x"),
        ("<think>a", None),
        ("x <think>a</think>", "x <think>a</think>"),
        ("<think>\n</think>\n</think>", "\n</think>"),
    ],
)
def test_thinking_goes_before_the_answer(answer: str, rest: str | None) -> None:
    assert after_thinking(answer) == rest
