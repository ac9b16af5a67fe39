"""What an expert did beside deleting: differences that no deletion explains, each of a named kind."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a difference is. Stored and counted, so a kind keeps its name."""

    INSERTED = "inserted"
    REPLACED = "replaced"
    # The words are those of the source, but elsewhere.
    MOVED = "moved"
    # Two lines became one, or one two.
    JOINED_LINES = "joined-lines"
    SPLIT_LINES = "split-lines"
    # The same words, written in another way.
    CASE = "case"
    MOJIBAKE = "mojibake"
    PUNCTUATION = "punctuation"
    WHITE_SPACE = "white-space"
    UNICODE_FORM = "unicode-form"


@dataclass(frozen=True, slots=True)
class Difference:
    """The characters from `start` to `end` of the source (none: an insertion) stand as `text` in the refined.

    They remain in the target: a deletion cannot do what the expert did.
    """

    kind: Kind
    start: int
    end: int
    text: str

    @property
    def length(self) -> int:
        """The number of characters of the longer side."""
        return max(self.end - self.start, len(self.text))


# Other ways to write the same sign: quotes, dashes, an ellipsis.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´`ʼ‹›", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "…": "...",
    }
)

# What the first byte of a character of two bytes or more looks like when it is read as Latin-1.
_LEAD = re.compile("[\u00c2-\u00f4]")


def plain(text: str) -> str:
    """Return the text with quotes, dashes and ellipses as on a typewriter, in one case."""
    return text.translate(_SIGNS).casefold()


def repaired(text: str) -> str:
    """Return the text with UTF-8 that was read as Windows-1252 or Latin-1 read again; or as it is."""
    if not _LEAD.search(text):
        return text
    try:
        return b"".join(map(_byte, text)).decode()
    except UnicodeError:
        return text


def _byte(character: str) -> bytes:
    """Return the byte that was read as the character; Windows-1252 leaves five bytes to Latin-1."""
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def kind_of(old: str, new: str) -> Kind:
    """Name the difference between two strings that are not equal."""
    if not old:
        return Kind.INSERTED if new.strip() else Kind.WHITE_SPACE
    if "".join(old.split()) == "".join(new.split()):
        return Kind.WHITE_SPACE
    if old.casefold() == new.casefold():
        return Kind.CASE
    if _is_repair(old, new):
        return Kind.MOJIBAKE
    if _dashes(plain(old)) == _dashes(plain(new)):
        return Kind.PUNCTUATION
    if unicodedata.normalize("NFKC", old) == unicodedata.normalize("NFKC", new):
        return Kind.UNICODE_FORM
    return Kind.REPLACED


def _dashes(text: str) -> str:
    return re.sub("--+", "-", "".join(text.split()))


def _is_repair(old: str, new: str) -> bool:
    if old.isascii():
        return False
    if "\ufffd" in old:
        lost = re.escape(old).replace("\ufffd", "[^\x00-\x7f]{1,3}")
        return re.fullmatch(lost, new) is not None
    better = repaired(old)
    return better != old and plain(better) == plain(new)
