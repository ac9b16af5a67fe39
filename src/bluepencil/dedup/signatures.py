"""First pass: a digest and a MinHash signature of every document."""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bluepencil.dedup.options import DedupOptions
from bluepencil.documents import Document, Outcome, Status
from bluepencil.errors import MissingExtraError

# MinHash's scheme: 32-bit numbers, twice as fast as the older one and as exact (datasketch 2).
SCHEME = "affine32"
# Shingles that are hashed together: with 128 permutations they take 4 MB.
HASHED_TOGETHER = 8192
SEPARATOR = "\x00"

_PIECES = {"tokens": re.compile(r"\w+|[^\w\s]"), "words": re.compile(r"\w+")}


def normalised(text: str) -> str:
    """Return the form in which texts are compared: composed characters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def digest(text: str) -> str:
    """Return what equal normalised texts have in common: BLAKE2b, 16 bytes, as hex."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def shingles(text: str, options: DedupOptions) -> set[str]:
    """Return the shingles of a normalised text; one that is shorter than a shingle is one."""
    size = options.size
    if options.unit == "characters":
        starts = range(max(1, len(text) - size + 1)) if text else range(0)
        return {text[start : start + size] for start in starts}
    pieces = _PIECES[options.unit].findall(text)
    if not pieces:
        return set()
    runs = range(max(1, len(pieces) - size + 1))
    return {SEPARATOR.join(pieces[start : start + size]) for start in runs}


@lru_cache(maxsize=4)
def _first(permutations: int, seed: int) -> Any:
    try:
        from datasketch import MinHash
    except ImportError as error:
        raise MissingExtraError("datasketch", "dedup") from error
    return MinHash(num_perm=permutations, seed=seed, scheme=SCHEME)


def signature(text: str, options: DedupOptions) -> str:
    """Return the MinHash signature of a normalised text in base64; "" for a text without shingles."""
    found = shingles(text, options)
    if not found:
        return ""
    made = _first(options.permutations, options.seed).copy()
    for group in _groups(sorted(found)):
        made.update_batch([one.encode() for one in group])
    return base64.b64encode(made.hashvalues.astype("<u4").tobytes()).decode("ascii")


def _groups(found: Sequence[str]) -> Iterator[Sequence[str]]:
    return (found[start : start + HASHED_TOGETHER] for start in range(0, len(found), HASHED_TOGETHER))


@dataclass(frozen=True, slots=True)
class Signatures:
    """The step that makes one row of each document: `digest` and `signature`."""

    options: DedupOptions

    @property
    def name(self) -> str:
        """Names the step."""
        return "signatures"

    @property
    def fields(self) -> tuple[str, ...]:
        """No field beside the text is read."""
        return ()

    @property
    def row_columns(self) -> Mapping[str, str]:
        """One row per document."""
        return {"digest": "text", "signature": "text"}

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the signatures."""
        return {**self.options.describe_signatures(), "scheme": SCHEME}

    def run(self, documents: Sequence[Document]) -> list[Outcome]:
        """Make the rows."""
        return [self._outcome(document.text) for document in documents]

    def _outcome(self, text: str) -> Outcome:
        same = normalised(text)
        signed = signature(same, self.options) if self.options.near else ""
        return Outcome(Status.UNCHANGED, rows=[{"digest": digest(same), "signature": signed}])
