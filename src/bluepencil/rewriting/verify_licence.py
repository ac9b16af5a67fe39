"""Licence headers: whether a rewrite kept the notice that its original opens with, and putting it back.

A notice is the paragraph of comments, or of the module's docstring, before the first statement, that speaks
of a licence or a copyright; and the values of `__license__` and `__copyright__`. Its words have to be there,
in order; line breaks, comment signs and the place in the head of the file may change.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from bluepencil.rewriting.verify_source import Source, read

_MARK = re.compile(
    r"spdx-license-identifier|spdx-filecopyrighttext|\bcopyright\b|©|\(c\) *\d{4}|\ball rights reserved\b"
    r"|\blicen[cs]ed? under\b"
    r"|\b(?:mit|bsd|apache|gnu|mozilla|isc|gpl|lgpl|agpl|psf|python) (?:\w+ ){0,3}licen[cs]e\b"
    r"|\blicen[cs]e *:|\bpermission is hereby granted\b|\bpublic domain\b|\bwithout warrant(?:y|ies)\b"
    r"|\bredistribution and use\b|\bsee (?:the )?(?:file )?licen[cs]e\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+|[©@]")
_VARIABLES = ("__license__", "__licence__", "__copyright__")
_CODING = re.compile(r"^#.*?coding[:=][ \t]*[-\w.]+")


def notices(text: str) -> tuple[str, ...]:
    """Return the paragraphs of the head of a file that hold its licence or copyright, as they stand."""
    return tuple(paragraph for paragraph in _head_paragraphs(text) if _MARK.search(paragraph))


def lost(before: Source, after: Source) -> str:
    """Return the first line of a notice that a rewrite lost, or the empty string."""
    found = notices(before.text)
    if found:
        head = _words(
            "\n".join([*_head_paragraphs(after.text), ast.get_docstring(after.tree, clean=False) or ""])
        )
        for notice in found:
            if _words(notice) not in head:
                return notice.strip().splitlines()[0][:80]
    old, new = _values(before.tree), _values(after.tree)
    return next((name for name, value in old.items() if new.get(name) != value), "")


def restore(before: str, after: str) -> str:
    """Return `after` with the notices that it lost on top, as comments; below `#!` and coding lines.

    Returns it as it is where nothing is lost, or where either text does not compile.
    """
    new = read(after)
    if not isinstance(new, Source) or not isinstance(read(before), Source):
        return after
    head = _words("\n".join([*_head_paragraphs(after), ast.get_docstring(new.tree, clean=False) or ""]))
    missing = [notice for notice in notices(before) if _words(notice) not in head]
    if not missing:
        return after
    lines = after.splitlines(keepends=True)
    top = 0
    while top < min(2, len(lines)) and (lines[top].startswith("#!") or _CODING.match(lines[top])):
        top += 1
    comments = "\n#\n".join("\n".join(map(_commented, notice.strip("\n").splitlines())) for notice in missing)
    return "".join([*lines[:top], comments, "\n\n", *lines[top:]])


def _commented(line: str) -> str:
    line = line.strip()
    return line if line.startswith("#") else f"# {line}".rstrip()


def _head_paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of comments and of the docstring before the first statement that does work."""
    paragraph: list[str] = []
    ended = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                if token.start[0] > ended + 1 and paragraph:
                    yield "\n".join(paragraph)
                    paragraph = []
                if not (token.string.startswith("#!") and token.start[0] == 1) and not _CODING.match(
                    token.string
                ):
                    paragraph.append(token.string)
                ended = token.start[0]
            elif token.type == tokenize.STRING:
                yield "\n".join(paragraph)
                paragraph = []
                yield from re.split(r"\n[ \t]*\n", _value(token.string))
            elif token.type not in (tokenize.NL, tokenize.NEWLINE):
                break
    except (tokenize.TokenError, SyntaxError):
        pass
    if paragraph:
        yield "\n".join(paragraph)


def _value(literal: str) -> str:
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError):
        return ""
    return value if isinstance(value, str) else ""


def _words(text: str) -> str:
    """Return the words with single spaces between and around, so that one can be looked for in the other."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def _values(tree: ast.Module) -> dict[str, str]:
    return {
        target.id: ast.dump(statement.value)
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id in _VARIABLES
    }
