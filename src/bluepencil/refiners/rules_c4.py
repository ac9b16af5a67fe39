"""The line rules and the page rules of C4.

Source: C. Raffel et al., "Exploring the limits of transfer learning with a unified text-to-text
transformer", JMLR 21 (2020), section 2.2, and the reference code, `c4_utils.py` of TensorFlow Datasets. A
line stays that ends in terminal punctuation and not in an ellipsis, has five words or more, none of more than
1,000 characters, and does not mention Javascript or a policy. Two things are wider than in the reference:
typographic and single closing quotes count like the straight double one, and in scripts without spaces
characters count as words and there are other full stops.

Not here: the bad-word list, the least number of sentences per page, and citation marks, which the reference
cuts out of the lines that stay (here lines are judged without them: "text.[1]" ends in a full stop).
"""

import re
from collections.abc import Sequence

_ENDS = frozenset(".?!\"'”’")
_UNSPACED_ENDS = frozenset("。｡？！」』”.?!។။")
_LEAST_WORDS = 5
_LONGEST_WORD = 1000
# The phrases of the reference, by a word that is looked for first: in the bytes of the text, because bytes
# are lowered three times as fast as a string that is not ASCII.
_BANNED = {
    b"javascript": ("javascript",),
    b"terms of use": ("terms of use",),
    b"policy": ("privacy policy", "cookie policy"),
    b"cookies": ("uses cookies", "use of cookies", "use cookies"),
}
_CITATION = re.compile(r"\[\d*]|\[edit]|\[citation needed]")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)


def line_verdicts(text: str, lines: Sequence[str]) -> list[bool]:
    r"""Say of each line whether C4 keeps it; `lines` are those of the text, separated by "\n" only."""
    bare_lines = [line.rstrip() for line in lines]
    verdicts = [
        bare[-1:] in _ENDS and len(bare.split(None, _LEAST_WORDS - 1)) == _LEAST_WORDS and bare[-3:] != "..."
        for bare in bare_lines
    ]
    _look_closer(text, bare_lines, verdicts)
    lower = text.encode("utf-8", "surrogatepass").lower()
    banned = [phrase for word, phrases in _BANNED.items() if word in lower for phrase in phrases]
    if banned:
        for number, line in enumerate(lines):
            if verdicts[number]:
                low = line.lower()
                verdicts[number] = not any(phrase in low for phrase in banned)
    return verdicts


def _look_closer(text: str, bare_lines: Sequence[str], verdicts: list[bool]) -> None:
    """Correct the verdicts on what is rare: scripts without spaces, citations, very long lines."""
    if not text.isascii():
        for number, bare in enumerate(bare_lines):
            if not bare.isascii() and not verdicts[number]:
                verdicts[number] = _is_unspaced_sentence(bare)
    if "]" in text:
        for number, bare in enumerate(bare_lines):
            if "]" in bare and (cut := _CITATION.sub("", bare).rstrip()) != bare:
                verdicts[number] = _is_sentence(cut) or _is_unspaced_sentence(cut)
    if max(map(len, bare_lines)) > _LONGEST_WORD:
        for number, bare in enumerate(bare_lines):
            if verdicts[number] and len(bare) > _LONGEST_WORD:
                verdicts[number] = not _has_too_long_word(bare)


def is_banned_page(lines: Sequence[str], verdicts: Sequence[bool]) -> bool:
    """Whether a line that stays makes C4 drop the page: a curly bracket, or "lorem ipsum" in any case."""
    for line, kept in zip(lines, verdicts, strict=True):
        if kept and ("{" in line or "lorem ipsum" in line.lower()):
            return True
    return False


def _is_sentence(bare: str) -> bool:
    return bare[-1:] in _ENDS and bare[-3:] != "..." and len(bare.split()) >= _LEAST_WORDS


def _is_unspaced_sentence(bare: str) -> bool:
    return bare[-1:] in _UNSPACED_ENDS and len(_UNSPACED.findall(bare)) >= _LEAST_WORDS


def _has_too_long_word(bare: str) -> bool:
    """Whether a word is too long; a run of a script without spaces is many words."""
    return any(len(word) > _LONGEST_WORD and not _UNSPACED.search(word) for word in bare.split())
