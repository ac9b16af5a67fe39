import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.refiners.rules_c4 import is_banned_page, line_verdicts

POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)


def keeps(line: str) -> bool:
    """The rules of the paper and its code, one after another: slow and obvious."""
    line = line.strip()
    if any(len(word) > 1000 for word in line.split()):
        return False
    line = re.sub(r"\[\d*]|\[edit]|\[citation needed]", "", line).strip()
    if not line.endswith((".", "?", "!", '"', "'")) or line.endswith("..."):
        return False
    if len(line.split()) < 5:
        return False
    return not any(phrase in line.lower() for phrase in ("javascript", *POLICIES))


WORDS = ["word ", "two words ", "a b c d ", "a\tb  c ", " ", "\r", "x" * 1001 + " ", "{ "]
BANNED = ["JavaScript ", "Terms of Use", "We use cookies", "policy "]
ENDS = [
    "end",
    "end.",
    "end?",
    'end!"',
    "end'",
    "end...",
    "end.[12]",
    "end.[edit]",
    "end. [citation needed]",
    "[3]",
]
pieces = st.sampled_from(WORDS + BANNED + ENDS)
lines = st.lists(pieces, max_size=8).map("".join)


@given(st.lists(lines, min_size=1, max_size=12))
def test_agrees_with_the_rules_read_one_by_one(page: list[str]) -> None:
    assert line_verdicts("\n".join(page), page) == [keeps(line) for line in page]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("他昨天去了北京，今天才回来。", True),
        ("短句。", False),
        ("首页 新闻 体育 财经 娱乐", False),
        ("彼は昨日東京へ行った！", True),
        ("ວັນນີ້ ອາກາດ ດີ ຫຼາຍ ແທ້.", True),
        ("She said: “Five words are enough.”", True),
        ("Où est-ce que tu vas ?", True),
        ("", False),
    ],
)
def test_other_scripts_and_quotes(line: str, kept: bool) -> None:
    assert line_verdicts(line, [line]) == [kept]


def test_a_run_of_chinese_is_not_one_long_word() -> None:
    line = "汉" * 1500 + "。"
    assert line_verdicts(line, [line]) == [True]


def test_lone_surrogates_are_no_error() -> None:
    line = "five words with a \ud800 in it."
    assert line_verdicts(line, [line]) == [True]


def test_banned_page_goes_by_the_lines_that_stay() -> None:
    page = ["if (x) { return }", "This line of text holds a { bracket.", "Home"]
    assert is_banned_page(page, line_verdicts("\n".join(page), page))
    assert not is_banned_page(page[:1], line_verdicts(page[0], page[:1]))
    latin = ["This page says Lorem Ipsum and more."]
    assert is_banned_page(latin, line_verdicts(latin[0], latin))
