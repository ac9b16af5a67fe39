import pytest
from hypothesis import given, settings

from bluepencil.errors import OptionError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    Cost,
    FaultCode,
    Limits,
    Program,
    RemoveLines,
    RemoveStr,
    parse,
    render,
)
from bluepencil.programs.parse import DEFAULT_LIMITS, _parse_slowly

from .strategies import loosely_written, programs, sources, strings


@given(programs)
def test_parsing_what_was_rendered_gives_the_program(program):
    parsed = parse(render(program))
    assert parsed.program == program
    assert parsed.faults == ()
    assert parsed.notes == ()


@given(programs)
def test_rendered_programs_encode_to_utf8_one_call_per_line(program):
    source = render(program)
    assert source.encode("utf-8").decode("utf-8") == source
    assert source.count("\n") == max(len(program.operations) - 1, 0)
    assert source.splitlines() == source.split("\n")


@given(sources)
def test_parsing_never_raises_and_places_are_in_the_source(source):
    parsed = parse(source)
    lines = source.split("\n")
    for found in (*parsed.faults, *parsed.notes):
        assert 1 <= found.line <= len(lines)
        assert 1 <= found.column <= len(lines[found.line - 1]) + 1
    for note in parsed.notes:
        assert lines[note.line - 1].startswith(note.text, note.column - 1)
    assert parsed.faults or "(" in source


@given(loosely_written())
def test_spaces_quotes_and_escapes_make_no_difference(case):
    program, source = case
    parsed = parse(source)
    assert (parsed.program, parsed.faults, parsed.notes) == (program, (), ())


@settings(max_examples=400)
@given(sources | programs.map(render) | loosely_written().map(lambda case: case[1]))
def test_the_fast_path_and_the_scanner_agree(source):
    for limits in (DEFAULT_LIMITS, Limits(max_calls=2)):
        assert parse(source, limits) == _parse_slowly(source, limits, Cost.CALL)


@given(sources)
def test_what_was_parsed_survives_another_round(source):
    program = parse(source).program
    assert parse(render(program)).program == program


@given(sources)
def test_any_fault_leaves_nothing_when_the_cost_says_so(source):
    lenient = parse(source)
    for cost in (Cost.CHUNK, Cost.DOCUMENT):
        strict = parse(source, cost=cost)
        assert (strict.faults, strict.notes) == (lenient.faults, lenient.notes)
        assert strict.program == (KEEP_ALL if lenient.faults else lenient.program)


@given(strings, strings)
def test_nothing_inside_a_string_is_executed(before, after):
    source = render(Program((RemoveStr(1, f"{before}\nremove_all()\n{after}"),)))
    for end in range(len(source)):
        assert parse(source[:end]).program != REMOVE_ALL


@given(programs)
def test_a_program_cut_anywhere_keeps_only_whole_calls(program):
    source = render(program)
    for end in range(len(source)):
        parsed = parse(source[:end])
        assert parsed.program.operations == program.operations[: len(parsed.program.operations)]
        if source[:end].count("\n") and source[end - 1] not in "\n)":
            assert parsed.faults


def test_limits_refuse_the_whole_program():
    source = "remove_lines(1, 1)\nremove_lines(2, 2)\nremove_lines(3, 3)"
    assert len(parse(source, Limits(max_calls=3)).program.operations) == 3
    parsed = parse(source, Limits(max_calls=2))
    assert parsed.program == KEEP_ALL
    assert [str(fault) for fault in parsed.faults] == [
        "program line 3, column 1: there are more than 2 calls"
    ]
    parsed = parse(source, Limits(max_characters=len(source) - 1))
    assert (parsed.program, parsed.faults[0].code) == (KEEP_ALL, FaultCode.PROGRAM_TOO_LONG)
    assert parse(source, Limits(max_characters=len(source))).faults == ()


def test_faulty_calls_count_towards_the_limit():
    parsed = parse("f()\n" * 5, Limits(max_calls=3))
    codes = [fault.code for fault in parsed.faults]
    assert codes == [FaultCode.UNKNOWN_CALL] * 3 + [FaultCode.TOO_MANY_CALLS]


def test_the_numbers_of_calls_count_the_faulty_ones():
    parsed = parse("remove_lines(1, 1)\nf()\nremove_lines(2, 1)\nremove_lines(3, 3)")
    assert parsed.program == Program((RemoveLines(1, 1), RemoveLines(3, 3)))
    assert [fault.call for fault in parsed.faults] == [2, 3]


def test_a_fault_says_where_and_what():
    (fault,) = parse("keep_all()\n\n\nremove_str(3, 'abc").faults
    assert str(fault) == "program line 4, column 15: expected a closing quote"


def test_a_note_says_where_and_what():
    (note,) = parse("remove_all()  # a page of links\n").notes
    assert str(note) == "program line 1, column 15: not a call: '# a page of links'"


@pytest.mark.parametrize("options", [{"max_calls": 0}, {"max_characters": 0}])
def test_limits_that_cannot_work_are_refused(options):
    with pytest.raises(OptionError):
        Limits(**options)


@pytest.mark.parametrize(
    "piece", ["f(\n" + " \n" * 9, "remove_lines(1,\n", "prose\n", 'remove_str(1, "\\d\n']
)
def test_a_long_broken_program_is_read_in_linear_time(piece):
    # Nothing is timed: these took minutes where reading was quadratic.
    source = piece + " \n" * 100_000 + piece * 10_000
    parsed = parse(source, Limits(max_calls=100_000))
    assert parsed.program == KEEP_ALL
    assert parsed.faults
