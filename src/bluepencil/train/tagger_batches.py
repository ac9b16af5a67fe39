"""Batches for the networks of the tagger: features, labels and weights, freshly varied each time."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple

import numpy as np

from bluepencil.refiners import tagger_features as features
from bluepencil.refiners.tagger_features import Vocabulary
from bluepencil.refiners.tagger_spans import token_features
from bluepencil.refiners.tagger_tokens import Array, tokenize
from bluepencil.train.tagger_augment import Glued, glue, vary
from bluepencil.train.tagger_lines import Line, lines_of
from bluepencil.train.tagger_options import TaggerOptions
from bluepencil.train.tagger_pages import TrainingPage


class Batch(NamedTuple):
    """Inputs of a network, labels, weight of each place, weight and page of each sequence."""

    numbers: Array
    items: Array
    item_starts: Array
    sequences: Array
    labels: Array
    weights: Array
    sequence_weights: Array
    pages: Array


def make_vocabulary(pages: Sequence[TrainingPage], options: TaggerOptions) -> Vocabulary:
    """Return the items that occur on pages of at least `options.fewest_sites` sites, the most common first.

    Items that fall into one slot are decided by how common they are. No label is read.
    """
    sites: dict[str, list[str]] = {}
    for page in pages:
        sites.setdefault(page.site, []).append(page.text)
    found = [
        np.unique(np.concatenate([np.unique(features.item_hashes(tokenize([text]))[0]) for text in texts]))
        for texts in sites.values()
    ]
    hashes, counts = np.unique(np.concatenate(found), return_counts=True)
    fewest = max(1, min(options.fewest_sites, len(sites) // 10))
    hashes, counts = hashes[counts >= fewest], counts[counts >= fewest]
    hashes = hashes[np.argsort(-counts, kind="stable")]
    slots = (hashes >> np.uint64(64 - features.SLOT_BITS)).astype(np.int64)
    first = np.sort(np.unique(slots, return_index=True)[1])
    keys = np.zeros(1 << features.SLOT_BITS, np.uint32)
    rows = np.zeros(1 << features.SLOT_BITS, np.int32)
    keys[slots[first]] = hashes[first].astype(np.uint32)
    rows[slots[first]] = np.arange(1, len(first) + 1)
    return Vocabulary(keys, rows)


def line_batches(
    pages: Sequence[TrainingPage], vocabulary: Vocabulary, options: TaggerOptions, random: Random
) -> Iterator[Batch]:
    """Yield batches of pages, most of them varied, for one pass over the pages."""
    noise = np.random.default_rng(random.getrandbits(32))
    known = habits(pages)
    peers = _by_language(pages)
    for chosen in _shuffled(pages, options.pages_per_batch, random):
        written = [random.random() < (0.35 if page.trusted else options.written) for page in chosen]
        varied = [
            vary(page, pages, random, peers[page.language] if write else ())
            if write or random.random() < options.varied
            else lines_of(page)
            for page, write in zip(chosen, written, strict=True)
        ]
        # Comments that were written are noise, as a person marks them: the habit of trusted pages.
        told = [
            0 if write and known else known.get(page.source, -1)
            for page, write in zip(chosen, written, strict=True)
        ]
        trust = [options.trusted_weight if page.trusted else 1.0 for page in chosen]
        batch = _with_habits(_line_batch(varied, trust, vocabulary), told, known)
        if len(batch.labels):
            yield _drop_items(batch, options.item_dropout, noise)


def habits(pages: Sequence[TrainingPage]) -> dict[str, int]:
    """Return the number of the habit of each source: 0 for all trusted ones, one of its own for any other.

    Sources treat titles, dates and comments differently; told the habit of a page, a network learns from
    each without mixing them. Nothing is returned where there is nothing to tell apart.
    """
    trusted = {page.source for page in pages if page.trusted}
    others = sorted({page.source for page in pages} - trusted)
    if not trusted or not others:
        return {}
    return dict.fromkeys(sorted(trusted), 0) | {source: n for n, source in enumerate(others, start=1)}


def _with_habits(batch: Batch, habit: Sequence[int], known: Mapping[str, int]) -> Batch:
    """Add a column per habit to the numbers of a batch, TOP in that of the page."""
    count = 1 + max(known.values(), default=-1)
    columns = np.zeros((len(batch.labels), count), np.uint8)
    owners = np.repeat(batch.pages, np.diff(batch.sequences))
    for number in range(count):
        columns[np.array(habit)[owners] == number, number] = features.TOP
    return batch._replace(numbers=np.concatenate([batch.numbers, columns], axis=1))


def glued_batches(
    pages: Sequence[TrainingPage], vocabulary: Vocabulary, options: TaggerOptions, random: Random
) -> Iterator[Batch]:
    """Yield batches of lines with noise glued in, for one pass over the pages."""
    noise = np.random.default_rng(random.getrandbits(32))
    for batch in plain_glued_batches(pages, vocabulary, 2 * options.pages_per_batch, random):
        yield _drop_items(batch, options.item_dropout / 2, noise)


def plain_glued_batches(
    pages: Sequence[TrainingPage], vocabulary: Vocabulary, size: int, random: Random
) -> Iterator[Batch]:
    """Yield batches of `size` windows of lines with noise glued in, and leave nothing out."""
    peers = _by_language(pages)
    for chosen in _shuffled(pages, size, random):
        glued = [made for page in chosen if (made := glue(page, peers[page.language], random))]
        if glued and len((batch := _token_batch(glued, vocabulary)).labels):
            yield batch


def _by_language(pages: Sequence[TrainingPage]) -> dict[str, list[TrainingPage]]:
    found: dict[str, list[TrainingPage]] = {}
    for page in pages:
        found.setdefault(page.language, []).append(page)
    return found


def _shuffled(pages: Sequence[TrainingPage], size: int, random: Random) -> Iterator[list[TrainingPage]]:
    order = list(pages)
    random.shuffle(order)
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _line_batch(pages: Sequence[list[Line]], trust: Sequence[float], vocabulary: Vocabulary) -> Batch:
    tokens = tokenize(["\n".join(line.text for line in page) for page in pages])
    found = features.line_features(tokens, vocabulary)
    owners = tokens.pages[features.pages_of_lines(tokens.page_lines)]
    lines = [pages[page][number] for page, number in zip(owners, tokens.numbers, strict=True)]
    return Batch(
        found.numbers,
        found.items,
        found.item_starts,
        tokens.page_lines,
        np.array([line.keep for line in lines], np.float32),
        np.array([line.weight for line in lines], np.float32),
        np.array([trust[page] for page in tokens.pages], np.float32),
        tokens.pages,
    )


def _token_batch(glued: Sequence[Glued], vocabulary: Vocabulary) -> Batch:
    tokens = tokenize(["\n".join(page.lines) for page in glued])
    found = token_features(tokens, np.ones(len(tokens.numbers), bool), vocabulary)
    owners = tokens.pages[features.pages_of_lines(tokens.page_lines)]
    lines = tokens.lines[found.tokens]
    marks = [glued[page].noise[number] for page, number in zip(owners, tokens.numbers, strict=True)]
    sizes = np.array([len(mark) for mark in marks])
    first = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    places = first[lines] + tokens.starts[found.tokens] - tokens.begins[lines]
    labels = 1 - np.concatenate([*marks, [0.0]])[places]
    return Batch(
        found.numbers,
        found.items,
        found.item_starts,
        found.sequences,
        labels.astype(np.float32),
        np.ones(len(labels), np.float32),
        np.diff(found.sequences).astype(np.float32),
        tokens.pages[found.pages],
    )


def _drop_items(batch: Batch, share: float, noise: np.random.Generator) -> Batch:
    """Leave out a share of the items, and now and then a whole column of numbers."""
    kept = noise.random(len(batch.items)) >= share
    before = np.concatenate([[0], np.cumsum(kept)])
    columns = noise.random((1, batch.numbers.shape[1])) >= 0.03
    return batch._replace(
        numbers=batch.numbers * columns, items=batch.items[kept], item_starts=before[batch.item_starts]
    )
