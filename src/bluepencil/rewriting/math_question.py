"""Tells the question of a text from its solution, and the formulas of a text from each other."""

import re

from bluepencil.documents import Document
from bluepencil.rewriting.math_latex import blanked, find_formulas

# Fields of a document that hold its question, in this order.
QUESTION_FIELDS = ("question", "problem")
_MARKER = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*)?(?:\*\*|__)?(?:step[- ]by[- ]step[ \t]+)?(?:solution|answer|proof|explanation|"
    r"working)s?(?:[ \t]+\d+)?(?:\*\*|__)?[ \t]*(?:[:.]|\n)",
    re.IGNORECASE | re.MULTILINE,
)
# In longer texts a question mark may belong to anything.
_SHORT = 6000
_LINES = 4
_LAYOUT = re.compile(
    r"\\(?:left|right|displaystyle|textstyle|limits|,|;|!|:|quad|qquad|nonumber|hline|big|Big|bigl|bigr|Bigl|Bigr)"
    r"(?![A-Za-z])|[\s~&]|\\\\|\\ |[.,;]$"
)


def question_of(before: str, document: Document) -> str | None:
    """Return the question, or None if it is unknown.

    A field of the document; else the last lines before a heading such as "Solution:"; else, in a text that is
    not long, the lines with a question mark. What stands around those on a page is not the question's.
    """
    for name in QUESTION_FIELDS:
        value = document.fields.get(name)
        if isinstance(value, str) and value.strip():
            return value
    marker = _MARKER.search(before)
    if marker is not None and before[: marker.start()].strip():
        lines = [line for line in before[: marker.start()].split("\n") if line.strip()]
        return "\n".join(lines[-_LINES:])
    asking = [line[: line.rfind("?") + 1] for line in before.split("\n") if "?" in line]
    return "\n".join(asking) if 0 < len(asking) <= _LINES and len(before) <= _SHORT else None


def formulas_of(text: str) -> list[str]:
    """Return the distinct formulas of a text without layout; a letter or a number alone is none."""
    found = dict.fromkeys(normal_formula(span.tex) for span in find_formulas(blanked(text)).spans)
    return [formula for formula in found if len(formula) > 2 and not formula.isdigit()]


def normal_formula(tex: str) -> str:
    """Return a formula without what only lays it out."""
    tex = tex.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac")
    return _LAYOUT.sub("", tex.strip())


def formula_share(question: str, after: str) -> float:
    """Return the share of the question's distinct formulas that are found again, also inside longer ones."""
    wanted = formulas_of(question)
    if not wanted:
        return 1.0
    written = normal_formula(after)
    return sum(formula in written for formula in wanted) / len(wanted)
