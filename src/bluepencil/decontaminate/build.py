"""Builds the index of benchmark items: read, weigh, sort, save, rename.

A part is looked for by the weighted share of its loose n-grams. One whose loose n-grams are worth too little,
because it is short or made of what everybody writes, is looked for as a whole, token by token, if its tokens
are rare enough together; if they are not, it is too short to judge, and counted.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluepencil.corpus.paths import resolve
from bluepencil.decontaminate.background import MOST_BITS, SCALE, Background, Common
from bluepencil.decontaminate.hashing import Hashes, gram_hashes
from bluepencil.decontaminate.items import MAPS, Against, Items, Part, Role, read_items
from bluepencil.decontaminate.options import Thresholds
from bluepencil.decontaminate.reading import Kind, Reading, batches, read
from bluepencil.decontaminate.streams import ANCHOR
from bluepencil.decontaminate.table import Table
from bluepencil.errors import InputError

FORMAT = 1
"""Of the index and of the normalisers: an index of another format is built anew."""
MOST_PARTS = 64
LEAST_POSTED = 8
"""A loose n-gram of more than MOST_PARTS parts is left to the others, but each part keeps LEAST_POSTED."""
_SMALL_SET = 1000
_EXAMPLES = 20


@dataclass(slots=True)
class _Draft:
    """One part while the index is built. `bits` go with the n-grams."""

    item: int
    role: int
    kind: Kind
    written: str
    grams: Hashes
    strict: NDArray[np.uint32]
    numbered: NDArray[np.bool_]
    exact: Hashes
    length: int
    bits: NDArray[np.float32]


def prepare(
    against: Sequence[Against],
    folder: str | os.PathLike[str],
    thresholds: Thresholds | None = None,
    background: str = "",
) -> Path:
    """Return the index of these benchmarks below a folder; build it if it is not there yet or stale.

    The index lies in a folder named by the fingerprint of the files, the maps, the thresholds and the format,
    so that other contents are another index; those of before stay, since others may be using them. It appears
    by a rename: who finds it finds all of it.
    """
    thresholds = thresholds or Thresholds()
    mark = fingerprint(against, thresholds, background)
    target = Path(folder) / mark
    if (target / "index.json").exists():
        return target
    Path(folder).mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{mark}.", dir=folder))
    try:
        write_index(read_items(against), temporary, thresholds, Background.load(background), mark)
        try:
            temporary.rename(target)
        except OSError:
            if not (target / "index.json").exists():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def fingerprint(against: Sequence[Against], thresholds: Thresholds, background: str = "") -> str:
    """Return what names an index: a hash of the contents of the benchmark files and of all options."""
    digest = blake2b(digest_size=10)
    read_as = [[one.map, sorted(one.fields.items())] for one in against]
    options = [FORMAT, thresholds.describe(), repr(MAPS), read_as]
    digest.update(json.dumps(options, sort_keys=True).encode())
    digest.update(Background.read(background))
    for one in against:
        for source in resolve([one.path]):
            digest.update(source.name.encode())
            with source.open() as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
    return digest.hexdigest()


def write_index(
    items: Items, folder: Path, thresholds: Thresholds, background: Background, mark: str = ""
) -> None:
    """Write all files of an index; `index.json` last."""
    drafts = _drafts(items, background)
    _weigh(drafts, background)
    routes, exact_bits = _routes(drafts, thresholds, background)
    if not (routes > 0).any():
        raise InputError("every item is too short or too common to be looked for")
    for kind in Kind:
        _loose_table(drafts, routes, kind).save(folder, f"{kind}-loose")
        _exact_table(drafts, routes, kind).save(folder, f"{kind}-exact")
    _write_parts(drafts, routes, exact_bits, items, folder)
    judged = {draft.item for draft, route in zip(drafts, routes, strict=True) if route}
    short = [number for number in range(len(items.items)) if number not in judged]
    facts = {
        "format": FORMAT,
        "fingerprint": mark,
        "thresholds": thresholds.describe(),
        "benchmarks": items.benchmarks,
        "items": len(items.items),
        "parts": _parts_by_route(drafts, routes),
        "too_short": len(short),
        "too_short_examples": [_name(items, number) for number in short[:_EXAMPLES]],
        "odd": dict(items.odd),
    }
    (folder / "index.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _name(items: Items, number: int) -> str:
    return f"{items.items[number].benchmark} {items.items[number].id}"


def _parts_by_route(drafts: list[_Draft], routes: NDArray[np.uint8]) -> dict[str, int]:
    names = ("too short", "by share", "as a whole")
    roles = ("question", "solution", "tests")
    pairs = zip(drafts, routes.tolist(), strict=True)
    counted = Counter(f"{roles[draft.role]} {names[route]}" for draft, route in pairs)
    return dict(sorted(counted.items()))


def _drafts(items: Items, background: Background) -> list[_Draft]:
    """Read every part of every item."""
    wanted = [(number, part) for number, item in enumerate(items.items) for part in item.parts]
    drafts: list[_Draft] = []
    for kind in Kind:
        mine = [one for one in wanted if one[1].kind is kind]
        for batch in batches([part.text for _, part in mine]):
            reading = read([mine[number][1].text for number in batch], kind)
            tokens = background.tokens[kind].bits_of(reading.streams.exact)
            for place, number in enumerate(batch):
                drafts.append(_draft(*mine[number], reading, place, tokens))
    drafts.sort(key=lambda draft: (draft.item, draft.role))
    return drafts


def _draft(item: int, part: Part, reading: Reading, place: int, bits: NDArray[np.float32]) -> _Draft:
    """Take one part out of a reading; `bits` are those of its fine tokens."""
    streams = reading.streams
    first, end = reading.tokens(place)
    low, high = reading.exact_tokens(place)
    last = max(first, end - streams.size + 1)
    grams, unique, counts = np.unique(streams.loose[first:last], return_index=True, return_counts=True)
    strict, numbered = streams.strict(first, last)
    most = np.full(last - first, MOST_BITS, np.float32)
    if part.kind is Kind.PROSE:
        # x # x # x is never written in ordinary text, and yet any formula may hold it.
        most = streams.told(first, last, bits)
    return _Draft(
        item,
        list(Role).index(part.role),
        part.kind,
        part.written,
        grams,
        (strict[unique] >> np.uint64(32)).astype(np.uint32),
        # Where one stands twice, with other numbers perhaps, it tells nothing of them.
        numbered[unique] & (counts == 1),
        streams.exact[low:high].copy(),
        end - first,
        most[unique],
    )


def _weigh(drafts: list[_Draft], background: Background) -> None:
    """Lower the bits of each n-gram to what it is worth: as little as its commonest appearance."""
    for kind in Kind:
        mine = [draft for draft in drafts if draft.kind is kind]
        if not mine:
            continue
        grams = np.concatenate([draft.grams for draft in mine])
        most = np.concatenate([draft.bits for draft in mine])
        _, where, counts = np.unique(grams, return_inverse=True, return_counts=True)
        others = (counts[where] - 1) / max(_SMALL_SET, len(mine))
        with np.errstate(divide="ignore"):
            bits = np.minimum(most, np.minimum(background.grams[kind].bits_of(grams), -np.log2(others)))
        bits = np.maximum(bits, 0).astype(np.float32)
        ends = np.cumsum([len(draft.grams) for draft in mine])
        for draft, part in zip(mine, np.split(bits, ends[:-1]), strict=True):
            draft.bits = part


def _routes(
    drafts: list[_Draft], thresholds: Thresholds, background: Background
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return how each part is looked for: 1 by share, 2 as a whole, 0 not; and the bits of its tokens."""
    routes = np.zeros(len(drafts), np.uint8)
    exact_bits = np.zeros(len(drafts), np.float32)
    for number, draft in enumerate(drafts):
        if draft.bits.sum() * thresholds.share(draft.kind) >= thresholds.least_bits(draft.kind):
            routes[number] = 1
        elif len(draft.exact) >= ANCHOR:
            exact_bits[number] = _surprise(draft.exact, background.surprise[draft.kind])
            routes[number] = 2 * (exact_bits[number] >= thresholds.least_exact_bits(draft.kind))
    return routes, exact_bits


