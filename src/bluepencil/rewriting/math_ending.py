"""Says whether a text is finished: one that was cut off ends in the middle of something."""

import re

_SOUND_END = re.compile(
    r"(?:[.!?。！？।…]|\.\.\.)[\"'”’»)\]*_$]*$"  # a sentence, perhaps in quotation marks, brackets or bold
    r"|(?:\$|\\\]|\\\)|\}|\)|\])[*_.]*$"  # a formula, a box, a bracket
    r"|[\d%°′″)][*_]*$"  # a number
    r"|(?:```|~~~|\|)$"  # code, a row of a table
    r"|[∎□■✓✔]$"
)
_ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)])\s+\S.*|.*\|")
_FINAL = re.compile(
    r"####\s*\S.*"
    r"|.*\b(?:answer|therefore|thus|hence|so|total)\b[^.]{0,80}(?:[=:]|\bis\b)\s*\S*[\d}$]\S*(?:\s[^\W\d_]+){0,3}",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"#{1,6}(?:\s.*)?|(?:\*\*|__)?(?:Step|Part|Case)\s*\d*[.:]?(?:\*\*|__)?[.:]?", re.IGNORECASE
)
_HANGING = re.compile(
    r"(?:[,;:=+\-*/×÷<>≤≥≈(\[{&^_\\]|\b(?:and|or|the|a|an|of|to|is|are|by|with|so|then|that|which|we|for|in|as|if|"
    r"from|because|since|where|therefore|thus|hence|equals|times|plus|minus|have|has|get|was|this|each|their|his|her|at|on))$",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://\S+$")
_QED = re.compile(r"\b(?:q\.?e\.?d\.?|end of proof)\s*$", re.IGNORECASE)


def unfinished(text: str, source: str = "") -> str:
    """Return why a text looks cut off, or "" where it does not.

    An end without a full stop is sound after a formula, a number, an item of a list, a row of a table, a line
    that states an answer, and units after a number; not if the last word is a part of one of the `source`.
    """
    text = text.rstrip()
    last = text[text.rfind("\n") + 1 :].strip()
    shown = repr(last[-60:])
    if len(re.findall(r"^(?:```|~~~)", text, re.MULTILINE)) % 2:
        return "a block of code is not closed"
    if text.endswith(("...", "…")):
        return "the text ends in dots"
    if (
        (_HEADING.fullmatch(last) and not last.startswith("####"))
        or last in ("$", "$$", "**")
        or last.count("**") % 2
    ):
        return f"nothing follows the last heading or mark: {shown}"
    if _QED.search(last) or _LINK.search(last):
        return ""
    if _HANGING.search(last) and not last.endswith(("**", "--", "|-")):
        return f"the text ends in the middle of something: {shown}"
    if _SOUND_END.search(last):
        return ""
    if not (_ITEM.fullmatch(last) or _FINAL.fullmatch(last) or _is_label(last)) or _is_cut_word(last, source):
        return f"the text ends in the middle of a sentence: {shown}"
    return ""


def _is_cut_word(line: str, source: str) -> bool:
    """Say whether the last word is no word of the source but the beginning of one."""
    match = re.search(r"[^\W\d_]+$", line)
    if match is None or not source:
        return False
    words = set(re.findall(r"[^\W\d_]+", source.casefold()))
    cut = match[0].casefold()
    return cut not in words and any(word.startswith(cut) for word in words)


def _is_label(line: str) -> bool:
    """Say whether a line is a short statement without a full stop, such as "Total: 72 dollars"."""
    words = line.split()
    return (
        bool(words)
        and len(words) <= 24
        and (
            re.search(r"[=:≈]\s*\S+(?:\s+\S+){0,3}$", line) is not None
            or re.search(r"\d[\d,.]*\s+[^\W\d_]+(?:\s+[^\W\d_]+){0,5}$", line) is not None
        )
    )
