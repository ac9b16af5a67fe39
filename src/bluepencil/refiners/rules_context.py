"""Finds the main text of a page from the shapes of its lines, each judged together with its neighbours.

A page is read as: what stands before, main text, gaps, more main text, what stands after. Each line has a
value as main text, from its length and ending and from phrases in it; a gap costs something per line, and
more where a phrase says that the main text is over (comments, other articles). The division with the highest
sum is found exactly, in one pass. Long lines that end like sentences are kept, menus and lists of headlines
are not, a heading between paragraphs is, and a lone sentence far from the main text is not.

The idea of dividing a page by the best sum is that of J. Pasternack and D. Roth, "Extracting article text
from the Web with maximum subsequence segmentation", WWW 2009; that length and neighbours are enough to go by,
that of C. Kohlschütter et al., "Boilerplate detection using shallow text features", WSDM 2010, and J.
Pomikálek, "Removing boilerplate and duplicate content from Web corpora", 2011. The values were fitted as a
structured support vector machine to the pages of scrapinghub's article-extraction-benchmark (MIT) and of
trafilatura's and readability's evaluation sets (Apache-2.0), chosen with sites held out, and rounded by hand;
rounding cost less than 0.005 of F1.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from bluepencil.refiners.rules_phrases import Hit

# Lengths are in characters; a character of a script without spaces counts as three. A row holds the values of
# lines of at least so many characters: that end a sentence; that end in a colon, comma or semicolon; in an
# ellipsis (a teaser); in anything else.
_SHAPES = (
    (0, 0.0, 0.0, -0.6, -0.3),
    (28, 0.2, 0.6, -0.6, -0.2),
    (40, 0.3, 0.9, -1.0, -0.25),
    (56, 0.6, 1.0, -2.5, -0.4),
    (80, 0.8, 1.0, -1.7, -0.4),
    (112, 1.4, 1.5, -1.7, -0.2),
    (160, 2.5, 2.0, -1.7, 0.2),
    (224, 4.5, 2.0, -0.7, 0.7),
    (320, 6.0, 3.0, 0.3, 1.0),
    (450, 7.0, 3.0, 0.3, 2.4),
    (640, 8.0, 3.0, 0.3, 2.8),
)
_LONGEST = _SHAPES[-1][0]


def _by_length(column: int) -> tuple[float, ...]:
    values: list[float] = []
    for row, following in pairwise(_SHAPES):
        values += [row[column]] * (following[0] - row[0])
    return (*values, _SHAPES[-1][column])


_SENTENCE, _COLON, _TEASER, _OPEN = (_by_length(column) for column in range(1, 5))
_ENDINGS = {
    **dict.fromkeys(".!?。！？؟।", _SENTENCE),
    **dict.fromkeys(":,;：，、；", _COLON),
    "…": _TEASER,
}
_CLOSING = "\"'”’»)]」』）$"
_CODE_ENDINGS = "{};)=\\]|&"

# A line that is continued by one that starts with a small letter: a paragraph with hard line breaks.
_CONTINUED, _CONTINUED_FROM = 0.6, 40
# After a line that ends in a colon the next lines are a list, up to a paragraph: worth this much more each.
_LIST_BONUS, _LIST_LINES, _LIST_FROM, _PARAGRAPH, _SENTENCE_PARAGRAPH = 0.4, 30, 12, 112, 80
_CODE = 0.1
_TABLE_ROW, _TABLE_BARS = 0.2, 3
_SMALL_START = 0.2
_REPEATED, _REPEATED_FROM = -3.0, 80

_GAP_LINE, _GAP = -0.1, -0.8
# By the kind of a hit: what is added to a line's value as main text, and to its cost in a gap.
_HITS = {
    "navigation": (-1.5, -1.2),
    "cookies": (-1.0, -0.6),
    "cookies-inside": (-4.5, -3.0),
    "copyright": (-1.5, -1.0),
    "copyright-inside": (-1.5, -1.0),
    "share": (-1.7, -1.0),
    "comments": (-4.0, -2.6),
    "comments-end": (-5.0, -5.0),
    "comments-end-start": (-4.5, -4.0),
    "related-end": (-3.0, -2.7),
    "related-end-start": (-2.0, -1.4),
    "ads": (-0.5, 0.0),
    "ads-inside": (-4.5, -2.0),
}

# A text with this many phrase lines is a page that nobody has cleaned. Of the raw pages 96 % have as many, of
# their gold texts 2 %.
_FURNITURE = 2

# What is worth no more than a sentence of 112 characters is not the main text of a page. Such a page is noise
# throughout if this share of its lines has a phrase, and at least so many.
_LEAST_MAIN, _NOISE_SHARE, _NOISE_LINES = 1.4, 0.35, 5

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3001-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uffef\U00020000-\U000323af]"
)


def main_text(lines: Sequence[str], hits: Sequence[Hit | None]) -> list[bool] | None:
    """Say of each line whether it stands in the main text; None if the text is better left alone.

    `hits` are the phrases found in the lines. A text without furniture is left alone: on text that is clean
    already a mistake costs more than is to be won. So is one without main text, such as a table or a program,
    unless phrases make up much of it: then it is noise throughout.
    """
    found = len(hits) - hits.count(None)
    if found < _FURNITURE:
        return None
    total, kept = _divide(_values(lines, hits), hits)
    if total > _LEAST_MAIN:
        return kept
    full = sum(1 for line in lines if line.strip())
    return [False] * len(lines) if found >= max(_NOISE_SHARE * full, _NOISE_LINES) else None


def _values(lines: Sequence[str], hits: Sequence[Hit | None]) -> list[float]:
    """Return the value of each line as main text."""
    values: list[float] = []
    seen: set[str] = set()
    open_line = False
    in_list = 0
    for line, hit in zip(lines, hits, strict=True):
        bare = line.strip()
        if not bare:
            values.append(0.0)
            open_line = False
            continue
        length, shape = _shape(bare)
        value = shape[min(length, _LONGEST)]
        if bare[0].islower():
            value += _SMALL_START
            if open_line:
                values[-1] = max(values[-1], _CONTINUED)
        sentence = shape is _SENTENCE
        open_line = not sentence and length >= _CONTINUED_FROM
        if length >= _REPEATED_FROM:
            if bare in seen:
                value += _REPEATED
            seen.add(bare)
        if bare[-1] in ":：" and length >= _LIST_FROM:
            in_list = _LIST_LINES
        elif length >= _PARAGRAPH or (sentence and length > _SENTENCE_PARAGRAPH):
            in_list = 0
        elif in_list:
            in_list -= 1
            value += _LIST_BONUS * (hit is None)
        if value < _TABLE_ROW:
            value = max(value, _least(line, bare))
        if hit is not None:
            value += _HITS[hit.kind][0]
        values.append(value)
    return values


def _least(line: str, bare: str) -> float:
    """Return what a line is worth at least: table rows and code have other shapes than prose."""
    if bare.count("|") >= _TABLE_BARS:
        return _TABLE_ROW
    if bare[-1] in _CODE_ENDINGS or line.startswith(("    ", "\t")):
        return _CODE
    return float("-inf")


def _shape(bare: str) -> tuple[int, tuple[float, ...]]:
    """Return the length of a line and the row of values that goes with its ending."""
    length = len(bare)
    if not bare.isascii() and len(bare.encode("utf-8", "surrogatepass")) > 2 * length:
        length += 2 * len(_UNSPACED.findall(bare))
    last = bare[-1]
    if last in _CLOSING:
        last = bare.rstrip(_CLOSING)[-1:]
    elif last == "." and bare.endswith("..."):
        return length, _TEASER
    return length, _ENDINGS.get(last, _OPEN)


def _divide(values: Sequence[float], hits: Sequence[Hit | None]) -> tuple[float, list[bool]]:
    """Return the highest sum that a division of the page has, and which lines it says are main text.

    States: before the main text (value 0), in it, in a gap, after it (value 0). One pass forward keeps the
    best sum that ends in each state and where it came from; one pass back reads the states off.
    """
    low = float("-inf")
    main, gap, after = low, low, 0.0
    into_main: list[int] = []
    into_gap: list[bool] = []
    into_after: list[bool] = []
    for value, hit in zip(values, hits, strict=True):
        cost = _GAP_LINE if hit is None else _GAP_LINE + _HITS[hit.kind][1]
        if main >= gap:
            best, origin = main, _MAIN
        else:
            best, origin = gap, _IN_GAP
        if best <= 0.0:
            best, origin = 0.0, _BEFORE
        leaves = main + _GAP > gap
        ends = main > after
        into_main.append(origin)
        into_gap.append(leaves)
        into_after.append(ends)
        if ends:
            after = main
        gap = (main + _GAP if leaves else gap) + cost
        main = best + value
    last = _MAIN if main > after else _AFTER
    return max(main, after), _read_back(into_main, into_gap, into_after, last)


_BEFORE, _MAIN, _IN_GAP, _AFTER = range(4)


def _read_back(
    into_main: Sequence[int], into_gap: Sequence[bool], into_after: Sequence[bool], state: int
) -> list[bool]:
    kept = [False] * len(into_main)
    for number in range(len(kept) - 1, -1, -1):
        if state == _MAIN:
            kept[number] = True
            state = into_main[number]
            if state == _BEFORE:
                break
        elif state == _IN_GAP:
            if into_gap[number]:
                state = _MAIN
        elif into_after[number]:
            state = _MAIN
    return kept
