import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.errors import OptionError
from bluepencil.llm import Answer, AskReason, Failure, Request
from bluepencil.llm.messages import FORBIDDEN, Stored, judge

CHAT = [{"role": "user", "content": "Hello"}]


def key(model: str = "m", **values: object) -> bytes:
    return Request(**{"messages": CHAT, **values}).key(model)  # type: ignore[arg-type]


def test_a_key_depends_on_everything_that_decides_the_answer() -> None:
    keys = [
        key(),
        key("other"),
        key(messages=[{"role": "user", "content": "Hello!"}]),
        key(messages=[{"role": "system", "content": "Hello"}]),
        key(messages=(), prompt="Hello"),
        key(params={"temperature": 0}),
        key(params={"temperature": 0.5}),
        key(params={"max_tokens": 0}),
        key(params={"guided": {"grammar": "a"}}),
        key(params={"guided": {"grammar": "b"}}),
        key(sample=1),
    ]
    assert len(set(keys)) == len(keys)


def test_a_key_does_not_depend_on_how_the_same_thing_is_written() -> None:
    assert key(params={"temperature": 1, "top_p": 0.5}) == key(params={"top_p": 0.5, "temperature": 1.0})
    assert key(params={"stop": ("a", "b")}) == key(params={"stop": ["a", "b"]})
    assert key(params={"user": "me", "priority": 3}) == key()


def test_a_key_stays_the_same_over_releases() -> None:
    # If this fails, every cache in the world is worthless: KEY_FORMAT has to go up, knowingly.
    assert key(params={"temperature": 0.2}).hex() == KNOWN_KEY


KNOWN_KEY = "5d09c657bce9331d46f85de7c065486a66edd8945b8cafb63446978ff67ac908"


def test_the_body_holds_model_prompt_and_parameters() -> None:
    body = Request(prompt="Say", params={"top_p": 0.7, "user": "me"}, sample=3).body("m")
    assert body == b'{"model":"m","prompt":"Say","top_p":0.7,"user":"me"}'


@pytest.mark.parametrize("values", [{}, {"messages": CHAT, "prompt": "x"}])
def test_a_request_is_either_messages_or_a_prompt(values: dict[str, object]) -> None:
    with pytest.raises(OptionError, match="either messages or a prompt"):
        Request(**values)  # type: ignore[arg-type]


def test_parameters_that_change_how_answers_arrive_are_refused() -> None:
    with pytest.raises(OptionError, match="n, stream"):
        Request(prompt="x", params={"stream": True, "n": 2})


@pytest.mark.parametrize(
    ("finish", "text", "reason"),
    [
        ("length", "half an ans", AskReason.CUT_OFF),
        ("content_filter", "", AskReason.FILTERED),
        ("stop", " \n ", AskReason.EMPTY),
        ("null", "an answer", AskReason.FINISH_UNKNOWN),
        ("tool_calls", "an answer", AskReason.FINISH_UNKNOWN),
    ],
)
def test_an_answer_that_is_not_whole_is_a_failure_with_its_costs(
    finish: str, text: str, reason: AskReason
) -> None:
    failure = judge(Stored(text, finish, 7, 3), cached=True)
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.tokens_in, failure.tokens_out, failure.cached) == (reason, 7, 3, True)


def test_finish_reasons_can_be_accepted() -> None:
    assert judge(Stored("text", "null", 1, 2), ("stop", "null")) == Answer("text", "null", 1, 2)


@given(st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False) | st.text() | st.booleans()))
def test_any_parameters_have_a_key(params: dict[str, object]) -> None:
    allowed = {name: value for name, value in params.items() if name not in FORBIDDEN}
    request = Request(prompt="x", params=allowed)
    try:
        assert len(request.key("m")) == 32
    except UnicodeEncodeError:
        assert any("\ud800" <= letter <= "\udfff" for letter in str(allowed))
