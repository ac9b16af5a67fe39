import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.decontaminate import folding, prose
from bluepencil.decontaminate.hashing import BLOCK, gram_hashes, word_hash
from bluepencil.decontaminate.reading import Kind, read


def exact(text: str) -> list[int]:
    return prose.streams(text).exact.tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Janet’s Ducks", "janet's  DUCKS"),
        ("\\frac{1}{2} of it", "\\dfrac12 of it"),
        ("\\frac{1}{2} of it", "1/2 of it"),
        ("the value $x^2$", "the value x²"),
        ("\\left( a+b \\right)", "(a + b)"),
        ("\\(a\\) and \\[b\\]", "$a$ and $$b$$"),
        ("\\alpha+\\beta", "α + β"),
        ("1,000 men", "1000 men"),
        ("a \\cdot b \\times c", "a*b × c"),
        ("\\begin{align*} a &= b \\end{align*}", "a = b"),
        ("\\text{cm} wide", "cm wide"),
        ("\\log_21", "\\log_2 1"),
        ("Éclair ﬁne ½", "eclair fine 1/2"),
        ("three apples", "3 apples"),
        ("so\u00adft \u200bhyphen", "soft hyphen"),
        ("48/2 = <<48/2=24>>24", "48/2=24"),
        ("١٢ عدد", "12 عدد"),
        ("日本 語", "日本語"),
    ],
)
def test_what_only_is_written_otherwise_agrees(one: str, other: str) -> None:
    assert exact(one) == exact(other) != []


@pytest.mark.parametrize(("one", "other"), [("1/2", "0.5"), ("xy", "x y"), ("ab", "ba"), ("12", "21")])
def test_what_is_said_to_differ_differs(one: str, other: str) -> None:
    assert exact(one) != exact(other)


def test_the_loose_stream_leaves_out_which_numbers_stand_there() -> None:
    one, other = (
        prose.streams(f"She bought {n} boxes with {m} pens each today") for n, m in ((12, 3), (7, "1,050"))
    )
    assert one.loose.tolist() == other.loose.tolist() != []
    strict, masked = one.strict(0, len(one.loose))
    assert (strict != other.strict(0, len(other.loose))[0]).tolist() == masked.tolist()
    assert masked.any()


@given(st.text(max_size=300))
def test_places_are_those_of_the_tokens(text: str) -> None:
    streams = prose.streams(text)
    assert (np.diff(streams.starts) >= 0).all()
    assert (streams.ends > streams.starts).all()
    assert (streams.ends <= len(text)).all()
    for start, end in zip(streams.starts.tolist(), streams.ends.tolist(), strict=True):
        assert not text[start].isspace()
        assert not text[end - 1].isspace()


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_composed_and_decomposed_text_agree(text: str) -> None:
    forms = [exact(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")]
    assert forms[0] == forms[1]


@given(st.lists(st.text(alphabet="ab1 \\frac{}é½\u0301", max_size=60), min_size=1, max_size=6))
def test_texts_read_together_are_read_as_alone(texts: list[str]) -> None:
    for kind in Kind:
        together = read(texts, kind)
        for number, text in enumerate(texts):
            alone = read([text], kind)
            first, end = together.tokens(number)
            low, high = together.exact_tokens(number)
            assert together.streams.exact[low:high].tolist() == alone.streams.exact.tolist()
            grams = together.streams.loose[first : max(first, end - alone.streams.size + 1)]
            assert grams.tolist() == alone.streams.loose.tolist()
            assert not together.streams.loose[first + len(grams) : end].any()


def test_long_texts_are_cut_between_words() -> None:
    word = "granite"
    text = " ".join([word] * BLOCK)
    assert set(exact(text)) == {word_hash(word)}
    assert len(exact(text)) == BLOCK
    assert len(exact("x" * (5 * BLOCK))) >= 1
    assert len(exact("é½" * (3 * BLOCK))) >= 1


def test_bad_unicode_separates() -> None:
    assert exact("one\ud800two \udfff") == exact("one two")
    assert exact("\x00\x01 a\x00b") == exact("a b")
    assert exact("") == []
    assert len(exact("𠀀𪛖 word")) == 3


def test_folding_tables_are_those_of_single_characters() -> None:
    text = "".join(map(chr, [*range(32, 0xD800, 7), *range(0xE000, 0x20000, 61)]))
    folded = list(folding.blocks(text))
    characters = [c for block in folded for c in block.characters.tolist()]
    assert characters == [ord(c) for one in text for c in folding.fold(one)]


def test_gram_hashes_go_by_order() -> None:
    tokens = np.array([1, 2, 3, 2, 1], np.uint64)
    assert len(gram_hashes(tokens, 3)) == 3
    assert len(set(gram_hashes(tokens, 3).tolist())) == 3
    assert len(gram_hashes(tokens, 6)) == 0
