import re
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bluepencil.distill import cost, shortest, solve
from bluepencil.distill import mapping as mapping_module
from bluepencil.distill.mapping import map_lines
from bluepencil.distill.shortest import _Edits, without
from bluepencil.errors import ProgramError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    KeepStr,
    Program,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    execute,
)

from .oracle import IMPOSSIBLE, UNGUARDED, cheapest, cost_of_lines, deleted, every_program


@pytest.mark.parametrize("text", ["ab\na", "aa\n\na", "a\na\nb", "abab", "\n\n", "ab\nba"])
def test_the_oracle_agrees_with_all_programs_really_executed(text):
    best = {text: cost(KEEP_ALL), "": cost(REMOVE_ALL)}
    for program in every_program(text):
        if isinstance(program, tuple):
            program, result = program
            best[result] = min(best.get(result, IMPOSSIBLE), cost(program))
    assert best == cheapest(text)


@settings(max_examples=300, deadline=None)
@given(st.text("ab\n", max_size=7) | st.text("a\n", max_size=8) | st.text("abc1\n", max_size=6))
def test_every_result_has_the_cheapest_program_or_none_exists(text):
    best = cheapest(text)
    for kept in product((False, True), repeat=len(text)):
        spans = deleted(text, kept)
        target = without(text, spans)
        solution = solve(text, spans)
        assert solution.optimal
        assert solution.reachable == (target in best)
        if solution.reachable:
            assert solution.cost == cost(solution.program) == best[target]
            execution = execute(solution.program, text, UNGUARDED)
            assert (execution.text, execution.faults) == (target, ())
        else:
            assert solution.missed > 0


WORDS = [
    ["a", "ab", "b", "ba", "abb", "x", "", "aab", "bx"],
    ["a", "b", "c", "d", "ax", "bx", "cx", "dx", "xx"],
    # Of these, little is kept of much.
    ["a", "b", "c", "n", "a......", "...b...", "......c", ".a.b.c.", "aa....", "..bcb"],
    ["t", "d", "p1", "p2", "p3", "n", "n1", "tt", "td", "", "p"],
]


@st.composite
def pages(draw):
    words = st.sampled_from(draw(st.sampled_from(WORDS)))
    source = draw(st.lists(words, min_size=1, max_size=24))
    left = []
    for line in source:
        if draw(st.booleans()):
            cut = draw(st.integers(0, 9))
            part = line.strip(".") if cut == 2 else line
            left.append(line[1:] if cut == 0 else line[:-1] if cut == 1 else part)
    return source, left


@st.composite
def pages_that_repeat(draw):
    """The same lines several times, with noise between them or in them: many places to choose from."""
    left = draw(st.lists(st.sampled_from(["A", "B", "C", "D"]), min_size=1, max_size=5))
    source = []
    for _ in range(draw(st.integers(2, 4))):
        for line in left:
            source += ["n"] * draw(st.integers(0, 1))
            source.append(draw(st.sampled_from([line, line, line + "x", "n"])))
    return source, left


@settings(max_examples=1500, deadline=None)
@given(pages() | pages_that_repeat())
# A line kept in part saves two calls where its neighbours stand on both sides of it.
@example((["n", "A", "n", "t", "n", "B", "n", "A", "tx", "B"], ["A", "t", "B"]))
def test_no_other_choice_of_lines_costs_less(page):
    source, left = page
    mapping = map_lines(source, left, _Edits(False).cost, lambda: None)
    best = cost_of_lines(source, left)
    assert mapping.proven
    if best == IMPOSSIBLE:
        assert mapping.places is None
    else:
        assert mapping.cost == best


@pytest.mark.parametrize("bound", ["EDGES", "COMPARISONS", "ROUNDS"])
@settings(max_examples=200, deadline=None)
@given(page=pages())
def test_beyond_the_bounds_the_result_still_holds_and_says_so(bound, page):
    source, left = page
    text, target = "\n".join(source), "\n".join(left)
    spans, at = [], 0
    for row, line in zip(_places(source, left), left, strict=True):
        start = sum(len(other) + 1 for other in source[:row])
        if start > at:
            spans.append((at, start))
        at = start + len(source[row]) + 1
        if len(line) < len(source[row]):
            return
    if at < len(text):
        spans.append((max(at - 1, 0), len(text)))
    if without(text, spans) != target:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapping_module, bound, 2)
        solution = solve(text, spans)
    assert solution.reachable
    assert execute(solution.program, text, UNGUARDED).text == target


def _places(source, left):
    places, at = [], 0
    for line in left:
        while len(source[at]) < len(line) or (line != source[at] and line not in source[at]):
            at += 1
        places.append(at)
        at += 1
    return places


def spans_of(text, *strings):
    found = []
    for string in strings:
        start = text.index(string)
        found.append((start, start + len(string)))
    return found


