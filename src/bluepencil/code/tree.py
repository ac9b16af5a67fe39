"""Languages whose grammar comes from tree-sitter: no compiler is needed, and none is asked.

A tree-sitter parser always makes a tree; what it cannot read is an ERROR node in it, and what it had to make
up is a MISSING node. Either is a problem. It knows grammar and nothing else: types, names, headers and macros
are never looked at.

In C and C++ it reads all branches of a preprocessor conditional one after the other, and a macro as if it
were what it looks like, so half of all sound files have ERROR nodes. There a file that has some is read again
with only the first branches, and has a problem where more than `TOLERANCE` of its bytes are in errors, or
where something is missing at its end: that lets sound files through, and small damage with them (docs/code.md
has the shares).
"""

import importlib
import re
from collections.abc import Iterator
from typing import Any

from bluepencil.code.languages import Prose
from bluepencil.code.problems import SyntaxProblem, SyntaxReason
from bluepencil.errors import MissingExtraError

MAX_CHARACTERS = 10_000_000

TOLERANCE = {"c": 0.02, "c++": 0.02}
"""The share of a file's bytes that may lie in errors, for languages that are read before preprocessing."""

_SHOWN = 60

_MODULES = {
    "c": ("tree_sitter_c", "language"),
    "c++": ("tree_sitter_cpp", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "bash": ("tree_sitter_bash", "language"),
}

_CONDITIONAL = re.compile(r"[ \t]*#[ \t]*(if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b")

# The names of strings in the nine grammars; comments all have "comment" in their names.
_STRINGS = frozenset(
    ("string", "string_literal", "raw_string_literal", "raw_string", "template_string", "concatenated_string")
) | {"interpreted_string_literal", "heredoc_body", "char_literal", "character_literal", "rune_literal"}


class TreeSitter:
    """A language by its tree-sitter grammar."""

    def __init__(self, name: str) -> None:
        module, function = _MODULES[name]
        self.name = name
        try:
            import tree_sitter

            grammar = importlib.import_module(module)
        except ImportError as error:
            raise MissingExtraError((error.name or module).replace("_", "-"), "code") from None
        self._parser: Any = tree_sitter.Parser(tree_sitter.Language(getattr(grammar, function)()))

    def check(self, text: str, version: tuple[int, int] | None = None) -> SyntaxProblem | None:
        """Return the first place that the grammar cannot read. A grammar has one version."""
        del version
        if len(text) > MAX_CHARACTERS:
            return SyntaxProblem(SyntaxReason.TOO_LONG, f"{len(text):,} characters")
        if (at := text.find("\0")) >= 0:
            return SyntaxProblem(SyntaxReason.NUL, "a NUL character", text.count("\n", 0, at) + 1)
        try:
            content = text.encode()
        except UnicodeEncodeError as error:
            line = text.count("\n", 0, error.start) + 1
            return SyntaxProblem(SyntaxReason.SURROGATE, "a lone surrogate", line)
        root = self._parser.parse(content).root_node
        if not root.has_error:
            return None
        tolerance = TOLERANCE.get(self.name)
        if tolerance is not None:
            content = first_branches(text).encode()
            root = self._parser.parse(content).root_node
            if _error_bytes(root, len(content.rstrip())) <= tolerance * len(content):
                return None
        return _first_error(root)

    def prose(self, text: str) -> Iterator[Prose]:
        """Yield comments and strings in order."""
        root = self._parser.parse(text.encode(errors="replace")).root_node
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if "comment" in node.type:
                yield Prose("comment", node.text.decode(), node.start_point[0] + 1)
            elif node.type in _STRINGS:
                yield Prose("string", node.text.decode(), node.start_point[0] + 1)
            else:
                waiting.extend(reversed(node.children))


def first_branches(text: str) -> str:
    """Return C or C++ with only the first branch of each conditional; lines keep their numbers."""
    kept, branches, continued, gone = [], [], False, False
    for line in text.split("\n"):
        found = None if continued else _CONDITIONAL.match(line)
        if not continued:
            gone = found is not None
        if found and found[1].startswith("if"):
            branches.append(1)
        elif found and found[1] == "endif":
            del branches[-1:]
        elif found and branches:
            branches[-1] += 1
        kept.append("" if gone or any(branch > 1 for branch in branches) else line)
        continued = line.endswith("\\")
    return "\n".join(kept)


def _error_bytes(root: Any, end: int) -> int:
    """Return how many bytes lie in innermost ERROR nodes; all where something is missing at the end."""
    total, waiting = 0, [root]
    while waiting:
        node = waiting.pop()
        inner = [child for child in node.children if child.has_error]
        if inner:
            waiting.extend(inner)
        elif node.is_missing:
            total += end if node.start_byte >= end else 1
        elif node.is_error:
            total += node.end_byte - node.start_byte
    return total


def _first_error(root: Any) -> SyntaxProblem:
    """Return the first ERROR or MISSING node, as a problem: the innermost, which says most of where it is."""
    node: Any = root
    inner: Any = root
    while inner is not None:
        node = inner
        inner = next((child for child in node.children if child.has_error), None)
    line = node.start_point[0] + 1
    if node.is_missing:
        return SyntaxProblem(SyntaxReason.SYNTAX, f"expected {node.type}", line)
    shown = " ".join(node.text[: 4 * _SHOWN].decode(errors="replace").split())[:_SHOWN]
    return SyntaxProblem(SyntaxReason.SYNTAX, f"cannot be read: {shown}", line)
