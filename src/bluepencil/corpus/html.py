"""HTML -> lines: the visible text of a web page, one block per line, as a refiner was trained to see it.

The parser is lexbor (through selectolax), which builds the tree that a browser would. Limits: style sheets
and scripts are not applied, so what they hide stays and what they would write is missing; `<template>`
(also of a shadow root), frames and drawings have no text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from bluepencil.corpus.encodings import decode
from bluepencil.corpus.formulas import Formula, find_formulas
from bluepencil.corpus.nesting import tame
from bluepencil.errors import InputError, MissingExtraError


@dataclass(frozen=True, slots=True)
class Rendered:
    """A web page as text: `title` is the first line too, if there is one; `encoding` is None for a `str`."""

    text: str
    title: str
    encoding: str | None


class _Kind(IntEnum):
    """How an element takes part in the text."""

    TEXT = 0
    BLOCK = 1
    GAP = 2  # something stands here, such as an image: words beside it do not touch
    APART = 3  # inline, but set off on both sides
    CELL = 4
    VERBATIM = 5
    ABSENT = 6


# What the pages that the shipped tagger learns from look like; bench/html.py measures the agreement.
_ELEMENTS = {
    _Kind.BLOCK: (
        "address article aside blockquote body br button caption center dd details dialog dir div dl dt"
        " fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li"
        " main menu nav noscript ol optgroup option p search section summary table tbody textarea"
        " tfoot thead tr ul"
    ),
    _Kind.GAP: "img input",
    _Kind.APART: "cite label time",
    _Kind.CELL: "td th",
    _Kind.VERBATIM: "listing plaintext pre xmp",
    _Kind.ABSENT: ("applet datalist head iframe noembed noframes object script style svg template title"),
}

# Zero-width characters and soft hyphens break words in two for everything that reads text. The zero-width
# space stays where scripts without spaces mark words by it (Thai to Burmese, Khmer); joiners stay, since
# Persian, Indic scripts and emoji are spelled with them.
_NOTHING = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f\xad\u2060\ufeff\ufffe\uffff]|(?<![\u0e00-\u109f\u1780-\u17ff])\u200b"
)
_SPACE_IN_VERBATIM = re.compile("[\x0b\x0c\x1c-\x1f\x85\xa0\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_HIDDEN = '[hidden], [style*="none" i]'
_DISPLAY_NONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
# A page that shows less than this without its hidden parts is one whose scripts would have shown them.
_SHORT_PAGE = 200


def render(html: str | bytes, *, encoding_hint: str | None = None, keep_hidden: bool = False) -> Rendered:
    """Return the visible text of a web page.

    One block per line, the title first; inline elements are joined as they stand, cells of a table row by a
    space; no empty lines but in `<pre>`, which keeps its lines and indentation. Formulas are TeX between
    dollar signs, once (`bluepencil.corpus.formulas`). Left out are comments, scripts, styles, drawings,
    frames and, unless `keep_hidden`, elements that say `hidden` or `display: none` themselves.

    `encoding_hint` is what the HTTP header says: a charset or a whole Content-Type. Any bytes give a result
    that holds no NUL, no control character but tab and no lone surrogate, in time linear in the page.
    InputError if the parser gives up (out of memory); MissingExtraError without selectolax.
    """
    text, encoding = decode(html, encoding_hint) if isinstance(html, bytes) else (html, None)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = _SURROGATE.sub("\ufffd", text).encode()
    data = tame(data)
    tree = _parse(data)
    formulas = find_formulas(tree)
    hidden = {} if keep_hidden else _hidden(tree)
    title = _title(tree)
    lines = _lines(tree, {**formulas, **hidden})
    if hidden and sum(map(len, lines)) < _SHORT_PAGE:
        lines = _lines(tree, formulas)
    return Rendered("\n".join([title, *lines] if title else lines), title, encoding)


def _parse(html: bytes) -> Any:
    try:
        from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, SelectolaxError
    except ImportError as error:
        raise MissingExtraError("selectolax", "web") from error
    try:
        # Events copy each <option> into its <select>, in time quadratic in their number.
        return LexborHTMLParser(html, options=LexborDocumentOptions.WO_EVENTS)
    except SelectolaxError as error:
        raise InputError(f"the HTML parser gives up on this page of {len(html)} bytes: {error}") from error


@cache
def _kinds() -> Mapping[int, _Kind]:
    """Return what lexbor's numbers of elements stand for."""
    tree = _parse(b"")
    numbers = {
        tree.create_node(name).tag_id: kind for kind, names in _ELEMENTS.items() for name in names.split()
    }
    numbers[_parse(b"text").body.first_child.tag_id] = _Kind.TEXT
    return numbers


