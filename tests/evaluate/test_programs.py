"""Scores of programs, against cases worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.evaluate.programs import (
    Agreement,
    Case,
    agreement,
    common_characters,
    deleted_spans,
    removed_lines,
    score_programs,
)
from bluepencil.programs import KEEP_ALL, REMOVE_ALL, Program, RemoveLines, RemoveStr, parse

TEXT = "menu\nnews today ad\nrain\nfoot"  # lines of 4, 13, 4, 4 characters


def program(*operations) -> Program:
    return Program(tuple(operations))


def test_the_same_program_agrees_in_everything() -> None:
    expert = program(RemoveLines(1, 1), RemoveStr(2, " ad"), RemoveLines(4, 4))
    report = score_programs([Case(TEXT, expert, expert, tokens_in=100, tokens_out=5)])
    assert (report.n, report.valid_share, report.exact_share, report.same_result_share) == (1, 1, 1, 1)
    assert report.lines == report.spans == Agreement(1, 1, 1)
    # 5 + 3 + 5 of 28 characters go.
    assert report.kept_ratio == report.kept_ratio_expert == 15 / 28
    assert report.tokens_out_per_in == 0.05
    assert report.operations["remove_lines"].expert == 2
    assert report.operations["remove_str"].agreement.f1 == 1


def test_lines_and_characters_are_counted_apart() -> None:
    expert = program(RemoveLines(1, 2))
    written = program(RemoveLines(2, 3))
    report = score_programs([Case(TEXT, expert, written)])
    assert report.lines == Agreement(0.5, 0.5, 0.5)
    # The expert deletes "menu\nnews today ad\n" (19), the model "news today ad\nrain\n" (19); 14 in common.
    assert report.spans == Agreement(14 / 19, 14 / 19, 14 / 19)
    assert report.exact_share == report.same_result_share == 0
    assert report.valid_share == 1


def test_means_over_chunks_and_over_lines_differ() -> None:
    cases = [
        Case(TEXT, KEEP_ALL, KEEP_ALL),
        Case(TEXT, program(RemoveLines(1, 4)), program(RemoveLines(1, 1))),
    ]
    report = score_programs(cases)
    assert report.lines == Agreement(1.0, 0.25, 0.4)
    assert report.chunk_line_f1 == (1 + 0.4) / 2
    assert report.chunk_line_f1_do_nothing == 0.5
    assert report.operations["keep_all"].agreement == Agreement(1, 1, 1)


def test_another_program_with_the_same_result_is_not_exact() -> None:
    expert, written = program(RemoveLines(1, 4)), REMOVE_ALL
    report = score_programs([Case(TEXT, expert, written)])
    assert (report.exact_share, report.same_result_share) == (0, 1)
    assert report.lines.f1 == 1
    assert report.operations["remove_all"].written == 1
    assert report.operations["remove_all"].agreement.f1 == 0


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("remove_lines(1, 9)", "line-missing"),
        ('remove_str(3, "snow")', "string-missing"),
        ('remove_str(1, "a")\nnonsense(3)', "unknown-call"),
        ("well, let me see", "no-call"),
    ],
)
def test_a_fault_makes_a_program_invalid(answer: str, code: str) -> None:
    parsed = parse(answer)
    report = score_programs([Case(TEXT, KEEP_ALL, parsed.program, parsed.faults)])
    assert report.valid_share == 0
    assert code in report.faults
    assert report.exact_share == 0


def test_an_answer_that_is_cut_off_counts_as_doing_nothing() -> None:
    case = Case(TEXT, program(RemoveLines(1, 1)), program(RemoveLines(1, 1)), is_whole=False)
    report = score_programs([case])
    assert (report.valid_share, report.whole_share, report.exact_share) == (0, 0, 0)
    assert report.lines == Agreement(0, 0, 0)
    assert report.kept_ratio == 1


def test_string_calls_agree_by_line_and_text() -> None:
    expert = program(RemoveStr(2, " ad"), RemoveStr(2, "news "))
    written = program(RemoveStr(2, " ad"), RemoveStr(2, "today "))
    score = score_programs([Case(TEXT, expert, written)]).operations["remove_str"]
    assert (score.expert, score.written, score.agreement.f1) == (2, 2, 0.5)


def test_no_case_at_all() -> None:
    report = score_programs([])
    assert report.n == 0
    assert report.valid_share == report.kept_ratio == report.lines.f1 == 0
    assert report.to_json()["operations"] == {}


def test_both_empty_agree_and_one_empty_does_not() -> None:
    assert agreement(0, 0, 0).f1 == 1
    assert agreement(0, 3, 0) == agreement(0, 0, 3) == Agreement(0, 0, 0)


def test_lines_beyond_the_text_are_none() -> None:
    assert removed_lines(program(RemoveLines(3, 10**17)), TEXT) == {3, 4}


SPANS = st.lists(st.integers(0, 60), max_size=12, unique=True).map(
    lambda cuts: list(zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False))
)


@given(SPANS, SPANS)
def test_common_characters_are_those_of_the_sets(left, right) -> None:
    def characters(spans):
        return {at for start, end in spans for at in range(start, end)}

    assert common_characters(left, right) == len(characters(left) & characters(right))


def test_deleted_spans_are_those_of_the_source() -> None:
    assert deleted_spans(program(RemoveStr(2, "today ")), TEXT) == [(10, 16)]
