"""Scores as models write them: 7, 7.5, 7/10, 7 out of 10, Score: 7, **7**."""

import re

from bluepencil.rewriting.answers import AnswerError, AnswerReason
from bluepencil.rewriting.answers_sections import read_parts

HIGHEST = 10.0

# A number that is not part of another number, a word, a date or a fraction; then, perhaps, a range's end.
_NUMBER = r"(?<![\w.,/])([-\u2212]?\d+(?:\.\d+)?)(?!\d|[.,]\d|\w)"
_TO = r"(?:\s*(?:-|\u2013|\u2014|to|or)\s*(\d+(?:\.\d+)?))?"
_OUT_OF = r"\s*(?:/|out\s+of)\s*(\d+(?:\.\d+)?)(?!\s*/|\d|[.,]\d)"
_WORD = r"\b(?:score|rating|grade|evaluation)\b"
_SAYS = r"(?:\s*[:=]|\s+(?:is|of|-)(?=\s))\s*"
_FORMS = (
    # Overall: 7, Final score: 7/10
    rf"\b(?:overall|final|total)\b(?:\s+{_WORD}{_SAYS}|\s*[:=]\s*){_NUMBER}{_TO}(?:{_OUT_OF})?",
    # 7/10, 7 out of 10
    rf"{_NUMBER}{_TO}{_OUT_OF}",
    # Score: 7, Score 7
    rf"(?:{_WORD}{_SAYS}|\bscore\s+){_NUMBER}{_TO}",
)
_PATTERNS = tuple(re.compile(form, re.IGNORECASE) for form in _FORMS)
# 7, - 7, 7 points, 7 - readable
_ALONE = re.compile(
    rf"(?:[-+]\s+)?{_NUMBER}{_TO}\s*(?:points?)?\s*(?:[.!]?$|[-\u2013\u2014(].*)", re.IGNORECASE | re.DOTALL
)
# What a line that gives the score begins with.
_BEGINS = re.compile(
    r"(?:[-+]\s+)?[-\u2212]?\d|(?:(?:the|overall|final|total)\s+)*(?:score|rating|grade)\b", re.I
)
# The scale, where an answer repeats it: (0-10), on a scale of 0 to 10.
_SCALE = re.compile(
    r"\(\s*[01]\s*(?:-|\u2013|to|\.\.+)\s*10\s*\)|(?:on\s+)?(?:a|the)\s+scale\s+(?:of|from)\s+[01]\s*(?:-|\u2013|to)\s*10",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[*_`\[\]$]|\\boxed|[{}]")


def read_score(said: str, highest: float = HIGHEST) -> float:
    """Return the score, from 0 to `highest`, that a text gives; raises AnswerError where that is in doubt.

    A first line that begins with the score counts alone; else all of the text has to speak of one score.
    """
    text = _SCALE.sub(" ", _MARKUP.sub("", said)).strip()
    first = text.partition("\n")[0]
    score = _one_score(first if _BEGINS.match(first) else text, highest)
    if score is None:
        raise AnswerError(AnswerReason.NO_SCORE, f"no score in: {said.strip()[:80]!r}")
    return score


def read_score_section(answer: str, heading: str, highest: float = HIGHEST) -> float:
    """Return the score under a heading of an answer, or in all of it where it has no headings."""
    parts = read_parts(answer, [heading])
    own = [part for part in parts if part.name == heading.lower()]
    if not own and len(parts) > 1:
        raise AnswerError(AnswerReason.NO_SECTION, f"the answer has no section {heading!r}")
    return read_score("\n".join(part.prose for part in own or parts), highest)


def _one_score(text: str, highest: float) -> float | None:
    for pattern in _PATTERNS:
        scores = {_value(found, highest) for found in pattern.finditer(text)}
        if len(scores) > 1:
            listed = ", ".join(f"{score:g}" for score in sorted(scores))
            raise AnswerError(AnswerReason.AMBIGUOUS, f"the answer gives several scores: {listed}")
        if scores:
            return scores.pop()
    alone = _ALONE.match(text)
    return _value(alone, highest) if alone is not None else None


def _value(found: re.Match[str], highest: float) -> float:
    lower, upper, *scale = found.groups()
    if upper is not None:
        raise AnswerError(AnswerReason.AMBIGUOUS, f"a range is no score: {found[0]!r}")
    score = float(lower.replace("\u2212", "-"))
    if not 0 <= score <= highest or (scale and scale[0] is not None and float(scale[0]) != highest):
        raise AnswerError(AnswerReason.SCORE_RANGE, f"not a score of 0 to {highest:g}: {found[0].strip()!r}")
    return score
