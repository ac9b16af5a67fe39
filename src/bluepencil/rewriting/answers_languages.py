"""Which names of a fence mean a language, and how to tell whether code is whole."""

import ast
import re
import warnings
from collections.abc import Callable

FENCE_NAMES: dict[str, frozenset[str]] = {
    "python": frozenset({"python", "py"}),
    "javascript": frozenset({"javascript", "js", "jsx", "mjs", "cjs", "node"}),
    "typescript": frozenset({"typescript", "ts"}),
    "tsx": frozenset({"tsx", "typescript", "ts"}),
    "java": frozenset({"java"}),
    "c": frozenset({"c", "h"}),
    "c++": frozenset({"cpp", "c++", "cc", "cxx", "hpp"}),
    "go": frozenset({"go", "golang"}),
    "rust": frozenset({"rust", "rs"}),
    "bash": frozenset({"bash", "sh", "shell", "zsh"}),
}
"""What models write behind a fence for a language, digits and versions left off: `python3`, `py3.11`."""

UNNAMED = frozenset({"", "none", "text", "txt", "plain", "plaintext", "code"})
"""What they write when they name none."""

_NAME = re.compile(r"[a-z][a-z+#]*")


def fence_group(info: str, language: str) -> int:
    """Return 0 where a fence's info string names the language, 1 where it names none, 2 for another."""
    found = _NAME.search(info.lower())
    name = found[0] if found is not None else ""
    if name in FENCE_NAMES.get(language, frozenset({language})):
        return 0
    return 1 if name in UNNAMED else 2


def parser_of(language: str) -> Callable[[str], bool] | None:
    """Return what tells whether code of a language is whole, where there is something."""
    return python_parses if language == "python" else None


def python_parses(code: str) -> bool:
    """Say whether this Python's grammar accepts a text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
