"""Texts that go round in circles: a long run of characters that comes again at once.

The rule is the paper's (arXiv 2505.02881): a text of 1,000 characters or more in which a run of 100 or more
repeats at once. A short piece that is said over and over makes such runs too.
"""

LEAST_CHARACTERS = 1000
LEAST_RUN = 100
# Equal windows that each later one is compared with; where a text goes round in circles the first few settle
# it.
MOST_PLACES = 32


def repeated_run(text: str, least: int = LEAST_RUN) -> tuple[int, int] | None:
    """Return (start, length) of a run of at least `least` characters that comes again at once, or None.

    Every other window of half that length is looked for in all of the text: a run that repeats holds one of
    them, and that comes again at the distance of the run's length. Takes time linear in the text, and for
    each pair of equal windows time for as far as the text around them agrees.
    """
    width = max(1, least // 2)
    places: dict[str, list[int]] = {}
    for place in range(len(text) - width + 1):
        window = text[place : place + width]
        for earlier in places.get(window, ()):
            distance = place - earlier
            if distance < least:
                continue
            ahead = _agree(text, earlier, place, distance)
            start = earlier - _agree_behind(text, earlier, place, distance - ahead)
            if earlier + ahead - start >= distance:
                return start, distance
        if place % width == 0:
            places[window] = [*places.get(window, ())[1 - MOST_PLACES :], place]
    return None


def is_repetitive(text: str) -> bool:
    """Say whether a text goes round in circles."""
    return len(text) >= LEAST_CHARACTERS and repeated_run(text) is not None


def _agree(text: str, one: int, other: int, most: int) -> int:
    """Return how many characters from two places on are the same, at most `most`; the second is the later."""
    most = min(most, len(text) - other)
    same, step = 0, 64
    while same < most and step:
        step = min(step, most - same)
        if text[one + same : one + same + step] == text[other + same : other + same + step]:
            same += step
            step *= 2
        else:
            step //= 2
            most = min(most, same + 2 * step + 1)
    return same


def _agree_behind(text: str, one: int, other: int, most: int) -> int:
    """Return how many characters before two places are the same, at most `most`."""
    most = min(most, one)
    same = 0
    while same < most and text[one - same - 1] == text[other - same - 1]:
        same += 1
    return same
