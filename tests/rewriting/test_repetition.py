import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.rewriting.step_repetition import is_repetitive, repeated_run


def exists(text: str, least: int) -> bool:
    """Look for a run in every place and of every length."""
    return any(
        text[start : start + length] == text[start + length : start + 2 * length]
        for length in range(least, len(text) // 2 + 1)
        for start in range(len(text) - 2 * length + 1)
    )


@given(st.text("ab", max_size=60), st.integers(1, 9))
def test_a_run_is_found_where_there_is_one(text: str, least: int) -> None:
    found = repeated_run(text, least)
    assert (found is not None) == exists(text, least)
    if found is not None:
        start, length = found
        assert length >= least
        assert text[start : start + length] == text[start + length : start + 2 * length]


@given(st.text(max_size=200), st.text(min_size=4, max_size=150), st.text(max_size=200))
def test_a_run_is_found_wherever_it_stands(before: str, run: str, after: str) -> None:
    assert repeated_run(before + run + run + after, 4) is not None


WORDS = " ".join(f"word{number}" for number in range(300))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WORDS, False),
        (WORDS + "and so on, " * 30, True),
        (WORDS + "x" * 199, False),
        (WORDS + "x" * 200, True),
        (WORDS + " ".join(f"line {number // 2}" for number in range(100)), False),
        (WORDS[:600] * 2, True),
        (WORDS[:100] * 2, False),  # too short a text
        ("", False),
    ],
)
def test_texts_that_go_round_in_circles(text: str, expected: bool) -> None:
    assert is_repetitive(text) is expected
