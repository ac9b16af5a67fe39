"""Every fault that was seen in the systems' own executors, and what is right there."""

import pytest

from bluepencil.programs import KEEP_ALL, REMOVE_ALL, RemoveLines, RemoveStr, ReplaceStr
from bluepencil.programs.dialects.prox_c import parse_prox_c
from bluepencil.programs.dialects.prox_d import parse_prox_d
from bluepencil.programs.dialects.rescraper import parse_rescraper
from bluepencil.programs.dialects.ultrax import parse_ultrax

PAGE = 'Menu\n(c) 2010 ACME\nsee http://a.b/?q=1, two, three\n"quoted"\nEnd. Stop.\ntab\there\n\nC:\\dir'


def said(parsed):
    return list(parsed.program.operations), [fault.code.value for fault in parsed.faults]


PROX_C = [
    # Brackets, commas, equals signs inside of quotes; the other quote; escapes; quotes at the edges.
    ('normalize(source_str="(c) 2010 ACME")', [RemoveStr(2, "(c) 2010 ACME")], []),
    ('normalize(source_str="?q=1, two, three", target_str="")', [RemoveStr(3, "?q=1, two, three")], []),
    ("normalize('Menu', \"Home\")", [ReplaceStr(1, "Menu", "Home")], []),
    ('normalize(source_str="\\"quoted\\"", target_str="")', [RemoveStr(4, '"quoted"')], []),
    ("normalize('\"quoted\"')", [RemoveStr(4, '"quoted"')], []),
    ('normalize("tab\\there")', [RemoveStr(6, "tab\there")], []),
    ('normalize("C:\\\\dir")', [RemoveStr(8, "C:\\dir")], []),
    ('normalize("C:\\dir")', [], ["bad-escape"]),
    # A string that stands in more than one place, or in none, or over a line end.
    ('normalize(source_str=".")', [], ["string-repeated"]),
    ('normalize(source_str="not there")', [], ["string-missing"]),
    ('normalize(source_str="Menu\\n(c)")', [], ["string-missing"]),
    ('normalize(source_str="")', [], ["wrong-argument"]),
    # Cut off, unknown, swapped, negative, reversed.
    ("remove_lines(start=7, end=123", [], ["cut-off-call"]),
    ("remove_lines(start=7, end=", [], ["cut-off-call"]),
    ("remove_li", [], ["cut-off-call"]),
    ('normalize(source_str="Menu', [], ["cut-off-string"]),
    ("remove_lines(0, 0\nremove_lines(2, 2)", [RemoveLines(3, 3)], ["cut-off-call"]),
    ("delete_lines(1, 2)", [], ["unknown-call"]),
    ("remove_lines(end=5, start=2)", [], ["wrong-argument"]),
    ("remove_lines(first=5, end=6)", [], ["wrong-argument"]),
    ("remove_lines(start=1, 2)", [], ["wrong-argument"]),
    ("remove_lines(1)", [], ["wrong-argument"]),
    ("remove_lines(1, 2, 3)", [], ["wrong-argument"]),
    ("remove_lines(all=True)", [], ["wrong-argument"]),
    ("remove_lines(-3, 2)", [], ["bad-range"]),
    ("remove_lines(5, 2)", [], ["bad-range"]),
    ('remove_lines("1", 2)', [], ["wrong-argument"]),
    ("remove_lines(1, 1e9)", [], ["wrong-argument"]),
    ("remove_lines(1, " + "9" * 30 + ")", [], ["wrong-argument"]),
    # Forms that are right; a huge range costs nothing here, and what it may touch is decided with the chunk.
    ("remove_lines(0, 2)", [RemoveLines(1, 3)], []),
    ("remove_lines(line_start=0, line_end=2)", [RemoveLines(1, 3)], []),
    ("remove_lines(1, end=30000000)", [RemoveLines(2, 30000001)], []),
    ("keep_chunk()", [], []),
    ("untouch_doc()", [], []),
    ("keep_chunk()\nremove_lines(0, 1)", [], ["keep-and-remove"]),
    ("remove_lines(0, 1)\nuntouch_doc()", [], ["keep-and-remove"]),
    ("", [], ["no-call"]),
    ("I would remove_lines(0, 1)", [], ["no-call"]),
]


@pytest.mark.parametrize(("source", "operations", "faults"), PROX_C)
def test_prox_c(source, operations, faults):
    assert said(parse_prox_c(source, PAGE)) == (operations, faults)


def test_the_numbers_of_prox_c_run_on_through_the_document():
    parsed = parse_prox_c('remove_lines(40, 41)\nnormalize("b")', "a\nb", first_line=41)
    assert parsed.program.operations == (RemoveLines(41, 42), RemoveStr(42, "b"))


def test_one_fault_costs_one_call():
    parsed = parse_prox_c("remove_lines(9, 8)\nf()\nremove_lines(0, 0)", PAGE)
    assert said(parsed) == ([RemoveLines(1, 1)], ["bad-range", "unknown-call"])
    assert [(fault.line, fault.column, fault.call) for fault in parsed.faults] == [(1, 1, 1), (2, 1, 2)]


