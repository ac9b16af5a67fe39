"""ReScraper: how its refiner is asked and read.

It reads the whole rendered page, each line that is not blank as `<lid:N> line`, after a system message that
is part of the system's release and not of this package (see `dialects.SYSTEMS`). Thinking is off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bluepencil.programs import (
    KEEP_ALL,
    Chunk,
    Cost,
    Operation,
    Parsed,
    Program,
    RemoveLines,
    RemoveStr,
)
from bluepencil.programs.dialects.rescraper import parse_rescraper
from bluepencil.refiners.dialects_read import finished, spoken
from bluepencil.refiners.dialects_ultrax import WITHOUT_THINKING
from bluepencil.refiners.lm_dialect import within
from bluepencil.refiners.lm_generate import Constraint
from bluepencil.refiners.lm_prompt import Prompt, PromptFormat


@dataclass(frozen=True, slots=True)
class ReScraper:
    """Extraction, decision and edits of a whole page; `format` holds the system message.

    The model's numbers skip blank lines. A blank line goes where the lines before and after it go in one
    call, and stays otherwise.
    """

    format: PromptFormat
    cost: Cost = Cost.CALL

    @property
    def name(self) -> str:
        """Names the dialect."""
        return "rescraper"

    @property
    def prompt_hash(self) -> str:
        """The hash of the prompt's format."""
        return self.format.hash

    def describe(self) -> Mapping[str, Any]:
        """Return the prompt's format, and what faults cost."""
        return {"dialect": self.name, "prompt": asdict(self.format), "fault_cost": self.cost.value}

    def prompt(self, text: str, chunk: Chunk) -> Prompt:
        """Return the lines that are not blank, without the white space around them."""
        lines = [line.strip() for line in text[chunk.start : chunk.end].split("\n")]
        shown = [line for line in lines if line]
        marked = "\n".join(f"<lid:{number}> {line}" for number, line in enumerate(shown, 1))
        return replace(self.format.prompt(marked), variables=WITHOUT_THINKING)

    def constraint(self, text: str, chunk: Chunk) -> Constraint | None:
        """Return None: what is wrong with a program is found by reading it."""
        return None

    def read(self, answer: str, text: str, chunk: Chunk) -> Parsed:
        """Parse an answer; a call that names a line that was not shown is left out."""
        said = spoken(answer)
        if isinstance(said, Parsed):
            return said
        parsed = parse_rescraper(said)
        lines = text[chunk.start : chunk.end].split("\n")
        shown = [number for number, line in enumerate(lines, chunk.first_line) if line.strip()]
        inside, faults = within(parsed.program, 1, len(shown))
        program = Program(tuple(_placed(operation, shown) for operation in inside.operations))
        return finished(Parsed(program, (*parsed.faults, *faults), parsed.notes), text, chunk, self.cost)

    def join(self, text: str, chunks: Sequence[Chunk], programs: Sequence[Program]) -> Program:
        """Return the program of the page; one with nothing to see in it has none, and is kept."""
        return programs[0] if programs else KEEP_ALL


def _placed(operation: Operation, shown: Sequence[int]) -> Operation:
    """Return an operation on lines as shown as one on lines of the document."""
    match operation:
        case RemoveLines(start, end):
            return RemoveLines(shown[start - 1], shown[end - 1])
        case RemoveStr(line, text):
            return RemoveStr(shown[line - 1], text)
        case _:
            return operation
