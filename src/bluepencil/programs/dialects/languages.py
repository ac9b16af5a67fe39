"""Each dialect as data: how its refiner sees a text, what it can say, and in which words it is asked.

What trains a refiner and what asks it both build on this, so that they show a text alike. A language holds no
model and opens nothing. Reference: docs/dialects.md.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bluepencil.errors import OptionError
from bluepencil.programs.dialects.prox_c import parse_prox_c, render_prox_c
from bluepencil.programs.dialects.prox_d import parse_prox_d, render_prox_d
from bluepencil.programs.dialects.rescraper import read_rescraper, write_rescraper
from bluepencil.programs.dialects.ultrax import parse_ultrax, render_ultrax
from bluepencil.programs.ops import Program
from bluepencil.programs.parse import Parsed, parse
from bluepencil.programs.render import render

Style = Literal["plain", "chat"]

INSTRUCTION = (
    "Write the edit program for the text below. Delete what does not belong to the text itself: navigation, "
    "advertisements, notices, links to other pages. Keep everything else as it is.\n\n"
)
"""What a refiner of our own is told; the numbered lines follow."""

_NUMBER = re.compile("[0-9]+")
_PROX_SYSTEM = "You are a helpful, respectful and honest assistant."


class Words(NamedTuple):
    """What stands before and after the lines in a question, and the system message of a chat."""

    before: str
    after: str
    system: str = ""


_NO_WORDS = Words("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One dialect. `render` and `parse` are given (program or answer, the text of a chunk, its first line).

    render: ProgramError for what the language cannot say. parse: the program in lines of the document.
    mark: what stands before a line, with the place of its number; counts_from: the number of the first line.
    seen: a line as it is shown. blank_lines: whether blank lines are shown, and count.
    window, overlap: of chunks, in characters. pages: "chunks" of a document are asked about, or "whole"
    documents that fit the window, or the "beginning" of each.
    keeps, replaces, removes_all, edits: whether it has a call for keep_str, for replace_str, for remove_all,
    and any call that edits.
    style: the kind of prompt of the released model. words: those of its chat. published: where its system
    message is to be found, when it is not part of this package.
    """

    name: str
    render: Callable[[Program, str, int], str]
    parse: Callable[[str, str, int], Parsed]
    mark: str
    counts_from: int = 1
    seen: Callable[[str], str] = str
    blank_lines: bool = True
    window: int
    overlap: int = 0
    pages: Literal["chunks", "whole", "beginning"] = "chunks"
    keeps: bool = False
    replaces: bool = False
    removes_all: bool = True
    edits: bool = True
    style: Style = "chat"
    words: Words = _NO_WORDS
    published: str = ""

    def as_seen(self, text: str) -> str:
        """Return a text with each line as it is shown; the lines are the same ones."""
        return text if self.seen is str else "\n".join(map(self.seen, text.split("\n")))

    def show(self, text: str, first_line: int = 1) -> str:
        """Return the lines of a chunk as its refiner sees them; `first_line` is that of the chunk."""
        lines = self.as_seen(text).split("\n")
        if not self.blank_lines:
            lines = [line for line in lines if line]
        first = first_line - 1 + self.counts_from
        return "\n".join([self.mark.format(number) + line for number, line in enumerate(lines, first)])

    def bare(self, shown: str) -> tuple[int, str]:
        """Return the first line and the lines without their numbers, of what `show` returned."""
        found = _NUMBER.search(shown) if self.mark else None
        if found is None:
            return 1, shown
        first = int(found[0])
        lines = [
            line[len(self.mark.format(number)) :] for number, line in enumerate(shown.split("\n"), first)
        ]
        return first + 1 - self.counts_from, "\n".join(lines)

    def asked(self, style: Style, system: str = "") -> Words:
        """Return the words of a question in a style; `system` is the message where it is `published`.

        A plain prompt of a language that is asked in a chat has the system message before the lines.
        """
        words = self.words._replace(system=system or self.words.system)
        if style == "chat":
            return words
        if self.name == "native":
            return words._replace(after="\n\n")
        if self.style == "plain":
            # The template of Llama-2-chat, written out.
            return Words(f"[INST] <<SYS>>\n{words.system}\n<</SYS>>\n\n{words.before}", " [/INST]")
        return Words(f"{words.system}\n\n{words.before}", f"{words.after}\n\n")


def _without_return(line: str) -> str:
    r"""Return a line without the "\r" of a line end "\r\n"."""
    return line.removesuffix("\r")


NATIVE = Language(
    name="native",
    render=lambda program, text, first: render(program),
    parse=lambda answer, text, first: parse(answer),
    mark="[{}] ",
    window=12_000,
    # RefineX: windows of 12,000, overlapping; it does not say by how much.
    overlap=1_000,
    keeps=True,
    replaces=True,
    style="plain",
    words=Words(INSTRUCTION, ""),
)
PROX_D = Language(
    name="prox-d",
    render=lambda program, text, first: render_prox_d(program),
    parse=lambda answer, text, first: parse_prox_d(answer),
    mark="",
    # 2,000 tokens of a document, at 3 characters a token so that seldom too many are shown.
    window=6_000,
    pages="beginning",
    edits=False,
    style="plain",
    words=Words("", "", _PROX_SYSTEM),
)
PROX_C = Language(
    name="prox-c",
    render=render_prox_c,
    parse=parse_prox_c,
    mark="[{:03d}]",
    counts_from=0,
    # 1,500 tokens, at 3 characters a token.
    window=4_500,
    replaces=True,
    removes_all=False,
    words=Words("[doc]\n", "\n[/doc]", _PROX_SYSTEM),
)
ULTRAX = Language(
    name="ultrax",
    render=lambda program, text, first: render_ultrax(program),
    parse=lambda answer, text, first: parse_ultrax(answer),
    mark="<lid:{}>",
    seen=_without_return,
    window=48_000,
    overlap=9_600,
    replaces=True,
    published="SYSTEM_INSTRUCTION in stage2_large_scale_execution/inference/inference.py of openbmb/UltraX",
)
RESCRAPER = Language(
    name="rescraper",
    render=write_rescraper,
    parse=read_rescraper,
    mark="<lid:{}> ",
    seen=str.strip,
    blank_lines=False,
    # 29,696 tokens of a prompt, of which the system message takes some 2,400.
    window=80_000,
    pages="whole",
    published="prompts/student_system_stage2.txt of cxcscmu/ReScraper",
)
LANGUAGES = {one.name: one for one in (NATIVE, PROX_D, PROX_C, ULTRAX, RESCRAPER)}


def language_named(name: str) -> Language:
    """Return a dialect by its name; raise OptionError for a name that does not exist."""
    if name not in LANGUAGES:
        raise OptionError(f"there is no dialect {name!r}; there are {', '.join(LANGUAGES)}")
    return LANGUAGES[name]
