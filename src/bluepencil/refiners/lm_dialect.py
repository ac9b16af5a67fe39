"""How one kind of refiner model is asked and read: its prompts, its programs, its decisions.

A dialect holds no model and opens nothing. `Native` is that of the models that `bluepencil train lm` makes;
to add another one, write a class with these members and give it a name in `refiners.registry`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

from bluepencil.programs import (
    Chunk,
    Cost,
    Fault,
    FaultCode,
    InsertLine,
    Limits,
    Operation,
    Parsed,
    Policy,
    Program,
    RemoveAll,
    check,
    join_programs,
    number_lines,
    parse,
    render,
)
from bluepencil.refiners.lm_constraint import MAX_CALLS, ProgramConstraint
from bluepencil.refiners.lm_generate import Constraint
from bluepencil.refiners.lm_prompt import Prompt, PromptFormat

DEFAULT_LIMITS = Limits()
_ALL_ALLOWED = Policy(replacements=True)


class Dialect(Protocol):
    """The language between a text and one kind of refiner model."""

    @property
    def name(self) -> str:
        """Names the dialect: `native`."""
        ...

    @property
    def prompt_hash(self) -> str:
        """16 hexadecimal digits that change with the wording of the prompt."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return what decides prompts, programs and decisions, as JSON values."""
        ...

    def prompt(self, text: str, chunk: Chunk) -> Prompt:
        """Return what is asked about a chunk of a text."""
        ...

    def constraint(self, text: str, chunk: Chunk) -> Constraint | None:
        """Return what the answer may be, or None where anything may come."""
        ...

    def read(self, answer: str, text: str, chunk: Chunk) -> Parsed:
        """Return the program of an answer, numbered as the document is, and what is wrong with the answer."""
        ...

    def join(self, text: str, chunks: Sequence[Chunk], programs: Sequence[Program]) -> Program:
        """Return the program of a document from those of its chunks, in lines of the document."""
        ...


@dataclass(frozen=True, slots=True)
class Native:
    """The edit language itself, asked for in the words that the model was trained with.

    replacements: whether a constrained model may write replace_str, which it does only if it was taught to.
    """

    format: PromptFormat
    limits: Limits = DEFAULT_LIMITS
    cost: Cost = Cost.CALL
    replacements: bool = False

    @property
    def name(self) -> str:
        """Names the dialect."""
        return "native"

    @property
    def prompt_hash(self) -> str:
        """The hash of the prompt's format."""
        return self.format.hash

    def describe(self) -> Mapping[str, Any]:
        """Return the prompt's format and how programs are read."""
        return {
            "dialect": self.name,
            "prompt": asdict(self.format),
            "limits": asdict(self.limits),
            "fault_cost": self.cost.value,
            **({"replacements": True} if self.replacements else {}),
        }

    def prompt(self, text: str, chunk: Chunk) -> Prompt:
        """Return the numbered lines of a chunk in the words of the format."""
        first = 1 if self.format.numbering == "chunk" else chunk.first_line
        return self.format.prompt(number_lines(text[chunk.start : chunk.end], first))

    def constraint(self, text: str, chunk: Chunk) -> Constraint | None:
        """Return the canonical programs that can be carried out on the chunk."""
        first = 1 if self.format.numbering == "chunk" else chunk.first_line
        most = min(self.limits.max_calls, MAX_CALLS)
        chunk_text = text[chunk.start : chunk.end]
        return ProgramConstraint(chunk_text, first, self.format.style, most, self.replacements)

    def read(self, answer: str, text: str, chunk: Chunk) -> Parsed:
        """Parse an answer; a call that names a line outside of the chunk is left out."""
        parsed = parse(answer, self.limits, self.cost)
        lines = chunk.last_line - chunk.first_line + 1
        first = 1 if self.format.numbering == "chunk" else chunk.first_line
        inside, faults = within(parsed.program, first, first + lines - 1)
        if self.cost is not Cost.CALL:
            # Later the calls of all chunks are one program, and nobody can tell whose fault was whose.
            here = inside.shifted(1 - first)
            faults += check(here, text[chunk.start : chunk.end], _ALL_ALLOWED)
            inside = Program() if faults else inside
        shifted = inside.shifted(chunk.first_line - first)
        return Parsed(shifted, (*parsed.faults, *faults), parsed.notes)

    def join(self, text: str, chunks: Sequence[Chunk], programs: Sequence[Program]) -> Program:
        """Return the program of the document: each line decided where most is seen around it."""
        return join_programs(chunks, programs)


def within(program: Program, first: int, last: int) -> tuple[Program, tuple[Fault, ...]]:
    """Return the calls on the lines `first` to `last`, and a fault for each of the others."""
    inside: list[Operation] = []
    faults: list[Fault] = []
    for call, operation in enumerate(program.operations, 1):
        low, high = lines_of(operation)
        least = first - 1 if isinstance(operation, InsertLine) else first
        if isinstance(operation, RemoveAll) or (least <= low and high <= last):
            inside.append(operation)
        else:
            message = f"{render(Program((operation,)))}: the chunk has the lines {first} to {last}"
            faults.append(Fault(FaultCode.LINE_MISSING, message, call, 1, call))
    return Program(tuple(inside)), tuple(faults)


def lines_of(operation: Operation) -> tuple[int, int]:
    """Return the first and the last line that an operation names; 0, 0 for remove_all()."""
    numbers = [
        value for field in fields(operation) if isinstance(value := getattr(operation, field.name), int)
    ]
    return (min(numbers), max(numbers)) if numbers else (0, 0)
