"""What a dialect can say, it reads back as it was; what it cannot say, it refuses to write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.errors import ProgramError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    FaultCode,
    InsertLine,
    KeepStr,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    check,
    execute,
    parse,
    render,
)
from bluepencil.programs.dialects import DialectFault
from bluepencil.programs.dialects.prox_c import parse_prox_c, render_prox_c
from bluepencil.programs.dialects.prox_d import parse_prox_d, render_prox_d
from bluepencil.programs.dialects.rescraper import parse_rescraper, render_rescraper
from bluepencil.programs.dialects.ultrax import parse_ultrax, render_ultrax
from bluepencil.programs.parse import Limits

from .strategies import damaged, prox_c_programs, rescraper_programs, sources, ultrax_programs

CODES = {*FaultCode, *DialectFault}


@pytest.mark.parametrize("program", [KEEP_ALL, REMOVE_ALL])
def test_prox_d(program):
    parsed = parse_prox_d(render_prox_d(program))
    assert (parsed.program, parsed.faults, parsed.notes) == (program, (), ())


@given(prox_c_programs())
def test_prox_c(drawn):
    program, text, first = drawn
    parsed = parse_prox_c(render_prox_c(program, text, first), text, first)
    assert (parsed.program, parsed.faults, parsed.notes) == (program, (), ())


@given(ultrax_programs)
def test_ultrax(program):
    source = render_ultrax(program)
    assert source.encode() and len(source.splitlines()) == max(len(program.operations), 1)
    parsed = parse_ultrax(source)
    assert (parsed.program, parsed.faults, parsed.notes) == (program, (), ())


@given(rescraper_programs)
def test_rescraper(program):
    parsed = parse_rescraper(render_rescraper(program))
    assert (parsed.program, parsed.faults, parsed.notes) == (program, (), ())


@given(rescraper_programs)
def test_what_several_dialects_can_say_goes_through_all_of_them(program):
    once = parse_ultrax(render_ultrax(program)).program
    assert parse(render(parse_rescraper(render_rescraper(once)).program)).program == program


@pytest.mark.parametrize(
    ("write", "operation"),
    [
        (render_prox_d, RemoveLines(1, 1)),
        (lambda p: render_prox_c(p, "ab"), RemoveAll()),
        (lambda p: render_prox_c(p, "ab"), KeepStr(1, ("a",))),
        (lambda p: render_prox_c(p, "aa"), RemoveStr(1, "a")),
        (lambda p: render_prox_c(p, "a\nb"), RemoveStr(1, "b")),
        (lambda p: render_prox_c(p, "ab"), RemoveStr(1, "x")),
        (render_ultrax, KeepStr(1, ("a",))),
        (render_ultrax, InsertLine(0, "a")),
        (render_ultrax, ReplaceStr(1, "a", "")),
        (render_rescraper, ReplaceStr(1, "a", "b")),
        (render_rescraper, RemoveStr(1, "\ud800")),
    ],
)
def test_what_a_dialect_cannot_say_is_not_written(write, operation):
    with pytest.raises(ProgramError):
        write(Program((operation,)))


def _assert_sound(parsed, source, text):
    for fault in parsed.faults:
        assert fault.code in CODES
        assert 1 <= fault.line <= source.count("\n") + 1
        assert fault.column >= 1
    for note in parsed.notes:
        assert source.split("\n")[note.line - 1].find(note.text) >= 0
    # Whatever was read can be checked, executed and written down.
    assert all(fault.code in CODES for fault in check(parsed.program, text))
    assert isinstance(execute(parsed.program, text).text, str)
    assert parse(render(parsed.program)).program == parsed.program


@given(sources | damaged(ultrax_programs.map(render_ultrax)), sources)
def test_no_text_makes_the_parsers_of_calls_raise(source, text):
    _assert_sound(parse_prox_d(source), source, text)
    _assert_sound(parse_prox_c(source, text, 5), source, text)
    _assert_sound(parse_ultrax(source), source, text)


@given(sources | damaged(rescraper_programs.map(render_rescraper)), sources)
def test_no_text_makes_the_parser_of_tags_raise(source, text):
    _assert_sound(parse_rescraper(source), source, text)


@given(prox_c_programs(), st.data())
def test_a_damaged_program_of_prox_c_is_read_without_raising(drawn, data):
    program, text, first = drawn
    source = data.draw(damaged(st.just(render_prox_c(program, text, first))))
    _assert_sound(parse_prox_c(source, text, first), source, text)


@given(ultrax_programs, st.data())
def test_a_call_that_is_cut_off_is_not_carried_out(program, data):
    source = render_ultrax(program)
    end = data.draw(st.integers(0, len(source)))
    cut = parse_ultrax(source[:end])
    assert cut.program.operations == program.operations[: len(cut.program.operations)]
    inside = source[end : end + 1] not in ("", "\n") and source[:end].rpartition("\n")[2]
    assert bool(cut.faults) == bool(inside) or not source[:end]


@pytest.mark.parametrize(
    "read", [parse_prox_d, lambda s, limits: parse_prox_c(s, "a", 1, limits), parse_ultrax, parse_rescraper]
)
def test_a_program_that_is_too_long_is_refused(read):
    parsed = read("keep " * 10, limits=Limits(max_characters=20))
    assert [fault.code for fault in parsed.faults] == [FaultCode.PROGRAM_TOO_LONG]


def test_too_many_calls_are_refused_as_a_whole():
    for read, source in (
        (parse_ultrax, "remove_lines(1, 1)\n" * 3),
        (parse_rescraper, "<extract>\nrm 1\nrm 2\nrm 3\n<keep>"),
    ):
        parsed = read(source, limits=Limits(max_calls=2))
        assert parsed.program == KEEP_ALL
        assert [fault.code for fault in parsed.faults] == [FaultCode.TOO_MANY_CALLS]
