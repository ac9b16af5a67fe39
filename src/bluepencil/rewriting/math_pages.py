"""Tells pages of mathematics from others by a score of what stands in their text, without a model.

The score adds, per 1,000 characters: commands and delimiters of TeX, operators between operands, letters of
mathematics, and words that are said in mathematics and seldom elsewhere. docs/math.md has figures.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bluepencil.documents import Document, Outcome, Status
from bluepencil.errors import OptionError
from bluepencil.rewriting.math_words import words

# Most known pages of mathematics have more, and few other pages; docs/math.md has the shares.
LEAST = 3.0
# A page is judged by its first and last parts; longer ones are not read whole.
_LOOKED_AT = 200_000
_TEX = re.compile(
    r"\\(?:d?frac|sqrt|cdot|times|sum|int|prod|lim|left|right|begin|mathbb|mathcal|mathrm|text|leq?|geq?|neq|in|to|infty"
    r"|alpha|beta|gamma|delta|epsilon|theta|lambda|mu|pi|sigma|phi|omega|partial|nabla|overline|boxed|equiv|approx|sin|cos"
    r"|tan|log|ln|ldots|dots|quad|circ|angle|triangle|binom|vec|hat|operatorname)(?![A-Za-z])"
)
_FORMULA = re.compile(r"\$[^$\n]{1,200}[\\^_=+<>][^$\n]{0,200}\$|\\\([^\n]{1,300}?\\\)|\\\[")
_EQUATION = re.compile(
    r"(?<![\w&?/.\"'])(?:[A-Za-z]|\d[\d.,]*|[)\]])\s?(?:[=≤≥≠≈+*/×÷·^]|[<>](?=\s))\s?(?:[(\[√-]?\s?(?:\d|[A-Za-z]\b))"
)
_SYMBOL = re.compile("[∀∂∃∅∇∈∉∋∏∑√∝∞∠∧∨∩∪∫∮∴≅≈≠≡≤≥⊂⊃⊆⊇⊕⊗⊥α-ωΓΔΘΛΠΣΦΨΩ²³ℝℤℕℂℚ±×÷𝐀-𝟿]")
_WORD = re.compile(r"[A-Za-z]{3,}")
# What word problems ask.
_ASKED = re.compile(r"\bhow many\b|\bfind the (?:value|number|sum|area|length|probability)\b", re.IGNORECASE)
# Greek prose is not mathematics.
_GREEK = re.compile("[α-ωά-ώ]{3,}")


class PageReason(StrEnum):
    """Why a page is dropped."""

    NOT_MATH = "not-math"


@dataclass(frozen=True, slots=True)
class MathScore:
    """What was counted in a text; `score` adds it up per 1,000 characters."""

    characters: int
    tex: int
    formulas: int
    equations: int
    symbols: int
    words: int

    @property
    def score(self) -> float:
        """The sum, in which no kind of evidence alone counts for more than 10."""
        size = max(1.0, self.characters / 1000)
        kinds = (
            1.0 * self.tex / size,
            2.0 * self.formulas / size,
            1.5 * self.equations / size,
            0.5 * self.symbols / size,
            0.7 * self.words / size,
        )
        return sum(min(10.0, kind) for kind in kinds)


def math_score(text: str) -> MathScore:
    """Return what a text holds of mathematics; time is linear in the text."""
    if len(text) > _LOOKED_AT:
        text = text[: _LOOKED_AT // 2] + text[-_LOOKED_AT // 2 :]
    said = words("math-page")
    greek = sum(map(len, _GREEK.findall(text)))
    return MathScore(
        len(text),
        len(_TEX.findall(text)),
        len(_FORMULA.findall(text)),
        len(_EQUATION.findall(text)),
        max(0, len(_SYMBOL.findall(text)) - greek),
        sum(word.lower() in said for word in _WORD.findall(text)) + 2 * len(_ASKED.findall(text)),
    )


def is_math_page(text: str, least: float = LEAST) -> bool:
    """Say whether a text is about mathematics, by its score."""
    return math_score(text).score >= least


@dataclass(frozen=True, slots=True, kw_only=True)
class MathPages:
    """The step that keeps pages of mathematics and drops the others.

    least: the score that a page needs.
    """

    least: float = LEAST

    def __post_init__(self) -> None:
        if self.least < 0:
            raise OptionError("the least score must not be negative")

    @property
    def name(self) -> str:
        """Names the step."""
        return "math-pages"

    @property
    def fields(self) -> tuple[str, ...]:
        """Nothing beside the text is read."""
        return ()

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result."""
        return {"step": self.name, "least": self.least}

    def run(self, documents: Sequence[Document]) -> list[Outcome]:
        """Return one outcome per document, in order."""
        return [self._outcome(one) for one in documents]

    def _outcome(self, document: Document) -> Outcome:
        score = math_score(document.text).score
        notes = {"math_score": round(score, 2)}
        if score >= self.least:
            return Outcome(Status.UNCHANGED, annotations=notes)
        detail = f"a score of {score:.2f}; a page of mathematics has at least {self.least:g}"
        return Outcome(Status.DROPPED, reason=PageReason.NOT_MATH, detail=detail, annotations=notes)
