"""Who is a duplicate of whom: exact by digest, near by signature, the first in input order kept."""

from typing import Any

import numpy as np

from bluepencil.dedup.options import DedupOptions

# An odd multiplier for mixing numbers of a band into one (splitmix64's).
_MIX = np.uint64(0xBF58476D1CE4E5B9)
NONE = -1

Array = Any  # numpy arrays; their shapes and types stand where they are made


def first_equal(digests: Array) -> Array:
    """Return for each row of `digests` (n x 2, uint64) the number of the first row that equals it."""
    count = len(digests)
    order = np.lexsort((np.arange(count), digests[:, 1], digests[:, 0]))
    ordered = digests[order]
    begins = np.ones(count, dtype=bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(count, dtype=np.int64)
    first[order] = order[begins][np.cumsum(begins) - 1] if count else order
    return first


def candidate_groups(signatures: Array, rows: Array, options: DedupOptions) -> Array:
    """Return, per row and band, the number of the group that agrees in that band, or NONE where it is alone.

    `signatures` is n x permutations, uint32; `rows` are the numbers of those to look at. The result is
    len(rows) x bands, int32. Groups are numbered through over all bands.
    """
    bands, width = options.bands
    groups = np.full((len(rows), bands), NONE, dtype=np.int32)
    total = 0
    for band in range(bands):
        keys = np.zeros(len(rows), dtype=np.uint64)
        for column in range(band * width, (band + 1) * width):
            keys = (keys ^ signatures[rows, column].astype(np.uint64)) * _MIX
            keys ^= keys >> np.uint64(29)
        _, number, size = np.unique(keys, return_inverse=True, return_counts=True)
        shared = size > 1
        renumbered = np.where(shared, np.cumsum(shared) - 1 + total, NONE)
        groups[:, band] = renumbered[number]
        total += int(shared.sum())
    return groups


def near_duplicates(signatures: Array, rows: Array, options: DedupOptions) -> dict[int, tuple[int, float]]:
    """Return the near duplicates among `rows`, each with the row it is one of and the similarity.

    A row is one if it is as similar as the threshold to an earlier one that is kept; where there are
    several, the most similar counts, and then the earliest. So no duplicate is one of a duplicate.
    """
    groups = candidate_groups(signatures, rows, options)
    kept: dict[int, list[int]] = {}
    found: dict[int, tuple[int, float]] = {}
    for at in np.flatnonzero((groups != NONE).any(axis=1)):
        row = int(rows[at])
        own = [int(group) for group in groups[at] if group != NONE]
        candidates = sorted({other for group in own for other in kept.get(group, ())})
        if candidates:
            similar = (signatures[candidates] == signatures[row]).mean(axis=1)
            best = int(similar.argmax())
            if similar[best] >= options.threshold:
                found[row] = (candidates[best], float(similar[best]))
                continue
        for group in own:
            kept.setdefault(group, []).append(row)
    return found


def duplicates(
    digests: Array, signatures: Array, has_signature: Array, options: DedupOptions
) -> dict[int, tuple[int, float, bool]]:
    """Return for each duplicate the row that is kept in its place, the similarity, and whether it is exact.

    A copy of a near duplicate is a near duplicate of what that one is one of.
    """
    first = first_equal(digests)
    near: dict[int, tuple[int, float]] = {}
    if options.near:
        rows = np.flatnonzero((first == np.arange(len(first))) & has_signature)
        near = near_duplicates(signatures, rows, options)
    found = {row: (of, similarity, False) for row, (of, similarity) in near.items()}
    for row in map(int, np.flatnonzero(first != np.arange(len(first)))):
        original = int(first[row])
        found[row] = (*near[original], False) if original in near else (original, 1.0, True)
    return found
