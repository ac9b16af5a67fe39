"""What counts as a duplicate."""

from dataclasses import asdict, dataclass
from typing import Any

from bluepencil.errors import OptionError

UNITS = ("tokens", "words", "characters")
# A pair as similar as the threshold is compared with at least this probability; more similar ones with more.
FOUND_AT_THRESHOLD = 0.95


@dataclass(frozen=True, slots=True)
class DedupOptions:
    """What counts as a duplicate.

    Texts are compared in Unicode's composed form, with each run of white space as one space. Equal ones are
    exact duplicates. Near ones share a part of at least `threshold` of their shingles (the Jaccard similarity
    of the two sets), as estimated by MinHash; with 128 permutations a similarity of 0.85 is estimated with a
    standard error of 0.03.

    near: look for near duplicates as well as exact ones.
    threshold: similarity from which on a document is a near duplicate.
    unit: what shingles are made of: "tokens" (words and single signs, right for code), "words", "characters".
    size: units in a shingle.
    permutations: numbers in a signature; each takes 4 bytes.
    seed: chooses the permutations.
    """

    near: bool = True
    threshold: float = 0.85
    unit: str = "tokens"
    size: int = 5
    permutations: int = 128
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise OptionError(f"the threshold must lie between 0 and 1, not {self.threshold:g}")
        if self.unit not in UNITS:
            raise OptionError(f"shingles are made of {', '.join(UNITS)}, not of {self.unit!r}")
        if self.size < 1 or not 2 <= self.permutations <= 4096:
            raise OptionError("the size must be at least 1, and the permutations from 2 to 4096")

    @property
    def bands(self) -> tuple[int, int]:
        """How signatures are cut for finding candidates: bands, and numbers in each.

        Two documents are compared if all numbers of one band agree, which happens with the probability
        1 - (1 - similarity^rows)^bands. The rows are as many as leave `FOUND_AT_THRESHOLD` at the threshold.
        """
        for rows in range(self.permutations, 1, -1):
            bands = self.permutations // rows
            if 1 - (1 - self.threshold**rows) ** bands >= FOUND_AT_THRESHOLD:
                return bands, rows
        return self.permutations, 1

    def describe(self) -> dict[str, Any]:
        """Return what decides the result."""
        options = asdict(self)
        return options if self.near else {"near": False}

    def describe_signatures(self) -> dict[str, Any]:
        """Return what decides the signatures: another threshold needs no others."""
        return {name: value for name, value in self.describe().items() if name != "threshold"}
