from itertools import pairwise

import pytest
from hypothesis import example, given, settings

from bluepencil.documents import Reason
from bluepencil.errors import OptionError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    Cost,
    FaultCode,
    KeepStr,
    Policy,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    apply_edits,
    check,
    execute,
    parse,
    render,
)

from .oracle import execute_slowly
from .strategies import edits_of_texts, programs, sources, texts

UNGUARDED = Policy(max_deleted_share=1.0)
REPLACING = Policy(replacements=True, max_deleted_share=1.0)


def is_subsequence(part: str, whole: str) -> bool:
    characters = iter(whole)
    return all(character in characters for character in part)


@settings(max_examples=400)
@given(edits_of_texts(deletions_only=True))
def test_deletions_give_what_the_slow_executor_gives(case):
    program, text = case
    execution = execute(program, text, UNGUARDED)
    faults = [(fault.code, fault.call) for fault in execution.faults]
    assert (execution.text, faults) == execute_slowly(program, text, replacements=False)
    assert execution.refusal is None


@settings(max_examples=400)
@given(edits_of_texts())
def test_replacements_give_what_the_slow_executor_gives(case):
    program, text = case
    execution = execute(program, text, REPLACING)
    faults = [(fault.code, fault.call) for fault in execution.faults]
    assert (execution.text, faults) == execute_slowly(program, text, replacements=True)


@given(texts, programs)
def test_any_program_on_any_text_leaves_a_subsequence(text, program):
    assert is_subsequence(execute(program, text).text, text)


@given(edits_of_texts())
def test_a_fitting_program_leaves_a_subsequence(case):
    program, text = case
    assert is_subsequence(execute(program, text).text, text)
    assert is_subsequence(execute(program, text, UNGUARDED).text, text)


@given(sources, texts)
def test_any_program_text_leaves_a_subsequence(source, text):
    assert is_subsequence(execute(parse(source).program, text, UNGUARDED).text, text)


@given(edits_of_texts())
def test_edits_are_sorted_apart_and_give_the_text(case):
    program, text = case
    execution = execute(program, text, REPLACING)
    assert all(0 <= edit.start <= edit.end <= len(text) for edit in execution.edits)
    assert all(edit.start < edit.end or edit.new for edit in execution.edits)
    assert all(before.end < after.start for before, after in pairwise(execution.edits))
    assert apply_edits(text, execution.edits) == execution.text


@given(edits_of_texts(deletions_only=True))
def test_every_deleted_character_is_counted(case):
    program, text = case
    execution = execute(program, text, UNGUARDED)
    assert execution.deleted + len(execution.text) == len(text)
    assert all(not edit.new for edit in execution.edits)


@given(edits_of_texts())
def test_check_reports_what_execute_reports(case):
    program, text = case
    for policy in (Policy(), UNGUARDED, REPLACING, Policy(max_calls=2)):
        assert check(program, text, policy) == execute(program, text, policy).faults


@given(edits_of_texts())
def test_a_fault_costs_the_text_when_the_cost_says_so(case):
    program, text = case
    lenient = execute(program, text, UNGUARDED)
    for cost in (Cost.CHUNK, Cost.DOCUMENT):
        strict = execute(program, text, UNGUARDED, cost)
        if lenient.faults:
            assert (strict.text, strict.edits, strict.refusal) == (text, (), Reason.PROGRAM_FAULT)
            assert strict.faults == lenient.faults
        else:
            assert strict == lenient


@given(edits_of_texts(deletions_only=True))
@example((Program((RemoveLines(1, 1),)), "a" * 94 + "\nbcdef"))
@example((Program((RemoveLines(1, 1),)), "a" * 95 + "\nbcdef"))
def test_the_share_guard_fires_above_its_share_and_leaves_the_text(case):
    program, text = case
    free = execute(program, text, UNGUARDED)
    guarded = execute(program, text)
    if free.deleted > 0.95 * len(text) and RemoveAll() not in program.operations:
        assert (guarded.text, guarded.edits, guarded.refusal) == (text, (), Reason.TOO_MUCH_DELETED)
    else:
        assert guarded == free


