"""Tells a text that goes round in circles from mathematics, where much may repeat.

The filters of the published pipelines reject 0.3333333333333, 1000000000000 and tables. Looked at here are
words and equations, without tables, TeX commands, numbers of many digits and the numbers of steps; a run of
signs and digits alone is none.
"""

import re

from bluepencil.code.repetition import find_repetition

RUN = 100
# Less text than this cannot hold two runs with anything around them.
LEAST = 2 * RUN
_TABLE = re.compile(r"^[ \t]*\|.*$|^[ \t:|+=-]{3,}$", re.MULTILINE)
_TEX_COMMAND = re.compile(r"\\[A-Za-z]+")
_STEP = re.compile(r"^([^\w\n]*+(?:(?:step|part)[ \t]*+)?)\d{1,4}(?=[.):])", re.IGNORECASE | re.MULTILINE)
_LONG_NUMBER = re.compile(r"\d{7,}")
_SPACE = re.compile(r"\s+")
# What a run must hold to count: words, or an equation.
_SAYS = re.compile(r"[^\W\d_]{3,}(?:\W+[^\W\d_]{2,}){2,}|\w\s*=\s*\w")


def repetition(before: str, after: str) -> str:
    """Return words that the rewrite repeats at once and its source does not, or ""; in linear time."""
    text = _bare(after)
    found = find_repetition(text, RUN, LEAST)
    if found is None or find_repetition(_bare(before), RUN, LEAST) is not None:
        return ""
    run = text[found.start : found.start + found.length]
    return run[:60].strip() if _SAYS.search(run) else ""


def _bare(text: str) -> str:
    text = _STEP.sub(r"\1", _TABLE.sub("", text))
    return _SPACE.sub(" ", _LONG_NUMBER.sub("0", _TEX_COMMAND.sub(" ", text)))
