"""Numbers and texts that a rewrite lost: what a program computes with and what it says.

Values are compared, not spellings: `1_000` is `1000`, and a text may be cut at its places (`%s`, `{}`) and
joined anew, as when formatting becomes an f-string. Docstrings are no literals.
"""

import ast
import re
from typing import Any

from bluepencil.rewriting.verify_source import Source, string_statement

_PLACE = re.compile(r"%(?:\(\w+\))?[-#0 +]*[\d.*]*[a-zA-Z%]|\{[^{}]*\}|\s+")
# Numbers that loops, indices and tests are made of; their loss says nothing.
_COMMON = frozenset({"0", "1", "2"})
# What a record in the ledger shows of each kind.
_SHOWN = 20
_SHOWN_CHARACTERS = 60


def lost(before: Source, after: Source) -> dict[str, Any]:
    """Return the values that occur no more: {"numbers": [...], "strings": [...]}, what is empty left out."""
    numbers = _numbers(before) - _numbers(after)
    pieces = _strings(before) - _strings(after)
    whole = "\0".join(_strings(after))
    strings = [piece for piece in pieces if piece not in whole]
    found = {
        "numbers": sorted(numbers)[:_SHOWN],
        "strings": [text[:_SHOWN_CHARACTERS] for text in sorted(strings)[:_SHOWN]],
    }
    return {kind: values for kind, values in found.items() if values}


def _numbers(source: Source) -> set[str]:
    return {
        repr(node.value) for node in source.of(ast.Constant) if type(node.value) in (int, float, complex)
    } - _COMMON


def _strings(source: Source) -> set[str]:
    """Return the texts between places and white space, docstrings and formats left out."""
    left_out = {id(node.value) for node in source.of(ast.Expr) if string_statement(node) is not None}
    for place in source.of(ast.FormattedValue):
        # How wide a value is printed is layout.
        left_out.update(id(node) for node in ast.walk(place.format_spec or ast.Pass()))
    found: set[str] = set()
    for node in source.of(ast.Constant):
        if id(node) not in left_out:
            if isinstance(node.value, str):
                found.update(_PLACE.split(node.value))
            elif isinstance(node.value, bytes):
                found.add(repr(node.value))
    return found - {""}
