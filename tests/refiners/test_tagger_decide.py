import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.errors import InputError
from bluepencil.programs import KEEP_ALL, REMOVE_ALL, Program, RemoveLines, RemoveStr, execute
from bluepencil.refiners.tagger_decide import MOST_CALLS, NO_WORDS, Span, Thresholds, decide, read_spans

LIMITS = Thresholds(lines=100, spans=100, whole=5)
N = NO_WORDS


def result(text: str, scores: list[int], spans: list[Span] | None = None) -> Program:
    return decide(text, bytes(scores), spans or [], LIMITS)


def test_contiguous_lines_are_one_call() -> None:
    assert result("a\nb\nc\nd\ne", [0, 0, 250, 0, 0]) == Program((RemoveLines(1, 2), RemoveLines(4, 5)))


def test_lines_without_words_go_with_the_lines_around_them() -> None:
    assert result("a\n\nb\nc", [0, N, 0, 250]) == Program((RemoveLines(1, 3),))
    assert result("a\n|\nb\nc", [0, N, 0, 250]) == Program((RemoveLines(1, 3),))
    assert result("a\n|\nb", [0, N, 250]) == Program((RemoveLines(1, 1),))


def test_of_the_blank_lines_around_a_struck_line_one_side_stays() -> None:
    program = result("a\n\nnoise\n\nb", [250, N, 0, N, 250])
    assert execute(program, "a\n\nnoise\n\nb").text == "a\n\nb"


def test_blank_lines_of_a_kept_text_stay() -> None:
    assert result("\n\na\n\n\nb\n", [N, N, 250, N, N, 250, N]) == KEEP_ALL
    assert result("\n\na\nnoise\n", [N, N, 250, 0, N]) == Program((RemoveLines(4, 5),))


def test_a_page_of_noise_goes_only_when_it_is_surely_noise() -> None:
    assert result("a\nb", [1, 2]) == REMOVE_ALL
    assert result("a\nb", [90, 90]) == KEEP_ALL
    assert result("\n\n", [N, N, N]) == KEEP_ALL


def test_a_span_is_removed_where_it_is_unique_in_its_line() -> None:
    assert result("Share x", [250], [Span(1, 0, 6, 3)]) == Program((RemoveStr(1, "Share "),))
    assert result("Share x Share ", [250], [Span(1, 0, 6, 3)]) == KEEP_ALL
    assert result("aaa", [250], [Span(1, 0, 2, 3)]) == KEEP_ALL  # "aa" occurs twice, overlapping itself
    assert result("Share x", [250], [Span(1, 0, 6, 100)]) == KEEP_ALL


def test_a_span_that_is_the_whole_line_removes_the_line() -> None:
    assert result("ad\ntext", [250, 250], [Span(1, 0, 2, 0)]) == Program((RemoveLines(1, 1),))


def test_spans_of_lines_that_go_are_left_out() -> None:
    assert result("Share x\ny", [0, 250], [Span(1, 0, 6, 3)]) == Program((RemoveLines(1, 1),))


def test_spans_of_lines_that_go_with_those_around_them_are_left_out() -> None:
    assert result("a\n -\nb\nc", [0, N, 0, 250], [Span(2, 0, 1, 0)]) == Program((RemoveLines(1, 3),))


def test_there_are_no_more_calls_than_a_policy_carries_out() -> None:
    text = "\n".join(["noise", "text"] * 3000)
    program = result(text, [0, 250] * 3000)
    assert len(program.operations) == MOST_CALLS
    assert not execute(program, text).refusal


def test_scores_of_another_text_are_refused() -> None:
    with pytest.raises(InputError, match="belong to another text"):
        result("a\nb", [1])


@given(st.lists(st.builds(Span, *[st.integers(0, 10**6)] * 4), max_size=5))
def test_spans_are_read_back_as_written(spans: list[Span]) -> None:
    assert read_spans(" ".join(map(str, spans))) == spans


@pytest.mark.parametrize("written", ["1:2-3", "x", "1:2-3=4,5:6-7=8"])
def test_spans_written_otherwise_are_refused(written: str) -> None:
    with pytest.raises(InputError, match="not a span"):
        read_spans(written)


@given(st.data())
def test_every_program_can_be_carried_out_without_faults(data: st.DataObject) -> None:
    text = data.draw(st.text("ab \n|", max_size=40))
    lines = text.split("\n")
    scores = [data.draw(st.sampled_from([0, 3, 99, 100, 250])) if line.strip(" |") else N for line in lines]
    spans = []
    for number, line in enumerate(lines, start=1):
        if len(line) > 1 and data.draw(st.booleans()):
            start = data.draw(st.integers(0, len(line) - 1))
            end = data.draw(st.integers(start + 1, len(line)))
            spans.append(Span(number, start, end, data.draw(st.sampled_from([0, 99, 100]))))
    done = execute(decide(text, bytes(scores), spans, LIMITS), text)
    assert not done.faults
