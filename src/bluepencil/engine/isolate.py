"""Runs a step over documents so that one bad document costs that document."""

from collections.abc import Sequence
from dataclasses import replace

from bluepencil.documents import Document, Outcome, Reason, Status, Step
from bluepencil.errors import BluepencilError, RunError


def run_step(step: Step, documents: Sequence[Document]) -> Sequence[Outcome]:
    """Run a step; where it raises on several documents, run it on each, so that one costs one.

    An error of Bluepencil itself (a missing package, a spent budget) is no fault of a document and ends
    the run.
    """
    if not documents:
        return []
    try:
        outcomes = step.run(documents)
    except BluepencilError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a step raises becomes a counted outcome
        if len(documents) > 1:
            return [outcome for document in documents for outcome in run_step(step, [document])]
        reason = Reason.OUT_OF_MEMORY if isinstance(error, MemoryError) else Reason.STEP_ERROR
        return [Outcome(Status.FAILED, reason=reason, detail=f"{type(error).__name__}: {error}")]
    if len(outcomes) != len(documents):
        raise RunError(f"{step.name} gave {len(outcomes)} outcomes for {len(documents)} documents")
    if all(outcome.text is None or outcome.program for outcome in outcomes):
        return outcomes
    return [_writable(outcome) for outcome in outcomes]


def _writable(outcome: Outcome) -> Outcome:
    """Fail a new text that no file can hold: a model's answer may have half of a surrogate pair in it."""
    if outcome.text is None or outcome.program or outcome.text.isascii():
        return outcome
    try:
        outcome.text.encode()
    except UnicodeEncodeError as error:
        detail = f"the new text cannot be written: {error.reason} at character {error.start}"
        return replace(outcome, status=Status.FAILED, text=None, reason=Reason.BAD_ENCODING, detail=detail)
    return outcome
