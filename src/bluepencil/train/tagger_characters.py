"""Makes the table of characters that the tagger reads with: `python -m bluepencil.train.tagger_characters`.

Run it only to take up a newer Unicode: trained weights belong to the table they were trained with.
"""

import unicodedata
from pathlib import Path

import numpy as np

from bluepencil.refiners import tagger_tokens as tokens

_MARKS = {
    tokens.STOP: ".!?。！？…।؟‼⁇⁈⁉︒．｡",
    tokens.COMMA: ",;、，；،؛",
    tokens.COLON: ":：",
    tokens.QUOTE: "\"'“”„‟’‘‚‛`´「」『』‹›",
    tokens.BAR: "|/\\•·»«>→←↑↓▶►▸▪■□●○★☆¦‖❯❮✓✔",
    tokens.DASH: "-‐‑‒–—―",
    tokens.BRACKET: "()[]{}<（）【】《》〈〉",
    tokens.SIGN: "@#_=&%+~$€£¥§©®™*^°",
}
_SPACELESS = [(0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF)]
_SPACELESS += [(0xF900, 0xFAFF), (0x20000, 0x3FFFF)]


def character_class(code: int) -> int:
    """Return the kind of a code point."""
    character, category = chr(code), unicodedata.category(chr(code))
    if code == 0x0A:
        return tokens.BREAK
    for number, marks in _MARKS.items():
        if character in marks:
            return number
    if any(first <= code <= last for first, last in _SPACELESS) and category[0] in "LM":
        return tokens.IDEOGRAPH
    simple = {"Lu": tokens.UPPER, "Lt": tokens.UPPER, "Ll": tokens.LOWER, "Nd": tokens.DIGIT}
    if category in simple:
        return simple[category]
    if category[0] in "LM" or category == "Cf":
        return tokens.LETTER
    return tokens.SPACE if category[0] == "Z" or category == "Cc" else tokens.OTHER


def lower_case(code: int, kind: int) -> int:
    """Return what a code point is hashed as: one lower-case character, 0 for every digit."""
    if kind == tokens.DIGIT:
        return ord("0")
    lowered = chr(code).lower()
    return ord(lowered) if len(lowered) == 1 else code


def main() -> None:
    """Write the table beside the weights."""
    classes = [character_class(code) for code in range(tokens.TABLE_SIZE)]
    lower = [lower_case(code, kind) for code, kind in enumerate(classes)]
    target = Path(tokens.__file__).parent / "weights" / "characters.npz"
    lower_by = [low - code for code, low in enumerate(lower)]
    np.savez_compressed(target, classes=np.array(classes, np.uint8), lower_by=np.array(lower_by, np.int32))


if __name__ == "__main__":
    main()
