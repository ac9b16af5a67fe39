r"""Reads TeX as tokens: groups become brackets, fractions divisions; what has no plain reading is a mark."""

import re
from fractions import Fraction
from math import comb

from bluepencil.rewriting.math_latex import Span
from bluepencil.rewriting.math_token import NUMBER, OPERATORS, Kind, Token, number_token
from bluepencil.rewriting.math_words import words

_TEX_TOKEN = re.compile(
    rf"""(?P<command>\\(?:[A-Za-z]+\*?|.))
    |(?P<space>\s+|~)
    |(?P<number>{NUMBER})
    |(?P<name>[A-Za-z])
    |(?P<equal>=)
    |(?P<about>≈)
    |(?P<mark_two>!!)
    |(?P<operator>[-+*/^!%−–×÷·⋅])
    |(?P<open>[(\[{{])|(?P<close>[)\]}}])
    |(?P<unit>[$€£°])
    |(?P<relation>[<>≤≥≠])
    |(?P<stop>[,;.?])
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_TEX_OPERATORS = {r"\times": "*", r"\cdot": "*", r"\div": "/"}
_TEX_UNIT = frozenset({r"\circ", r"\degree", r"\$", r"\pounds", r"\euro", r"\textdollar"})
_TEX_TEXT = frozenset(
    rf"\{name}"
    for name in ("text", "textbf", "textit", "mbox", "hbox", "mathrm", "textrm", "operatorname", "intertext")
)
_TEX_ABOUT = frozenset({r"\approx", r"\doteq", r"\simeq"})
# Environments whose rows are lines, in contrast to those that are one object, such as matrices.
_ROWS = frozenset(
    {"align", "aligned", "gather", "gathered", "split", "eqnarray", "alignat", "alignedat", "multline"}
)
_DEPTH = 40


def formula_tokens(span: Span, text: str, number: int) -> list[Token]:
    """Return the tokens of a formula, the `number`-th of the text; a displayed one has its own lines."""
    source = text[span.start : span.end]
    reader = _Tex(span.tex, span.start + max(0, source.find(span.tex)), number)
    found = reader.read()
    if source.startswith(("$$", r"\[", r"\begin")):
        first, last = (Token(Kind.LINE, "", place, formula=number) for place in (span.start, span.end))
        return [first, *found, last]
    return found


class _Tex:
    """Reads one formula; groups become brackets, fractions divisions."""

    def __init__(self, tex: str, start: int, formula: int) -> None:
        # Thousands are set as 1{,}000 and 1,\!000; neither changes the positions by much.
        self.tex = re.sub(r"(?<=\d)(?:\{,\}|,\\!)(?=\d{3})", ",", tex)
        self.start = start
        self.formula = formula
        self.position = 0
        self.at = 0  # where the token begins that is being read
        self.objects = 0  # matrices and the like that are open: their rows are no lines

    def read(self) -> list[Token]:
        """Return the tokens of the whole."""
        found: list[Token] = []
        while self.position < len(self.tex):
            found += self._one(0, found)
        return found

    def _token(self, kind: Kind, text: str, value: Fraction = Fraction(0)) -> Token:
        return Token(kind, text, self.start + self.at, value, self.formula)

    def _one(self, depth: int, before: list[Token]) -> list[Token]:
        """Read one token, or one command with its arguments."""
        self.at = self.position
        match = _TEX_TOKEN.match(self.tex, self.position)
        if match is None:
            self.position += 1
            return []
        name, text = match.lastgroup, match[0]
        token = self._token
        made: list[Token] = []
        if name == "command":
            self.position = match.end()
            return self._command(text, depth)
        if name == "number":
            # "(48,156)" is a pair, or its greatest common divisor.
            if "," in text and self._is_pair(match):
                made = [token(Kind.MARK, text)]
            else:
                made = [number_token(text, self.start + self.position, self.formula)]
        elif text == "^":
            self.position = match.end()
            return [token(Kind.OPERATOR, text), *self._exponent(depth)]
        elif name == "operator":
            made = [token(Kind.OPERATOR, OPERATORS.get(text, text))]
        elif text == "{":
            return self._group(depth)
        elif name == "mark" and text == "_":
            self.position = match.end()
            return [token(Kind.MARK, text), *self._argument(depth)]
        elif name == "mark" and text in "&'":
            made = []
        elif name not in ("space", None):
            made = [token(_TEX_KINDS[name], text)]
        self.position = match.end()
        return made

    def _is_pair(self, match: re.Match[str]) -> bool:
        before = self.tex[match.start() - 1 : match.start()]
        return before in ("(", "[") and self.tex[match.end() : match.end() + 1] in (")", "]")

    def _group(self, depth: int) -> list[Token]:
        r"""Read `{...}` as a bracket, unless it holds one token or is too deep."""
        token = self._token
        opening = token(Kind.OPEN, "(")
        self.position += 1
        inside: list[Token] = []
        if depth > _DEPTH:
            return [token(Kind.MARK, "{")]
        while self.position < len(self.tex) and self.tex[self.position] != "}":
            inside += self._one(depth + 1, inside)
        self.position += 1
        if len(inside) <= 1:
            return inside
        return [opening, *inside, token(Kind.CLOSE, ")")]

    def _argument(self, depth: int) -> list[Token]:
        """Read one argument of a command: a group, a command, or one character."""
        while self.position < len(self.tex) and self.tex[self.position].isspace():
            self.position += 1
        if self.position >= len(self.tex):
            return []
        character = self.tex[self.position]
        if character == "{":
            return self._group(depth)
        if character.isdigit():
            digit = self._token(Kind.NUMBER, character, Fraction(int(character)))
            self.position += 1
            return [digit]
        if depth > _DEPTH:
            self.position += 1
            return [self._token(Kind.MARK, character)]
        return self._one(depth + 1, [])

    def _exponent(self, depth: int) -> list[Token]:
        """Read an exponent: x^20 sets only the 2 as one, and means 20; but in 3^25^2 two powers follow."""
        digits = re.compile(r"\s*(\d{2,})(?!\s*\^)").match(self.tex, self.position)
        if digits is None:
            return self._argument(depth)
        self.position = digits.end()
        return [number_token(digits[1], self.start + digits.start(1), self.formula)]

    def _skipped_argument(self, depth: int) -> None:
        self._argument(depth)

    def _command(self, name: str, depth: int) -> list[Token]:
        token = self._token
        if name in _TEX_OPERATORS:
            return [token(Kind.OPERATOR, _TEX_OPERATORS[name])]
        if name == "\\ " or name[1:] in words("tex-layout"):
            return self._spacing(name)
        if name in _TEX_UNIT:
            return [token(Kind.UNIT, name)]
        if name == r"\%":
            return [token(Kind.OPERATOR, "%")]
        if name in (r"\\", r"\newline", r"\cr"):
            self._optional()
            return [token(Kind.MARK if self.objects else Kind.LINE, name)]
        if name in _TEX_ABOUT:
            return [token(Kind.ABOUT, name)]
        if name[1:] in words("tex-relations"):
            return [token(Kind.RELATION, name)]
        if name in _TEX_TEXT:
            return self._text()
        return self._structure(name, depth)

    def _spacing(self, name: str) -> list[Token]:
        if name in (r"\left", r"\right") and self.tex[self.position : self.position + 1] == ".":
            self.position += 1
        if name in (r"\quad", r"\qquad"):
            return [self._token(Kind.STOP, name)]
        return []

    def _structure(self, name: str, depth: int) -> list[Token]:
        """Read fractions, roots, boxes, binomials; everything else is a mark."""
        token = self._token
        if name in (r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"):
            return self._fraction(depth)
        if name == r"\sqrt":
            degree = self._optional()
            inside = self._argument(depth)
            if degree:
                read = _Tex(degree, self.start + self.at, self.formula).read()
                return [token(Kind.MARK, name), *read, *inside]
            return [token(Kind.NAME, "sqrt"), token(Kind.OPEN, "("), *inside, token(Kind.CLOSE, ")")]
        if name in (r"\boxed", r"\fbox", r"\cancel", r"\underline", r"\color"):
            inside = self._argument(depth)
            return [] if name == r"\color" else [token(Kind.OPEN, "("), *inside, token(Kind.CLOSE, ")")]
        if name in (r"\binom", r"\dbinom", r"\tbinom"):
            return self._binomial(depth)
        if name in (r"\pmod", r"\bmod", r"\mod"):
            return [token(Kind.MARK, name), *(self._argument(depth) if name == r"\pmod" else [])]
        if name in (r"\begin", r"\end"):
            return self._environment(name)
        if name in (r"\hspace", r"\vspace", r"\kern", r"\phantom"):
            self._skipped_argument(depth)
            return []
        return [token(Kind.MARK, name)]

    def _environment(self, name: str) -> list[Token]:
        match = re.compile(r"\s*\{([^{}]*)\}").match(self.tex, self.position)
        if match is None:
            return [self._token(Kind.MARK, name)]
        self.position = match.end()
        if match[1].rstrip("*") in _ROWS:
            return [self._token(Kind.LINE, name)]
        self.objects = max(0, self.objects + (1 if name == r"\begin" else -1))
        return [self._token(Kind.MARK, name)]

    def _fraction(self, depth: int) -> list[Token]:
        opening = self._token(Kind.OPEN, "frac")
        above, below = self._argument(depth), self._argument(depth)
        if not above or not below:
            return [self._token(Kind.MARK, "frac")]
        middle, closing = self._token(Kind.OPERATOR, "/"), self._token(Kind.CLOSE, ")")
        return [opening, *_bracketed(above), middle, *_bracketed(below), closing]

    def _binomial(self, depth: int) -> list[Token]:
        above, below = self._argument(depth), self._argument(depth)
        small = [part[0].value for part in (above, below) if len(part) == 1 and part[0].kind is Kind.NUMBER]
        if len(small) != 2 or any(one.denominator != 1 or one > 200 for one in small):
            return [self._token(Kind.MARK, "binom"), *above, *below]
        value = Fraction(comb(int(small[0]), int(small[1])))
        return [self._token(Kind.NUMBER, "binom", value)]

    def _text(self) -> list[Token]:
        r"""Read `\text{...}` as words."""
        match = re.compile(r"\s*\{([^{}]*)\}").match(self.tex, self.position)
        if match is None:
            return [self._token(Kind.MARK, "text")]
        self.position = match.end()
        said = re.findall(r"[^\W\d_]+|\d+|\S", match[1])
        if not all(word.isalpha() or word in ".,/$%²³" for word in said):
            return [self._token(Kind.MARK, match[1])]
        if self.tex.startswith("^", self.position):  # square metres
            self.position += 1
            self._argument(_DEPTH)
        kind = Kind.MARK if {"R", "r", "remainder", "mod"} & set(said) else Kind.WORD
        return [self._token(kind, word) for word in said if word.isalpha()]

    def _optional(self) -> str:
        match = re.compile(r"\s*\[([^\]]*)\]").match(self.tex, self.position)
        if match is None:
            return ""
        self.position = match.end()
        return match[1]


_TEX_KINDS = {
    "mark_two": Kind.MARK,
    "name": Kind.NAME,
    "equal": Kind.EQUAL,
    "about": Kind.ABOUT,
    "open": Kind.OPEN,
    "close": Kind.CLOSE,
    "unit": Kind.UNIT,
    "relation": Kind.RELATION,
    "stop": Kind.STOP,
    "mark": Kind.MARK,
}


def _bracketed(parts: list[Token]) -> list[Token]:
    if len(parts) == 1 or (parts[0].kind is Kind.OPEN and parts[0].text == "(" and _closes_last(parts)):
        return parts
    first, last = parts[0], parts[-1]
    opening = Token(Kind.OPEN, "(", first.start, formula=first.formula)
    return [opening, *parts, Token(Kind.CLOSE, ")", last.start, formula=last.formula)]


def _closes_last(parts: list[Token]) -> bool:
    depth = 0
    for number, part in enumerate(parts):
        depth += (part.kind is Kind.OPEN) - (part.kind is Kind.CLOSE)
        if depth == 0:
            return number == len(parts) - 1
    return False
