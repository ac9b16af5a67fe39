import gzip
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq

from bluepencil.errors import InputError
from bluepencil.evaluate.edits import Page, PairScore, evaluate, score
from bluepencil.evaluate.words import common_length, words

WEB = Path(__file__).parents[2].parent / "shared" / "data" / "web"


def common_length_by_table(left: list[str], right: list[str]) -> int:
    """The textbook table: slow and obvious."""
    above = [0] * (len(right) + 1)
    for item in left:
        row = [0]
        for place, other in enumerate(right):
            row.append(above[place] + 1 if item == other else max(above[place + 1], row[place]))
        above = row
    return above[-1]


few_words = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=90)


@given(few_words, few_words)
def test_common_length_agrees_with_the_table_and_with_rapidfuzz(left: list[str], right: list[str]) -> None:
    expected = common_length_by_table(left, right)
    assert common_length(left, right) == expected
    assert LCSseq.similarity(left, right) == expected


@given(st.text(max_size=60), st.text(max_size=60))
def test_common_length_takes_any_sequence(left: str, right: str) -> None:
    assert common_length(left, right) == common_length(right, left) == LCSseq.similarity(left, right)


def test_common_length_of_long_lists() -> None:
    draw = random.Random(1)
    left = [draw.choice("abcdefghij") for _ in range(3000)]
    right = [draw.choice("abcdefghij") for _ in range(2500)]
    assert common_length(left, right) == LCSseq.similarity(left, right)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t ... — ", []),
        ("One, two.\nThree", ["One", "two", "Three"]),
        ("naïve Größe", ["naïve", "Größe"]),
        ("我爱 NLP。你呢？", ["我", "爱", "NLP", "你", "呢"]),
        ("カタカナとCSS3", ["カ", "タ", "カ", "ナ", "と", "CSS3"]),
        ("กขค abc", ["ก", "ข", "ค", "abc"]),
        ("ພາສາລາວ", list("ພາສາລາວ")),
        ("한국어 문장", ["한국어", "문장"]),
        ("𠀀𠀁 x", ["𠀀", "𠀁", "x"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_score_of_empty_texts() -> None:
    assert score("", " \n") == PairScore(1.0, 1.0, 1.0)
    assert score("", "gold") == score("noise", "") == PairScore(0.0, 0.0, 0.0)


def test_score_counts_words_in_order() -> None:
    assert score("a b x c", "a b c d e") == PairScore(3 / 4, 3 / 5, 6 / 9)
    assert score("b a", "a b").f1 == 0.5


@given(st.text(max_size=80), st.text(max_size=80))
def test_score_stays_in_range_and_f1_lies_between(output: str, gold: str) -> None:
    found = score(output, gold)
    low, high = sorted((found.precision, found.recall))
    assert 0 <= low <= found.f1 + 1e-12 <= high + 2e-12 <= 1 + 2e-12


PAGES = [
    Page("1", "news", "menu one two three four", "one two three four", "one two three four"),
    Page("2", "news", "menu share one two", "share one", "one two"),
    Page("3", "blog", "one two", None, "one two"),
    Page("4", "blog", "noise noise", None, ""),
    Page("5", "blog", "same", "same", "same"),
]


def test_evaluate_counts_what_was_removed_and_lost() -> None:
    rows = evaluate(PAGES).rows()
    assert list(rows) == ["news", "blog", "all"]
    news, blog, everything = rows.values()
    assert (news.n, blog.n, everything.n) == (2, 3, 5)
    assert news.f1 == pytest.approx((1.0 + 0.5) / 2)
    assert news.f1_do_nothing == pytest.approx((8 / 9 + 4 / 6) / 2)
    assert news.noise_removed == pytest.approx(2 / 3)
    assert news.gold_lost == pytest.approx(1 / 6)
    assert (news.worse, news.worse_share, news.dropped) == (1, 0.5, 0)
    assert blog.f1 == pytest.approx(2 / 3)
    assert (blog.noise_removed, blog.gold_lost) == (1.0, pytest.approx(2 / 3))
    assert (blog.worse, blog.dropped) == (1, 2)
    assert everything.difference == pytest.approx(everything.f1 - everything.f1_do_nothing)
    assert everything.noise_removed == pytest.approx(4 / 5)


def test_added_words_count_as_noise() -> None:
    assert evaluate([Page("1", "s", "noise gold", "new words gold", "gold")]).overall.noise_removed == -1.0


def test_intervals_hold_the_mean_and_do_not_change() -> None:
    draw = random.Random(2)
    pages = [
        Page(str(number), "s", "x a b c", " ".join(draw.sample("xabc", draw.randint(1, 4))), "a b c")
        for number in range(40)
    ]
    first, second = evaluate(pages).overall, evaluate(iter(pages)).overall
    assert first == second
    assert first.interval[0] < first.f1 < first.interval[1]
    assert first.difference_interval[0] < first.difference < first.difference_interval[1]
    assert evaluate(pages, seed=1).overall.interval != first.interval


def test_interval_matches_the_normal_approximation() -> None:
    pages = [Page(str(number), "s", "a", "a" if number % 2 else "b", "a") for number in range(400)]
    low, high = evaluate(pages).overall.interval
    assert (low, high) == (pytest.approx(0.451, abs=0.006), pytest.approx(0.549, abs=0.006))


def test_doing_nothing_is_never_worse() -> None:
    report = evaluate(Page(page.id, page.source, page.raw, page.raw, page.gold) for page in PAGES).overall
    assert report.f1 == report.f1_do_nothing
    assert (report.worse, report.noise_removed, report.gold_lost) == (0, 0.0, 0.0)
    assert report.difference_interval == (0.0, 0.0)


def test_report_as_json_and_as_table() -> None:
    report = evaluate(PAGES)
    plain = json.loads(json.dumps(report.to_json()))
    assert list(plain) == ["news", "blog", "all"]
    assert {"n", "precision", "recall", "f1", "f1_do_nothing", "interval"} <= plain["all"].keys()
    assert plain["news"]["f1"] == 0.75
    lines = report.to_table().split("\n")
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[0] for line in lines] == ["source", "news", "blog", "all"]


def test_no_page_at_all() -> None:
    report = evaluate([])
    assert list(report.rows()) == ["all"]
    assert (report.overall.n, report.overall.f1) == (0, 0.0)
    assert "all" in report.to_table()


def test_a_source_named_all_is_refused() -> None:
    with pytest.raises(InputError, match="'all'"):
        evaluate([Page("1", "all", "a", "a", "a")])


# What the data's own README says that doing nothing scores, for the two files that hold whole sets.
@pytest.mark.parametrize(("name", "expected"), [("scrapinghub", 0.642), ("trafilatura_silver", 0.652)])
def test_doing_nothing_scores_what_the_data_says(name: str, expected: float) -> None:
    path = WEB / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"the real pages are not here: {path}")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found = [score(row["raw"], row["gold"]).f1 for row in rows]
    assert round(sum(found) / len(found), 3) == expected
