"""Between the passes: signatures are read back, duplicates found, and what is to be dropped written down."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bluepencil.dedup.groups import duplicates
from bluepencil.dedup.options import DedupOptions
from bluepencil.documents import Status

COLUMNS = ("file", "position", "of_id", "of_file", "of_position", "similarity", "exact")


def write_plan(folder: Path, target: Path, options: DedupOptions) -> int:
    """Find the duplicates in what the first pass left in `folder`, and write them down in `target`.

    Returns how many there are. Takes about 250 bytes of memory per document (measured, one document in ten a
    near duplicate, 128 permutations); the signatures themselves are in a file that is mapped into memory, 4
    bytes per permutation.
    """
    count = sum(_parquet(path).metadata.num_rows for path in _parts(folder, "data"))
    places = np.empty((count, 2), dtype=np.int64)
    digests = np.empty((count, 2), dtype=np.uint64)
    has_signature = np.zeros(count, dtype=bool)
    width = options.permutations if options.near else 1
    scratch = target.with_suffix(".signatures")
    try:
        signatures = np.lib.format.open_memmap(scratch, "w+", np.uint32, (max(1, count), width))
        _fill(folder, places, digests, signatures, has_signature)
        found = duplicates(digests, signatures, has_signature, options)
    finally:
        scratch.unlink(missing_ok=True)
    _write(folder, target, places, dict(sorted(found.items())))
    return len(found)


def _parts(folder: Path, kind: str) -> list[Path]:
    return sorted((folder / kind).glob("part-*.parquet"))


def _parquet(path: Path) -> Any:
    from pyarrow import parquet

    return parquet.ParquetFile(path)


def _batches(path: Path, columns: list[str]) -> Iterator[Any]:
    with _parquet(path) as file:
        yield from file.iter_batches(8192, columns=columns)


def _fill(folder: Path, places: Any, digests: Any, signatures: Any, has_signature: Any) -> None:
    at = 0
    for path in _parts(folder, "data"):
        for batch in _batches(path, ["digest", "signature"]):
            hexes, texts = (column.to_pylist() for column in batch.columns)
            end = at + len(hexes)
            digests[at:end] = np.frombuffer(bytes.fromhex("".join(hexes)), "<u8").reshape(-1, 2)
            for row, text in enumerate(texts, at):
                if text:
                    signatures[row] = np.frombuffer(base64.b64decode(text), "<u4")
                    has_signature[row] = True
            at = end
    at = 0
    for file, position, _ in _documents(folder):
        places[at : at + len(file), 0] = file
        places[at : at + len(file), 1] = position
        at += len(file)
    assert at == len(places), "the first pass left one row per document"


def _documents(folder: Path) -> Iterator[tuple[Any, Any, Any]]:
    """Yield (files, positions, ids) of the documents of the first pass, a batch at a time, in input order."""
    from pyarrow import compute

    for path in _parts(folder, "ledger"):
        for batch in _batches(path, ["file", "position", "id", "status"]):
            left = batch.filter(compute.equal(batch.column("status"), Status.UNCHANGED.value))
            yield left.column("file").to_numpy(), left.column("position").to_numpy(), left.column("id")


def _write(folder: Path, target: Path, places: Any, found: dict[int, tuple[int, float, bool]]) -> None:
    import pyarrow

    ids = _ids(folder, {of for of, _, _ in found.values()})
    rows = list(found)
    originals = [of for of, _, _ in found.values()]
    columns = [
        pyarrow.array(places[rows, 0], pyarrow.int32()),
        pyarrow.array(places[rows, 1], pyarrow.int64()),
        pyarrow.array([ids[of] for of in originals], pyarrow.string()),
        pyarrow.array(places[originals, 0], pyarrow.int32()),
        pyarrow.array(places[originals, 1], pyarrow.int64()),
        pyarrow.array([similarity for _, similarity, _ in found.values()], pyarrow.float64()),
        pyarrow.array([exact for _, _, exact in found.values()], pyarrow.bool_()),
    ]
    table = pyarrow.Table.from_arrays(columns, names=COLUMNS)
    temporary = target.with_suffix(".tmp")
    with pyarrow.OSFile(str(temporary), "wb") as file, pyarrow.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    temporary.replace(target)


def _ids(folder: Path, wanted: set[int]) -> dict[int, str]:
    """Return the ids of some documents by their numbers."""
    ids: dict[int, str] = {}
    at = 0
    for file, _, names in _documents(folder):
        ids.update({at + row: names[row].as_py() for row in range(len(file)) if at + row in wanted})
        at += len(file)
    return ids
