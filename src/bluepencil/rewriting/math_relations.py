r"""The equations of a text as they are written, and whether another text still has them.

Every sign of equality has two sides: in TeX whatever they hold, in prose as far as they can be computed with
or stand together. Notation does not count: `\dfrac`, `\cdot` or `\times`, brackets that only group, units,
alignment, delimiters; nor does where a chain `a = b = c` is broken, or which side stands left.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bluepencil.rewriting.math_arithmetic import Equation, Holds
from bluepencil.rewriting.math_numbers import Numbers, lowest_terms, result
from bluepencil.rewriting.math_token import Kind, Token

_ENDS = frozenset((Kind.EQUAL, Kind.ABOUT, Kind.RELATION, Kind.LINE, Kind.STOP))
_PASSED = frozenset((Kind.WORD, Kind.UNIT, Kind.ITEM))
_BINARY = frozenset("+*/^")
# A longer side is an object, such as a matrix or a table.
_LONGEST = 200
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Relation:
    """An equation: its sides in every way they can be read, and where its sign stands in the text."""

    pairs: tuple[Pair, ...]
    start: int


def relations(numbers: Numbers) -> list[Relation]:
    """Return the equations of a text in order; one that computes wrongly is none."""
    found: dict[int, list[Pair]] = {}
    wrong = {one.start for one in numbers.equations if one.holds is Holds.NO}
    for one in numbers.equations:
        found.setdefault(one.start, []).append((_written(one.left.tokens), _written(one.right.tokens)))
    for sign, left, right in _sides(numbers.stream):
        if sign.tex or sign.start not in found:
            found.setdefault(sign.start, []).append((_written(left), _written(right)))
    kept = {start: tuple(pair for pair in pairs if all(pair)) for start, pairs in found.items()}
    return [Relation(pairs, start) for start, pairs in sorted(kept.items()) if pairs and start not in wrong]


def lost_relations(before: Numbers, after: Numbers) -> tuple[list[int], int]:
    """Return where in the source the equations stand that the rewrite no longer has, and how many there were.

    An equation is there if both sides are, and equality leads from one to the other. What numbers alone come
    to is not looked at: `math_derivation` finds it by its result, however it is written.
    """
    computed = {one.start for one in before.equations if _has_result(one)}
    wanted = [one for one in relations(before) if one.start not in computed]
    groups = _Groups(pair for relation in relations(after) for pair in relation.pairs)
    lost = [one.start for one in wanted if not any(groups.joined(*pair) for pair in one.pairs)]
    return lost, len(wanted)


def _has_result(equation: Equation) -> bool:
    """Say whether numbers become a number."""
    sides = (equation.left, equation.right)
    if not equation.is_step or any(token.kind is Kind.NAME for side in sides for token in side.tokens):
        return False
    return any(True for _ in result(equation)) or any(lowest_terms(side) is not None for side in sides)


def _sides(stream: Sequence[Token]) -> Iterator[tuple[Token, Sequence[Token], Sequence[Token]]]:
    """Yield each sign of equality and its sides; in prose they are what no word interrupts.

    A row of a formula that begins with one goes on from the row before.
    """
    last: Sequence[Token] = ()
    for position, token in enumerate(stream):
        if token.kind not in (Kind.EQUAL, Kind.ABOUT):
            continue
        left = stream[_edge(stream, position, -1) + 1 : position]
        right = stream[position + 1 : _edge(stream, position, 1)]
        if not token.tex and (_is_rest(left) or _is_rest(right)):
            continue
        if token.tex and not _written(left) and last and last[-1].formula == token.formula:
            left = last
        if _written(right):
            last = right
        yield token, left, right


def _is_rest(side: Sequence[Token]) -> bool:
    """Say whether a side in prose is the rest of a sum whose terms have units, a time, or "12 5-minute"."""
    if not side or side[0].text in _BINARY or any(":" in one.text for one in side):
        return bool(side)
    return any(one.kind is other.kind is Kind.NUMBER for one, other in pairwise(side))


def _edge(stream: Sequence[Token], position: int, way: int) -> int:
    """Return where a side ends: at the next relation, line or comma, at the bracket that holds it."""
    depth, place = 0, position + way
    formula = stream[position].formula
    ends = _ENDS if formula else _ENDS | _PASSED
    opening, closing = (Kind.OPEN, Kind.CLOSE)[::way], (Kind.CLOSE, Kind.OPEN)[::way]
    while 0 <= place < len(stream) and abs(place - position) < _LONGEST:
        kind = stream[place].kind
        if formula and stream[place].formula != formula:
            break
        depth += (kind is opening[0]) - (kind is closing[0])
        if depth < 0 or (depth == 0 and kind in ends):
            break
        place += way
    return place


def _written(side: Sequence[Token]) -> str:
    """Return a side without notation; "" where nothing is left."""
    texts: list[str] = []
    opened: list[int | None] = []
    for token in side:
        if token.kind is Kind.OPEN:
            opened.append(None if token.text == "frac" else len(texts))
            texts += [] if token.text == "frac" else ["("]
        elif token.kind is Kind.CLOSE:
            start = opened.pop() if opened else None
            if start is not None:
                _close(texts, start)
        elif token.kind not in _PASSED and token.text != "*":
            texts.append(str(token.value) if token.kind is Kind.NUMBER else token.text)
    whole = len(texts) > 1 and texts[0] == "(" and _closing(texts) == len(texts) - 1
    return " ".join(texts[1:-1] if whole else texts)


def _close(texts: list[str], start: int) -> None:
    """Close the bracket that opens at `start`, or take it away from around less than two things."""
    if len(texts) - start > 2:
        texts.append(")")
    else:
        del texts[start]


def _closing(texts: Sequence[str]) -> int:
    """Return where the first bracket closes; -1 if it does not."""
    depth = 0
    for place, text in enumerate(texts):
        depth += (text == "(") - (text == ")")
        if depth == 0:
            return place
    return -1


class _Groups:
    """Sides that equality joins, directly or by way of others."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self.parent: dict[str, str] = {}
        for one, other in pairs:
            self.parent[self._root(one)] = self._root(other)

    def _root(self, side: str) -> str:
        while (above := self.parent.setdefault(side, side)) != side:
            self.parent[side] = side = self.parent[above]
        return side

    def joined(self, one: str, other: str) -> bool:
        """Say whether both sides are known, and equal."""
        known = one in self.parent and other in self.parent
        return known and self._root(one) == self._root(other)
