"""In which scripts the comments and strings of a source file are written.

Letters tell the script, by the names that Unicode gives them (Unicode Character Database, as Python's
`unicodedata` has it): LATIN SMALL LETTER E WITH ACUTE is Latin. Everything else is neutral: digits,
punctuation of any width, quotes, dashes, arrows, emoji, combining marks, and letters that are symbols, like
the ohm sign or mathematical alphabets. A single Greek letter between others is a symbol, too.

A script is not a language: French and English are both Latin here.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bluepencil.code.languages import language

KANA = ("hiragana", "katakana")
ENGLISH_OR_JAPANESE = ("latin", "japanese")
"""What SwallowCode keeps in its ablation, as far as scripts tell (arXiv 2505.02881, section 3.3)."""

# First words of character names that do not name a script themselves.
_SCRIPT_OF_WORD = {
    "CJK": "han",
    "IDEOGRAPHIC": "han",
    "HALFWIDTH": "",
    "FULLWIDTH": "",
    "MATHEMATICAL": "symbol",
    "MICRO": "symbol",
    "OHM": "symbol",
    "KELVIN": "symbol",
    "ANGSTROM": "symbol",
    "FEMININE": "latin",
    "MASCULINE": "latin",
    "MODIFIER": "symbol",
    "SUPERSCRIPT": "symbol",
    "SUBSCRIPT": "symbol",
    "DOUBLE-STRUCK": "symbol",
    "SCRIPT": "symbol",
    "BLACK-LETTER": "symbol",
    "INFORMATION": "symbol",
    "EULER": "symbol",
    "TURNED": "symbol",
    "ALEF": "symbol",
    "BET": "symbol",
    "KATAKANA-HIRAGANA": "symbol",
    "OLD": "",
    "NEW": "",
    "ROTATED": "symbol",
}


@lru_cache(maxsize=65536)
def script(character: str) -> str:
    """Return the script of a letter in lower case: `latin`, `han`, `cyrillic`; "" for what is no letter."""
    if not unicodedata.category(character).startswith("L"):
        return ""
    words = unicodedata.name(character, "").split(" ")
    named = _SCRIPT_OF_WORD.get(words[0], words[0].lower() if words[0] else "unknown")
    if not named and len(words) > 1:
        named = _SCRIPT_OF_WORD.get(words[1], words[1].lower())
    return "" if named == "symbol" else named


@dataclass(frozen=True, slots=True)
class Scripts:
    """How many letters of comments and strings are of each script."""

    letters: dict[str, int]

    @property
    def total(self) -> int:
        """All letters."""
        return sum(self.letters.values())

    def outside(self, allowed: Iterable[str]) -> float:
        """Return the share of letters that are of no allowed script: 0 to 1; 0 where there are no letters.

        `japanese` allows both kana, and Chinese characters beside them; without kana they are Chinese.
        """
        scripts = set(allowed)
        if "japanese" in scripts:
            scripts.update(KANA)
            if any(self.letters.get(kana) for kana in KANA):
                scripts.add("han")
        foreign = sum(count for name, count in self.letters.items() if name not in scripts)
        return foreign / self.total if self.total else 0.0


def count_scripts(texts: Iterable[str]) -> Scripts:
    """Count the letters of some texts by script."""
    letters: Counter[str] = Counter()
    for text in texts:
        if text.isascii():
            letters["latin"] += sum(map(str.isalpha, text))
        else:
            letters.update(_letters(unicodedata.normalize("NFC", text)))
    return Scripts({name: count for name, count in letters.items() if count})


def _letters(text: str) -> Counter[str]:
    """Count the letters of one text; a Greek letter that stands alone among others is a symbol."""
    found = [script(character) for character in text]
    letters = Counter(found)
    del letters[""]
    if "greek" in letters:
        around = ["", *found, ""]
        alone = sum(
            name == "greek" and around[place] != "greek" and around[place + 2] != "greek"
            for place, name in enumerate(found)
        )
        letters["greek"] -= alone
    return letters


def scripts_of(text: str, name: str = "python") -> Scripts:
    """Count the letters of a source file's comments and strings by script."""
    return count_scripts(prose.text for prose in language(name).prose(text))