@pytest.mark.parametrize(
    ("text", "strings", "program"),
    [
        ("nav\nbody\nfoot", ["nav\n", "\nfoot"], [RemoveLines(1, 1), RemoveLines(3, 3)]),
        ("nav\nmore\nbody", ["nav\nmore\n"], [RemoveLines(1, 2)]),
        # Deleted together with its line end, a line is removed; without it, it is emptied.
        ("a\nbcd\ne", ["bcd\n"], [RemoveLines(2, 2)]),
        ("a\nbcd\ne", ["bcd"], [RemoveStr(2, "bcd")]),
        ("Rain is likely. Read more", [" Read more"], [RemoveStr(1, " Read more")]),
        # What remains is shorter than what goes.
        ("It rains. Read more about it", [" Read more about it"], [KeepStr(1, ("It rains.",))]),
        # At the same cost, strings are removed.
        ("ab cd", ["b c"], [RemoveStr(1, "b c")]),
        (f"One. {'-' * 99}Two.{'=' * 99}", ["-" * 99, "=" * 99], [KeepStr(1, ("One. ", "Two."))]),
        # A digit is a token, and so is what four letters are.
        ("12345 Sixteen letters", [" Sixteen letters"], [RemoveStr(1, " Sixteen letters")]),
        # What is to be kept occurs twice: it is found by what stands beside it.
        (
            f"{'-' * 99}(Ann Lee{'=' * 99}Ann Lee",
            [f"{'-' * 99}(", f"{'=' * 99}Ann Lee"],
            [KeepStr(1, ("(Ann Lee",)), RemoveStr(1, "(")],
        ),
        # The same result, but the string to delete occurs twice and its rotation once.
        ("abcabc", ["abc"], [RemoveStr(1, "bca")]),
        # One range instead of two, for another line with the same text.
        ("a\nnav\nb\na\nb\nfoot", ["nav\n", "\na\nb\nfoot"], [RemoveLines(1, 3), RemoveLines(6, 6)]),
        ("gone\nall", ["gone\nall"], REMOVE_ALL.operations),
        ("kept", [], []),
        ("", [], []),
    ],
)
def test_programs_are_the_shortest(text, strings, program):
    spans = spans_of(text, *strings)
    found = shortest(text, spans)
    target = without(text, spans)
    assert execute(found, text, UNGUARDED).text == target
    assert cost(found) <= cost(Program(tuple(program)))
    if "a\nnav" not in text:
        assert found == Program(tuple(program))


def test_remove_all_can_be_forbidden():
    assert shortest("a\nb", [(0, 3)], remove_all=False) == Program((RemoveLines(1, 2),))


def test_around_a_string_that_occurs_twice_the_rest_is_kept_or_it_is_replaced():
    text = "Ad one Ad two"
    spans = [(0, 3), (7, 10)]
    assert shortest(text, spans) == Program((KeepStr(1, ("one", " two")),))
    text = f"Ad {'one' * 40} Ad {'two' * 40}"
    spans = spans_of(text, "Ad ", "Ad tw")
    spans[1] = (spans[1][0], spans[1][1] - 2)
    kept = shortest(text, spans)
    assert kept == Program((KeepStr(1, ("one" * 40, " " + "two" * 40)),))
    replaced = shortest(text, spans, replacements=True)
    assert [type(operation) for operation in replaced.operations] == [ReplaceStr, RemoveStr]
    assert cost(replaced) < cost(kept)
    for program in (kept, replaced):
        assert execute(program, text, UNGUARDED).text == without(text, spans)


def test_what_occurs_twice_with_all_that_is_around_it_is_out_of_reach_or_replaced():
    text = "ha ha ha ha ha"
    spans = [(0, 6)]
    with pytest.raises(ProgramError, match="no string that occurs once in their line"):
        shortest(text, spans)
    solution = solve(text, spans)
    assert (solution.reachable, solution.optimal, solution.missed) == (False, True, 6)
    replaced = shortest(text, spans, replacements=True)
    assert execute(replaced, text, UNGUARDED).text == "ha ha ha"


def test_lines_cannot_be_joined():
    solution = solve("one\ntwo\nnav", [(3, 4), (7, 11)])
    assert not solution.reachable
    assert execute(solution.program, "one\ntwo\nnav").text == "one\ntwo"


def test_only_what_is_ambiguous_is_replaced():
    said = "which is said at such a length that it is not worth while to keep it."
    text = f"One. Ad Two. Ad Three (photo) four, {said}"
    target = f"One. Two. Three four, {said}"
    kept = text.replace("Ad ", "\0\0\0").replace(" (photo)", "\0" * 8)
    spans = [(place, place + 1) for place, character in enumerate(kept) if character == "\0"]
    program = shortest(text, spans, replacements=True)
    assert execute(program, text, UNGUARDED).text == target
    assert [type(operation) for operation in program.operations] == [ReplaceStr, ReplaceStr, RemoveStr]
    assert sum(len(operation.old) for operation in program.operations[:2]) < 20


@settings(max_examples=500, deadline=None)
@given(st.text("ab\n", max_size=16), st.data())
def test_with_replacements_every_part_of_a_line_is_reachable(text, data):
    kept = data.draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    kept = [flag or character == "\n" for flag, character in zip(kept, text, strict=True)]
    spans = deleted(text, kept)
    solution = solve(text, spans, replacements=True)
    assert solution.reachable
    assert solution.cost == cost(solution.program)
    execution = execute(solution.program, text, UNGUARDED)
    assert (execution.text, execution.faults) == (without(text, spans), ())


@pytest.mark.parametrize("gap", [1, 50])
def test_very_long_lines_are_replaced_too(gap):
    text = "".join(f"{number:05d} ad{'-' * gap}" for number in range(4000))
    spans = [(match.start(), match.end()) for match in re.finditer("ad", text)][::40]
    solution = solve(text, spans, replacements=True)
    assert (solution.reachable, solution.optimal) == (True, False)
    assert execute(solution.program, text, UNGUARDED).text == without(text, spans)
    assert not solve(text, spans).reachable
