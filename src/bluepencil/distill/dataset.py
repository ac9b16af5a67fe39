"""Pairs -> examples to train a refiner on: numbered lines and the program for them, chunk by chunk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal
from urllib.parse import urlsplit

from bluepencil.distill.align import Alignment, BlankLines, align
from bluepencil.distill.screen import Screen, ScreenReason, screen_named
from bluepencil.distill.shortest import Solution, solve
from bluepencil.errors import OptionError
from bluepencil.programs import (
    Chunk,
    KeepStr,
    Operation,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    number_lines,
    render,
    split_chunks,
)

Split = Literal["train", "validation"]

# What a refiner is told; the numbered lines follow.
INSTRUCTION = (
    "Write the edit program for the text below. Delete what does not belong to the text itself: navigation, "
    "advertisements, notices, links to other pages. Keep everything else as it is.\n\n"
)


@dataclass(frozen=True, slots=True)
class Options:
    """How examples are made of pairs.

    screen: the name of a screen, or a screen; see `bluepencil.distill.screen`.
    replacements: replace_str where no strings to remove or keep can say it, or only longer ones; else pairs
        of which a line repeats itself are unreachable.
    remove_all: remove_all() for a text that is one chunk and is deleted as a whole.
    blank_lines: whether blank lines are free or follow the refined text; see `align`.
    window, overlap: the size of a chunk, and how much of the one before it repeats; see `split_chunks`.
        RefineX: windows of 12,000, overlapping; it does not say by how much.
    size: the size of a line, by default in characters.
    numbering: whether line numbers count in the chunk, from 1, or in the document. In the chunk they are
        shorter, and the same in every place of a long document.
    validation_share: of the sites (or ids) that go into validation; each goes as a whole.
    split_by: "site" keeps the pages of a site together, by its URL; a document without one goes by its id.
    seed: another seed is another split.
    """

    screen: str | Screen = "refinex"
    replacements: bool = False
    remove_all: bool = True
    blank_lines: BlankLines = "free"
    window: int = 12_000
    overlap: int = 1_000
    size: Callable[[str], int] = len
    numbering: Literal["chunk", "document"] = "chunk"
    validation_share: float = 0.02
    split_by: Literal["site", "id"] = "site"
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.screen, str):
            screen_named(self.screen)
        if not 0 <= self.validation_share <= 1:
            raise OptionError(f"validation_share must be from 0 to 1, not {self.validation_share}")
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise OptionError(f"{name} must be one of {', '.join(values)}, not {getattr(self, name)!r}")
        split_chunks("", self.window, self.overlap)


_CHOICES = {
    "blank_lines": ("free", "follow"),
    "numbering": ("chunk", "document"),
    "split_by": ("site", "id"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One chunk of a document as a refiner sees it, and the program that it should write.

    `first_line` and `last_line` count in the document. With the default numbering `program` counts in the
    chunk, and `Program.shifted(first_line - 1)` carries it to the document.
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

    def prompt_completion(self, instruction: str = INSTRUCTION) -> dict[str, str]:
        """Return the example as a prompt and its completion."""
        return {"prompt": f"{instruction}{self.text}\n\n", "completion": self.program}

    def messages(self, instruction: str = INSTRUCTION) -> dict[str, list[dict[str, str]]]:
        """Return the example as a chat of one question and one answer."""
        return {
            "messages": [
                {"role": "user", "content": instruction + self.text},
                {"role": "assistant", "content": self.program},
            ]
        }


@dataclass(frozen=True, slots=True)
class Distilled:
    """What one pair gave: its examples, and what a report counts.

    `passed_over` are the lines (counted from 1) that do not fit the window: no example shows them.
    """

    examples: tuple[Example, ...]
    alignment: Alignment
    solution: Solution
    passed_over: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A pair that gave no examples, with every reason for that."""

    id: str
    reasons: tuple[ScreenReason, ...]
    alignment: Alignment = field(repr=False)
    solution: Solution = field(repr=False)


DEFAULT_OPTIONS = Options()


def examples(
    id: str, raw: str, refined: str, options: Options = DEFAULT_OPTIONS, *, url: str = ""
) -> Distilled | Rejected:
    """Return the training examples of one pair, or why there are none.

    The programs of the chunks, carried to the document, are the calls of the program of the document: a range
    of lines that goes beyond a chunk is cut at its ends, everything else is in each chunk that has the line.
    """
    alignment = align(raw, refined, blank_lines=options.blank_lines)
    solution = solve(
        raw, alignment.deletions, replacements=options.replacements, remove_all=options.remove_all
    )
    screen = screen_named(options.screen) if isinstance(options.screen, str) else options.screen
    reasons = screen.reasons(raw, alignment, solution)
    if reasons:
        return Rejected(id, reasons, alignment, solution)
    chunks = split_chunks(raw, options.window, options.overlap, options.size)
    split = split_of(id, url, options)
    return Distilled(
        tuple(
            _example(id, raw, chunk, solution.program, split, options)
            for chunk in chunks
            if not chunk.too_long
        ),
        alignment,
        solution,
        tuple(chunk.first_line for chunk in chunks if chunk.too_long),
    )


def _example(id: str, raw: str, chunk: Chunk, program: Program, split: Split, options: Options) -> Example:
    part = program_of_chunk(program, chunk, raw)
    number = chunk.first_line
    if options.numbering == "chunk":
        part = part.shifted(1 - chunk.first_line)
        number = 1
    text = number_lines(raw[chunk.start : chunk.end], number)
    calls = len(part.operations)
    return Example(id, chunk.first_line, chunk.last_line, text, render(part), split, calls)


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
