import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from bluepencil.documents import Document, Outcome, Reason, Status, Step
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    Cost,
    Fault,
    FaultCode,
    Policy,
    Program,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    parse,
)
from bluepencil.refiners.base import KeepEverything, Proposal, Refine, Refiner
from bluepencil.refiners.rules import Rules

TEXT = "Menu\nA sentence stays here.\nShare"
CUT_OFF = Fault(FaultCode.CUT_OFF_CALL, "the call is cut off", 1, 1, 1)


@dataclass(frozen=True)
class Fixed:
    """Proposes the same for every text."""

    proposal: Proposal
    name: str = "fixed"

    def describe(self) -> Mapping[str, Any]:
        return {"refiner": self.name}

    def propose(self, texts: Sequence[str]) -> Sequence[Proposal]:
        return [self.proposal for _ in texts]


def refine(program: Program, text: str = TEXT, **options: Any) -> Outcome:
    faults = options.pop("faults", ())
    step = Refine(Fixed(Proposal(program, faults, {"seen": 1})), **options)
    return step.run([Document("1", text)])[0]


def test_an_edit_is_carried_out_and_recorded() -> None:
    program = Program((RemoveLines(1, 1), RemoveStr(2, " here")))
    outcome = refine(program)
    assert outcome.status is Status.EDITED
    assert outcome.text == "A sentence stays.\nShare"
    assert parse(outcome.program).program == program
    assert (outcome.reason, outcome.faults, outcome.annotations) == ("", (), {"seen": 1})


def test_no_edit_leaves_the_document_unchanged() -> None:
    outcome = refine(KEEP_ALL)
    assert (outcome.status, outcome.text, outcome.program) == (Status.UNCHANGED, None, "")
    assert outcome.annotations == {"seen": 1}


def test_remove_all_drops_as_noise() -> None:
    outcome = refine(REMOVE_ALL)
    assert (outcome.status, outcome.reason, outcome.text) == (Status.DROPPED, Reason.ALL_NOISE, None)
    assert outcome.program == "remove_all()"


def test_white_space_left_over_drops_as_emptied() -> None:
    outcome = refine(Program((RemoveStr(1, "noise"),)), "noise\n \t\n", policy=Policy(max_deleted_share=1.0))
    assert (outcome.status, outcome.reason) == (Status.DROPPED, Reason.EMPTIED)


def test_a_guard_leaves_the_document_unchanged_and_says_why() -> None:
    outcome = refine(Program((RemoveLines(1, 2),)), policy=Policy(max_deleted_share=0.5))
    assert (outcome.status, outcome.reason, outcome.text) == (Status.UNCHANGED, Reason.TOO_MUCH_DELETED, None)
    assert outcome.program == "remove_lines(1, 2)"
    calls = Program((RemoveLines(1, 1), RemoveLines(3, 3)))
    outcome = refine(calls, policy=Policy(max_calls=1), cost=Cost.DOCUMENT)
    assert (outcome.status, outcome.reason) == (Status.UNCHANGED, Reason.TOO_MANY_CALLS)


FAULTY = Program((RemoveLines(1, 1), RemoveLines(8, 9)))


def test_a_faulty_call_costs_itself() -> None:
    outcome = refine(FAULTY)
    assert (outcome.status, outcome.text) == (Status.EDITED, "A sentence stays here.\nShare")
    assert outcome.faults == ("line-missing",)
    assert "no line 9" in outcome.detail


def test_a_faulty_call_costs_the_edits() -> None:
    outcome = refine(FAULTY, cost=Cost.CHUNK)
    assert (outcome.status, outcome.reason, outcome.text) == (Status.UNCHANGED, Reason.PROGRAM_FAULT, None)
    assert outcome.faults == ("line-missing",)


def test_a_faulty_call_costs_the_document() -> None:
    outcome = refine(FAULTY, cost=Cost.DOCUMENT)
    assert (outcome.status, outcome.reason, outcome.text) == (Status.FAILED, Reason.PROGRAM_FAULT, None)


@pytest.mark.parametrize(("cost", "status"), [(Cost.CALL, Status.UNCHANGED), (Cost.DOCUMENT, Status.FAILED)])
def test_calls_that_could_not_be_read_are_counted(cost: Cost, status: Status) -> None:
    outcome = refine(KEEP_ALL, cost=cost, faults=(CUT_OFF,))
    assert (outcome.status, outcome.faults) == (status, ("cut-off-call",))
    assert outcome.detail == "program line 1, column 1: the call is cut off"


def test_replacements_need_the_policy() -> None:
    program = Program((ReplaceStr(1, "Menu", "Bar"),))
    assert refine(program).faults == ("not-allowed",)
    assert refine(program, policy=Policy(replacements=True)).text == TEXT.replace("Menu", "Bar")


def test_a_replacement_by_the_same_changes_nothing() -> None:
    outcome = refine(Program((ReplaceStr(1, "Menu", "Menu"),)), policy=Policy(replacements=True))
    assert (outcome.status, outcome.text) == (Status.UNCHANGED, None)


def test_one_outcome_per_document_in_order() -> None:
    documents = [
        Document("1", "Home\nContact us\nSearch"),
        Document("2", "Nothing to see."),
        Document("3", ""),
    ]
    outcomes = Refine(Rules()).run(documents)
    assert [outcome.status for outcome in outcomes] == [Status.DROPPED, Status.UNCHANGED, Status.UNCHANGED]


def test_too_few_proposals_are_an_error() -> None:
    class Lazy(KeepEverything):
        def propose(self, texts: Sequence[str]) -> Sequence[Proposal]:
            return []

    with pytest.raises(ValueError, match="zip"):
        Refine(Lazy()).run([Document("1", "text")])


def test_none_keeps_everything() -> None:
    step = Refine(KeepEverything())
    assert step.name == "refine:none"
    assert [outcome.status for outcome in step.run([Document("1", TEXT)])] == [Status.UNCHANGED]


def test_the_step_describes_itself_and_survives_pickling() -> None:
    step = Refine(Rules(("c4",)), Policy(max_calls=7), Cost.CHUNK)
    assert isinstance(step, Step)
    assert isinstance(step.refiner, Refiner)
    described = step.describe()
    assert step.name == "refine:rules:c4"
    assert described["refiner"]["sets"] == ["c4"]
    assert (described["policy"]["max_calls"], described["fault_cost"]) == (7, "chunk")
    assert pickle.loads(pickle.dumps(step)) == step
