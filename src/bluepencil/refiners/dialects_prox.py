"""ProX: how its two kinds of refiner are asked and read.

The prompts are those of its published scripts (GAIR-NLP/ProX, `data_gen/tasks`): a generic system line, and
the document, for chunks as numbered lines between [doc] and [/doc]. The script for documents takes its chat
template from Llama-2-chat and not from the model, so that prompt is written out here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bluepencil.errors import OptionError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    Chunk,
    Cost,
    Fault,
    Parsed,
    Program,
    execute,
    join_programs,
)
from bluepencil.programs.dialects import DialectFault
from bluepencil.programs.dialects.languages import PROX_C, PROX_D
from bluepencil.programs.dialects.prox_c import parse_prox_c
from bluepencil.programs.dialects.prox_d import parse_prox_d
from bluepencil.refiners.dialects_read import ALL_ALLOWED, finished
from bluepencil.refiners.lm_generate import Constraint
from bluepencil.refiners.lm_prompt import Prompt, PromptFormat

DOCUMENTS = PromptFormat("plain", *PROX_D.asked("plain"))
CHUNKS = PromptFormat("chat", *PROX_C.asked("chat"), "document")
# Scripts that put no space between words: there each character counts as a word.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def words(text: str) -> int:
    """Return the number of words; in scripts without spaces, such as Chinese, of characters."""
    unspaced = _UNSPACED.findall(text)
    return len(unspaced) + len(_UNSPACED.sub(" ", text).split() if unspaced else text.split())


@dataclass(frozen=True, slots=True)
class Thresholds:
    """ProX's decision after execution; the values are those of its script.

    A document of which at most `least_share` of the words or at most `least_words` words are left is dropped.
    A chunk with `max_errors` faulty calls or more stays as it is; ProX gives up the whole document there.
    """

    least_share: float = 0.05
    least_words: int = 10
    max_errors: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.least_share <= 1 or self.least_words < 0 or self.max_errors < 1:
            raise OptionError("least_share is from 0 to 1, least_words 0 or more, max_errors 1 or more")

    def allow(self, parsed: Parsed) -> Parsed:
        """Return what is read of a chunk, or nothing of it where too much is wrong."""
        if len(parsed.faults) < self.max_errors:
            return parsed
        message = f"{len(parsed.faults)} faults; with {self.max_errors} a chunk stays as it is"
        fault = Fault(DialectFault.TOO_MANY_ERRORS, message, 1, 1, 0)
        return Parsed(KEEP_ALL, (*parsed.faults, fault), parsed.notes)

    def decide(self, text: str, program: Program) -> Program:
        """Return the program, or the one that drops the document."""
        before = words(text)
        left = words(execute(program, text, ALL_ALLOWED).text)
        few = left <= self.least_words or left <= self.least_share * before
        return REMOVE_ALL if before and few else program


@dataclass(frozen=True, slots=True)
class ProxD:
    """keep_doc() or drop_doc() of a document, of which the model sees the beginning."""

    format: PromptFormat = DOCUMENTS

    @property
    def name(self) -> str:
        """Names the dialect."""
        return "prox-d"

    @property
    def prompt_hash(self) -> str:
        """The hash of the prompt's format."""
        return self.format.hash

    def describe(self) -> Mapping[str, Any]:
        """Return the prompt's format."""
        return {"dialect": self.name, "prompt": asdict(self.format)}

    def prompt(self, text: str, chunk: Chunk) -> Prompt:
        """Return the question about a document; no line has a number."""
        return self.format.prompt(text[chunk.start : chunk.end])

    def constraint(self, text: str, chunk: Chunk) -> Constraint | None:
        """Return None: what is wrong with an answer is found by reading it."""
        return None

    def read(self, answer: str, text: str, chunk: Chunk) -> Parsed:
        """Return the decision."""
        return parse_prox_d(answer)

    def join(self, text: str, chunks: Sequence[Chunk], programs: Sequence[Program]) -> Program:
        """Return the one decision; a document with nothing to see in it has none, and is kept."""
        return programs[0] if programs else KEEP_ALL


@dataclass(frozen=True, slots=True)
class ProxC:
    """Edits of chunks, whose lines are numbered from 0 on through the document."""

    format: PromptFormat = CHUNKS
    cost: Cost = Cost.CALL
    thresholds: Thresholds | None = None

    @property
    def name(self) -> str:
        """Names the dialect."""
        return "prox-c"

    @property
    def prompt_hash(self) -> str:
        """The hash of the prompt's format."""
        return self.format.hash

    def describe(self) -> Mapping[str, Any]:
        """Return the prompt's format, what faults cost, and the thresholds."""
        return {
            "dialect": self.name,
            "prompt": asdict(self.format),
            "fault_cost": self.cost.value,
            "thresholds": asdict(self.thresholds) if self.thresholds else None,
        }

    def prompt(self, text: str, chunk: Chunk) -> Prompt:
        """Return the lines of a chunk, each after its number in the document: `[000]`."""
        return self.format.prompt(PROX_C.show(text[chunk.start : chunk.end], chunk.first_line))

    def constraint(self, text: str, chunk: Chunk) -> Constraint | None:
        """Return None: what is wrong with a program is found by reading it."""
        return None

    def read(self, answer: str, text: str, chunk: Chunk) -> Parsed:
        """Parse an answer; a call that names a line outside of the chunk is left out."""
        parsed = parse_prox_c(answer, text[chunk.start : chunk.end], chunk.first_line)
        done = finished(parsed, text, chunk, self.cost)
        return self.thresholds.allow(done) if self.thresholds else done

    def join(self, text: str, chunks: Sequence[Chunk], programs: Sequence[Program]) -> Program:
        """Return the program of the document, or by the thresholds that which drops it."""
        program = join_programs(chunks, programs)
        return self.thresholds.decide(text, program) if self.thresholds else program
