"""ReScraper: how its refiner is asked and read.

It reads the whole rendered page, each line that is not blank as `<lid:N> line`, after a system message that
is part of the system's release and not of this package (see `dialects.SYSTEMS`). Thinking is off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bluepencil.programs import KEEP_ALL, Chunk, Cost, Parsed, Program
from bluepencil.programs.dialects.languages import RESCRAPER
from bluepencil.programs.dialects.rescraper import read_rescraper
from bluepencil.refiners.dialects_read import finished, spoken
from bluepencil.refiners.dialects_ultrax import WITHOUT_THINKING, Variables
from bluepencil.refiners.lm_generate import Constraint
from bluepencil.refiners.lm_prompt import Prompt, PromptFormat


@dataclass(frozen=True, slots=True)
class ReScraper:
    """Extraction, decision and edits of a whole page; `format` holds the system message.

    `variables` are those of the chat template: thinking is off in the released model. The model's numbers
    skip blank lines. A blank line goes where the lines before and after it go in one call, and stays
    otherwise.
    """

    format: PromptFormat
    cost: Cost = Cost.CALL
    variables: Variables = WITHOUT_THINKING

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
        asked = self.format.prompt(RESCRAPER.show(text[chunk.start : chunk.end]))
        return replace(asked, variables=self.variables)

    def constraint(self, text: str, chunk: Chunk) -> Constraint | None:
        """Return None: what is wrong with a program is found by reading it."""
        return None

    def read(self, answer: str, text: str, chunk: Chunk) -> Parsed:
        """Parse an answer; a call that names a line that was not shown is left out."""
        said = spoken(answer)
        if isinstance(said, Parsed):
            return said
        parsed = read_rescraper(said, text[chunk.start : chunk.end], chunk.first_line)
        return finished(parsed, text, chunk, self.cost)

    def join(self, text: str, chunks: Sequence[Chunk], programs: Sequence[Program]) -> Program:
        """Return the program of the page; one with nothing to see in it has none, and is kept."""
        return programs[0] if programs else KEEP_ALL
