r"""Turns prose and TeX into one stream of tokens: numbers, operators, relations, names, words, and marks.

Read alike are `3 × 4`, `3 x 4`, `$3 \times 4$` and `\(3\cdot4\)`. What has no plain reading (a function, a
subscript, a set) becomes a MARK, which nothing is computed across: in doubt there is no verdict.
"""

import re
from fractions import Fraction

from bluepencil.rewriting.math_latex import blanked, find_formulas
from bluepencil.rewriting.math_token import NUMBER, OPERATORS, VULGAR, Kind, Token, number_token
from bluepencil.rewriting.math_tokens_tex import formula_tokens

_ANNOTATION = re.compile(r"<<[^<>\n]*>>")
_VERSION = re.compile(
    r"(?<![\d.])(?<!\d,)(?:\d+(?:\.\d+){2,}|\d{4}-\d{1,2}-\d{1,2}(?!\d)"
    r"|\d{1,2}([/-])\d{1,2}\1(?:19|20)\d\d(?!\d)|\d{1,60},\d{1,60}(?!\d)"
    r"|\d{1,2}:\d{2}(?::\d{2})?)"
)
_PROSE_TOKEN = re.compile(
    rf"""(?P<line>\n)
    |(?P<space>[^\S\n]+)
    |(?P<about>≈|≅|~=)
    |(?P<relation>==+|!=|:=|=>|<=|>=|[<>≤≥≠])
    |(?P<equal>=)
    |(?P<number>{NUMBER})
    |(?P<super>[²³])
    |(?P<fraction>[½⅓⅔¼¾⅕⅛])
    |(?P<word>[^\W\d_²³½⅓⅔¼¾⅕⅛]+(?:['’-][^\W\d_²³½⅓⅔¼¾⅕⅛]+)*)
    |(?P<bullet>(?:(?<=\n)|\A)[-*+•](?=[ \t]))
    |(?P<operator>(?<=[\w)])\*\*(?=[\w(-])|(?<=\s)\*\*(?=\s)|(?!\*\*)[-+*/^!%−–×÷·•∙∗⋅✕⁄])
    |(?P<open>[(\[{{])|(?P<close>[)\]}}])
    |(?P<unit>[$€£¥°¢])
    |(?P<bold>\*\*|__)
    |(?P<stop>[,;:.?"“”'’—…|])
    |(?P<mark>.)""",
    re.VERBOSE,
)
_LABELS = (
    r"step|part|case|example|exercise|problem|question|method|equation|eq\.|theorem|lemma|figure|fig\.|table"
    r"|chapter|section|page"
)
_ITEM = re.compile(
    rf"^[ \t]*+(?:#{{1,6}} |[-*+] |\*\*|\()?[ \t]*+(?:(?:{_LABELS}|solution|approach)[ \t]*+)?"
    r"\(?(\d{1,3})(?:[.):][*]*(?=\s|$)|(?=\*\*[:\s]))"
    rf"|\b(?:{_LABELS}|row|line)s?[ \t]+\(?(\d{{1,3}})\b(?:[ \t]+(?:and|to)[ \t]+(\d{{1,3}})\b)?",
    re.IGNORECASE | re.MULTILINE,
)


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text, in order; GSM8K's `<<...>>` annotations are passed over."""
    bare = _ANNOTATION.sub(lambda match: " " * len(match[0]), blanked(text))
    found: list[Token] = []
    position = 0
    for number, span in enumerate(find_formulas(bare).spans, 1):
        found += _prose(bare, position, span.start)
        found += formula_tokens(span, bare, number)
        position = span.end
    found += _prose(bare, position, len(bare))
    return found


def annotations(text: str) -> list[str]:
    """Return what stands in the `<<...>>` of GSM8K."""
    return [match[0][2:-2] for match in _ANNOTATION.finditer(text)]


def _prose(text: str, start: int, end: int) -> list[Token]:
    odd = {
        match.start(): match.end() for match in _VERSION.finditer(text, start, end) if not _grouped(match[0])
    }
    items = {}
    for match in _ITEM.finditer(text, start, end):
        items.update({match.start(group): match.end(group) for group in (1, 2, 3) if match[group]})
    found: list[Token] = []
    position = start
    while position < end:
        known = odd if position in odd else items
        if position in known and known[position] <= end:
            kind = Kind.MARK if known is odd else Kind.ITEM
            found.append(Token(kind, text[position : known[position]], position))
            position = known[position]
            continue
        read = _PROSE_TOKEN.match(text, position, end)
        token = _prose_token(read, found) if read else None
        if token is not None:
            found.append(token)
        position = read.end() if read else position + 1
    return found


def _grouped(text: str) -> bool:
    return re.fullmatch(r"\d{1,3}(?:,\d{3})+", text) is not None


def _prose_token(match: re.Match[str], before: list[Token]) -> Token | None:
    name, text, start = match.lastgroup, match[0], match.start()
    previous = before[-1] if before else None
    touches = previous is not None and previous.start + len(previous.text) == start
    if name == "space":
        return None
    if name == "number":
        glued = touches and previous is not None and previous.kind in (Kind.WORD, Kind.NAME, Kind.MARK)
        if glued and previous is not None and previous.text not in ("x", "X"):
            return Token(Kind.MARK, text, start)
        return number_token(text, start)
    if name == "word":
        return _word(text, start, touches and previous is not None and previous.kind is Kind.NUMBER)
    if name == "operator":
        return Token(Kind.OPERATOR, OPERATORS.get(text, text), start)
    if name == "super":
        # Written as an operator with its number, which is how it is computed.
        before.append(Token(Kind.OPERATOR, "^", start))
        return Token(Kind.NUMBER, text, start, Fraction(2 if text == "²" else 3))
    if name == "fraction":
        return Token(Kind.NUMBER, text, start, VULGAR[text])
    return Token(_PROSE_KINDS[name or "mark"], text, start)


_PROSE_KINDS = {
    "line": Kind.LINE,
    "equal": Kind.EQUAL,
    "about": Kind.ABOUT,
    "open": Kind.OPEN,
    "close": Kind.CLOSE,
    "unit": Kind.UNIT,
    "relation": Kind.RELATION,
    "stop": Kind.STOP,
    "bullet": Kind.STOP,
    "bold": Kind.STOP,
    "mark": Kind.MARK,
}


def _word(text: str, start: int, after_number: bool) -> Token:
    lower = text.lower()
    if lower in ("mod", "remainder", "rem", "r"):
        return Token(Kind.MARK, text, start)
    if lower == "x" or (len(text) == 1 and after_number) or (len(text) == 1 and lower not in ("a", "i")):
        return Token(Kind.NAME, text, start)
    return Token(Kind.WORD, text, start)
