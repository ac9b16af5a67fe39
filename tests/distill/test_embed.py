import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bluepencil.distill.cost import cost
from bluepencil.distill.embed import any_runs, fewest_runs, occurs_once, shortest_ends
from bluepencil.distill.lines import cheapest_edit
from bluepencil.distill.mixed import cheapest_mix
from bluepencil.distill.pieces import fewest_pieces
from bluepencil.programs import Program, execute

from .oracle import UNGUARDED, edits_of, pieces_of, strings_of


def without(line, runs):
    kept, at = "", 0
    for start, end in runs:
        assert start >= at
        kept += line[at:start]
        at = end
    return kept + line[at:]


@st.composite
def lines_and_parts(draw, alphabet="ab", longest=9):
    line = draw(st.text(alphabet, max_size=longest))
    kept = draw(st.lists(st.booleans(), min_size=len(line), max_size=len(line)))
    return line, "".join(character for character, flag in zip(line, kept, strict=True) if flag)


@settings(max_examples=1500, deadline=None)
@given(lines_and_parts() | lines_and_parts("abc"))
def test_there_are_no_fewer_runs_than_the_oracle_finds(case):
    line, left = case
    found = fewest_runs(line, left)
    best = strings_of(line)
    assert found.proven
    assert (found.runs is None) == (left not in best)
    if found.runs is not None:
        assert len(found.runs) == best[left]
        assert without(line, found.runs) == left
        assert all(occurs_once(line, start, end) for start, end in found.runs)


@settings(deadline=None)
@given(lines_and_parts("ab ", 60))
def test_runs_of_longer_lines_are_deletable_and_leave_the_part(case):
    line, left = case
    runs = fewest_runs(line, left).runs
    assert without(line, any_runs(line, left)) == left
    if runs is not None:
        assert without(line, runs) == left
        assert all(occurs_once(line, start, end) for start, end in runs)
        assert len(any_runs(line, left)) <= max(len(runs), 1)


@given(st.text("ab", max_size=12))
def test_shortest_ends_are_the_first_that_occur_once(line):
    for start, end in enumerate(shortest_ends(line)):
        once = [other for other in range(start + 1, len(line) + 1) if occurs_once(line, start, other)]
        assert end == min(once, default=len(line) + 1)


@pytest.mark.parametrize(
    ("line", "left", "deleted"),
    [
        ("The cat. Read more", "The cat.", [" Read more"]),
        ("Share this The cat.", "The cat.", ["Share this "]),
        ("He said (photo) that", "He said that", [" (photo)"]),
        ("a [1] b [2] c", "a b c", [" [1]", " [2]"]),
        # The string itself occurs twice; the rotated one does not.
        ("abcabc", "abc", ["bca"]),
        ("19.10. and 19", "10. and 19", ["19."]),
    ],
)
def test_runs_read_well_and_are_rotated_where_they_must_be(line, left, deleted):
    assert [line[start:end] for start, end in fewest_runs(line, left).runs] == deleted


@pytest.mark.parametrize(
    ("line", "left"), [("Ad one Ad two", "one two"), ("aaaa", "aaa"), ("ab", "ba"), ("a", "b"), ("a", "ab")]
)
def test_what_no_strings_to_remove_can_leave_is_known(line, left):
    assert fewest_runs(line, left) == (None, True)


def test_a_line_beyond_the_bounds_is_said_to_be_so():
    line = "ab" * 40_000
    assert fewest_runs(line, line[:30_000] + line[30_001:50_000] + line[50_001:]) == (None, False)


@settings(max_examples=1500, deadline=None)
@given(lines_and_parts() | lines_and_parts("abc"))
def test_there_are_no_fewer_pieces_than_the_oracle_finds(case):
    line, left = case
    found = fewest_pieces(line, left, len(line))
    best = pieces_of(line)
    assert found.proven
    assert (found.spans is None) == (left not in best)
    if found.spans is not None:
        assert len(found.spans) == best[left]
        assert "".join(line[start:end] for start, end in found.spans) == left
        assert all(occurs_once(line, start, end) for start, end in found.spans)
        assert fewest_pieces(line, left, best[left]) == found
        assert fewest_pieces(line, left, best[left] - 1) == (None, True)


@settings(max_examples=1500, deadline=None)
@given(lines_and_parts() | lines_and_parts("abc1"))
# What remains occurs twice, and so does what goes; only the rest of the line tells where.
@example(("xabcyabd", "ab"))
def test_no_line_costs_less_than_the_oracle_finds(case):
    line, left = case
    edit = cheapest_edit(line, left)
    best = edits_of(line)
    assert edit.proven
    assert edit.possible == (left in best)
    if edit.possible and line != left:
        program = Program(tuple(edit.operations(1, line)))
        assert edit.cost == cost(program) == best[left]
        execution = execute(program, line, UNGUARDED)
        assert (execution.text, execution.faults) == (left, ())
        assert without(line, edit.deletions(line)) == left


@settings(deadline=None)
@given(lines_and_parts("ab ", 40) | lines_and_parts("abcdef ", 60))
def test_longer_lines_are_left_as_they_should_be(case):
    line, left = case
    edit = cheapest_edit(line, left)
    if edit.possible:
        execution = execute(Program(tuple(edit.operations(1, line))), line, UNGUARDED)
        assert (execution.text, execution.faults) == (left, ())
        assert without(line, edit.deletions(line)) == left


@pytest.mark.parametrize(
    ("line", "left", "kept", "removed"),
    [
        ("Home | News | Rain | About us", "Rain", ["Rain"], []),
        ("Skip to content Rain is likely. Share this story Take a coat. Share this story",
         "Rain is likely. Take a coat.", ["Rain is likely.", " Take a coat."], []),
        (f"{'-' * 99}(Ann Lee{'=' * 99}Ann Lee", "Ann Lee", ["(Ann Lee"], ["("]),
    ],
)  # fmt: skip
def test_pieces_read_well(line, left, kept, removed):
    edit = cheapest_edit(line, left)
    assert [line[start:end] for start, end in edit.pieces] == kept
    assert [line[start:end] for start, end in edit.runs] == removed


def test_a_line_beyond_the_bounds_of_keeping_is_said_to_be_so():
    line = "ab" * 20_000
    assert fewest_pieces(line, "ab" * 8_000, 2) == (None, False)
    assert not cheapest_mix(line, "ab" * 8_000, None).proven
    assert not cheapest_edit(line, "ab" * 8_000).proven


def test_too_many_ways_to_mix_are_not_all_looked_at():
    line = "".join(f"{number % 7}{number % 11}{number % 3}" for number in range(400))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bluepencil.distill.mixed.SEARCH_STEPS", 100)
        assert not cheapest_mix(line, line[::7], None).proven
