"""Reads the expression that ends before an equals sign, from right to left."""

from collections.abc import Sequence

from bluepencil.rewriting.math_side import MAX_UNIT_WORDS, Side, bare
from bluepencil.rewriting.math_token import Kind, Token
from bluepencil.rewriting.math_units import is_inside


def read_left(stream: Sequence[Token], position: int) -> Side | None:
    """Return the expression that ends before `position`; None where none does, or none for certain."""
    end = position - 1
    while end >= 0 and stream[end].kind is Kind.LINE:  # a line may begin with its equals sign
        end -= 1
    gathered: list[Token] = []
    units: set[str] = set()
    while True:
        words, end = _units_before(stream, end)
        units |= words
        if words and not gathered and not _has_operator_before(stream, end):
            return None  # "the cost of 3 apples = ..." names something
        start = _atom_start(stream, end)
        if start is None:
            return None
        gathered[:0] = bare(stream[start : end + 1], units)
        end = _sign_before(stream, start - 1, gathered)
        if end < 0 or not _goes_on(stream, end):
            break
        if stream[end].kind is Kind.OPERATOR:
            gathered.insert(0, stream[end])
            end -= 1
    if end >= 0 and not _is_boundary(stream, end):
        return None
    if gathered[0].text in "+-" and end >= 0 and _begins_row(stream[end]):
        return None  # the row goes on with the sum of the one before
    if end >= 0 and not gathered[0].tex and len(gathered) == 1 and stream[end].kind is Kind.WORD:
        return None  # "so 3 = ..." in prose: the number may belong to the words before it
    return Side(tuple(gathered), frozenset(units))


def _begins_row(token: Token) -> bool:
    return token.tex and (token.kind is Kind.LINE or token.text in (r"\quad", r"\qquad"))


def _units_before(stream: Sequence[Token], end: int) -> tuple[set[str], int]:
    words: set[str] = set()
    for _ in range(MAX_UNIT_WORDS):
        if end < 0:
            break
        token = stream[end]
        per = token.kind is Kind.WORD and end > 0 and stream[end - 1].text == "/"
        if per:
            end -= 2
        elif (token.kind is Kind.WORD and is_inside(token.text)) or (
            token.kind is Kind.UNIT and token.text not in "$€£" and token.text != r"\$"
        ):
            words.add(token.text.lower())
            end -= 1
        elif token.text == "^":
            end -= 1
        else:
            break
    return words, end


def _has_operator_before(stream: Sequence[Token], end: int) -> bool:
    """Say whether an operator stands before the operand that ends at `end`, on the same line."""
    start = _atom_start(stream, end)
    if start is None:
        return False
    before = start - 1
    while before >= 0 and stream[before].kind is Kind.UNIT:
        before -= 1
    return (before >= 0 and stream[before].kind is Kind.OPERATOR) or stream[start].kind is Kind.OPEN


def _atom_start(stream: Sequence[Token], end: int) -> int | None:
    """Return where the operand begins that ends at `end`."""
    while end >= 0 and stream[end].kind is Kind.OPERATOR and stream[end].text in "!%":
        end -= 1
    if end < 0:
        return None
    if stream[end].kind is Kind.CLOSE:
        depth = 0
        for start in range(end, max(-1, end - 400), -1):
            depth += (stream[start].kind is Kind.CLOSE) - (stream[start].kind is Kind.OPEN)
            if depth == 0:
                has_root = start > 0 and stream[start - 1].text == "sqrt"
                return start - has_root
            if stream[start].kind in (Kind.LINE, Kind.EQUAL):
                return None
        return None
    return end if stream[end].kind in (Kind.NUMBER, Kind.NAME) else None


def _sign_before(stream: Sequence[Token], end: int, gathered: list[Token]) -> int:
    """Pass over a currency sign; take a minus that no operand stands before."""
    while end >= 0 and stream[end].kind is Kind.UNIT and stream[end].text in ("$", "€", "£", "¥", r"\$"):
        end -= 1
    if end >= 0 and stream[end].kind is Kind.OPERATOR and stream[end].text in "+-":
        before = stream[end - 1] if end else None
        if (
            before is None
            or before.kind in _BEFORE_SIGN
            or (before.kind is Kind.OPERATOR and before.text not in "!%")
        ):
            gathered.insert(0, stream[end])
            return end - 1
    return end


_BEFORE_SIGN = (Kind.EQUAL, Kind.ABOUT, Kind.OPEN, Kind.STOP, Kind.LINE, Kind.RELATION, Kind.ITEM)


def _goes_on(stream: Sequence[Token], end: int) -> bool:
    """Say whether the expression has more to its left: an operator, or an operand side by side."""
    token = stream[end]
    if token.kind is Kind.OPERATOR:
        return True
    following = stream[end + 1]
    if token.kind in (Kind.NUMBER, Kind.CLOSE, Kind.NAME):
        if following.kind is Kind.NUMBER and token.kind is Kind.NUMBER:
            return (
                end + 3 < len(stream) and stream[end + 2].text == "/" and stream[end + 3].kind is Kind.NUMBER
            )
        if not following.tex:
            touches = token.end >= following.start
            return (touches and following.kind is Kind.OPEN) or (
                token.kind is Kind.CLOSE and following.kind is Kind.OPEN
            )
        return token.formula == following.formula
    return False


def _is_boundary(stream: Sequence[Token], end: int) -> bool:
    token = stream[end]
    if token.kind in (Kind.WORD, Kind.STOP, Kind.LINE, Kind.EQUAL, Kind.ABOUT, Kind.RELATION, Kind.ITEM):
        # A comma between numbers without a space is part of a list, or of a number of another language.
        return True
    if token.kind is Kind.OPEN:
        return not (end and stream[end - 1].kind in (Kind.NAME, Kind.MARK, Kind.NUMBER, Kind.CLOSE))
    return False
