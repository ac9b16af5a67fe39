"""The refiner `rules`: known rule sets for the lines of web pages, which speak programs like any refiner.

Sets, selected by name:

- `context`: what does not stand in the main text of the page, as `rules_context` finds it, going by the
  phrases of all sets. It leaves texts alone that look cleaned already.
- `navigation`, `cookies`, `copyright`, `share`, `comments`, `related`, `ads`: lines with a phrase of that
  set, in several languages (`rules_phrases`).
- `c4`: the line rules of C4; `c4-page`: drops the page where C4 does, for a curly bracket or "lorem ipsum"
  (`rules_c4`). On text other than prose these two strike a lot.

Where `context` or a phrase strikes what stands between two blank lines, one of them goes with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bluepencil.errors import OptionError
from bluepencil.programs import KEEP_ALL, REMOVE_ALL, Program, RemoveLines
from bluepencil.refiners.base import Proposal
from bluepencil.refiners.rules_c4 import is_banned_page, line_verdicts
from bluepencil.refiners.rules_context import main_text
from bluepencil.refiners.rules_phrases import PHRASE_SETS, PhraseIndex, phrase_index

DEFAULT_SETS = ("context", *PHRASE_SETS)
SETS = (*DEFAULT_SETS, "c4", "c4-page")

VERSION = 1
"""Goes up with every change of what the rules strike: a run with other rules is another run."""

_Struck = list[str | None]
"""For each line the rule set that strikes it, or None."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Proposes to strike lines by the selected rule sets; raises OptionError for a set that does not exist.

    The annotation `struck` counts the lines struck per set, blank ones included; a line that several sets
    strike counts for the first of: `c4-page`, `c4`, the sets of phrases, `context`.
    """

    sets: tuple[str, ...] = DEFAULT_SETS

    def __post_init__(self) -> None:
        unknown = [name for name in self.sets if name not in SETS]
        if unknown:
            raise OptionError(f"there is no rule set {unknown[0]!r}; there are: {', '.join(SETS)}")
        if not self.sets or len(set(self.sets)) < len(self.sets):
            raise OptionError("name one rule set or more, each once")

    @property
    def name(self) -> str:
        """Names the refiner, with its sets unless they are the default: `rules:c4`."""
        return "rules" if self.sets == DEFAULT_SETS else f"rules:{','.join(self.sets)}"

    def describe(self) -> Mapping[str, Any]:
        """Return the sets, the version of the rules, and a digest of the phrases in use."""
        index = self._index()
        return {
            "refiner": "rules",
            "sets": list(self.sets),
            "version": VERSION,
            "phrases": index.digest if index else "",
        }

    def propose(self, texts: Sequence[str]) -> Sequence[Proposal]:
        """Return one proposal per text."""
        index = self._index()
        return [self._proposal(text, index) for text in texts]

    def _index(self) -> PhraseIndex | None:
        if "context" in self.sets:
            return phrase_index(PHRASE_SETS)
        names = tuple(name for name in PHRASE_SETS if name in self.sets)
        return phrase_index(names) if names else None

    def _proposal(self, text: str, index: PhraseIndex | None) -> Proposal:
        lines = text.split("\n")
        struck: _Struck = [None] * len(lines)
        if index is not None:
            self._strike_furniture(text, lines, struck, index)
        if "c4" in self.sets or "c4-page" in self.sets:
            self._strike_c4(text, lines, struck)
        program = _program(lines, struck)
        if program.keeps_all:
            return Proposal()
        counts = {name: count for name in self.sets if (count := struck.count(name))}
        return Proposal(program, annotations={"struck": counts})

    def _strike_furniture(self, text: str, lines: Sequence[str], struck: _Struck, index: PhraseIndex) -> None:
        hits = index.find(text)
        kept = main_text(lines, hits) if "context" in self.sets else None
        if kept is not None:
            struck[:] = [None if keep else "context" for keep in kept]
        for number, hit in enumerate(hits):
            if hit is not None and hit.rule in self.sets:
                struck[number] = hit.rule
        _strike_blanks(lines, struck)

    def _strike_c4(self, text: str, lines: Sequence[str], struck: _Struck) -> None:
        verdicts = line_verdicts(text, lines)
        if "c4-page" in self.sets and is_banned_page(lines, verdicts):
            struck[:] = ["c4-page"] * len(lines)
        elif "c4" in self.sets:
            struck[:] = [rule if kept else "c4" for rule, kept in zip(struck, verdicts, strict=True)]


def _strike_blanks(lines: Sequence[str], struck: _Struck) -> None:
    """Strike the blank lines after struck ones where the last line that stays is blank, or there is none."""
    last_blank = True
    for number, (line, rule) in enumerate(zip(lines, struck, strict=True)):
        if rule is not None:
            continue
        blank = not line.strip()
        if blank and last_blank and number and struck[number - 1] is not None:
            struck[number] = struck[number - 1]
        else:
            last_blank = blank


def _program(lines: Sequence[str], struck: _Struck) -> Program:
    """Return the program that removes the struck lines, one call for each run of them."""
    operations = []
    start = 0
    for number, rule in enumerate(struck, 1):
        if rule is None:
            if start:
                operations.append(RemoveLines(start, number - 1))
                start = 0
        elif not start:
            start = number
    if start:
        operations.append(RemoveLines(start, len(lines)))
    if not operations or any(
        rule is None and line and not line.isspace() for line, rule in zip(lines, struck, strict=True)
    ):
        return Program(tuple(operations))
    return KEEP_ALL if all(not line or line.isspace() for line in lines) else REMOVE_ALL
