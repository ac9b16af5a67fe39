r"""Finds the final answers that a text states, and says whether two are equal.

Read are `\boxed{...}`, "#### 72", "Answer: ...", "The (final) answer is ...". Two answers are equal if they
are written alike, or are the same number, or if math-verify says so (`bluepencil[math]`, in a process with a
time limit, see `math_compare`).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from fractions import Fraction

from bluepencil.rewriting.math_compare import Comparer
from bluepencil.rewriting.math_expressions import ExpressionError, Value, size, values
from bluepencil.rewriting.math_expressions import parse as parse_expression
from bluepencil.rewriting.math_token import Kind
from bluepencil.rewriting.math_tokens import tokens

# A longer "answer" is an explanation.
MAX_ANSWER = 200
_STATED = re.compile(
    r"^[ \t]*####[ \t]*(?P<hash>\S[^\n]*)"
    r"|^[ \t>#]*(?:\*\*|__)?(?:final[ \t]+)?answer(?:\*\*|__)?[ \t]*[:=](?:\*\*|__)?[ \t]*(?P<label>\S[^\n]*)"
    r"|\b(?:the|our|your)[ \t]+(?:(?:final|correct|desired|required)[ \t]+)?answer[ \t]+"
    r"(?:is|equals|=|must be|will be)[ \t]*:?[ \t\n]*(?P<said>\S[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_BOXED = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])\s*")
_CHOICE = re.compile(r"\(?([A-J])\)?[.:)]?$")
_END = re.compile(r"(?<!\d)\.(?:\s|$)|\.\s*$|[;!?](?:\s|$)|,\s+(?:so|which|since|because|as|and|where)\b")
_WRAPPED = re.compile(r"\\(?:text|mbox|mathrm|textbf|mathbf|textrm|operatorname)\s*\{([^{}]*)\}")
_DROPPED = re.compile(
    r"\\(?:left|right|displaystyle|!|,|;|:|quad|qquad|ensuremath|circ|degree|big|Big)(?![A-Za-z])"
    r"|[{}$\s~]|\\[ ()\[\]$%]|\^\\circ"
)


def stated_answers(text: str) -> list[str]:
    """Return the final answers that a text states, in order, without what wraps them."""
    found = [(match.start(), content) for match, content in _boxes(text)]
    for match in _STATED.finditer(text):
        answer = _cut(match["hash"] or match["label"] or match["said"], whole=match["hash"] is not None)
        if answer is not None:
            found.append((match.start(), answer))
    return [answer for _, answer in sorted(found)]


def _boxes(text: str) -> Iterator[tuple[re.Match[str], str]]:
    for match in _BOXED.finditer(text):
        content = _braced(text, match.end())
        if content is not None and content.strip() and len(content) <= MAX_ANSWER:
            yield match, content.strip()


def _braced(text: str, start: int) -> str | None:
    """Return what stands in the braces that open at `start`."""
    if start >= len(text):
        return None
    if text[start] != "{":
        return text[start]
    depth = 0
    for position in range(start, min(len(text), start + 4 * MAX_ANSWER)):
        if text[position] in "{}" and text[position - 1] != "\\":
            depth += 1 if text[position] == "{" else -1
            if depth == 0:
                return text[start + 1 : position]
    return None


def _cut(said: str, *, whole: bool) -> str | None:
    """Return the value that a statement begins with; None where it is an explanation or boxed anyway."""
    said = said.strip().strip("*_ ")
    if not whole:
        end = _END.search(said)
        said = (said[: end.start()] if end else said).strip().strip("*_ ")
    if "\\boxed" in said or "\\fbox" in said:
        return None
    said = said.rstrip(".").strip()
    choice = _CHOICE.match(said)
    if choice:
        return choice[1]
    if not said or len(said) > MAX_ANSWER or not re.search(r"[\d\\]|^\$?[A-Za-z]\$?$", said):
        return None
    return said if whole or len(said.split()) <= 8 or said.startswith(("$", "\\(", "\\[")) else None


def normal(answer: str) -> str:
    """Return an answer without layout: what two answers that are written alike share."""
    answer = unicodedata.normalize("NFKC", answer).replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac")
    answer = _WRAPPED.sub(r" \1 ", answer).replace("\\%", "%").replace("\\$", "$").replace("−", "-")
    answer = re.sub(r"(?<=\d),(?:\\!)?(?=\d{3}(?!\d))", "", answer)
    bare = _DROPPED.sub("", answer).rstrip(".")
    # "Even" is "even", but X is not x.
    return bare.casefold() if len(bare) > 2 and bare.isalpha() else bare


def numeric(answer: str) -> list[Value]:
    """Return the value of an answer that is one number or a computation, with unit or not; else nothing."""
    formula = answer if any(mark in answer for mark in ("$", "\\(", "\\[")) else f"${answer}$"
    for text in (formula, answer):
        read = tokens(text.replace("\\$", "").replace("\\%", "%"))
        while read and read[-1].kind is Kind.STOP:
            read.pop()
        kept = [token for token in read if token.kind not in (Kind.UNIT, Kind.LINE)]
        while kept and kept[-1].kind is Kind.WORD:
            kept.pop()
        try:
            return values(parse_expression(kept))
        except ExpressionError:
            continue
    return []


def equal_answers(one: str, other: str, comparer: Comparer | None = None) -> bool:
    """Say whether two answers are equal; `comparer` decides where writing and numbers do not."""
    if normal(one) == normal(other):
        return True
    first, second = numeric(one), numeric(other)
    if first and second:
        return any(_same(a, b) for a in first for b in second)
    if _CHOICE.match(one.strip()) or _CHOICE.match(other.strip()) or comparer is None:
        return False
    return comparer.equal(one, other)


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    difference = size(one - other)
    return difference <= 1e-9 * max(1.0, abs(float(other)))


def missing_answers(
    wanted: Sequence[str], stated: Sequence[str], comparer: Comparer | None = None
) -> list[str]:
    """Return those of the answers `wanted` that none of the `stated` is equal to."""
    return [one for one in wanted if not any(equal_answers(one, other, comparer) for other in stated)]
