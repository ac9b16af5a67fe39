import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.distill import Kind, align, solve
from bluepencil.distill import subsequence as subsequence_module
from bluepencil.distill.lines import cheapest_edit
from bluepencil.distill.shortest import without
from bluepencil.programs import execute

from .oracle import UNGUARDED, lines_that_count

CASES = json.loads((Path(__file__).parents[1] / "cases" / "align.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case):
    alignment = align(case["raw"], case["refined"], blank_lines=case.get("blank_lines", "free"))
    differences = [
        [difference.kind, case["raw"][difference.start : difference.end], difference.text]
        for difference in alignment.differences
    ]
    assert (alignment.target, differences) == (case["target"], case.get("differences", []))
    assert without(case["raw"], alignment.deletions) == alignment.target


def test_the_cases_show_every_kind_of_difference():
    shown = {difference[0] for case in CASES for difference in case.get("differences", [])}
    assert shown == set(Kind)


texts = st.text("ab \n", max_size=24) | st.text("aB.\n -", max_size=16) | st.text(max_size=20)
words = st.lists(
    st.sampled_from(["one", "two", "Three", "four,", "“five”", "seis", "\n", "\n\n", "Ad", " "]), max_size=30
).map(" ".join)


def embeds(lines, rows):
    """Say whether each row is a part of a line, in order, one line for one row, by trying all lines."""
    if not rows:
        return True
    for place, line in enumerate(lines):
        characters = iter(line)
        if all(character in characters for character in rows[0]) and embeds(lines[place + 1 :], rows[1:]):
            return True
    return False


@settings(max_examples=1500, deadline=None)
@given(texts | words, texts | words, st.sampled_from(["free", "follow"]))
def test_any_two_texts_align(raw, refined, blank_lines):
    alignment = align(raw, refined, blank_lines=blank_lines)
    assert without(raw, alignment.deletions) == alignment.target
    assert all(start < end for start, end in alignment.deletions)
    assert all(one[1] < two[0] for one, two in pairwise(alignment.deletions))
    places = [(difference.start, difference.end) for difference in alignment.differences]
    assert places == sorted(places)
    assert all(0 <= start <= end <= len(raw) for start, end in places)
    # Exact is what the rule says, in both directions.
    assert alignment.exact == embeds(lines_that_count(raw), lines_that_count(refined))
    if alignment.exact:
        assert lines_that_count(alignment.target) == lines_that_count(refined)


@st.composite
def pairs(draw, source=texts | words):
    """A text, and the same less some characters and lines, with blank lines and white space at will."""
    raw = draw(source)
    lines = []
    for line in raw.split("\n"):
        fate = draw(st.integers(0, 5))
        if fate == 0:
            continue
        if fate == 1 and line:
            start = draw(st.integers(0, len(line) - 1))
            line = line[:start] + line[draw(st.integers(start, len(line))) :]
        lines.append(line.rstrip() if fate == 2 else line + " " if fate == 3 else line)
        lines += [""] * (fate == 4)
    return raw, "\n".join(lines)


@settings(max_examples=1500, deadline=None)
@given(pairs())
def test_the_program_of_a_pair_makes_its_target(pair):
    raw, refined = pair
    alignment = align(raw, refined)
    assert alignment.exact
    solution = solve(raw, alignment.deletions)
    assert solution.optimal
    if solution.reachable:
        assert execute(solution.program, raw, UNGUARDED).text == alignment.target
    replaced = solve(raw, alignment.deletions, replacements=True)
    assert replaced.reachable
    assert execute(replaced.program, raw, UNGUARDED).text == alignment.target


@settings(max_examples=300, deadline=None)
@given(pairs(st.lists(st.sampled_from("abcd"), max_size=40).map("\n".join)))
def test_following_blank_lines_leaves_no_more_than_the_refined_text_has(pair):
    raw, refined = pair
    target = align(raw, refined, blank_lines="follow").target
    if any(line.strip() for line in refined.split("\n")):
        assert sum(not line.strip() for line in target.split("\n")) <= sum(
            not line.strip() for line in refined.split("\n")
        )


@settings(max_examples=200, deadline=None)
@given(texts | words, texts | words)
def test_texts_beyond_the_bounds_still_align(raw, refined):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subsequence_module, "LCS_BITS", 4)
        patch.setattr("bluepencil.distill.inline.TOKEN_BITS", 4)
        alignment = align(raw, refined)
    assert without(raw, alignment.deletions) == alignment.target
    if alignment.exact:
        assert lines_that_count(alignment.target) == lines_that_count(refined)


def test_a_moved_paragraph_does_not_count_as_new_text():
    paragraphs = [f"This is paragraph number {number}, which says its own things." for number in range(6)]
    moved = [*paragraphs[1:5], paragraphs[0], paragraphs[5]]
    alignment = align("\n".join(["nav", *paragraphs, "foot"]), "\n".join(moved))
    assert [difference.kind for difference in alignment.differences] == [Kind.MOVED]
    assert alignment.target == "\n".join(paragraphs)


SETS = [
    "scrapinghub",
    "trafilatura_silver",
    "readability_silver",
    "dragnet_dev",
    "cleaneval_dev",
    "spans_dev",
]


def read_pairs(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            if "noise_spans" in row:
                yield row["raw"], without(row["raw"], row["noise_spans"])
            else:
                yield row["raw"], row["gold_proj"]


@pytest.mark.parametrize("name", SETS)
def test_real_pairs_are_reproduced(web_data, name):
    count = exact = reached = 0
    for raw, refined in read_pairs(web_data / f"{name}.jsonl.gz"):
        alignment = align(raw, refined)
        count += 1
        exact += alignment.exact
        if alignment.exact:
            assert lines_that_count(alignment.target) == lines_that_count(refined)
        solution = solve(raw, alignment.deletions)
        assert solution.optimal
        if solution.reachable:
            reached += 1
            execution = execute(solution.program, raw, UNGUARDED)
            assert (execution.text, execution.faults) == (alignment.target, ())
        replaced = solve(raw, alignment.deletions, replacements=True)
        assert execute(replaced.program, raw, UNGUARDED).text == alignment.target
    assert exact >= 0.997 * count
    assert reached == count


def test_what_align_found_of_a_line_is_not_looked_for_again():
    raw = "Home\nRain is likely. Share this! Take a coat.\nIt may be cold. Share this!"
    cheapest_edit.cache_clear()
    alignment = align(raw, "Rain is likely. Take a coat.\nIt may be cold.")
    found = cheapest_edit.cache_info().misses
    assert found
    solve(raw, alignment.deletions)
    solve(raw, alignment.deletions, replacements=True)
    assert cheapest_edit.cache_info().misses == found
