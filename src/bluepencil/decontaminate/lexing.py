"""Where code has what is no code: comments, docstrings, strings, headers, imports. For any language.

Nothing is parsed, so it works on fragments, broken code, Python 2, and code blocks inside prose. All of it is
linear in the length of the text.
"""

import re
from typing import NamedTuple
from zlib import crc32

KEPT_STRING = 24
"""Characters of a string up to which its content counts: it is a key or a pattern. Longer: a message."""

_MARGIN = 200
_OPENING = re.compile(r"\"\"\"|'''|[\"'#]|/[/*]")
_CLOSING = {
    '"': re.compile(r'"((?:[^"\\\n]|\\.){0,500}+)"'),
    "'": re.compile(r"'((?:[^'\\\n]|\\.){0,500}+)'"),
}
_HEADER = re.compile(r"def[ \t]+\w+[ \t]*(\((?:[^()]|\([^()]*+\)){0,2000}+\)(?:[ \t]*->[^:\n]*+)?)")
_IMPORT = re.compile(r"import\b[^\n(;]*+(?:\([^()]{0,2000}+\))?")
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.)", re.MULTILINE)
_CODE_INSIDE = re.compile(r"^[ \t]*def[ \t]+\w+[ \t]*\(", re.MULTILINE)
_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Za-z]+")


class Marks(NamedTuple):
    """What is no code in a text: spans to leave out, and strings with a number for their content."""

    left_out: list[tuple[int, int]]
    strings: list[tuple[int, int, int]]


def marks(text: str) -> Marks:
    """Return what is no code in a text.

    Left out: comments, strings in triple quotes without a function in them, a string that is all of its line,
    the parameters of a Python function with annotations and defaults, imports, and the prompts of a session.
    """
    left_out, strings = _literals(text, slashes=_has_slash_comments(text))
    for header in _HEADER.finditer(text) if "def " in text else ():
        left_out.append(header.span(1))
    for imported in _IMPORT.finditer(text) if "import " in text else ():
        line = text.rfind("\n", 0, imported.start()) + 1
        before = text[max(line, imported.start() - _MARGIN) : imported.start()].strip()
        if not before or before.startswith("from "):
            left_out.append((line, imported.end()))
    if ">>>" in text:
        left_out.extend(prompt.span() for prompt in _PROMPT.finditer(text))
    return Marks(left_out, strings)


def _has_slash_comments(text: str) -> bool:
    """Tell whether // begins a comment: in Python it divides. Lines end differently in the two families."""
    braces = text.count(";\n") + text.count("{\n") + text.count("}\n")
    return braces > text.count(":\n")


def _literals(text: str, *, slashes: bool) -> Marks:
    left_out: list[tuple[int, int]] = []
    strings: list[tuple[int, int, int]] = []
    unclosed: set[str] = set()
    closings: set[int] = set()
    found = _OPENING.search(text)
    while found is not None:
        start, end, mark = found.start(), found.end(), found[0]
        if mark in _CLOSING:
            string = _CLOSING[mark].match(text, start)
            if string is not None:
                end = string.end()
                start, formatted = _with_prefix(text, start)
                if _is_whole_line(text, start, end):
                    left_out.append((start, end))
                else:
                    strings.append((start, end, 0 if formatted else _content(string[1])))
        elif mark == "#" or (mark == "//" and slashes):
            end = _end_of_line(text, start)
            left_out.append((start, end))
        elif start in closings:
            left_out.append((start, end))
        elif len(mark) == 3 or (mark == "/*" and slashes):
            closing = "*/" if mark == "/*" else mark
            at = -1 if closing in unclosed else text.find(closing, end)
            if at < 0:
                unclosed.add(closing)
            elif _CODE_INSIDE.search(text, end, at):
                # Code in a string, or a stray mark that turns all strings of the file inside out.
                closings.add(at)
                left_out.append((start, end))
            else:
                end = at + len(closing)
                left_out.append((_with_prefix(text, start)[0], end))
        found = _OPENING.search(text, end)
    return Marks(left_out, strings)


def _with_prefix(text: str, start: int) -> tuple[int, bool]:
    """Return where a string begins with its prefix (r, b, u, f), and whether it is formatted."""
    begin = start
    while begin and start - begin < 2 and text[begin - 1] in "rRbBuUfF":
        begin -= 1
    if begin and (text[begin - 1].isalnum() or text[begin - 1] == "_"):
        return start, False
    return begin, "f" in text[begin:start].lower()


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _is_whole_line(text: str, start: int, end: int) -> bool:
    """Tell whether nothing else stands on the line; one that goes on beyond _MARGIN counts as having more."""
    before = text[max(0, start - _MARGIN) : start].rpartition("\n")
    after = text[end : end + _MARGIN].partition("\n")
    begins, ends = bool(before[1]) or start <= _MARGIN, bool(after[1]) or end + _MARGIN >= len(text)
    return begins and ends and not before[2].strip() and not after[0].strip()


def _content(content: str) -> int:
    """Return a number for a string: that of its letters and digits, or 0 for any long string."""
    if len(content) > KEPT_STRING:
        return 0
    return crc32(_NOT_ALPHANUMERIC.sub("", content).lower().encode()) + 1
