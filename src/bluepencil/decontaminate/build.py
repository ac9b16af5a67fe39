"""Builds the index of benchmark items: read, weigh, sort, save, rename."""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluepencil.corpus.paths import resolve
from bluepencil.decontaminate.background import Background
from bluepencil.decontaminate.hashing import high
from bluepencil.decontaminate.items import MAPS, Against, Items, read_items
from bluepencil.decontaminate.options import Thresholds
from bluepencil.decontaminate.parts import ROLES, Parts, Route, gather
from bluepencil.decontaminate.reading import Kind
from bluepencil.errors import InputError

FORMAT = 4
"""Of the index and of the normalisers: an index of another format is built anew."""
_EXAMPLES = 20
_ROUTES = {Route.TOO_SHORT: "too short", Route.BY_SHARE: "by share", Route.AS_A_WHOLE: "as a whole"}


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
    judged = np.zeros(len(items.items), np.bool_)
    routes: Counter[str] = Counter()
    kinds: list[Parts] = []
    for kind in Kind:
        parts = gather(items.items, kind, background, thresholds)
        parts.loose_table().save(folder, f"{kind}-loose")
        parts.exact_table().save(folder, f"{kind}-exact")
        judged[parts.item[parts.routes != Route.TOO_SHORT]] = True
        pairs = zip(parts.parts, parts.routes.tolist(), strict=True)
        routes.update(f"{part.role} {_ROUTES[Route(route)]}" for part, route in pairs)
        kinds.append(parts)
    if not judged.any():
        raise InputError("every item is too short or too common to be looked for")
    _write_parts(kinds, folder)
    _write_texts([f"{item.benchmark}\t{item.id}" for item in items.items], folder, "names")
    short = np.flatnonzero(~judged).tolist()
    facts = {
        "format": FORMAT,
        "fingerprint": mark,
        "thresholds": thresholds.describe(),
        "benchmarks": items.benchmarks,
        "items": len(items.items),
        "parts": dict(sorted(routes.items())),
        "first_part": {parts.kind: sum(len(one.parts) for one in kinds[:n]) for n, parts in enumerate(kinds)},
        "too_short": len(short),
        "too_short_examples": [
            f"{items.items[number].benchmark} {items.items[number].id}" for number in short[:_EXAMPLES]
        ],
        "odd": dict(items.odd),
    }
    (folder / "index.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _write_parts(kinds: Sequence[Parts], folder: Path) -> None:
    """Write what is known of each part: its n-grams or tokens to compare with, and its text."""
    whole = [high(tokens) for parts in kinds for tokens, _ in parts.whole.values()]
    sizes = np.concatenate([parts.sizes for parts in kinds])
    exact_bits = np.zeros(len(sizes), np.float32)
    exact_place = np.zeros((len(sizes), 2), np.int64)
    base = at = 0
    for parts in kinds:
        for number, (tokens, worth) in parts.whole.items():
            exact_bits[base + number] = worth
            exact_place[base + number] = at, at + len(tokens)
            at += len(tokens)
        base += len(parts.parts)
    arrays: dict[str, Iterable[NDArray[Any]]] = {
        "grams": (high(parts.grams) for parts in kinds),
        "strict": (parts.strict for parts in kinds),
        "bits": (parts.weights for parts in kinds),
        "numbered": (parts.numbered for parts in kinds),
        "item": (parts.item for parts in kinds),
        "length": (parts.length for parts in kinds),
        "total": (parts.totals for parts in kinds),
        "unposted": (parts.unposted for parts in kinds),
        "role": (np.array([ROLES.index(one.role) for one in parts.parts], np.uint8) for parts in kinds),
        "offsets": [np.concatenate([[0], np.cumsum(sizes)])],
        "exact_bits": [exact_bits],
        "exact_place": [exact_place],
        "exact_tokens": whole or [np.zeros(0, np.uint32)],
    }
    for name, pieces in arrays.items():
        np.save(folder / f"part-{name}.npy", np.concatenate(list(pieces)))
    _write_texts([one.written for parts in kinds for one in parts.parts], folder, "written")


def _write_texts(texts: Sequence[str], folder: Path, name: str) -> None:
    """Write texts one after the other, and where each begins."""
    sizes = [len(text.encode("utf-8", "surrogatepass")) for text in texts]
    offsets = np.cumsum([0, *sizes])
    np.save(folder / f"{name}-offsets.npy", offsets)
    with (folder / f"{name}-bytes.npy").open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (int(offsets[-1]),)}
        np.lib.format.write_array_header_1_0(file, header)
        file.writelines(text.encode("utf-8", "surrogatepass") for text in texts)