@pytest.mark.parametrize(
    ("source", "program", "faults"),
    [
        ("keep_doc()", KEEP_ALL, []),
        (" drop_doc()\n", REMOVE_ALL, []),
        ("drop_doc(", KEEP_ALL, ["cut-off-call"]),
        ("drop_doc(1)", KEEP_ALL, ["wrong-argument"]),
        ("do not drop it", KEEP_ALL, ["no-call"]),
        ("keep_doc()\ndrop_doc()", KEEP_ALL, ["keep-and-remove"]),
        ("drop()", KEEP_ALL, ["unknown-call"]),
    ],
)
def test_prox_d(source, program, faults):
    parsed = parse_prox_d(source)
    assert parsed.program == program
    assert [fault.code.value for fault in parsed.faults] == faults


ULTRAX = [
    ("keep_all()", [], []),
    ("remove_all()", list(REMOVE_ALL.operations), []),
    ("remove_lines(1, 3)", [RemoveLines(1, 3)], []),
    ("replace_str(2, 'a, b) = \\'c\\'', '')", [RemoveStr(2, "a, b) = 'c'")], []),
    ('replace_str(2, "old", "new")', [ReplaceStr(2, "old", "new")], []),
    ("replace_str(2, 'a\\x85\\u2028b', ' ')", [ReplaceStr(2, "a\x85\u2028b", " ")], []),
    ("replace_str(0, 'a', 'b')", [], ["bad-range"]),
    ("replace_str(2, '', 'b')", [], ["wrong-argument"]),
    ("replace_str(2, 'a')", [], ["wrong-argument"]),
    ("replace_str(2, 'a', 'b'", [], ["cut-off-call"]),
    ("replace_str(2, 'a', 'b", [], ["cut-off-string"]),
    ("add_line(3, 1, 'mine')", [], ["adds-text"]),
    ("add_line(3, 1, 'mine')\nremove_lines(1, 1)", [RemoveLines(1, 1)], ["adds-text"]),
    ("add_line(3, 'mine')", [], ["wrong-argument"]),
    ("remove_lines(0, 3)", [], ["bad-range"]),
    ("remove_lines(start=1, end=3)", [], ["wrong-argument"]),
    ("keep_all()\nremove_all()", [], ["keep-and-remove"]),
    ("keep_all()\nadd_line(1, 1, 'x')", [], ["adds-text", "keep-and-remove"]),
]


@pytest.mark.parametrize(("source", "operations", "faults"), ULTRAX)
def test_ultrax(source, operations, faults):
    assert said(parse_ultrax(source)) == (operations, faults)


RESCRAPER = [
    ("<keep>\n<extract>\n<keep>", [], []),
    ("<keep>\n<extract>\nrm 1\nrm 15-18\n<keep>\n", [RemoveLines(1, 1), RemoveLines(15, 18)], []),
    ("<extract> rm 1; rm 3-11\n<keep>", [RemoveLines(1, 1), RemoveLines(3, 11)], []),
    (
        '<edit>\n<extract>\nrm 1\n<edit>\nrm 13\nsub 9: " a; \\"b\\" \\u00e9"',
        [RemoveLines(1, 1), RemoveLines(13, 13), RemoveStr(9, ' a; "b" é')],
        [],
    ),
    ("<delete>\n<extract>\nrm 1-3\n<delete>", list(REMOVE_ALL.operations), []),
    ("<rewrite>\n<extract>\nrm 2\n<rewrite>\nMy words.\nrm 3", [RemoveLines(2, 2)], ["rewrites-text"]),
    ("<edit>\n<extract>\nrm 2\n<edit>\nrm 3\nThe text.", [RemoveLines(2, 2)], ["rewrites-text"]),
    ("<keep>\n<extract>\nrm 1\n<delete>", [], ["decisions-differ"]),
    ("<delete>", [], ["cut-off-call"]),
    ("<delete>\n<extract>\nrm 1-3", [], ["cut-off-call"]),
    ("<keep>\n<extract>\nrm 1\n<extract>", [], ["cut-off-call"]),
    ("rm 1", [], ["no-call"]),
    ("", [], ["no-call"]),
    ("<extract>\nrm 5-2\nrm 0\nrm 3\n<keep>", [RemoveLines(3, 3)], ["bad-range", "bad-range"]),
    ("<extract>\nrm -2\nrm 1,2\nrm\n<keep>", [], ["wrong-argument"] * 3),
    ("<extract>\ndel 3\nrm 4\n<keep>", [RemoveLines(4, 4)], ["unknown-call"]),
    ('<extract>\n<edit>\nsub 3: "open', [], ["cut-off-string"]),
    ('<extract>\n<edit>\nsub 3: "\\d"\nrm 2', [RemoveLines(2, 2)], ["bad-escape"]),
    ('<extract>\n<edit>\nsub 3: "a" b', [], ["wrong-argument"]),
    ("<extract>\nrm 1 - 5\nrm 2 3\n<keep>", [], ["wrong-argument"] * 2),
    ("<extract>\n<edit>\nsub 3: open", [], ["wrong-argument"]),
    ('<extract>\n<edit>\nsub 3: ""', [], ["wrong-argument"]),
    ("<extract>\nrm 1-30000000\n<keep>", [RemoveLines(1, 30000000)], []),
]


@pytest.mark.parametrize(("source", "operations", "faults"), RESCRAPER)
def test_rescraper(source, operations, faults):
    assert said(parse_rescraper(source)) == (operations, faults)


def test_what_follows_a_complete_answer_is_a_note():
    parsed = parse_rescraper("<extract>\nrm 1\n<keep>\nThat is all.")
    assert said(parsed) == ([RemoveLines(1, 1)], [])
    assert [(note.text, note.line, note.column) for note in parsed.notes] == [("That is all.", 4, 1)]
