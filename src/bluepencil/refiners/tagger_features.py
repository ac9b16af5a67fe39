"""What the tagger knows about each line: small integers, and the hashes of what stands in it.

Everything is integer arithmetic over whole batches, and nothing about a page depends on the pages beside it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from bluepencil.refiners import tagger_tokens as tk
from bluepencil.refiners.tagger_lexicon import KINDS, lexicon
from bluepencil.refiners.tagger_tokens import Array, Tokens, mix

TOP = 127
"""Features are whole numbers from 0 to here."""

LONG_LINE = 12
"""Words that make a line one of running text, where words of headings and captions are looked up."""

SLOT_BITS = 17
"""A vocabulary has 2**17 slots of one item each."""

_LEXICON_BITS = 14


@dataclass(frozen=True, slots=True)
class LineFeatures:
    """Features of L lines with M items.

    numbers: [L, F] from 0 to TOP. items: [M] rows of the vocabulary. item_starts: [L + 1] first item of each
    line.
    """

    numbers: Array
    items: Array
    item_starts: Array


@cache
def _logarithms() -> Array:
    """Return 8 * log2(1 + n) for n < 2**16, straight lines between powers of two, at most TOP."""
    values = np.arange(1, (1 << 16) + 1, dtype=np.int64)
    exponents = np.array([int(v).bit_length() - 1 for v in values])
    steps: Array = np.minimum(8 * exponents + (8 * (values - (1 << exponents)) >> exponents), TOP)
    return steps


def log_steps(counts: Array) -> Array:
    """Return counts on a logarithmic scale from 0 to TOP."""
    steps: Array = _logarithms()[np.clip(counts, 0, (1 << 16) - 1)]
    return steps


def _share(part: Array, whole: Array) -> Array:
    shares: Array = np.minimum(TOP * part // np.maximum(whole, 1), TOP)
    return shares


@cache
def _lexicon_table() -> tuple[Array, Array]:
    """Return keys and kinds of a hash table with linear probing over two slots."""
    keys = np.zeros((1 << _LEXICON_BITS) + 4, np.uint64)
    kinds = np.full(len(keys), len(KINDS), np.int64)
    for word, kind in lexicon().items():
        key = tk.hash_word("".join("0" if c.isdigit() else c for c in word))
        slot = key >> (64 - _LEXICON_BITS)
        for place in range(slot, slot + 4):
            if not keys[place]:
                keys[place], kinds[place] = key, kind
                break
    return keys, kinds


def word_kinds(words: Array) -> Array:
    """Return the number of each word's kind in the order of `KINDS`, len(KINDS) where it has none."""
    keys, kinds = _lexicon_table()
    slots = (words >> np.uint64(64 - _LEXICON_BITS)).astype(np.int64)
    found = np.full(len(words), len(KINDS), np.int64)
    for step in range(4):
        found = np.where(keys[slots + step] == words, kinds[slots + step], found)
    return found


def _table(lines: Array, kinds: Array, n_lines: int, n_kinds: int) -> Array:
    """Return [L, K]: how often each kind occurs in each line."""
    counts = np.bincount(lines * n_kinds + kinds, minlength=n_lines * n_kinds)
    return counts.reshape(n_lines, n_kinds)


def _first_and_last(tokens: Tokens, n_lines: int) -> tuple[Array, Array, Array]:
    """Return the kinds of the first, last and last but one token of each line, SPACE where none is."""
    bounds = np.searchsorted(tokens.lines, np.arange(n_lines + 1))
    padded = np.append(tokens.kinds, tk.SPACE)
    count = bounds[1:] - bounds[:-1]

    def at(place: Array, least: int) -> Array:
        return padded[np.where(count >= least, place, len(padded) - 1)].astype(np.int64)

    return at(bounds[:-1], 1), at(bounds[1:] - 1, 1), at(bounds[1:] - 2, 2)


def pages_of_lines(page_lines: Array) -> Array:
    """Return the page of each line."""
    return np.repeat(np.arange(len(page_lines) - 1), np.diff(page_lines))


def page_keys(pages: Array, hashes: Array) -> Array:
    """Return keys that are equal only inside one page, whatever the other pages are."""
    low = hashes & np.uint64((1 << 40) - 1)
    return (pages.astype(np.uint64) << np.uint64(40)) | low


