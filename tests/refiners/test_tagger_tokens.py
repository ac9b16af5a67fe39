import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.refiners import tagger_tokens as tk
from bluepencil.refiners.tagger_features import item_hashes, numeric_features, word_kinds
from bluepencil.refiners.tagger_lexicon import KINDS, lexicon

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)


def tokens_of(text: str) -> list[str]:
    tokens = tk.tokenize([text])
    return [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, wörld", ["Hello", ",", "wörld"]),
        ("a\tb\rc\x0bd\u2028e", ["a", "b", "c", "d", "e"]),
        ("12:30h", ["12", ":", "30", "h"]),
        ("日本語。", ["日", "本", "語", "。"]),
        ("สวัสดี", list("สวัสดี")),
        ("\U00020000\U00020001", ["\U00020000", "\U00020001"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("x\u00ady", ["x\u00ady"]),
        ("»a«", ["»", "a", "«"]),
    ],
)
def test_tokens_are_runs_of_letters_or_digits_or_single_characters(text: str, expected: list[str]) -> None:
    assert tokens_of(text) == expected


@given(ANY_TEXT)
def test_hashes_are_those_of_the_plain_oracle(text: str) -> None:
    tokens = tk.tokenize([text])
    _, lower_by = tk._tables()
    for start, end, found in zip(tokens.starts, tokens.ends, tokens.words, strict=True):
        lowered = "".join(
            c if ord(c) >= tk.TABLE_SIZE else chr(ord(c) + int(lower_by[ord(c)])) for c in text[start:end]
        )
        assert tk.hash_word(lowered) == int(found)


@given(st.lists(ANY_TEXT, max_size=5))
def test_a_text_is_read_alike_whatever_stands_beside_it(texts: list[str]) -> None:
    together = tk.tokenize(texts)
    for place, page in enumerate(together.pages):
        alone = tk.tokenize([texts[page]])
        part = slice(together.page_lines[place], together.page_lines[place + 1])
        assert together.numbers[part].tolist() == alone.numbers.tolist()
        assert together.hashes[part].tolist() == alone.hashes.tolist()
        assert together.counts[part].tolist() == alone.counts.tolist()


@given(st.lists(ANY_TEXT, max_size=4))
def test_only_line_feeds_end_lines_and_only_lines_with_words_are_read(texts: list[str]) -> None:
    tokens = tk.tokenize(texts)
    place = 0
    for page, text in enumerate(texts):
        for number, line in enumerate(text.split("\n")):
            classes = set(tk._look_up(np.array([ord(c) for c in line], np.uint32))[0].tolist())
            if classes & {tk.LOWER, tk.UPPER, tk.LETTER, tk.IDEOGRAPH, tk.DIGIT}:
                assert tokens.numbers[place] == number
                owner = np.searchsorted(tokens.page_lines, place, side="right") - 1
                assert tokens.pages[owner] == page
                place += 1
    assert place == len(tokens.numbers)


def test_digits_are_hashed_alike_and_case_does_not_count() -> None:
    tokens = tk.tokenize(["Page 12 page 34 PAGE ٣٤"])
    assert len(set(tokens.words[[0, 2, 4]].tolist())) == 1
    assert len(set(tokens.words[[1, 3, 5]].tolist())) == 1


def test_of_a_huge_line_only_the_ends_are_read() -> None:
    tokens = tk.tokenize(["x\n" + "word " * 1_000_000])
    assert tokens.cut.tolist() == [False, True]
    assert tokens.counts.sum() <= tk.LONGEST_LINE + 3


def test_every_word_of_the_lexicon_that_is_one_token_is_found() -> None:
    one_token = [word for word in lexicon() if tokens_of(word) == [word]]
    found = word_kinds(tk.tokenize([" ".join(one_token)]).words)
    missing = [word for word, kind in zip(one_token, found, strict=True) if kind != lexicon()[word]]
    assert missing == []
    assert len(one_token) > 1000
    assert word_kinds(tk.tokenize(["xyzzy"]).words).tolist() == [len(KINDS)]


@given(st.lists(ANY_TEXT, min_size=1, max_size=4))
def test_numeric_features_stay_in_range_and_do_not_depend_on_the_batch(texts: list[str]) -> None:
    together = tk.tokenize(texts)
    if not len(together.pages):
        return
    numbers = numeric_features(together, word_kinds(together.words))
    assert numbers.max(initial=0) <= 127
    for place, page in enumerate(together.pages):
        alone = tk.tokenize([texts[page]])
        part = slice(together.page_lines[place], together.page_lines[place + 1])
        np.testing.assert_array_equal(numbers[part], numeric_features(alone, word_kinds(alone.words)))


def test_items_are_words_pairs_beginnings_and_ends() -> None:
    hashes, lines = item_hashes(tk.tokenize(["letters are\nfine"]))
    # line 1: two words, three pairs with the ends, one beginning, one end; line 2: one word, two pairs.
    assert np.bincount(lines).tolist() == [7, 3]
    assert len(set(hashes.tolist())) == 10
