"""What the tagger knows about each token of a line that stays: whether noise is glued into the line there."""

from dataclasses import dataclass

import numpy as np

from bluepencil.refiners import tagger_tokens as tk
from bluepencil.refiners.tagger_features import (
    TOP,
    Vocabulary,
    log_steps,
    page_keys,
    pages_of_lines,
    word_kinds,
)
from bluepencil.refiners.tagger_lexicon import KINDS
from bluepencil.refiners.tagger_tokens import Array, Tokens, mix

FEWEST_TOKENS = 3
"""A shorter line is judged as a whole only."""

MOST_TOKENS = 20_000
"""Tokens of one page that are judged; the lines after them are judged as a whole only."""


@dataclass(frozen=True, slots=True)
class TokenFeatures:
    """Features of T tokens of the lines that are looked into, page after page.

    tokens: [T] which tokens of the batch. numbers: [T, F] from 0 to TOP. items: rows of the vocabulary.
    item_starts: [T + 1]. pages: which pages have such tokens. sequences: [pages + 1] first token of each.
    """

    tokens: Array
    numbers: Array
    items: Array
    item_starts: Array
    pages: Array
    sequences: Array


def token_features(tokens: Tokens, open_lines: Array, vocabulary: Vocabulary) -> TokenFeatures:
    """Return the features of the tokens of the lines marked in `open_lines` [L]."""
    n_lines = len(tokens.numbers)
    sizes = np.bincount(tokens.lines, minlength=n_lines)
    looked_into = open_lines & (sizes >= FEWEST_TOKENS) & ~tokens.cut
    looked_into &= _within_limit(tokens, np.where(looked_into, sizes, 0))
    chosen = np.flatnonzero(looked_into[tokens.lines])
    pages_of_tokens = pages_of_lines(tokens.page_lines)[tokens.lines[chosen]]
    pages = np.unique(pages_of_tokens)
    items, item_starts = _items(tokens, chosen, vocabulary)
    return TokenFeatures(
        tokens=chosen,
        numbers=_numbers(tokens, chosen, pages_of_tokens, sizes),
        items=items,
        item_starts=item_starts,
        pages=pages,
        sequences=np.append(np.searchsorted(pages_of_tokens, pages), len(chosen)),
    )


def _within_limit(tokens: Tokens, sizes: Array) -> Array:
    """Return for each line whether it ends within the first `MOST_TOKENS` of its page."""
    running = np.concatenate([[0], np.cumsum(sizes)])
    starts = running[tokens.page_lines[:-1]][pages_of_lines(tokens.page_lines)]
    within: Array = running[1:] - starts <= MOST_TOKENS
    return within


def _items(tokens: Tokens, chosen: Array, vocabulary: Vocabulary) -> tuple[Array, Array]:
    """Return the known items of each token: word, pair with the token before, beginning and end."""
    words = tokens.words[chosen]
    lines = tokens.lines[chosen]
    before = np.zeros(len(words), np.uint64)
    before[1:] = np.where(lines[1:] == lines[:-1], words[:-1], 0)
    long = (tokens.ends[chosen] - tokens.starts[chosen] >= 5) & (tokens.kinds[chosen] <= tk.LETTER)
    rows = np.stack(
        [
            vocabulary.look_up(words),
            vocabulary.look_up(mix(before * np.uint64(3) + words)),
            np.where(long, vocabulary.look_up(tokens.prefixes[chosen]), 0),
            np.where(long, vocabulary.look_up(tokens.suffixes[chosen]), 0),
        ],
        axis=1,
    ).reshape(-1)
    known = np.flatnonzero(rows)
    return rows[known].astype(np.int64), np.searchsorted(known, 4 * np.arange(len(words) + 1))


def _since(marks: Array, firsts: Array) -> Array:
    """Return how many places ago the last mark was, or the first place of the line if that is nearer."""
    here = np.arange(len(marks))
    last = np.maximum.accumulate(np.where(marks | firsts, here, 0))
    return here - last


def _numbers(tokens: Tokens, chosen: Array, pages: Array, sizes: Array) -> Array:
    """Return [T, F]: kind and place of each token, and how often its word occurs on the page."""
    kinds, lines = tokens.kinds[chosen].astype(np.int64), tokens.lines[chosen]
    starts, ends = tokens.starts[chosen], tokens.ends[chosen]
    columns = [TOP * (kinds == kind) for kind in range(1, tk.OTHER + 1)]
    lexical = word_kinds(tokens.words[chosen])
    columns += [TOP * (lexical == kind) for kind in range(len(KINDS))]
    here = np.arange(len(lines))
    firsts = np.ones(len(lines), bool)
    firsts[1:] = lines[1:] != lines[:-1]
    lasts = np.append(firsts[1:], True)[: len(lines)]
    since_start = _since(np.zeros(len(lines), bool), firsts)
    size = sizes[lines]
    spaced = np.zeros(len(lines), np.int64)
    spaced[1:] = starts[1:] - ends[:-1]
    spaced[firsts] = 0
    stops = kinds == tk.STOP
    stop_before = np.zeros(len(lines), bool)
    stop_before[1:] = stops[:-1]
    until_stop = _since(stops[::-1], lasts[::-1])[::-1]
    _, inverse, counts = np.unique(
        page_keys(pages, tokens.words[chosen]), return_inverse=True, return_counts=True
    )
    columns += [
        log_steps(ends - starts),
        log_steps(since_start),
        log_steps(size - 1 - since_start),
        log_steps(size),
        TOP * firsts,
        TOP * lasts,
        TOP * (spaced > 0),
        TOP * (spaced > 1),
        log_steps(_since(stop_before, firsts)),
        log_steps(until_stop),
        log_steps(counts[inverse] - 1),
        log_steps(here - here[np.searchsorted(pages, pages)]),
    ]
    return np.stack(columns, axis=1).astype(np.uint8)
