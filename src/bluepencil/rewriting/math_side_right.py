"""Reads the expression that begins after an equals sign, from left to right."""

from collections.abc import Sequence

from bluepencil.rewriting.math_side import MAX_UNIT_WORDS, UNIT_LETTER, Side, bare
from bluepencil.rewriting.math_token import Kind, Token
from bluepencil.rewriting.math_units import is_unit_word


def read_right(stream: Sequence[Token], start: int) -> Side | None:
    """Return the expression that begins at `start`; None where there is none, or none that is certain."""
    gathered: list[Token] = []
    units: set[str] = set()
    position = start
    while True:
        position = _leading(stream, position, gathered)
        end = _atom_end(stream, position)
        if end is None:
            return None
        gathered += bare(stream[position:end], units)
        position = _units_after(stream, end, units)
        position += _is_unit_letter(stream, position, units)
        if position >= len(stream):
            break
        token = stream[position]
        if token.kind is Kind.OPERATOR and _operand_follows(stream, position + 1):
            gathered.append(token)
            position += 1
        elif token.kind is Kind.OPERATOR:
            if not _ends_sentence(stream, position):
                return None
            break
        elif not _side_by_side(stream, position):
            break
    if (
        position < len(stream)
        and stream[position].kind in (Kind.MARK, Kind.NAME)
        and not _is_apart(stream, position)
    ):
        return None
    if position < len(stream) and _has_more(stream, position):
        return None
    return Side(tuple(gathered), frozenset(units))


def _is_unit_letter(stream: Sequence[Token], position: int, units: set[str]) -> bool:
    """Say whether a letter of prose after a number ends the expression: "300m", "180 L of water"."""
    following = stream[position + 1].kind if position + 1 < len(stream) else Kind.LINE
    if position >= len(stream) or stream[position].kind is not Kind.NAME or stream[position].tex:
        return False
    if stream[position - 1].kind is not Kind.NUMBER or following not in (Kind.WORD, Kind.LINE, Kind.STOP):
        return False
    units.add(UNIT_LETTER)
    return True


def _has_more(stream: Sequence[Token], position: int) -> bool:
    """Say whether what follows an expression belongs to it: "3 000", a sum that goes on in the next row."""
    token = stream[position]
    if token.kind is Kind.LINE and token.tex and position + 1 < len(stream):
        return stream[position + 1].kind is Kind.OPERATOR
    if token.kind is Kind.STOP and token.tex and position + 1 < len(stream):  # 3.\overline{142857}
        return stream[position + 1].kind is Kind.MARK and stream[position + 1].start <= token.end
    return token.kind is Kind.MARK or (token.kind is Kind.NUMBER and stream[position - 1].kind is Kind.NUMBER)


def _leading(stream: Sequence[Token], position: int, gathered: list[Token]) -> int:
    while position < len(stream):
        token = stream[position]
        if token.kind is Kind.UNIT and token.text != r"\circ":
            position += 1
        elif (
            token.kind is Kind.OPERATOR
            and token.text in "+-"
            and (not gathered or gathered[-1].text in "+-*/^")
        ):
            gathered.append(token)
            position += 1
        else:
            break
    return position


def _atom_end(stream: Sequence[Token], start: int) -> int | None:
    if start >= len(stream):
        return None
    end = start
    if stream[end].text == "sqrt" and end + 1 < len(stream):
        end += 1
    if stream[end].kind is Kind.OPEN:
        depth = 0
        for position in range(end, min(len(stream), end + 400)):
            depth += (stream[position].kind is Kind.OPEN) - (stream[position].kind is Kind.CLOSE)
            if depth == 0:
                end = position
                break
            if stream[position].kind in (Kind.LINE, Kind.EQUAL):
                return None
        else:
            return None
    elif stream[end].kind not in (Kind.NUMBER, Kind.NAME):
        return None
    end += 1
    while end < len(stream) and stream[end].kind is Kind.OPERATOR and stream[end].text in "!%":
        end += 1
    return end


def _units_after(stream: Sequence[Token], position: int, units: set[str]) -> int:
    for _ in range(MAX_UNIT_WORDS):
        if position >= len(stream):
            break
        token = stream[position]
        if token.kind is Kind.WORD and is_unit_word(token.text):
            units.add(token.text.lower())
            position += 1
        elif token.kind is Kind.UNIT and token.text not in ("$", "€", "£", r"\$"):
            position += 1
        elif (
            token.text == "/" and position + 1 < len(stream) and stream[position + 1].kind is Kind.WORD
        ) or (
            token.text == "^" and position + 1 < len(stream) and stream[position + 1].text in (r"\circ", "°")
        ):
            position += 2
        else:
            break
    return position


def _operand_follows(stream: Sequence[Token], position: int) -> bool:
    while position < len(stream) and (
        stream[position].kind is Kind.UNIT
        or (stream[position].kind is Kind.OPERATOR and stream[position].text in "+-")
    ):
        position += 1
    return position < len(stream) and stream[position].kind in (Kind.NUMBER, Kind.OPEN, Kind.NAME)


def _ends_sentence(stream: Sequence[Token], position: int) -> bool:
    """Say whether an operator is a dash, or the mark of bold type, with words or nothing after it."""
    following = stream[position + 1] if position + 1 < len(stream) else None
    return stream[position].text in "-*^" and (
        following is None or following.kind in (Kind.WORD, Kind.LINE, Kind.STOP)
    )


def _side_by_side(stream: Sequence[Token], position: int) -> bool:
    token, before = stream[position], stream[position - 1]
    if token.kind is Kind.NUMBER:
        if before.kind is Kind.CLOSE:
            return token.tex and token.formula == before.formula
        if before.kind is not Kind.NUMBER:
            return False
        return (
            position + 2 < len(stream)
            and stream[position + 1].text == "/"
            and stream[position + 2].kind is Kind.NUMBER
        )
    if token.kind not in (Kind.OPEN, Kind.NAME):
        return False
    if token.tex:
        return token.formula == before.formula
    return before.end == token.start and before.kind is not Kind.WORD


def _is_apart(stream: Sequence[Token], position: int) -> bool:
    token, before = stream[position], stream[position - 1]
    return (
        not token.tex
        and before.start + len(before.text) < token.start
        and token.kind is Kind.NAME
        and (before.kind is not Kind.NUMBER)
    )
