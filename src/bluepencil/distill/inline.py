"""A few lines that an expert changed: what was deleted from them, word by word, and what else was done."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from bluepencil.distill.differences import Difference, Kind, kind_of, plain
from bluepencil.distill.subsequence import is_subsequence, matched_pairs

# A word, a single character of a script without spaces between words, or a sign, with the white space before
# it: what separates two words comes and goes with the second.
_TOKEN = re.compile(
    "(\\s*)([\u2e80-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]"
    "|[^\\W\u2e80-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]+|.)"
)
# Bits of working memory for the comparison of one group of lines: 12 MB, 10,000 x 10,000 tokens.
TOKEN_BITS = 100_000_000


class Changed(NamedTuple):
    """What deletions leave of each line (nothing: all was deleted), and the differences, in order.

    The places of the differences count in the lines joined by line ends. Not `complete`: too many words to
    compare them all, so that more counts as a difference than had to.
    """

    left: list[str]
    differences: list[Difference]
    complete: bool


class _Token(NamedTuple):
    start: int
    end: int
    space: str
    word: str
    line: int


def compare(lines: Sequence[str], refined: Sequence[str]) -> Changed:
    """Compare a few lines with what an expert made of them.

    Words are matched whatever their case, quotes and dashes. A stretch without a match that becomes the new
    one by deletion counts as deleted. So does one that is more than three times as long as what stands in its
    place, and the new as inserted: something else was written there.
    """
    comparison = _Comparison(lines, refined)
    comparison.run()
    return Changed(comparison.left_of_lines(), comparison.differences, comparison.complete)


class _Comparison:
    def __init__(self, lines: Sequence[str], refined: Sequence[str]) -> None:
        self.line_starts = _starts(lines)
        self.old = list(_tokens(lines, self.line_starts))
        self.new = list(_tokens(refined, _starts(refined)))
        self.left = [""] * len(self.old)
        self.differences: list[Difference] = []
        self.complete = True

    def run(self) -> None:
        pairs, self.complete = matched_pairs(
            [plain(token.word) for token in self.old], [plain(token.word) for token in self.new], TOKEN_BITS
        )
        before = -1, -1
        for here, there in [*_without_strays(pairs, self.old, self.new), (len(self.old), len(self.new))]:
            lines_differ = self._between(before, (here, there))
            if here < len(self.old):
                self._matched(self.old[here], self.new[there], here, lines_differ)
            before = here, there

    def left_of_lines(self) -> list[str]:
        left = [""] * len(self.line_starts)
        for token, text in zip(self.old, self.left, strict=True):
            left[token.line] += text
        return left

    def _report(self, kind: Kind, start: int, end: int, text: str) -> None:
        self.differences.append(Difference(kind, start, end, text))

    def _matched(self, old: _Token, new: _Token, place: int, lines_differ: bool) -> None:
        space = old.space
        if new.space != space and not lines_differ:
            # Less space between two words is not worth a deletion, and seldom occurs once.
            if not new.space:
                space = ""
            else:
                self._report(Kind.WHITE_SPACE, old.start, old.start + len(space), new.space)
        self.left[place] = space + old.word
        if old.word != new.word:
            self._report(kind_of(old.word, new.word), old.end - len(old.word), old.end, new.word)

    def _between(self, before: tuple[int, int], after: tuple[int, int]) -> bool:
        """Judge the words between two matched ones; say whether these stand in one line in one text only."""
        old = self.old[before[0] + 1 : after[0]]
        others = self.new[before[1] + 1 : after[1]]
        new = _joined(others)
        # Where no matched word stands before them, the last of these words do.
        above = self.old[max(before[0], 0) : before[0] + 1] or (old[-1:] if others else [])
        if above and after[0] < len(self.old):
            joined = above[0].line < self.old[after[0]].line
            there = self.new[before[1]] if before[0] >= 0 else others[-1]
            if joined != (there.line < self.new[after[1]].line):
                self._lines_differ(above[0], self.old[after[0]], self.new[after[1]], new, joined)
                return True
        if new:
            at = self.old[before[0]].end if before[0] >= 0 else 0
            self._other_words(old, before[0] + 1, new, at)
        return False

    def _lines_differ(self, before: _Token, after: _Token, new: _Token, text: str, joined: bool) -> None:
        """Report that two lines were made one, or one two, and with that all words in between."""
        if joined:
            # Where the line of the later word begins; words of it before that one were deleted.
            start = self.line_starts[after.line] - 1
            self._report(Kind.JOINED_LINES, start, start + 1, text + new.space)
        else:
            self._report(Kind.SPLIT_LINES, before.end, before.end, text + "\n")

    def _other_words(self, old: Sequence[_Token], first: int, new: str, at: int) -> None:
        """Judge `new` words in the place of `old` ones (which may be none) that do not match them."""
        if not old:
            self._report(kind_of("", new), at, at, new)
            return
        text = _joined(old)
        if old[0].line == old[-1].line and is_subsequence(new, text):
            self.left[first] = new
            return
        # The space before both is not part of the difference.
        same = len(old[0].space) if new.startswith(old[0].space) else 0
        start, new, text = old[0].start + same, new[same:], text[same:]
        kind = kind_of(text, new)
        if old[0].line < old[-1].line or (kind is Kind.REPLACED and len(text) > 3 * len(new)):
            self._report(kind_of("", new), start, start, new)
            return
        for place, token in enumerate(old, first):
            self.left[place] = token.space + token.word
        self._report(kind, start, old[-1].end, new)


def _tokens(lines: Sequence[str], starts: Sequence[int]) -> Iterator[_Token]:
    for number, (line, start) in enumerate(zip(lines, starts, strict=True)):
        for match in _TOKEN.finditer(line):
            yield _Token(start + match.start(), start + match.end(), match[1], match[2], number)


def _starts(lines: Sequence[str]) -> list[int]:
    return list(accumulate([len(line) + 1 for line in lines[:-1]], initial=0))


def _joined(tokens: Sequence[_Token]) -> str:
    """Return the text of some words, with the line ends between them."""
    text = "".join(token.space + token.word for token in tokens[:1])
    for before, token in pairwise(tokens):
        text += "\n" * (token.line - before.line) + token.space + token.word
    return text


def _without_strays(
    pairs: list[tuple[int, int]], old: Sequence[_Token], new: Sequence[_Token]
) -> list[tuple[int, int]]:
    """Leave out matches by chance: small words and signs between larger stretches that were written anew."""
    runs: list[list[tuple[int, int]]] = []
    for pair in pairs:
        if runs and runs[-1][-1] == (pair[0] - 1, pair[1] - 1):
            runs[-1].append(pair)
        else:
            runs.append([pair])
    kept: list[tuple[int, int]] = []
    for number, run in enumerate(runs):
        above = kept[-1][1] + 1 if kept else 0
        below = runs[number + 1][0][1] if number + 1 < len(runs) else len(new)
        before = _size(new, above, run[0][1])
        after = _size(new, run[-1][1] + 1, below)
        size = sum(len(old[here].word) for here, _ in run)
        if not before or not after or size > min(before, after):
            kept += run
    return kept


def _size(tokens: Sequence[_Token], first: int, last: int) -> int:
    return sum(len(token.word) for token in tokens[first:last])