def _surprise(tokens: Hashes, common: Common) -> float:
    """Return how surprising a run of tokens is; a pair that stands in it again is none, as in 0.333333."""
    pairs = gram_hashes(tokens, 2)
    new = np.ones(len(tokens), np.bool_)
    new[1:] = False
    new[1 + np.unique(pairs, return_index=True)[1]] = True
    return float(common.bits_of(tokens)[new].sum())


def _loose_table(drafts: list[_Draft], routes: NDArray[np.uint8], kind: Kind) -> Table:
    chosen = [n for n, draft in enumerate(drafts) if draft.kind is kind and routes[n] == 1]
    sizes = np.array([len(drafts[number].grams) for number in chosen], np.int64)
    if not len(sizes):
        return _empty()
    grams = np.concatenate([drafts[number].grams for number in chosen])
    weights = quantised(np.concatenate([drafts[number].bits for number in chosen]))
    _, where, counts = np.unique(grams, return_inverse=True, return_counts=True)
    kept = (counts[where] <= MOST_PARTS) & (weights > 0)
    starts = np.cumsum(sizes) - sizes
    for place in np.flatnonzero(np.add.reduceat(kept, starts, dtype=np.int64) < LEAST_POSTED).tolist():
        mine = slice(starts[place], starts[place] + sizes[place])
        kept[mine.start + np.argsort(counts[where[mine]], kind="stable")[:LEAST_POSTED]] = True
    parts = np.repeat(np.array(chosen, np.uint32), sizes)
    return Table.build(grams[kept], parts[kept], weights[kept])


