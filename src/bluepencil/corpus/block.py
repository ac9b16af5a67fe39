"""A block: some consecutive records of an input, as a step sees them and as a writer writes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bluepencil.documents import Document

KEPT_ASIDE_BYTES = 1 << 20
"""How much of a bad record the ledger keeps; its place tells where the rest is."""

BLOCK_DOCUMENTS = 512
"""Documents in a block: enough to share the cost of a call, few enough to keep memory flat."""

BLOCK_BYTES = 8 << 20
"""A block ends early once its records hold this much."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is no document: the reason code, a sentence, and what there is of its bytes."""

    reason: str
    detail: str
    raw: bytes = b""

    def cut(self) -> "BadRecord":
        """Return the record with no more bytes than are kept aside."""
        if len(self.raw) <= KEPT_ASIDE_BYTES:
            return self
        note = f"{self.detail} (the first {KEPT_ASIDE_BYTES} of {len(self.raw)} bytes are kept here)"
        return BadRecord(self.reason, note, self.raw[:KEPT_ASIDE_BYTES])


@dataclass(frozen=True, slots=True)
class SkippedRecord:
    """A sound record that holds no document, such as an image in a web archive; it is dropped and counted."""

    reason: str
    detail: str


Record = Document | BadRecord | SkippedRecord

Kept = Sequence[tuple[int, str | None]]
"""The records to write: index in the block, and the new text, or None where the source text stays."""


def grouped(sizes: Iterable[int], unit_bytes: int) -> list[tuple[int, int]]:
    """Return runs of consecutive items of about `unit_bytes` together, as (first, last + 1)."""
    groups: list[tuple[int, int]] = []
    first = total = count = 0
    for count, size in enumerate(sizes, 1):
        total += size
        if total >= unit_bytes:
            groups.append((first, count))
            first, total = count, 0
    if first < count:
        groups.append((first, count))
    return groups


class Block(Protocol):
    """Consecutive records. `positions` are where they start: a byte offset or a row number."""

    @property
    def positions(self) -> Sequence[int]:
        """Where each record starts in its file: bytes (after decompression), or rows in Parquet."""
        ...

    @property
    def records(self) -> Sequence[Record]:
        """The records, in input order."""
        ...

    def json_lines(self, kept: Kept) -> bytes:
        """Return the kept records as JSON lines, all fields carried through."""
        ...

    def table(self, kept: Kept, schema: Any) -> Any:
        """Return the kept records as a pyarrow.Table with `schema`, all fields carried through."""
        ...
