"""Documents, what becomes of them, and the step that decides it.

A `Step` turns documents into outcomes and knows nothing of files, processes or clusters; whatever runs
steps knows nothing of text. Both meet in the types of this module.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Protocol, runtime_checkable

RECORDED = "bluepencil:recorded"
"""The one field that the engine supplies, in a replay: the document's row in the ledger of an earlier run."""

NOTED = "bluepencil:noted"
"""The field by which a step in a chain asks for the annotations of the steps before it."""


class Status(StrEnum):
    """What became of a document. Rows in = the sum over these four."""

    UNCHANGED = "unchanged"
    EDITED = "edited"
    DROPPED = "dropped"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a document was dropped, failed, or kept as it was; a step may add its own codes."""

    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    TEXT_MISSING = "text-missing"
    TEXT_NOT_A_STRING = "text-not-a-string"
    BAD_ENCODING = "bad-encoding"
    BAD_HTML = "bad-html"
    NUL = "nul-character"
    TOO_LARGE = "record-too-large"
    TRUNCATED_INPUT = "truncated-input"
    UNREADABLE_INPUT = "unreadable-input"
    STEP_ERROR = "step-error"
    OUT_OF_MEMORY = "out-of-memory"
    WORKER_DIED = "worker-died"
    HUNG = "hung"
    ALL_NOISE = "all-noise"
    EMPTIED = "emptied"
    PROGRAM_FAULT = "program-fault"
    TOO_MUCH_DELETED = "too-much-deleted"
    TOO_MANY_CALLS = "too-many-calls"
    SOURCE_DIFFERS = "source-differs"
    RESULT_DIFFERS = "result-differs"


@dataclass(frozen=True, slots=True)
class Document:
    """One record of a corpus: what a step sees of it.

    `fields` holds the other fields that the step asked for by name (`Step.fields`), and nothing else;
    every field passes through to the output whether asked for or not.
    """

    id: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document.

    `text` is the text to write; None keeps the source text (`Status.DROPPED` writes nothing).
    `detail` is a sentence for people, `reason` a code to count by. `annotations` go into the ledger
    columns of the same names; `faults` are the calls that were skipped, one code each. `rows` are what a
    step with `Step.row_columns` writes in the place of the document. `stages` tell what each step did, where
    several were run in one pass; the rest is then what they came to together.
    """

    status: Status
    text: str | None = None
    reason: str = ""
    detail: str = ""
    program: str = ""
    faults: Sequence[str] = ()
    annotations: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()
    stages: Sequence["Stage"] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """What one step of several did to a document: the step's name, its outcome, the text after it.

    `text` is the text that went into the step where that changed nothing or let the document go no further.
    """

    step: str
    outcome: Outcome
    text: str

    @property
    def passed(self) -> bool:
        """Whether the document went on to the next step."""
        return self.outcome.status in (Status.UNCHANGED, Status.EDITED)


Heard = Callable[[str, int], None]
_heard: ContextVar[Heard | None] = ContextVar("bluepencil-heard", default=None)


@contextmanager
def listening(heard: Heard) -> Iterator[None]:
    """Have a function called with what a step says of its progress while it runs in this thread."""
    token = _heard.set(heard)
    try:
        yield
    finally:
        _heard.reset(token)


def tell(what: str, count: int) -> None:
    """Say, inside a step that takes long, that so many more of something are done: "answers", "linted".

    Whoever runs the step may listen; it decides nothing.
    """
    heard = _heard.get()
    if heard is not None and count:
        heard(what, count)


def text_hash(text: str) -> str:
    """Return the hash by which the ledger knows a text: BLAKE2b, 16 bytes, of its UTF-8, as hex."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


@runtime_checkable
class Step(Protocol):
    """One kind of work over documents, such as refining.

    A step is pickled into each worker process, so it holds options and loads what is heavy on first use.
    """

    @property
    def name(self) -> str:
        """Names the step in the ledger, with the model if there is one: `refine:rules`."""
        ...

    @property
    def fields(self) -> tuple[str, ...]:
        """Names the fields beside the text that the step reads."""
        ...

    @property
    def row_columns(self) -> Mapping[str, str] | None:
        """Name the columns of the rows that the step makes of documents: text, int, flag, ints, json.

        None where it writes documents.
        """
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return everything that decides the result, as JSON values; a change of it is another run."""
        ...

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Return one outcome per document, in order."""
        ...
