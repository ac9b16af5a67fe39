"""What a rewrite writes without deriving it, and what its source derives and the rewrite no longer does."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection
from fractions import Fraction

from bluepencil.rewriting.math_arithmetic import Holds
from bluepencil.rewriting.math_expressions import Value
from bluepencil.rewriting.math_numbers import Numbers

# Numbers that a solution may bring in: counting, powers of ten, and the usual conversions.
CONSTANTS = frozenset(
    map(Fraction, [*range(13), 14, 15, 16, 20, 24, 25, 28, 30, 31, 36, 45, 50, 52, 60, 64, 75, 90, 100, 120])
) | frozenset(map(Fraction, (144, 180, 270, 360, 365, 366, 1000, 3600, 10**4, 10**5, 10**6, 10**9)))
# Integers up to here are counted with in any text: only their use as an operand says that they are results.
SMALL = 12


def strangers(before: Numbers, after: Numbers) -> list[Fraction]:
    """Return the numbers of the rewrite that are neither in its source nor derived in it, nor constants."""
    known = set(before.known) | CONSTANTS
    derived = _derived(after, known)
    return [value for value in sorted(after.values - derived) if not after.explains(value)]


def _derived(after: Numbers, known: set[Fraction]) -> set[Fraction]:
    """Add what equations that hold make of known numbers, until nothing new is found (at most 20 rounds)."""
    found = set(known)
    holding = [one for one in after.equations if one.holds is Holds.YES]
    for _ in range(20):
        size = len(found)
        for equation in holding:
            left, right = set(equation.left.numbers), set(equation.right.numbers)
            if left <= found:
                found |= right
            elif right <= found:
                found |= left
        if len(found) == size:
            break
    return found


def lost_results(before: Numbers, after: Numbers, answers: Collection[Fraction] = ()) -> list[Fraction]:
    """Return the results that the source derives and the rewrite does not.

    The result of a step that computes has to be computed again, alone or inside a longer expression; one that
    is a fraction, such as 3/4 in 75/100 = 3/4, by more than writing it down. A number
    that the source states after an equals sign, such as the solution of an equation, has to be stated again
    where the rewrite makes use of it.
    """
    computed, own = _Near(after.computed), _Near(before.computed)
    # No more is asked of a rewrite than the source does itself.
    lost = {
        value for value, times in before.steps.items() if computed.times(value) < min(times, own.times(value))
    }
    lost |= {value for value in before.fractions if value not in after.reduced}
    used = after.operands | {value for value in after.values if value > SMALL} | set(answers)
    for value in before.stated:
        again = value in after.named or computed.times(value)
        if value in used and value not in CONSTANTS and not again:
            lost.add(value)
    return sorted(lost)


class _Near:
    """Values to be found again exactly, or rounded: a decimal within .01, an integer but for floats."""

    def __init__(self, values: Counter[Value]) -> None:
        self.values = values
        self.ordered = sorted(values)

    def times(self, value: Fraction) -> int:
        """Count the values that are equal or near."""
        margin = Fraction(1, 100) if value.denominator > 1 else Fraction(1, 10**9)
        place = bisect_left(self.ordered, value - margin)
        found = 0
        while place < len(self.ordered) and self.ordered[place] <= value + margin:
            near = self.ordered[place]
            if near == value or value.denominator > 1 or isinstance(near, float):
                found += self.values[near]
            place += 1
        return found
