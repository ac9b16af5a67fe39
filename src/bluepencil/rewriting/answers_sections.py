"""The parts of an answer: Markdown sections under headings, with blocks of code in fences."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bluepencil.llm.thinking import after_thinking
from bluepencil.rewriting.answers import AnswerError, AnswerReason
from bluepencil.rewriting.answers_fences import Block, UnclosedError, is_opening, read_block
from bluepencil.rewriting.answers_languages import fence_group, parser_of


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one heading, up to the next: prose with the blocks taken out, and the blocks.

    `name` is in lower case, "" before the first heading. `inside` are the names of the headings above it.
    """

    name: str
    inside: tuple[str, ...]
    prose: str
    blocks: tuple[Block, ...]


# A heading that is one by its marks: "### Improved Code:", "## 2. Score: 7".
_MARKED = re.compile(r" {0,3}(#{1,6})[ \t]+(.+)")
_REMARK = re.compile(r"\([^()]*\)$")
_NUMBERED = re.compile(r"\d+[.)][ \t]*")
# Names of sections also count in bold, or alone on a line before a colon.
_BOLD = re.compile(
    r"[ \t]*(\*\*|__)(?P<name>[^*_:]{1,60})(?::[ \t]*\1|\1[ \t]*:|\1(?=[ \t\r]*$))(?P<rest>.*)"
)
_LABEL = re.compile(r"(?P<name>[^\W\d_][\w ]{0,60}):(?P<rest>)[ \t\r]*$")
_NOT_IN_NAMES = "*_#`: \t\r"
_BELOW_ALL = 7
# Times that code is parsed to find where blocks end, per answer: a few blocks with all their ends.
MOST_TRIES = 200


def read_parts(answer: str, names: Sequence[str], language: str = "python") -> list[Part]:
    """Split an answer at its headings; thinking in <think> tags before it is passed over.

    `names` are headings that count also in bold or as a label. Raises AnswerError where a block has no end.
    """
    lines = _unthought(answer, names).split("\n")
    known = {name.lower() for name in names}
    parts = []
    path: list[tuple[int, str]] = [(0, "")]
    prose: list[str] = []
    blocks: list[Block] = []

    def finish() -> Part:
        inside = tuple(name for _, name in path[:-1])
        return Part(path[-1][1], inside, "\n".join(prose), tuple(blocks))

    number = 0
    tries = _Tries(parser_of(language))
    while number < len(lines):
        line = lines[number]
        if is_opening(line):
            block, number = _block(lines, number, language, tries)
            blocks.append(block)
            continue
        heading = _heading(line, known)
        if heading is not None:
            level, name, rest = heading
            parts.append(finish())
            path = [*(outer for outer in path if outer[0] < level), (level, name)]
            prose, blocks = [rest], []
        else:
            prose.append(line)
        number += 1
    parts.append(finish())
    return parts


class _Tries:
    """Counts what is parsed to find the ends of blocks; an answer that is nothing but fences gets no more."""

    def __init__(self, parses: Callable[[str], bool] | None) -> None:
        self._parses = parses
        self._left = MOST_TRIES

    @property
    def parses(self) -> Callable[[str], bool] | None:
        return self._try if self._parses is not None and self._left > 0 else None

    def _try(self, code: str) -> bool:
        assert self._parses is not None
        self._left -= 1
        return self._parses(code)


def _block(lines: list[str], number: int, language: str, tries: _Tries) -> tuple[Block, int]:
    try:
        return read_block(lines, number, tries.parses, lambda info: fence_group(info, language) < 2)
    except UnclosedError as error:
        raise AnswerError(AnswerReason.UNCLOSED, str(error)) from error


def _unthought(answer: str, names: Sequence[str]) -> str:
    rest = after_thinking(answer)
    if rest is None:
        raise AnswerError(AnswerReason.UNCLOSED, "the answer ends inside <think>")
    # Some chat templates open the thinking in the prompt, so that only its end is in the answer.
    before, mark, after = rest.partition("</think>")
    known = {name.lower() for name in names}
    plain = "<think>" not in before and not any(
        is_opening(line) or _heading(line, known) for line in before.split("\n")
    )
    return after if mark and plain else rest


def _heading(line: str, known: set[str]) -> tuple[int, str, str] | None:
    """Return (level, name, what follows on the line) of a heading, or None."""
    marked = _MARKED.fullmatch(line)
    if marked is not None:
        said = marked[2].strip().rstrip("#").strip(_NOT_IN_NAMES)
        name, _, rest = said[_end(_NUMBERED.match(said)) :].partition(":")
        return len(marked[1]), _plain(name), rest.strip()
    for pattern in (_BOLD, _LABEL):
        found = pattern.fullmatch(line)
        if found is not None and _plain(found["name"]) in known:
            return _BELOW_ALL, _plain(found["name"]), found["rest"].strip()
    return None


def _plain(name: str) -> str:
    return _REMARK.sub("", name.strip(_NOT_IN_NAMES)).strip(_NOT_IN_NAMES).lower()


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match is not None else 0
