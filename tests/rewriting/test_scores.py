import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.rewriting.answers import AnswerError, AnswerReason
from bluepencil.rewriting.answers_scores import read_score, read_score_section

READABLE = {
    "7": 7,
    " 7 \n": 7,
    "7.": 7,
    "7.5": 7.5,
    "0": 0,
    "10": 10,
    "7/10": 7,
    "7 / 10": 7,
    "7.5/10": 7.5,
    "10/10": 10,
    "7 out of 10": 7,
    "7 points": 7,
    "**7**": 7,
    "**7/10**": 7,
    "`7`": 7,
    "[[7]]": 7,
    "$\\boxed{7}$": 7,
    "- 7": 7,
    "Score: 7": 7,
    "Score: **7**": 7,
    "**Score:** 7": 7,
    "Score = 7": 7,
    "score is 7": 7,
    "Score 7": 7,
    "The score is 7.": 7,
    "Rating: 7/10": 7,
    "Score (0-10): 7": 7,
    "On a scale from 0 to 10, the score is 7.": 7,
    "7 - readable, but one long function": 7,
    "7 (readable)": 7,
    "7/10, because it has 2 functions of 80 lines": 7,
    "7\n\nReadability 8, modularity 6.": 7,
    "The code is short.\n\n7/10": 7,
    "Readability: 8/10\nModularity: 6/10\nOverall: 7/10": 7,
    "Readability score: 8\nOverall score: 7": 7,
    "I give it 7/10. So: 7/10.": 7,
    "As of 7/10/2024: 8/10": 8,
}


@pytest.mark.parametrize(("said", "score"), READABLE.items())
def test_scores_in_every_form(said: str, score: float) -> None:
    assert read_score(said) == score


UNREADABLE = {
    "": AnswerReason.NO_SCORE,
    "good": AnswerReason.NO_SCORE,
    "seven": AnswerReason.NO_SCORE,
    "N/A": AnswerReason.NO_SCORE,
    "The file has 3 functions.": AnswerReason.NO_SCORE,
    "1. Readable: yes": AnswerReason.NO_SCORE,
    "7,5": AnswerReason.NO_SCORE,
    "7/10/2024": AnswerReason.NO_SCORE,
    "v7": AnswerReason.NO_SCORE,
    "6-7": AnswerReason.AMBIGUOUS,
    "6 to 7": AnswerReason.AMBIGUOUS,
    "6-7/10": AnswerReason.AMBIGUOUS,
    "Score: 6 or 7": AnswerReason.AMBIGUOUS,
    "Readability 8/10, modularity 6/10": AnswerReason.AMBIGUOUS,
    "Score: 7. No, score: 6.": AnswerReason.AMBIGUOUS,
    "-1": AnswerReason.SCORE_RANGE,
    "11": AnswerReason.SCORE_RANGE,
    "-3/10": AnswerReason.SCORE_RANGE,
    "70/100": AnswerReason.SCORE_RANGE,
    "4/5": AnswerReason.SCORE_RANGE,
    "Score: 70": AnswerReason.SCORE_RANGE,
}


@pytest.mark.parametrize(("said", "reason"), UNREADABLE.items())
def test_what_is_no_score_is_an_error(said: str, reason: AnswerReason) -> None:
    with pytest.raises(AnswerError) as caught:
        read_score(said)
    assert caught.value.reason == reason


def test_the_section_counts_where_there_is_one() -> None:
    reasons = "## Reasons\nReadable: 9/10. Modular: 3/10.\n\n"
    assert read_score_section(f"{reasons}## Score\n6", "Score") == 6
    assert read_score_section(f"{reasons}### Score: 6/10", "Score") == 6
    assert read_score_section(f"{reasons}**Score:** 6", "Score") == 6
    assert read_score_section(f"<think>## Score\n2</think>{reasons}## Score\n6", "Score") == 6
    assert read_score_section("6", "Score") == 6
    assert read_score_section("The score is 6/10.", "Score") == 6
    for missing in (f"{reasons}## Score\n", reasons):
        with pytest.raises(AnswerError):
            read_score_section(missing, "Score")


@given(
    st.integers(0, 100).map(lambda tenths: tenths / 10),
    st.sampled_from(["{}", "{}/10", "Score: {}", "**{}**"]),
)
def test_every_score_of_the_scale(score: float, form: str) -> None:
    assert read_score(form.format(f"{score:g}")) == score


@given(st.text())
def test_any_text_is_a_score_or_an_error(said: str) -> None:
    try:
        assert 0 <= read_score(said) <= 10
    except AnswerError as error:
        assert error.reason in set(AnswerReason)
