import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.code.repetition import Repetition, factor_ends, find_repetition


def has_square(text: str, run: int) -> bool:
    return any(
        text[start : start + length] == text[start + length : start + 2 * length]
        for length in range(run, len(text) // 2 + 1)
        for start in range(len(text) - 2 * length + 1)
    )


def check_against_oracle(text: str, run: int) -> None:
    found = find_repetition(text, run, 0)
    assert (found is not None) == has_square(text, run)
    if found is not None:
        assert found.length >= run
        middle = found.start + found.length
        assert text[found.start : middle] == text[middle : middle + found.length]


@settings(max_examples=600)
@given(st.text("ab", max_size=60), st.integers(1, 12))
def test_equals_the_quadratic_oracle_on_two_letters(text: str, run: int) -> None:
    check_against_oracle(text, run)


@settings(max_examples=400)
@given(
    st.text("abcd\n", max_size=25),
    st.text("abcd", max_size=20),
    st.text("abcd\n", max_size=25),
    st.integers(1, 15),
)
def test_equals_the_quadratic_oracle_around_a_planted_run(head: str, run: str, tail: str, least: int) -> None:
    check_against_oracle(head + run + run + tail, least)
    check_against_oracle(head + run + "x" + run + tail, least)


def test_equals_the_oracle_on_words_that_avoid_squares_for_long() -> None:
    generator = random.Random(1)
    for _ in range(200):
        word = "".join(generator.choices("abc", k=40))
        text = word + "".join(generator.choices("abc", k=5)) + word + word[:-1]
        for run in (3, 39, 40, 44, 45, 46):
            check_against_oracle(text, run)


@given(st.text("ab", min_size=1, max_size=40))
def test_factors_are_the_longest_pieces_that_begin_earlier(text: str) -> None:
    start = 0
    for end in factor_ends(text):
        piece = text[start:end]
        if end - start > 1 or piece in text[:start]:
            assert text.find(piece) < start
        if end < len(text) and text.find(text[start : end + 1]) < start:
            raise AssertionError("the factor could have been longer")
        start = end
    assert start == len(text)


def test_the_limits_of_the_paper() -> None:
    other = "".join(chr(0x4E00 + number) for number in range(1000))
    run = "".join(chr(0x100 + number) for number in range(100))
    assert find_repetition(run + run) is None, "shorter than 1,000 characters"
    assert find_repetition(other + run + run) == Repetition(1000, 100)
    assert find_repetition(other + run[:99] * 2) is None
    assert find_repetition(other + run + "x" + run) is None, "it must repeat at once"


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
    assert (find_repetition(text) is not None) is expected


def test_time_grows_linearly_on_hard_texts() -> None:
    """Not a limit of time: an algorithm that is quadratic would need hours for these."""
    begun = time.monotonic()
    fibonacci, before = "ab", "a"
    while len(fibonacci) < 60_000:
        fibonacci, before = fibonacci + before, fibonacci
    assert find_repetition(fibonacci) is not None
    assert find_repetition("a" * 60_000) is not None
    block = "x = compute(value, other)  # the same line again, and again\n"
    distinct = "".join(f"{block * (number % 2)}{number:08x}\n" * 2 for number in range(2000))
    assert find_repetition(distinct, run=2000) is None
    assert time.monotonic() >= begun


def test_a_run_has_a_character() -> None:
    with pytest.raises(ValueError, match="at least one"):
        find_repetition("aa", 0)
