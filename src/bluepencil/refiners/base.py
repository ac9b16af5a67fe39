"""What a refiner is, and the step that carries out what it proposes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

from bluepencil.documents import Document, Outcome, Reason, Status
from bluepencil.programs import (
    KEEP_ALL,
    Cost,
    Execution,
    Fault,
    Policy,
    Program,
    RemoveAll,
    execute,
    render,
)

DEFAULT_POLICY = Policy()

_FAULTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a refiner wants done with one text.

    `faults` are the calls that could not be read, where the refiner writes programs as text; `annotations` go
    into the ledger.
    """

    program: Program = KEEP_ALL
    faults: tuple[Fault, ...] = ()
    annotations: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Refiner(Protocol):
    """Turns texts into edit programs. It is pickled into each worker: it holds options, and loads late."""

    @property
    def name(self) -> str:
        """Names the refiner, with its model if there is one: `rules`."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return everything that decides the result, as JSON values."""
        ...

    def propose(self, texts: Sequence[str]) -> Sequence[Proposal]:
        """Return one proposal per text, in order; the proposal for a text does not depend on the others."""
        ...


@dataclass(frozen=True, slots=True)
class KeepEverything:
    """The refiner that keeps everything: what a corpus is worth untouched."""

    @property
    def name(self) -> str:
        """Names the refiner."""
        return "none"

    def describe(self) -> Mapping[str, Any]:
        """Return that there is nothing to decide."""
        return {"refiner": "none"}

    def propose(self, texts: Sequence[str]) -> Sequence[Proposal]:
        """Return an empty program per text."""
        return [Proposal() for _ in texts]


@dataclass(frozen=True, slots=True)
class Refine:
    """The step of refining: proposes, executes, and says what became of each document.

    `cost` says what a faulty call costs: itself, all edits of its program (the document is unchanged, with a
    reason), or the document (it is failed).
    """

    refiner: Refiner
    policy: Policy = DEFAULT_POLICY
    cost: Cost = Cost.CALL

    @property
    def name(self) -> str:
        """Names the step: `refine:rules`."""
        return f"refine:{self.refiner.name}"

    @property
    def fields(self) -> tuple[str, ...]:
        """No field beside the text is read."""
        return ()

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result: the refiner, the policy, and what faults cost."""
        return {
            "refiner": dict(self.refiner.describe()),
            "policy": asdict(self.policy),
            "fault_cost": self.cost.value,
        }

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Return one outcome per document, in order."""
        proposals = self.refiner.propose([document.text for document in documents])
        return [self.outcome(d.text, p) for d, p in zip(documents, proposals, strict=True)]

    def outcome(self, text: str, proposal: Proposal) -> Outcome:
        """Carry out a proposal and say what became of the text."""
        program = proposal.program
        if program.keeps_all and not proposal.faults:
            return Outcome(Status.UNCHANGED, annotations=proposal.annotations)
        execution = execute(program, text, self.policy, self.cost)
        faults = proposal.faults + execution.faults
        status, reason = self._status(text, proposal, execution)
        return Outcome(
            status,
            text=execution.text if status is Status.EDITED else None,
            reason=reason,
            detail="; ".join(map(str, faults[:_FAULTS_SHOWN])) if faults else "",
            program="" if program.keeps_all else render(program),
            faults=tuple(fault.code.value for fault in faults) if faults else (),
            annotations=proposal.annotations,
        )

    def _status(self, text: str, proposal: Proposal, execution: Execution) -> tuple[Status, str]:
        refused = execution.refusal
        if self.cost is Cost.DOCUMENT and (proposal.faults or refused is Reason.PROGRAM_FAULT):
            return Status.FAILED, Reason.PROGRAM_FAULT
        if refused is not None:
            return Status.UNCHANGED, refused
        if any(type(operation) is RemoveAll for operation in proposal.program.operations):
            return Status.DROPPED, Reason.ALL_NOISE
        if execution.text == text:
            return Status.UNCHANGED, ""
        if not execution.text.strip():
            return Status.DROPPED, Reason.EMPTIED
        return Status.EDITED, ""
