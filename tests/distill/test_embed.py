import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.distill.embed import any_runs, fewest_runs, occurs_once, shortest_ends

from .oracle import strings_of


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
def test_what_no_strings_can_leave_is_known(line, left):
    assert fewest_runs(line, left) == (None, True)


def test_a_line_beyond_the_bounds_is_said_to_be_so():
    line = "ab" * 40_000
    assert fewest_runs(line, line[:30_000] + line[30_001:50_000] + line[50_001:]) == (None, False)
