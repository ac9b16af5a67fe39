"""Files that no one wrote: generated, minified, or data in the shape of source code.

Heuristics, each with its own code. The limits of line lengths are those of StarCoder (arXiv 2305.06161,
section 3.2: mean above 100 or one above 1,000 characters), of which a file here must pass both.
"""

import io
import re
import tokenize
from dataclasses import dataclass
from enum import StrEnum


class GeneratedReason(StrEnum):
    """What gives a file away."""

    MARKED = "marked-as-generated"
    MINIFIED = "minified"
    ENCODED = "encoded-data"
    DATA = "mostly-literals"


@dataclass(frozen=True, slots=True)
class GeneratedLimits:
    """From where on a file counts as not written by a person.

    `head_lines` are read for a mark. `data_share` is the share of characters that are literals inside
    brackets, `encoded_share` that of runs of at least 256 characters without white space in an encoding's
    alphabet; both count only in files of at least `min_characters`.
    """

    head_lines: int = 30
    mean_line: float = 100.0
    longest_line: int = 1000
    data_share: float = 0.8
    encoded_share: float = 0.5
    min_characters: int = 1000


_BEGIN = r"^[ \t]*(?:#|//|/\*|\*|--|;|<!--|\"\"\"|''')+!?[ \t]*"
_MARK = re.compile(
    rf"{_BEGIN}generated (?:by|from|with|using|on)\b|{_BEGIN}[^\n]*?"
    r"(?:@generated\b"
    r"|\bdo not (?:edit|modify)\b(?! \S+ (?:above|below))"
    r"|\b(?:auto(?:matically|matic)?|machine)[- ]?generated\b"
    r"|\b(?:file|code|module|script|source)(?: (?:was|is|has been|automatically))* generated\b)",
    re.IGNORECASE,
)
_ENCODED = re.compile(r"(?:[A-Za-z0-9+/=]|\\x[0-9a-fA-F]{2}|\\[0-7]{3}|\\[nrt\\'\"]){256,}")


def check_generated(
    text: str, language: str = "python", limits: GeneratedLimits | None = None
) -> tuple[GeneratedReason, str] | None:
    """Return why a file is not a person's, as a code and a sentence; None where nothing says so."""
    limits = limits or GeneratedLimits()
    for number, line in enumerate(text.split("\n", limits.head_lines)[: limits.head_lines], start=1):
        if _MARK.search(line[:500]):
            return GeneratedReason.MARKED, f"line {number}: {line.strip()[:100]}"
    lines = [len(line) for line in text.split("\n") if line.strip()]
    if lines and max(lines) > limits.longest_line and sum(lines) / len(lines) > limits.mean_line:
        detail = f"lines of {sum(lines) / len(lines):.0f} characters, the longest of {max(lines)}"
        return GeneratedReason.MINIFIED, detail
    if len(text) < limits.min_characters:
        return None
    share = sum(len(found[0]) for found in _ENCODED.finditer(text)) / len(text)
    if share > limits.encoded_share:
        return GeneratedReason.ENCODED, f"{share:.0%} of the characters are encoded"
    share = literal_share(text) if language == "python" else 0.0
    if share > limits.data_share:
        return GeneratedReason.DATA, f"{share:.0%} of the characters are literals in brackets"
    return None


def literal_share(text: str) -> float:
    """Return the share of a Python file's token characters that are literals inside brackets: 0 to 1.

    Signs and commas between literals count with them. Docstrings and comments are no literals in brackets.
    """
    literals = total = depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            size = len(token.string.strip())
            total += size
            if token.string in ("(", "[", "{"):
                depth += 1
            elif token.string in (")", "]", "}"):
                depth -= 1
            elif depth > 0 and (
                token.type in (tokenize.NUMBER, tokenize.STRING) or token.string in (",", ":", "-")
            ):
                literals += size
    except (tokenize.TokenError, SyntaxError):
        return 0.0
    return literals / total if total else 0.0