def _title(tree: Any) -> str:
    for node in (tree.css_first("head > title"), tree.css_first("title")):
        if node is not None and node.parent is not None and node.parent.tag != "svg":
            return _one_line(node.text())
    return ""


def _hidden(tree: Any) -> dict[int, Formula | None]:
    marks: dict[int, Formula | None] = {}
    for node in tree.css(_HIDDEN):
        attributes = node.attributes
        if node.tag in ("html", "body") or "mwe-math" in (attributes.get("class") or ""):
            continue
        if attributes.get("hidden", "until-found") != "until-found" or (
            _DISPLAY_NONE.search(attributes.get("style") or "")
        ):
            marks[node.mem_id] = None
    return marks


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    # All that is to go counts as not printable, and asking that is ten times faster than searching.
    return line if line.isprintable() else " ".join(_NOTHING.sub("", line).split())


class _Lines:
    """Gathers text into lines."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.pieces: list[str] = []
        self.verbatim = 0

    def end(self) -> None:
        """End the line."""
        if not self.pieces:
            return
        text = "".join(self.pieces)
        self.pieces.clear()
        if self.verbatim:
            self.done += _verbatim_lines(text)
        elif line := _one_line(text):
            self.done.append(line)

    def open(self, kind: _Kind) -> None:
        """Begin an element that is not plainly inline."""
        if kind in (_Kind.BLOCK, _Kind.VERBATIM):
            self.end()
            self.verbatim += kind is _Kind.VERBATIM
        else:
            self.pieces.append(" ")

    def close(self, kind: _Kind) -> None:
        """End an element that is not plainly inline."""
        if kind in (_Kind.BLOCK, _Kind.VERBATIM):
            self.end()
            self.verbatim -= kind is _Kind.VERBATIM
        elif kind is _Kind.APART:
            self.pieces.append(" ")

    def replace(self, formula: Formula | None) -> None:
        """Write what stands for an element, if anything."""
        if formula is None:
            return
        if formula.display:
            self.end()
        self.pieces.append(formula.text)
        if formula.display:
            self.end()


def _verbatim_lines(text: str) -> list[str]:
    """Return the lines of a verbatim text without the empty ones around it."""
    text = _SPACE_IN_VERBATIM.sub(" ", _NOTHING.sub("", text).replace("\r", "\n"))
    lines = [line.rstrip() for line in text.split("\n")]
    filled = [number for number, line in enumerate(lines) if line]
    return lines[filled[0] : filled[-1] + 1] if filled else []


def _lines(tree: Any, marks: Mapping[int, Formula | None]) -> list[str]:
    """Walk through the tree, without recursion since pages nest as deep as they like."""
    kinds, text, block, absent = _kinds(), _Kind.TEXT, _Kind.BLOCK, _Kind.ABSENT
    lines = _Lines()
    pieces, end = lines.pieces, lines.end
    node = tree.root
    open_nodes: list[tuple[Any, _Kind | None]] = []
    while node is not None:
        kind = kinds.get(node.tag_id)
        if kind is text:
            pieces.append(node.text_content)
            node = node.next
        elif marks and node.mem_id in marks:
            lines.replace(marks[node.mem_id])
            node = node.next
        elif kind is absent:
            node = node.next
        else:
            # Most elements are blocks or plainly inline, which is done here without a call.
            if kind is block:
                if pieces:
                    end()
            elif kind is not None:
                lines.open(kind)
            open_nodes.append((node, kind))
            node = node.first_child
        while node is None and open_nodes:
            node, kind = open_nodes.pop()
            if kind is block:
                if pieces:
                    end()
            elif kind is not None:
                lines.close(kind)
            node = node.next
    end()
    return lines.done
