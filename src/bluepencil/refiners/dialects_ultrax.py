"""UltraX: how its refiner is asked and read.

The lines of a chunk as `<lid:N>line`, numbered from 1 on through the document, after a system message that is
part of the system's release and not of this package (see `dialects.SYSTEMS`). Thinking is off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bluepencil.programs import Chunk, Cost, Parsed, Program, join_programs
from bluepencil.programs.dialects.languages import ULTRAX
from bluepencil.programs.dialects.ultrax import parse_ultrax
from bluepencil.refiners.dialects_read import finished, spoken
from bluepencil.refiners.lm_generate import Constraint
from bluepencil.refiners.lm_prompt import Prompt, PromptFormat

Variables = tuple[tuple[str, Any], ...]
WITHOUT_THINKING: Variables = (("enable_thinking", False),)


@dataclass(frozen=True, slots=True)
class UltraX:
    """Edits of chunks, in lines of the document; `format` holds the system message.

    `variables` are those of the chat template: thinking is off in the released model.
    """

    format: PromptFormat
    cost: Cost = Cost.CALL
    variables: Variables = WITHOUT_THINKING

    @property
    def name(self) -> str:
        """Names the dialect."""
        return "ultrax"

    @property
    def prompt_hash(self) -> str:
        """The hash of the prompt's format."""
        return self.format.hash

    def describe(self) -> Mapping[str, Any]:
        """Return the prompt's format, and what faults cost."""
        return {"dialect": self.name, "prompt": asdict(self.format), "fault_cost": self.cost.value}

    def prompt(self, text: str, chunk: Chunk) -> Prompt:
        r"""Return the marked lines; the "\r" of a line end "\r\n" is not shown, as in training."""
        asked = self.format.prompt(ULTRAX.show(text[chunk.start : chunk.end], chunk.first_line))
        return replace(asked, variables=self.variables)

    def constraint(self, text: str, chunk: Chunk) -> Constraint | None:
        """Return None: what is wrong with a program is found by reading it."""
        return None

    def read(self, answer: str, text: str, chunk: Chunk) -> Parsed:
        """Parse an answer; a call that names a line outside of the chunk is left out."""
        said = spoken(answer)
        return said if isinstance(said, Parsed) else finished(parse_ultrax(said), text, chunk, self.cost)

    def join(self, text: str, chunks: Sequence[Chunk], programs: Sequence[Program]) -> Program:
        """Return the program of the document: each line decided where most is seen around it."""
        return join_programs(chunks, programs)
