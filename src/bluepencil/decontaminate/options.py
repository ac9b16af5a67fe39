"""From when on a part of an item counts as found."""

from dataclasses import asdict, dataclass
from typing import Any

from bluepencil.decontaminate.reading import Kind
from bluepencil.errors import OptionError


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on a part of an item counts as found.

    prose_share, code_share: the least share of a part's n-grams, by weight, in one window of the document.
    prose_bits, code_bits: the least worth of the n-grams found; what is worth less is met by chance.
    renamed_bits: the same for code under other names; below twice as many, nearly all must be there.
    prose_exact_bits, code_exact_bits: the least worth of the tokens of a part that is looked for as a whole.
    The values were chosen on one half of the items and of the clean files of `bench/decontaminate.py`.
    """

    prose_share: float = 0.6
    code_share: float = 0.7
    prose_bits: float = 30.0
    code_bits: float = 30.0
    renamed_bits: float = 45.0
    prose_exact_bits: float = 44.0
    code_exact_bits: float = 50.0

    def __post_init__(self) -> None:
        """Refuse shares and bits that nothing or everything passes."""
        for name in ("prose_share", "code_share"):
            if not 0 < getattr(self, name) <= 1:
                raise OptionError(f"{name} must be more than 0 and at most 1, not {getattr(self, name)}")
        for name in ("prose_bits", "code_bits", "renamed_bits", "prose_exact_bits", "code_exact_bits"):
            if getattr(self, name) <= 0:
                raise OptionError(f"{name} must be more than 0, not {getattr(self, name)}")

    def share(self, kind: Kind) -> float:
        """Return the least share for a kind of text."""
        return self.code_share if kind is Kind.CODE else self.prose_share

    def least_bits(self, kind: Kind) -> float:
        """Return the least worth for a kind of text."""
        return self.code_bits if kind is Kind.CODE else self.prose_bits

    def least_exact_bits(self, kind: Kind) -> float:
        """Return the least worth of what is looked for as a whole."""
        return self.code_exact_bits if kind is Kind.CODE else self.prose_exact_bits

    def describe(self) -> dict[str, Any]:
        """Return the values as JSON."""
        return asdict(self)