def _repetition(tokens: Tokens, pages: Array, words_per_line: Array, kinds: Array) -> list[Array]:
    """Return how lines and their words recur on the page: 6 features of [L]."""
    n_lines = len(pages)
    _, first, inverse, counts = np.unique(
        page_keys(pages, tokens.hashes), return_index=True, return_inverse=True, return_counts=True
    )
    same = counts[inverse]
    before = first[inverse] < np.arange(n_lines)

    content = np.flatnonzero((kinds == len(KINDS)) & (tokens.kinds <= tk.IDEOGRAPH))
    lines = tokens.lines[content]
    _, inverse, counts = np.unique(
        page_keys(pages[lines], tokens.words[content]), return_inverse=True, return_counts=True
    )
    long = words_per_line[lines] >= LONG_LINE
    in_long = np.bincount(inverse, weights=long, minlength=len(counts)).astype(np.int64)[inverse] - long
    titles = lines == tokens.page_lines[:-1][pages[lines]]
    in_title = np.bincount(inverse, weights=titles, minlength=len(counts)).astype(np.int64)[inverse] - titles
    total = np.bincount(lines, minlength=n_lines)

    def of_lines(values: Array) -> Array:
        return np.bincount(lines, weights=values, minlength=n_lines).astype(np.int64)

    return [
        log_steps(same - 1),
        TOP * before,
        _share(of_lines(np.minimum(in_long, 1)), total),
        _share(of_lines(np.minimum(in_title, 1)), total),
        log_steps(of_lines(np.minimum(in_long, 20)) * 4 // np.maximum(total, 1)),
        log_steps(of_lines(np.minimum(counts[inverse] - 1, 20)) * 4 // np.maximum(total, 1)),
    ]


def _positions(tokens: Tokens, pages: Array, words: Array) -> list[Array]:
    """Return where the line stands on the page and how it compares with it: 11 features of [L]."""
    start, end = tokens.page_lines[:-1][pages], tokens.page_lines[1:][pages]
    here = np.arange(len(pages)) - start
    running = np.concatenate([[0], np.cumsum(words)])
    before, total = running[:-1] - running[start], running[end] - running[start]
    long = np.where(words >= LONG_LINE, words, 0)
    running_long = np.concatenate([[0], np.cumsum(long)])
    total_long = running_long[end] - running_long[start]
    longest = np.maximum.reduceat(words, tokens.page_lines[:-1])[pages]
    return [
        log_steps(here),
        log_steps(end - start - 1 - here),
        _share(here, end - start),
        _share(before, total),
        _share(running_long[:-1] - running_long[start], total_long),
        log_steps(end - start),
        log_steps(total),
        _share(total_long, total),
        _share(words, longest),
        log_steps(longest),
        TOP * (here == 0),
    ]


def _characters(tokens: Tokens) -> list[Array]:
    """Return features of the characters of each line: 18 of [L]."""
    counts = tokens.counts
    lengths = counts.sum(axis=1)
    visible = lengths - 1 - counts[:, tk.SPACE]
    letters = counts[:, tk.LOWER : tk.IDEOGRAPH + 1].sum(axis=1)
    columns = [log_steps(lengths - 1), log_steps(visible), _share(letters, visible)]
    columns += [_share(counts[:, kind], visible) for kind in (tk.UPPER, tk.DIGIT, tk.IDEOGRAPH, tk.LETTER)]
    columns += [_share(letters + counts[:, tk.DIGIT], visible)]
    marks = (tk.STOP, tk.COMMA, tk.COLON, tk.QUOTE, tk.BAR, tk.DASH, tk.BRACKET, tk.SIGN, tk.OTHER, tk.DIGIT)
    columns += [log_steps(counts[:, kind]) for kind in marks]
    return columns


def _shape(tokens: Tokens, n_lines: int) -> tuple[list[Array], Array]:
    """Return features of how each line begins and ends and of its words, and its number of words [L]."""
    first, last, last_but_one = _first_and_last(tokens, n_lines)
    is_word = tokens.kinds <= tk.IDEOGRAPH
    ideographs = np.bincount(tokens.lines, weights=tokens.kinds == tk.IDEOGRAPH, minlength=n_lines)
    others = np.bincount(tokens.lines, weights=is_word & (tokens.kinds != tk.IDEOGRAPH), minlength=n_lines)
    words = (others + ideographs // 2).astype(np.int64)  # a word of Chinese has two characters on average
    capital = np.bincount(tokens.lines, weights=tokens.kinds == tk.UPPER, minlength=n_lines).astype(np.int64)
    all_tokens = np.bincount(tokens.lines, minlength=n_lines)
    sizes = np.where(is_word, np.minimum(tokens.ends - tokens.starts, 40), 0)
    letters = np.bincount(tokens.lines, weights=sizes, minlength=n_lines).astype(np.int64)
    longest = np.zeros(n_lines, np.int64)
    np.maximum.at(longest, tokens.lines, sizes)
    columns = [
        log_steps(words),
        log_steps(all_tokens),
        _share(capital, words),
        log_steps(letters * 4 // np.maximum(words, 1)),
    ]
    columns += [log_steps(longest), TOP * (all_tokens == 0)]
    for kind in (tk.LOWER, tk.UPPER, tk.DIGIT, tk.QUOTE, tk.BAR, tk.DASH, tk.BRACKET, tk.SIGN):
        columns.append(TOP * (first == kind))
    for kind in (tk.STOP, tk.COLON, tk.DIGIT, tk.BRACKET, tk.BAR):
        columns.append(TOP * (last == kind))
    columns.append(TOP * ((last == tk.QUOTE) & ((last_but_one == tk.STOP) | (last_but_one == tk.COMMA))))
    columns.append(TOP * ((last == tk.STOP) & (last_but_one == tk.STOP)))
    return columns, words


def numeric_features(tokens: Tokens, kinds: Array) -> Array:
    """Return [L, F] features from 0 to TOP as uint8."""
    n_lines = int(tokens.page_lines[-1])
    pages = pages_of_lines(tokens.page_lines)
    columns = _characters(tokens)
    shape, words = _shape(tokens, n_lines)
    columns += shape
    lexical = _table(tokens.lines, kinds, n_lines, len(KINDS) + 1)
    columns += [log_steps(lexical[:, kind]) for kind in range(len(KINDS))]
    columns += [_share(lexical[:, kind], words) for kind in range(len(KINDS))]
    columns += _positions(tokens, pages, words)
    columns += _repetition(tokens, pages, words, kinds)
    return np.stack(columns, axis=1).astype(np.uint8)


def item_hashes(tokens: Tokens) -> tuple[Array, Array]:
    """Return the hashes of all items and the line of each, in no order.

    Items are the words, the pairs of neighbours with both ends of the line, and the first four and last three
    characters of words of five or more.
    """
    long = np.flatnonzero((tokens.ends - tokens.starts >= 5) & (tokens.kinds <= tk.LETTER))
    is_first = np.ones(len(tokens.words), bool)
    is_first[1:] = tokens.lines[1:] != tokens.lines[:-1]
    before = np.zeros(len(tokens.words), np.uint64)
    before[1:] = tokens.words[:-1]
    before[is_first] = 0
    lasts = np.flatnonzero(np.append(is_first[1:], True))
    hashes = np.concatenate(
        [
            tokens.words,
            mix(before * np.uint64(3) + tokens.words),
            mix(tokens.words[lasts] * np.uint64(3)),
            tokens.prefixes[long],
            tokens.suffixes[long],
        ]
    )
    lines = np.concatenate(
        [tokens.lines, tokens.lines, tokens.lines[lasts], tokens.lines[long], tokens.lines[long]]
    )
    return hashes, lines


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The items that a network knows; one that it does not know is as if it were not there.

    keys: [2**SLOT_BITS] low 32 bits of the hash of the item in each slot. rows: its number, 0 for a
    free slot.
    """

    keys: Array
    rows: Array

    def look_up(self, hashes: Array) -> Array:
        """Return the row of each hash, 0 where it is not known."""
        slots = (hashes >> np.uint64(64 - SLOT_BITS)).astype(np.int64)
        found = self.keys[slots] == hashes.astype(np.uint32)
        return np.where(found, self.rows[slots], 0)


def line_items(tokens: Tokens, vocabulary: Vocabulary) -> tuple[Array, Array]:
    """Return the known items of the lines by line, and where each line's begin [L + 1]."""
    hashes, lines = item_hashes(tokens)
    rows = vocabulary.look_up(hashes)
    known = np.flatnonzero(rows)
    rows, lines = rows[known], lines[known]
    order = np.argsort(lines, kind="stable")
    return rows[order].astype(np.int64), np.searchsorted(lines[order], np.arange(len(tokens.numbers) + 1))


def line_features(tokens: Tokens, vocabulary: Vocabulary) -> LineFeatures:
    """Return the features of every line of a batch."""
    items, starts = line_items(tokens, vocabulary)
    return LineFeatures(numeric_features(tokens, word_kinds(tokens.words)), items, starts)
