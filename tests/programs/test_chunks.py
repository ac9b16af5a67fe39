from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.errors import OptionError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    Chunk,
    InsertLine,
    KeepStr,
    Policy,
    Program,
    RemoveLines,
    RemoveStr,
    execute,
    join_programs,
    number_lines,
    split_chunks,
)

from .strategies import texts

pages = st.lists(st.text("ab", max_size=6), max_size=30).map("\n".join) | texts
windows = st.integers(1, 30)


@st.composite
def splits(draw):
    window = draw(windows)
    overlap = draw(st.integers(0, window - 1))
    text = draw(pages)
    return text, window, overlap, split_chunks(text, window, overlap)


@given(splits())
def test_every_line_is_in_a_chunk_and_chunks_are_whole_lines(case):
    text, _, _, chunks = case
    lines = text.split("\n")
    covered = set()
    for chunk in chunks:
        covered |= set(range(chunk.first_line, chunk.last_line + 1))
        assert text[chunk.start : chunk.end] == "\n".join(lines[chunk.first_line - 1 : chunk.last_line])
    assert covered == set(range(1, len(lines) + 1))


@given(splits())
def test_chunks_fit_the_window_or_are_one_line_that_does_not(case):
    _, window, _, chunks = case
    for chunk in chunks:
        if chunk.too_long:
            assert chunk.first_line == chunk.last_line
        assert chunk.too_long == (chunk.end - chunk.start > window)


@given(splits())
def test_chunks_go_forward_are_full_and_overlap_as_asked(case):
    text, window, overlap, chunks = case
    lines = text.split("\n")
    for before, chunk in pairwise(chunks):
        assert before.first_line < chunk.first_line <= before.last_line + 1 <= chunk.last_line
        if not before.too_long:
            assert before.end + 1 + len(lines[before.last_line]) - before.start > window
        repeated = lines[chunk.first_line - 1 : before.last_line]
        if repeated:
            assert len("\n".join(repeated)) <= overlap


@given(splits(), st.sets(st.integers(1, 40)))
def test_joined_programs_do_what_the_chunks_agree_on(case, numbers):
    text, _, _, chunks = case
    programs = [
        Program(tuple(RemoveLines(n, n) for n in sorted(numbers) if chunk.first_line <= n <= chunk.last_line))
        for chunk in chunks
    ]
    kept = [line for number, line in enumerate(text.split("\n"), 1) if number not in numbers]
    execution = execute(join_programs(chunks, programs), text, Policy(max_deleted_share=1.0))
    assert execution.faults == ()
    assert execution.text == "\n".join(kept)


@given(splits(), st.data())
def test_each_line_is_decided_by_one_chunk(case, data):
    text, _, _, chunks = case
    lines = range(1, text.count("\n") + 2)
    chosen = data.draw(st.lists(st.booleans(), min_size=len(chunks), max_size=len(chunks)))
    removed: list[int] = []
    for wanted in (True, False):
        joined = join_programs(chunks, [REMOVE_ALL if choice is wanted else KEEP_ALL for choice in chosen])
        if joined == REMOVE_ALL:
            removed += lines
        for operation in joined.operations if joined != REMOVE_ALL else ():
            removed += range(operation.start, operation.end + 1)
    assert sorted(removed) == list(lines)


def test_an_overlap_is_shared_between_its_chunks():
    text = "\n".join(f"line {number}" for number in range(1, 9))
    chunks = split_chunks(text, 41, 13)
    assert [(chunk.first_line, chunk.last_line) for chunk in chunks] == [(1, 6), (5, 8)]
    programs = [
        Program((RemoveLines(4, 6), RemoveStr(6, "line"), InsertLine(6, "x"))),
        Program(
            (
                RemoveStr(5, "line"),
                RemoveStr(6, "line"),
                KeepStr(5, ("5",)),
                KeepStr(7, ("7",)),
                InsertLine(5, "y"),
                InsertLine(6, "z"),
            )
        ),
    ]
    assert join_programs(chunks, programs) == Program(
        (RemoveLines(4, 5), RemoveStr(6, "line"), KeepStr(7, ("7",)), InsertLine(6, "z"))
    )


def test_remove_all_of_a_chunk_is_not_remove_all_of_the_document():
    chunks = split_chunks("a\nb\nc\nd", 3)
    assert join_programs(chunks, [REMOVE_ALL, KEEP_ALL]) == Program((RemoveLines(1, 2),))
    assert join_programs(chunks, [REMOVE_ALL, REMOVE_ALL]) == REMOVE_ALL


def test_a_program_of_a_chunk_is_carried_to_the_document():
    chunk = split_chunks("a\nb\nc\nd", 3)[1]
    assert Program((RemoveLines(1, 1),)).shifted(chunk.first_line - 1) == Program((RemoveLines(3, 3),))


def test_a_line_longer_than_the_window_is_flagged():
    assert split_chunks("ab\nabcdefgh\ncd", 5, 2) == [
        Chunk(1, 1, 0, 2),
        Chunk(2, 2, 3, 11, too_long=True),
        Chunk(3, 3, 12, 14),
    ]


def test_the_size_may_be_counted_in_anything():
    chunks = split_chunks("a b c\nd e\nf g h i", 7, size=lambda line: len(line.split()))
    assert [(chunk.first_line, chunk.last_line) for chunk in chunks] == [(1, 2), (3, 3)]


def test_an_empty_text_is_one_empty_line():
    assert split_chunks("", 5) == [Chunk(1, 1, 0, 0)]


def test_lines_are_numbered_in_the_chunk_or_in_the_document():
    assert number_lines("a\n\nb\r\u2028c") == "[1] a\n[2] \n[3] b\r\u2028c"
    assert number_lines("a\nb", first_line=12) == "[12] a\n[13] b"


@pytest.mark.parametrize(("window", "overlap"), [(0, 0), (5, 5), (5, -1)])
def test_a_window_that_cannot_work_is_refused(window, overlap):
    with pytest.raises(OptionError):
        split_chunks("a", window, overlap)
