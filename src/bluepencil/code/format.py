"""Formats Python with ruff, and keeps a text as it is where the result would not be the same program."""

import ast
import inspect
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bluepencil.code import ruff

LINE_LENGTH = 88
"""Ruff's own default, which SwallowCode's second version uses."""

_SECONDS_BATCH = 120.0
_SECONDS_FILE = 10.0


class FormatReason(StrEnum):
    """Why a text was not formatted."""

    CANNOT_PARSE = "cannot-format"
    CHANGED = "format-changed-meaning"
    FAILED = "formatter-failed"


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text after formatting; where there is a reason, it is the text as it was."""

    text: str
    reason: FormatReason | None = None
    detail: str = ""


def format_all(texts: Sequence[str], line_length: int = LINE_LENGTH) -> list[Formatted]:
    """Format texts with one run of ruff; a text that holds up the others is tried alone.

    The result is taken only if Python parses it to the same tree; the indentation of docstrings aside, which
    formatting changes on purpose. Line ends become line feeds.
    """
    results: list[Formatted | None] = [_unparsable(text) for text in texts]
    open_numbers = [number for number, result in enumerate(results) if result is None]
    made = _format([texts[number] for number in open_numbers], line_length)
    for number, new in zip(open_numbers, made, strict=True):
        results[number] = _accepted(texts[number], new)
    return [result for result in results if result is not None]


def _unparsable(text: str) -> Formatted | None:
    try:
        _tree(text)
        text.encode()
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Formatted(text, FormatReason.CANNOT_PARSE, f"{type(error).__name__}: {error}"[:200])
    return None


def _format(texts: Sequence[str], line_length: int) -> list[str | ruff.RuffError]:
    if not texts:
        return []
    seconds = _SECONDS_FILE if len(texts) == 1 else _SECONDS_BATCH
    arguments = ["format", f"--line-length={line_length}", "--config", 'format.line-ending = "lf"']
    try:
        with ruff.folder_of(texts) as folder:
            ruff.run(arguments, folder, seconds)
            return [(folder / f"{number}.py").read_bytes().decode() for number in range(len(texts))]
    except ruff.RuffError as error:
        if len(texts) == 1:
            return [error]
        return [result for text in texts for result in _format([text], line_length)]


def _accepted(text: str, new: str | ruff.RuffError) -> Formatted:
    if isinstance(new, ruff.RuffError):
        return Formatted(text, FormatReason.FAILED, str(new))
    try:
        same = same_program(text, new)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Formatted(text, FormatReason.CHANGED, f"{type(error).__name__}: {error}"[:200])
    if not same:
        return Formatted(text, FormatReason.CHANGED, "the formatted text is another program")
    return Formatted(new)


def same_program(one: str, other: str) -> bool:
    """Whether two texts parse to the same tree, but for white space in docstrings.

    Raises SyntaxError, ValueError, RecursionError or MemoryError for what Python cannot parse.
    """
    return ast.dump(_tree(one)) == ast.dump(_tree(other))


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _clean_docstring(node)
        elif isinstance(node, ast.Delete):
            node.targets = [part for target in node.targets for part in _parts(target)]
    return tree


def _clean_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    first = node.body[0] if node.body else None
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return
    if isinstance(first.value.value, str):
        lines = inspect.cleandoc(first.value.value).split("\n")
        first.value.value = "\n".join(line.rstrip() for line in lines).strip()


def _parts(target: ast.expr) -> list[ast.expr]:
    """Return what `del (a, b)` deletes; formatting takes the brackets away."""
    return (
        [part for element in target.elts for part in _parts(element)]
        if isinstance(target, ast.Tuple)
        else [target]
    )
