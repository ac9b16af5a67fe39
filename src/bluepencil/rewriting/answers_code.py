"""The code of an answer: which block it is, and where that ends.

Which block is meant is decided by its section, then by the name of its fence, then by which one parses. A
block ends by CommonMark's rule (a fence of the same character, at least as long as the one that began it);
where a model did not choose a long enough fence for code that holds fences itself, the end that makes the
code parse is the end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bluepencil.rewriting.answers import AnswerError, AnswerReason, Parsed
from bluepencil.rewriting.answers_fences import Block
from bluepencil.rewriting.answers_languages import fence_group, parser_of
from bluepencil.rewriting.answers_scores import read_score
from bluepencil.rewriting.answers_sections import Part, read_parts


@dataclass(frozen=True, slots=True)
class CodeSection:
    """Reads the code of an answer: the one block under a heading named `names`.

    names: headings that hold the code, the one that is asked for first.
    others: headings that hold something else. An answer that has one of them and no code heading is not read.
    language: what the code is written in; decides which fence names fit, and, for Python, what parses.
    score: heading whose score is noted as `evaluation`; a score that cannot be read is noted, and no error.
    """

    names: tuple[str, ...]
    others: tuple[str, ...] = ()
    language: str = "python"
    score: str = ""

    def describe(self) -> Mapping[str, Any]:
        """Return what decides what is read."""
        return {
            "names": list(self.names),
            "others": list(self.others),
            "language": self.language,
            "score": self.score,
        }

    def parse(self, answer: str, before: str = "") -> Parsed:
        """Return the code, each line ended by a newline; raises AnswerError."""
        parts = read_parts(answer, (*self.names, *self.others), self.language)
        notes = self._evaluation(parts) if self.score else {}
        return Parsed(self._code(parts), notes)

    def _code(self, parts: list[Part]) -> str:
        candidates = self._candidates(parts)
        for group in (0, 1):
            blocks = [block for block in candidates if fence_group(block.info, self.language) == group]
            if blocks:
                return self._only(blocks)
        raise AnswerError(AnswerReason.NO_CODE, f"the answer holds no block of {self.language} code")

    def _candidates(self, parts: list[Part]) -> list[Block]:
        """Return the blocks that stand where the code belongs: under its heading, or else below it."""
        names = {name.lower() for name in self.names}
        others = {name.lower() for name in self.others}
        own = [part for part in parts if part.name in names]
        if own:
            below = [part for part in parts if names & set(part.inside)]
            return list(_blocks(own)) or list(_blocks(below))
        if any(part.name in others for part in parts):
            raise AnswerError(AnswerReason.NO_SECTION, f"the answer has no section {self.names[0]!r}")
        return list(_blocks(parts))

    def _only(self, blocks: list[Block]) -> str:
        """Return the code of the block that is meant; several that differ must not leave a choice."""
        codes = list(dict.fromkeys(block.code for block in blocks if block.code.strip()))
        parses = parser_of(self.language)
        if len(codes) > 1 and parses is not None:
            codes = [code for code in codes if parses(code)]
        if len(codes) > 1:
            raise AnswerError(
                AnswerReason.AMBIGUOUS, f"the answer holds {len(codes)} different blocks of code"
            )
        if not codes:
            raise AnswerError(AnswerReason.NO_CODE, "no block of the answer holds code")
        return codes[0]

    def _evaluation(self, parts: list[Part]) -> dict[str, Any]:
        said = "\n".join(part.prose for part in parts if part.name == self.score.lower())
        try:
            return {"evaluation": read_score(said)}
        except AnswerError as error:
            return {"evaluation_fault": str(error.reason)}


def _blocks(parts: list[Part]) -> Iterator[Block]:
    for part in parts:
        yield from part.blocks
