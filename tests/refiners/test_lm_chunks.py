"""Chunks, answers and their joining, with a scripted model in the place of a real one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.distill.dataset import program_of_chunk
from bluepencil.documents import Document, Reason, Status
from bluepencil.errors import OptionError
from bluepencil.llm import AskReason
from bluepencil.programs import (
    KEEP_ALL,
    Chunk,
    Cost,
    Policy,
    Program,
    RemoveLines,
    execute,
    render,
    split_chunks,
)
from bluepencil.refiners.base import Proposal, Refine, Refiner
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_generate import Finish, Generation
from bluepencil.refiners.lm_prompt import Prompt, PromptFormat

FORMAT = PromptFormat("plain", "Edit this:\n", "\n\n")


@dataclass
class Scripted:
    """Answers by a function of the numbered lines."""

    answer: Callable[[str], str | Generation]
    asked: list[str] = field(default_factory=list)

    def describe(self) -> Mapping[str, Any]:
        return {}

    def generate(self, prompts: Sequence[Prompt], constraints: Sequence[Any] = ()) -> list[Generation]:
        answers = []
        for prompt in prompts:
            numbered = prompt.text.removeprefix(FORMAT.before).removesuffix(FORMAT.after)
            self.asked.append(numbered)
            said = self.answer(numbered)
            answers.append(
                said if isinstance(said, Generation) else Generation(said, tokens_in=9, tokens_out=2)
            )
        return answers


def propose(text: str, answer: Callable[[str], str | Generation], **options: Any) -> Proposal:
    model = LanguageModel(Native(FORMAT, **options.pop("native", {})), Scripted(answer), **options)
    (proposal,) = model.propose([text])
    return proposal


def codes(proposal: Proposal) -> list[str]:
    return [fault.code.value for fault in proposal.faults]


LINES = "\n".join(f"line {number}" for number in range(1, 11))


def test_a_text_of_one_chunk() -> None:
    proposal = propose(LINES, lambda numbered: "remove_lines(2, 3)")
    assert proposal.program == Program((RemoveLines(2, 3),))
    assert not proposal.faults
    assert proposal.annotations == {
        "prompt_hash": FORMAT.hash,
        "tokens_in": 9,
        "tokens_out": 2,
        "chunks": 1,
    }


def test_numbers_of_a_chunk_become_those_of_the_document() -> None:
    # Ten lines of 6 or 7 characters, three to a chunk.
    proposal = propose(LINES, lambda numbered: "remove_lines(1, 1)", window=20, overlap=0)
    expected = [chunk.first_line for chunk in split_chunks(LINES, 20)]
    assert [o.start for o in proposal.program.operations] == expected
    assert proposal.annotations["chunks"] == len(expected)


def test_numbers_may_count_in_the_document() -> None:
    fmt = PromptFormat("plain", FORMAT.before, FORMAT.after, "", "document")
    seen = Scripted(lambda numbered: "remove_lines(4, 4)")
    (proposal,) = LanguageModel(Native(fmt), seen, window=20, overlap=0).propose([LINES])
    assert seen.asked[1].startswith("[4] line 4")
    assert proposal.program == Program((RemoveLines(4, 4),))
    # The other chunks do not have that line.
    assert codes(proposal) == ["line-missing"] * (len(seen.asked) - 1)


def test_a_call_on_a_line_of_another_chunk_is_left_out() -> None:
    proposal = propose(LINES, lambda numbered: "remove_lines(3, 4)", window=20, overlap=0)
    assert proposal.program.keeps_all
    assert set(codes(proposal)) == {"line-missing"}
    assert "remove_lines(3, 4): the chunk has the lines 1 to 3" in str(proposal.faults[0])


@pytest.mark.parametrize(
    "reason", [Finish.CUT_OFF, Finish.REPEATS, Finish.TOO_LONG, AskReason.REFUSED, AskReason.TIMED_OUT]
)
def test_a_chunk_without_a_whole_answer_stays_and_is_counted(reason) -> None:
    def answer(numbered: str) -> str | Generation:
        if "line 1\n" in numbered:
            return Generation("remove_lines(1, 1)\nremove_li", reason, 9, 2, "because")
        return "remove_lines(1, 1)"

    proposal = propose(LINES, answer, window=20, overlap=0)
    assert 1 not in [operation.start for operation in proposal.program.operations]
    assert proposal.program.operations
    assert codes(proposal) == [reason.value]
    assert "stay as they are" in str(proposal.faults[0])
    assert "because" in str(proposal.faults[0])
    assert proposal.annotations["undecided_chunks"] == 1


def test_a_line_longer_than_the_window_is_passed_over_and_counted() -> None:
    text = f"short\n{'x' * 50}\nshort again"
    seen = Scripted(lambda numbered: "remove_lines(1, 1)")
    (proposal,) = LanguageModel(Native(FORMAT), seen, window=20, overlap=5).propose([text])
    assert seen.asked == ["[1] short", "[1] short again"]
    assert [operation.start for operation in proposal.program.operations] == [1, 3]
    assert codes(proposal) == ["line-too-long"]
    assert "lines 2 to 2" in str(proposal.faults[0])
    assert execute(proposal.program, text).text == "x" * 50


def test_a_text_with_nothing_in_it_is_not_asked_about() -> None:
    seen = Scripted(lambda numbered: "remove_all()")
    proposals = LanguageModel(Native(FORMAT), seen).propose(["", " \n \n", "a"])
    assert seen.asked == ["[1] a"]
    assert [proposal.program.keeps_all for proposal in proposals] == [True, True, False]
    assert proposals[0].annotations["chunks"] == 0


def test_neighbours_that_disagree_are_counted_and_the_better_sighted_decides() -> None:
    text = "\n".join("abcdefgh")
    chunks = split_chunks(text, 9, 3)
    assert [(c.first_line, c.last_line) for c in chunks[:2]] == [(1, 5), (4, 8)]

    def answer(numbered: str) -> str:
        return "remove_lines(4, 5)" if numbered.startswith("[1] a") else "remove_lines(5, 5)"

    proposal = propose(text, answer, window=9, overlap=3)
    # Line 4 goes by the first chunk, line 5 by the second, which keeps it; line 8 is its fifth.
    assert proposal.program == Program((RemoveLines(4, 4), RemoveLines(8, 8)))
    assert codes(proposal) == ["chunks-disagree"]
    assert proposal.annotations["conflicting_lines"] == 2


def test_neighbours_that_agree_are_no_conflict() -> None:
    text = "\n".join("abcdefgh")

    def answer(numbered: str) -> str:
        return "remove_lines(4, 5)" if numbered.startswith("[1] a") else "remove_lines(1, 2)"

    proposal = propose(text, answer, window=9, overlap=3)
    assert not proposal.faults
    assert execute(proposal.program, text).text == "a\nb\nc\nf\ng\nh"


def test_faults_cost_what_was_asked() -> None:
    def answer(numbered: str) -> str:
        return "remove_lines(1, 1)\nremove_lines(9, 9)\nnonsense()"

    kept = propose(LINES, answer, window=40, overlap=0)
    assert kept.program.operations
    for cost in (Cost.CHUNK, Cost.DOCUMENT):
        assert propose(LINES, answer, window=40, overlap=0, native={"cost": cost}).program == KEEP_ALL
    refined = Refine(
        LanguageModel(Native(FORMAT, cost=Cost.DOCUMENT), Scripted(answer)), cost=Cost.DOCUMENT
    ).run([Document("a", LINES)])
    assert (refined[0].status, refined[0].reason) == (Status.FAILED, Reason.PROGRAM_FAULT)


def test_a_string_that_is_not_there_costs_its_chunk_and_no_other() -> None:
    def answer(numbered: str) -> str:
        return 'remove_lines(1, 1)\nremove_str(2, "line 2")'

    options = {"window": 20, "overlap": 0}
    model = LanguageModel(Native(FORMAT, cost=Cost.CHUNK), Scripted(answer), **options)
    (outcome,) = Refine(model, cost=Cost.CHUNK).run([Document("a", LINES)])
    # Only the first chunk has such a line, and its other call is carried out.
    assert outcome.status is Status.EDITED
    assert outcome.text is not None
    assert outcome.text.split("\n")[:2] == ["", "line 3"]
    assert "line 4" in outcome.text
    # The last chunk has but one line.
    assert outcome.faults == ("string-missing", "string-missing", "line-missing")


def test_all_of_a_text_may_go() -> None:
    (outcome,) = Refine(LanguageModel(Native(FORMAT), Scripted(lambda numbered: "remove_all()"))).run(
        [Document("a", LINES)]
    )
    assert (outcome.status, outcome.reason) == (Status.DROPPED, Reason.ALL_NOISE)
    assert outcome.annotations["tokens_in"] == 9


def test_what_the_ledger_gets_of_a_chunk_that_stays() -> None:
    refuse = Generation("", AskReason.REFUSED, detail="HTTP 400")
    (outcome,) = Refine(LanguageModel(Native(FORMAT), Scripted(lambda numbered: refuse))).run(
        [Document("a", LINES)]
    )
    assert outcome.status is Status.UNCHANGED
    assert outcome.faults == ("request-refused",)
    assert outcome.detail == "lines 1 to 10 stay as they are: request-refused: HTTP 400"


def test_it_is_a_refiner_and_says_what_it_does() -> None:
    model = LanguageModel(Native(FORMAT), Scripted(lambda numbered: "keep_all()"), model="1234567890")
    assert isinstance(model, Refiner)
    assert model.name == "lm:12345678"
    assert model.describe()["dialect"]["prompt"]["before"] == FORMAT.before
    with pytest.raises(OptionError, match="window"):
        LanguageModel(Native(FORMAT), Scripted(lambda numbered: ""), window=10, overlap=10)


TEXTS = st.lists(st.text("ab \u2028\x0c", max_size=9), min_size=1, max_size=30).map("\n".join)


@given(TEXTS, st.data())
def test_a_model_that_knows_the_program_gives_its_result_for_any_window(text: str, data) -> None:
    """Lines that do not fit the window stay; everything else becomes what the program makes of it."""
    count = text.count("\n") + 1
    lines = data.draw(st.sets(st.integers(1, count)))
    whole = Program(tuple(RemoveLines(line, line) for line in sorted(lines)))
    window = data.draw(st.integers(1, 40))
    overlap = data.draw(st.integers(0, window - 1))
    chunks = iter([chunk for chunk in split_chunks(text, window, overlap) if not chunk.too_long])

    def answer(numbered: str) -> str:
        chunk: Chunk = next(chunks)
        return render(program_of_chunk(whole, chunk, text).shifted(1 - chunk.first_line))

    proposal = propose(text, answer, window=window, overlap=overlap)
    long = {n for n, line in enumerate(text.split("\n"), 1) if len(line) > window}
    wanted = (
        Program(tuple(RemoveLines(line, line) for line in sorted(lines - long))) if text.strip() else KEEP_ALL
    )
    anything = Policy(max_deleted_share=1)
    assert execute(proposal.program, text, anything).text == execute(wanted, text, anything).text
    assert set(codes(proposal)) <= {"line-too-long"}