def _exact_table(drafts: list[_Draft], routes: NDArray[np.uint8], kind: Kind) -> Table:
    chosen = [n for n, draft in enumerate(drafts) if draft.kind is kind and routes[n] == 2]
    if not chosen:
        return _empty()
    anchors = np.concatenate([gram_hashes(drafts[number].exact[:ANCHOR], ANCHOR) for number in chosen])
    return Table.build(anchors, np.array(chosen, np.uint32), np.zeros(len(chosen), np.uint8))


def _empty() -> Table:
    return Table.build(np.zeros(0, np.uint64), np.zeros(0, np.uint32), np.zeros(0, np.uint8))


def quantised(bits: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return bits as whole sixteenths."""
    return np.round(bits * SCALE).astype(np.uint8)


def _write_parts(
    drafts: list[_Draft],
    routes: NDArray[np.uint8],
    exact_bits: NDArray[np.float32],
    items: Items,
    folder: Path,
) -> None:
    """Write what is known of each part: its n-grams to compare with, and its text."""
    high = np.uint64(32)
    grams, strict, bits, numbered = [], [], [], []
    for draft, route in zip(drafts, routes.tolist(), strict=True):
        kept = draft.exact if route == 2 else draft.grams
        grams.append((kept >> high).astype(np.uint32))
        strict.append(draft.strict if route != 2 else np.zeros(len(kept), np.uint32))
        bits.append(quantised(draft.bits) if route != 2 else np.zeros(len(kept), np.uint8))
        numbered.append(draft.numbered if route != 2 else np.zeros(len(kept), np.bool_))
    arrays: dict[str, NDArray[Any]] = {
        "grams": np.concatenate(grams),
        "strict": np.concatenate(strict),
        "bits": np.concatenate(bits),
        "numbered": np.concatenate(numbered),
        "offsets": np.cumsum([0, *map(len, grams)]),
        "item": np.array([draft.item for draft in drafts], np.uint32),
        "role": np.array([draft.role for draft in drafts], np.uint8),
        "length": np.array([draft.length for draft in drafts], np.uint32),
        "total": np.array([quantised(draft.bits).sum() / SCALE for draft in drafts], np.float32),
        "exact_bits": exact_bits,
    }
    for name, array in arrays.items():
        np.save(folder / f"part-{name}.npy", array)
    _write_texts([draft.written for draft in drafts], folder, "written")
    _write_texts([f"{item.benchmark}\t{item.id}" for item in items.items], folder, "names")


def _write_texts(texts: list[str], folder: Path, name: str) -> None:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    np.save(folder / f"{name}-bytes.npy", np.frombuffer(b"".join(encoded), np.uint8))
    np.save(folder / f"{name}-offsets.npy", np.cumsum([0, *map(len, encoded)]))
