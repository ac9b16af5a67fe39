"""Pairs -> examples to train a refiner on: numbered lines and the program for them, chunk by chunk."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Literal
from urllib.parse import urlsplit

from bluepencil.distill.align import Alignment, BlankLines, align
from bluepencil.distill.cost import cost
from bluepencil.distill.dialects import DialectError, DialectReason, said
from bluepencil.distill.screen import Screen, ScreenReason, screen_named
from bluepencil.distill.shortest import Solution, solve
from bluepencil.errors import OptionError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    Chunk,
    KeepStr,
    Operation,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    split_chunks,
)
from bluepencil.programs.dialects.languages import INSTRUCTION, Language, language_named

Numbering = Literal["chunk", "document"]
Split = Literal["train", "validation"]


@dataclass(frozen=True, slots=True)
class Options:
    """How examples are made of pairs.

    dialect: the language of the programs, and with it how texts are shown; see docs/dialects.md.
    screen: the name of a screen, or a screen; see `bluepencil.distill.screen`.
    replacements: replace_str where no strings to remove or keep can say it, or only longer ones; else pairs
        of which a line repeats itself are unreachable.
    remove_all: remove_all() for a text that is one chunk and is deleted as a whole.
    blank_lines: whether blank lines are free or follow the refined text; see `align`.
    window, overlap: the size of a chunk, and how much of the one before it repeats; see `split_chunks`.
        None is what the dialect has; of another window a fifth is the most that overlaps by itself.
    size: the size of a line, by default in characters.
    numbering: whether line numbers count in the chunk, from 1, or in the document. In the chunk they are
        shorter, and the same in every place of a long document. Other dialects have their own.
    validation_share: of the sites (or ids) that go into validation; each goes as a whole.
    split_by: "site" keeps the pages of a site together, by its URL; a document without one goes by its id.
    seed: another seed is another split.
    """

    screen: str | Screen = "refinex"
    replacements: bool = False
    remove_all: bool = True
    blank_lines: BlankLines = "free"
    window: int | None = None
    overlap: int | None = None
    size: Callable[[str], int] = len
    numbering: Numbering = "chunk"
    validation_share: float = 0.02
    split_by: Literal["site", "id"] = "site"
    seed: int = 0
    dialect: str = "native"

    def __post_init__(self) -> None:
        if isinstance(self.screen, str):
            screen_named(self.screen)
        if not 0 <= self.validation_share <= 1:
            raise OptionError(f"validation_share must be from 0 to 1, not {self.validation_share}")
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise OptionError(f"{name} must be one of {', '.join(values)}, not {getattr(self, name)!r}")
        split_chunks("", *self.cut)
        language = self.language
        if self.replacements and not language.replaces:
            raise OptionError(f"{language.name} has no call that replaces a string")
        if self.blank_lines == "follow" and not language.blank_lines:
            raise OptionError(f"{language.name} does not see blank lines, so they cannot follow anything")

    @property
    def language(self) -> Language:
        """The dialect."""
        return language_named(self.dialect)

    @property
    def cut(self) -> tuple[int, int]:
        """Window and overlap, the dialect's own where nothing is said."""
        language = self.language
        window = language.window if self.window is None else self.window
        overlap = min(language.overlap, window // 5) if self.overlap is None else self.overlap
        if overlap and language.pages != "chunks":
            raise OptionError(f"{language.name} reads a document in one piece; it has no overlap")
        return window, overlap

    @property
    def numbers(self) -> Numbering:
        """Where line numbers count."""
        return self.numbering if self.dialect == "native" else "document"


_CHOICES = {
    "blank_lines": ("free", "follow"),
    "numbering": ("chunk", "document"),
    "split_by": ("site", "id"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One chunk of a document as a refiner sees it, and the program that it should write.

    `first_line` and `last_line` count in the document. With the default numbering `program` counts in the
    chunk, and `Program.shifted(first_line - 1)` carries it to the document. `calls` are those of the program
    as the document has it.
    """

    id: str
    first_line: int
    last_line: int
    text: str
    program: str
    split: Split
    calls: int

    def row(self) -> dict[str, Any]:
        """Return the example as a row of a data set."""
        return {
            "id": self.id,
            "chunk": [self.first_line, self.last_line],
            "text": self.text,
            "program": self.program,
            "split": self.split,
        }

    def prompt_completion(self, instruction: str = INSTRUCTION, after: str = "\n\n") -> dict[str, str]:
        """Return the example as a prompt, with words before and after the lines, and its completion."""
        return {"prompt": f"{instruction}{self.text}{after}", "completion": self.program}

    def messages(
        self, instruction: str = INSTRUCTION, after: str = "", system: str = ""
    ) -> dict[str, list[dict[str, str]]]:
        """Return the example as a chat of one question and one answer, after a system message if any."""
        first = [{"role": "system", "content": system}] if system else []
        return {
            "messages": [
                *first,
                {"role": "user", "content": f"{instruction}{self.text}{after}"},
                {"role": "assistant", "content": self.program},
            ]
        }


@dataclass(frozen=True, slots=True)
class Distilled:
    """What one pair gave: its examples, and what a report counts.

    `passed_over` are the lines (counted from 1) that do not fit the window: no example shows them.
    `unsaid` counts the chunks that the dialect has no program for, by reason.
    """

    examples: tuple[Example, ...]
    alignment: Alignment
    solution: Solution
    passed_over: tuple[int, ...] = ()
    unsaid: Mapping[DialectReason, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A pair that gave no examples, with every reason for that."""

    id: str
    reasons: tuple[StrEnum, ...]
    alignment: Alignment = field(repr=False)
    solution: Solution = field(repr=False)


DEFAULT_OPTIONS = Options()


def examples(
    id: str, raw: str, refined: str, options: Options = DEFAULT_OPTIONS, *, url: str = ""
) -> Distilled | Rejected:
    """Return the training examples of one pair, or why there are none.

    The programs of the chunks, carried to the document, are the calls of the program of the document: a range
    of lines that goes beyond a chunk is cut at its ends, everything else is in each chunk that has the line.
    In a dialect that does not show white space around lines, alignment and solution are of the text as shown.
    """
    language = options.language
    seen = language.as_seen(raw)
    alignment = align(seen, refined, blank_lines=options.blank_lines)
    solution = solve(
        seen,
        alignment.deletions,
        replacements=options.replacements,
        remove_all=options.remove_all and language.removes_all,
        keep_str=language.keeps or not language.edits,
    )
    screen = screen_named(options.screen) if isinstance(options.screen, str) else options.screen
    reasons: tuple[StrEnum, ...] = screen.reasons(seen, alignment, solution)
    if options.dialect != "native" and language.edits and not solution.reachable:
        # A program of our own may do what it can, since the screen says so; this one's language is too poor.
        reasons = tuple(dict.fromkeys((*reasons, ScreenReason.UNREACHABLE)))
    if not raw.strip():
        reasons = (DialectReason.NOTHING_SHOWN,)
    if reasons:
        return Rejected(id, reasons, alignment, solution)
    if not language.edits:
        solution = _decision(alignment)
    made: list[Example] = []
    unsaid: Counter[DialectReason] = Counter()
    chunks = _chunks(raw, options)
    for chunk in chunks:
        try:
            if not chunk.too_long:
                made.append(_example(id, raw, chunk, solution.program, split_of(id, url, options), options))
            elif language.pages == "whole":
                raise DialectError(DialectReason.PAGE_TOO_LONG)
        except DialectError as error:
            unsaid[error.reason] += 1
    if unsaid and not made:
        return Rejected(id, tuple(unsaid), alignment, solution)
    passed_over = tuple(chunk.first_line for chunk in chunks if chunk.too_long)
    return Distilled(tuple(made), alignment, solution, passed_over, dict(unsaid))


def _decision(alignment: Alignment) -> Solution:
    """Return what a dialect says that only keeps or drops: it keeps a document of which anything is left."""
    program = KEEP_ALL if alignment.target.strip() else REMOVE_ALL
    return Solution(program, cost(program))


def _chunks(raw: str, options: Options) -> list[Chunk]:
    """Return what a refiner is asked about, each in one question."""
    window, overlap = options.cut
    match options.language.pages:
        case "chunks":
            return split_chunks(raw, window, overlap, options.size)
        case "whole":
            return [Chunk(1, raw.count("\n") + 1, 0, len(raw), options.size(raw) > window)]
        case "beginning":
            start = len(raw) - len(raw.lstrip())
            first, shown = raw.count("\n", 0, start) + 1, raw[start : start + window]
            return [Chunk(first, first + shown.count("\n"), start, start + len(shown))]


def _example(id: str, raw: str, chunk: Chunk, program: Program, split: Split, options: Options) -> Example:
    language = options.language
    part = program_of_chunk(program, chunk, raw) if language.edits else program
    lines = raw[chunk.start : chunk.end]
    number = chunk.first_line
    if options.numbers == "chunk":
        part = part.shifted(1 - chunk.first_line)
        number = 1
    text = language.show(lines, number)
    answer = said(part, lines, number, language, replacements=options.replacements)
    calls = len(part.operations)
    return Example(id, chunk.first_line, chunk.last_line, text, answer, split, calls)


def program_of_chunk(program: Program, chunk: Chunk, raw: str) -> Program:
    """Return the part of a document's program that edits the lines of a chunk, in lines of the document.

    remove_all() remains itself when the chunk is the whole document, else it is the range of the chunk: said
    of one chunk it would remove the others.
    """
    whole = chunk.start == 0 and chunk.end == len(raw)
    return Program(tuple(_within(program, chunk.first_line, chunk.last_line, whole)))


def _within(program: Program, first: int, last: int, whole: bool) -> Iterator[Operation]:
    for operation in program.operations:
        match operation:
            case RemoveAll():
                yield operation if whole else RemoveLines(first, last)
            case RemoveLines(start, end):
                if start <= last and end >= first:
                    yield RemoveLines(max(start, first), min(end, last))
            case RemoveStr(line) | KeepStr(line) | ReplaceStr(line):
                if first <= line <= last:
                    yield operation


def split_of(id: str, url: str, options: Options = DEFAULT_OPTIONS) -> Split:
    """Return where a document goes: always the same for the same site (or id), share and seed."""
    site = site_of(url) if options.split_by == "site" else ""
    key = f"{options.seed}\n{'site' if site else 'id'}\n{site or id}"
    number = int.from_bytes(blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest())
    return "validation" if number < options.validation_share * 2**64 else "train"


# Second-level domains under which sites are registered, in countries that have such.
_SECOND_LEVEL = {"ac", "co", "com", "edu", "gob", "gov", "gv", "ltd", "mil", "ne", "net", "nom", "or", "org"}


def site_of(url: str) -> str:
    """Return the site of a URL: the domain that someone registered, without `www` and other subdomains.

    Guessed without a list of public suffixes. Blogs of one provider count as one site: for a split without
    leaks, one site too few does no harm and one too many does.
    """
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
    labels = host.strip(".").split(".")
    if labels[-1].isdigit() or ":" in host:
        return host
    short = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if short else -2 :])
