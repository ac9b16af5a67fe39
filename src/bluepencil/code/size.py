"""How long a text is, and whether it is too short or too long."""

from dataclasses import dataclass
from enum import StrEnum

from bluepencil.errors import OptionError


class SizeReason(StrEnum):
    """What is wrong with the size of a text."""

    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    TOO_MANY_LINES = "too-many-lines"


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """Limits of a text, each included; 0 is no limit.

    SwallowCode's second version drops files of more than 20,480 or 40,960 characters; the first has no limit
    for files, and drops rewritten ones of 50 characters or fewer.
    """

    min_characters: int = 1
    max_characters: int = 40_960
    max_lines: int = 0

    def __post_init__(self) -> None:
        if min(self.min_characters, self.max_characters, self.max_lines) < 0:
            raise OptionError("a limit of size must not be negative")
        if 0 < self.max_characters < self.min_characters:
            raise OptionError("max_characters is below min_characters")


def check_size(text: str, limits: SizeLimits) -> SizeReason | None:
    """Return what is wrong with the size of a text; white space at its ends does not count as text."""
    if len(text.strip()) < limits.min_characters:
        return SizeReason.TOO_SHORT
    if 0 < limits.max_characters < len(text):
        return SizeReason.TOO_LONG
    if 0 < limits.max_lines < text.count("\n") + (not text.endswith("\n")):
        return SizeReason.TOO_MANY_LINES
    return None
