import pytest
from hypothesis import given
from hypothesis import strategies as st

import bluepencil.programs
from bluepencil.errors import ProgramError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    InsertLine,
    KeepStr,
    LineIndex,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    render,
)

from .strategies import texts

TOO_LARGE = 10**18


@pytest.mark.parametrize(
    "make",
    [
        lambda: RemoveLines(0, 1),
        lambda: RemoveLines(2, 1),
        lambda: RemoveLines(1, TOO_LARGE),
        lambda: RemoveStr(0, "a"),
        lambda: RemoveStr(TOO_LARGE, "a"),
        lambda: RemoveStr(1, ""),
        lambda: KeepStr(0, ("a",)),
        lambda: KeepStr(1, ()),
        lambda: KeepStr(1, ("a", "")),
        lambda: ReplaceStr(0, "a", "b"),
        lambda: ReplaceStr(1, "", "b"),
        lambda: InsertLine(-1, "a"),
        lambda: InsertLine(1, "a\nb"),
        lambda: Program((RemoveLines(1, 2),)).shifted(-1),
        lambda: Program((RemoveStr(1, "a"),)).shifted(TOO_LARGE),
    ],
)
def test_an_operation_that_cannot_exist_is_not_made(make):
    with pytest.raises(ProgramError):
        make()


def test_a_shifted_program_moves_every_line_number():
    program = Program(
        (
            RemoveLines(1, 2),
            RemoveStr(3, "a"),
            KeepStr(5, ("a", "b")),
            ReplaceStr(4, "a", "b"),
            InsertLine(0, "c"),
            RemoveAll(),
        )
    )
    assert program.shifted(10) == Program(
        (
            RemoveLines(11, 12),
            RemoveStr(13, "a"),
            KeepStr(15, ("a", "b")),
            ReplaceStr(14, "a", "b"),
            InsertLine(10, "c"),
            RemoveAll(),
        )
    )


def test_a_program_without_operations_keeps_all():
    assert KEEP_ALL.keeps_all
    assert not REMOVE_ALL.keeps_all


@pytest.mark.parametrize(
    ("program", "source"),
    [
        (KEEP_ALL, "keep_all()"),
        (REMOVE_ALL, "remove_all()"),
        (Program((RemoveLines(1, 2), RemoveAll())), "remove_lines(1, 2)\nremove_all()"),
        (Program((RemoveStr(3, 'it\'s "é"\\'),)), 'remove_str(3, "it\'s \\"é\\"\\\\")'),
        (Program((RemoveStr(3, "\n\r\t\0\x85\x9f"),)), 'remove_str(3, "\\n\\r\\t\\x00\\x85\\x9f")'),
        (Program((RemoveStr(3, "\u2028\u2029\ud800"),)), 'remove_str(3, "\\u2028\\u2029\\ud800")'),
        (
            Program((KeepStr(3, ("a",)), KeepStr(4, ('"', "\n")))),
            'keep_str(3, "a")\nkeep_str(4, "\\"", "\\n")',
        ),
        (Program((ReplaceStr(4, "a", ""), InsertLine(0, ""))), 'replace_str(4, "a", "")\ninsert_line(0, "")'),
    ],
)
def test_a_program_is_written_in_one_way(program, source):
    assert render(program) == source


@given(texts, st.data())
def test_lines_are_found_by_number_and_by_offset(text, data):
    index = LineIndex(text)
    lines = text.split("\n")
    assert index.count == len(lines)
    assert [index.line(number) for number in range(1, index.count + 1)] == lines
    offset = data.draw(st.integers(0, len(text)))
    line, column = index.locate(offset)
    assert (line, column) == (text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def test_the_public_names_are_sorted_and_there():
    names = bluepencil.programs.__all__
    assert names == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert all(hasattr(bluepencil.programs, name) for name in names)