def test_the_share_is_of_characters_not_of_words():
    page = "\n".join(["菜单", "这是一篇没有空格的很长的文章。" * 200, "版权所有"])
    execution = execute(Program((RemoveLines(1, 1), RemoveLines(3, 3))), page)
    assert execution.text == "这是一篇没有空格的很长的文章。" * 200
    assert execution.refusal is None


def test_an_explicit_remove_all_passes_the_share_guard():
    assert execute(REMOVE_ALL, "all noise\n").text == ""
    assert execute(REMOVE_ALL, "all noise\n").refusal is None
    assert execute(Program((RemoveLines(1, 2),)), "all noise\n").refusal is Reason.TOO_MUCH_DELETED


def test_the_call_guard_leaves_the_text():
    program = Program(tuple(RemoveLines(line, line) for line in range(1, 4)))
    execution = execute(program, "a\nb\nc\n" + "d" * 100, Policy(max_calls=2))
    assert execution.refusal is Reason.TOO_MANY_CALLS
    assert execution.edits == ()
    assert [fault.code for fault in execution.faults] == [FaultCode.TOO_MANY_CALLS]
    assert execute(program, "a\nb\nc\n" + "d" * 100, Policy(max_calls=3)).text == "d" * 100


def test_edits_that_touch_are_one():
    text = "menu\nthe article, shared\n\nfooter"
    program = Program((RemoveLines(4, 4), RemoveStr(2, "shared"), RemoveStr(2, ", "), RemoveLines(3, 3)))
    execution = execute(program, text)
    assert execution.text == "menu\nthe article"
    assert execution.edits == ((16, len(text), ""),)


def test_keep_all_returns_the_text_itself():
    text = "a\nb"
    assert execute(KEEP_ALL, text).text is text


def test_a_huge_range_is_one_comparison():
    execution = execute(Program((RemoveLines(1, 10**18 - 1),)), "a\nb")
    assert [fault.code for fault in execution.faults] == [FaultCode.LINE_MISSING]


def test_a_long_program_out_of_order_is_carried_out():
    lines = [f"line {number}" for number in range(1, 2001)]
    odd = [RemoveLines(number, number) for number in range(1999, 0, -2)]
    execution = execute(Program(tuple(odd)), "\n".join(lines))
    assert execution.text == "\n".join(lines[1::2])


def test_a_replacement_counts_its_old_text_as_deleted():
    execution = execute(Program((ReplaceStr(1, "colour", "color"),)), "a colour", Policy(replacements=True))
    assert (execution.text, execution.deleted) == ("a color", 6)


@given(edits_of_texts(deletions_only=True))
def test_a_program_cut_off_never_deletes_more(case):
    program, text = case
    source = render(program)
    whole = execute(program, text, UNGUARDED).text
    for end in range(len(source)):
        assert is_subsequence(whole, execute(parse(source[:end]).program, text, UNGUARDED).text)


def test_each_string_to_keep_counts_as_a_call():
    program = Program((RemoveLines(2, 2), KeepStr(1, ("a", "c")), RemoveLines(3, 3)))
    execution = execute(program, "abc\n\nd", Policy(max_calls=2))
    assert execution.refusal is Reason.TOO_MANY_CALLS
    (fault,) = execution.faults
    assert (fault.code, fault.call) == (FaultCode.TOO_MANY_CALLS, 2)
    assert str(fault) == "program line 2, column 1: there are 4 calls; the policy allows 2"
    assert execute(program, "abc\n\nd", Policy(max_calls=4)).text == "ac"


def test_a_fault_says_where_and_what():
    program = Program((RemoveLines(1, 1), RemoveStr(2, "x\ny")))
    (fault,) = check(program, "a\nb\nc")
    assert str(fault) == "program line 2, column 1: line 2 does not contain 'x\\ny'"


@pytest.mark.parametrize(
    "options", [{"max_deleted_share": 1.5}, {"max_deleted_share": -0.1}, {"max_calls": 0}]
)
def test_a_policy_that_cannot_work_is_refused(options):
    with pytest.raises(OptionError):
        Policy(**options)
