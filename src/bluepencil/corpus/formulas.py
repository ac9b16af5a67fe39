r"""Finds the formulas of a web page, and how each stands in its text: TeX once, between dollar signs.

Pages hold a formula up to four times over: as TeX, as MathML, as styled characters and as an image. Read
are MathML with a TeX annotation, `alttext` or `data-latex`; KaTeX; MathJax 2 (its `math/tex` scripts),
3 and 4 (`mjx-container`); MathType's images with their `data-mathml`; and images whose class, address or form
(`$x^2$`) says that `alt` is TeX. Where no TeX is left, MathML is written as a readable line (`mathml`),
without dollar signs, and a raised power as `x^2`. TeX that stands in the text of the
page already, as `$x$` or `\(x\)`, needs none of this.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import unquote, unquote_plus

from bluepencil.corpus.mathml import linear


@dataclass(frozen=True, slots=True)
class Formula:
    """What stands for an element in the text; `display` puts it on a line of its own."""

    text: str
    display: bool = False


Marks = dict[int, Formula | None]
"""By the `mem_id` of an element: what stands in its place, None for nothing at all."""

_RENDERED = (
    ".MathJax_Preview, .MathJax_Display, .MathJax_SVG_Display, .MJXc-display,"
    " .MathJax, .MathJax_SVG, .mjx-chtml"
)
_IMAGES = (
    'img[class*="tex" i], img[class*="math" i], img[src*="tex" i], img[src*="math" i], img[src*="cht=tx"],'
    r' img[alt*="$"], img[alt*="\\"], img[class*="equation" i], img[data-mathml]'
)
_SCRIPTS = 'script[type^="math/" i]'
_CANDIDATES = f"math, mjx-container, span.katex, {_SCRIPTS}, {_RENDERED}, {_IMAGES}, sup"
_TEX_ANNOTATION = 'annotation[encoding*="tex" i]'
_RENDERED_CLASSES = frozenset(name.strip(" .") for name in _RENDERED.split(","))
_FALLBACK = "mwe-math-fallback-image"
_IMAGE_CLASSES = frozenset(
    (
        "tex",
        "latex",
        "latexcenter",  # Art of Problem Solving: displayed
        "equation_image",
        "math",
        "texrender",
        "ltx_math",
        *(f"{_FALLBACK}-{way}" for way in ("inline", "display")),
    )
)
_IMAGE_SERVICES = re.compile(
    r"latex\.php|\.latex\?|/latex(?:render)?/|codecogs\.com|mimetex|mathtex|/math/render/|cht=tx|wp\.com/latex|texify"
    r"|latex\.artofproblemsolving\.com",
    re.IGNORECASE,
)
_DRAWING = re.compile(r"\\(?:dpi|bg|fn)_?(?:\{\w+\}|\w+)|\\(?:inline|LARGE|large|huge|small|tiny)\b")
# How MathType writes MathML inside of an attribute.
_CHEVRONS = str.maketrans({"«": "<", "»": ">", "¨": '"', "§": "&"})
_TEX_PARAMETERS = ("latex", "chl", "tex")

# A page with more formulas keeps the rest as its markup has them.
_MAX_FORMULAS = 20_000

_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_STYLE = re.compile(r"\{\\(?:display|text|script)style\s+(.*)\}", re.DOTALL)
_DELIMITERS = (("$$", "$$", True), (r"\[", r"\]", True), (r"\(", r"\)", False), ("$", "$", False))
# Alternative texts may be words for a screen reader; TeX of several words has commands.
_SPOKEN = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
# An alternative text that is TeX whatever the image: between delimiters, or an environment (latex2html).
_ALTERNATIVE_TEX = re.compile(
    r"\s*(?:\$(?!\d[\d,.]*\D).*\$|\\\(.*\\\)"
    r"|\\\[.*\\\]|\\begin\{(\w+\*?)\}.*\\end\{\1\})[.,;]?\s*",
    re.DOTALL,
)
_DRAWN_WITH_CODE = "[asy]"
# Canvas writes what the text is before it.
_LABEL = re.compile(r"\s*LaTeX:\s*", re.IGNORECASE)
# latex2html wraps its formulas in environments of its own.
_DISPLAY_MATH = re.compile(r"\\begin\{(displaymath|math|equation\*?)\}(.*)\\end\{\1\}", re.DOTALL)
# A power, and what stands before one: not "1st", "No", a word or a year with the number of a footnote.
_POWER = re.compile(r"[-−+]?\d{1,3}|[-−+]?[ijkmnpqrtxyz]|\d?n[-−+]\d|\d[nx]")
_POWER_BASE = re.compile(r"(?:^|(?<=[^\w.,]))(?:[A-Za-zα-ωΑ-Ω]|\d{1,3}|[kcdm]m|ft|in|yd|mi)$|\)$")
_GLYPH_CLASS = re.compile(r"\bmjx-c([0-9A-F]{2,6})\b")


def find_formulas(tree: Any) -> Marks:
    """Return what to write in place of the formulas of a page; `tree` is its LexborHTMLParser."""
    marks: Marks = {}
    candidates = tree.css(_CANDIDATES)
    has_scripts = any(node.tag == "script" for node in candidates)
    seen: set[int] = set()
    for node in islice(candidates, _MAX_FORMULAS):
        # What stands inside a candidate was looked at with it, found or not.
        if not any(parent.mem_id in seen for parent in _ancestors(node)):
            _mark(node, marks, has_scripts)
        seen.add(node.mem_id)
    return marks


def _ancestors(node: Any) -> Iterator[Any]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def _mark(node: Any, marks: Marks, has_scripts: bool) -> None:
    name = node.tag
    formula: Formula | None
    if name == "sup":
        formula = _power(node)
    elif name == "math":
        formula = _math(node, _is_display(node))
    elif name == "mjx-container":
        formula = _container(node)
    elif name == "script":
        formula = _script(node)
    elif name == "img":
        if _repeats_math(node):
            marks[node.mem_id] = None
            return
        formula = _image(node)
    elif _RENDERED_CLASSES & _classes(node):
        if has_scripts:
            marks[node.mem_id] = None
            return
        formula = _rendered(node)
    else:
        formula = _katex(node)
    if formula is not None:
        marks[node.mem_id] = formula


def _classes(node: Any) -> set[str]:
    return set((node.attributes.get("class") or "").split())


def _is_display(math: Any) -> bool:
    attributes = math.attributes
    return bool(attributes.get("display") == "block" or attributes.get("mode") == "display")


def _tex(source: str | None, display: bool) -> Formula | None:
    """Return TeX between dollar signs, without those and the wrappers that it came with."""
    tex = " ".join(_COMMENT.sub("", source or "").split())
    for opening, closing, is_display in _DELIMITERS:
        if len(tex) >= len(opening + closing) and tex.startswith(opening) and tex.endswith(closing):
            tex, display = tex[len(opening) : -len(closing)].strip(), display or is_display
            break
    environment = _DISPLAY_MATH.fullmatch(tex)
    if environment is not None:
        tex, display = environment[2].strip(), environment[1] != "math"
    styled = _STYLE.fullmatch(tex)
    tex = styled[1].strip() if styled and _is_balanced(styled[1]) else tex
    if not tex:
        return None
    return Formula(f"$${tex}$$" if display else f"${tex}$", display)


def _is_balanced(tex: str) -> bool:
    """Tell whether each brace closes one before it: `a} + {b` is the inside of no group."""
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", tex):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _alternative(text: str | None, display: bool) -> Formula | None:
    if text and "\\" not in text and _SPOKEN.search(text):
        return None
    return _tex(text, display)


def _math(math: Any, display: bool) -> Formula | None:
    annotation = math.css_first(_TEX_ANNOTATION)
    if annotation is not None and (formula := _tex(annotation.text(), display)):
        return formula
    attributes = math.attributes
    if formula := _tex(attributes.get("data-latex"), display):
        return formula
    if formula := _alternative(attributes.get("alttext"), display):
        return formula
    return Formula(linear(math), display)


def _katex(span: Any) -> Formula | None:
    parent = span.parent
    display = parent is not None and "katex-display" in _classes(parent)
    math = span.css_first("math")
    return None if math is None else _math(math, display or _is_display(math))


def _container(container: Any) -> Formula | None:
    display = container.attributes.get("display") == "true"
    source = container.css_first("[data-latex]")
    if source is not None and (formula := _tex(source.attributes.get("data-latex"), display)):
        return formula
    math = container.css_first("math")
    if math is not None:
        return _math(math, display)
    glyphs = "".join(map(_glyph, container.css("mjx-c, use[data-c]")))
    return Formula(unicodedata.normalize("NFKC", glyphs), display) if glyphs else None


def _glyph(node: Any) -> str:
    """Return the character that MathJax draws by a style (`mjx-c1D465`) or a path (`data-c="1D465"`)."""
    attributes = node.attributes
    match = _GLYPH_CLASS.search(attributes.get("class") or "")
    code = match[1] if match else attributes.get("data-c") or ""
    try:
        character = chr(int(code, 16))
    except (ValueError, OverflowError):
        return ""
    return "" if "\ud800" <= character <= "\udfff" else character


def _script(script: Any) -> Formula | None:
    kind = (script.attributes.get("type") or "").lower()
    display = "mode=display" in kind.replace(" ", "")
    source = script.text()
    if kind.startswith("math/tex"):
        return _tex(source, display)
    if kind.startswith("math/mml"):
        return _parsed(source, display)
    return Formula(" ".join(source.split()), display)


def _parsed(source: str, display: bool) -> Formula | None:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(source)
    math = tree.css_first("math")
    return None if math is None else _math(math, display or _is_display(math))


def _rendered(node: Any) -> Formula | None:
    """Return a formula that MathJax 2 rendered and whose script is gone."""
    display = bool(_classes(node) & {"MathJax_Display", "MathJax_SVG_Display", "MJXc-display"})
    math = node.css_first("math")
    if math is not None:
        return _math(math, display or _is_display(math))
    source = node if "data-mathml" in node.attributes else node.css_first("[data-mathml]")
    return None if source is None else _parsed(source.attributes.get("data-mathml") or "", display)


def _repeats_math(image: Any) -> bool:
    """Tell whether an image is the fallback of a `<math>` beside it, as in Wikipedia."""
    return any(name.startswith(_FALLBACK) for name in _classes(image)) and (
        image.parent is not None and image.parent.css_first("math") is not None
    )


def _image(image: Any) -> Formula | None:
    attributes = image.attributes
    classes = {name.lower() for name in _classes(image)}
    address = attributes.get("src") or ""
    if written := attributes.get("data-mathml"):
        return _parsed(written.translate(_CHEVRONS), False)
    if written := attributes.get("data-equation-content"):
        return _tex(written, False)
    alternative = attributes.get("alt") or ""
    if _ALTERNATIVE_TEX.fullmatch(alternative):
        return _tex(alternative, "latexcenter" in classes)
    if not (classes & _IMAGE_CLASSES or _IMAGE_SERVICES.search(address)):
        return None
    display = f"{_FALLBACK}-display" in classes or "latexcenter" in classes
    alternative = _LABEL.sub("", alternative, count=1)
    if alternative.startswith(_DRAWN_WITH_CODE):
        return None
    if not alternative:
        return _tex(_tex_of_address(address), display)
    return _alternative(alternative, display) or Formula(" ".join(alternative.split()))


def _power(node: Any) -> Formula | None:
    """Return a raised number or letter that is a power, and not an ordinal, a footnote or a citation."""
    power = node.text().strip()
    if not _POWER.fullmatch(power) or node.css_first("a") is not None or node.attributes:
        return None
    before = node.prev
    base = before.text(deep=True) if before is not None else ""
    if before is not None and before.tag == "-text":
        base = before.text_content or ""
    return Formula("^" + power.replace("−", "-")) if _POWER_BASE.search(base) else None


def _tex_of_address(address: str) -> str:
    """Return the TeX that a picture service is asked to draw: `...?latex=x^2`, `...gif.latex?x^2`."""
    query = address.partition("?")[2].partition("#")[0]
    values = dict(part.partition("=")[::2] for part in query.split("&"))
    for name in _TEX_PARAMETERS:
        if name in values:
            return unquote_plus(values[name])
    return _DRAWING.sub("", unquote(query.replace("&space;", " ").replace("&plus;", "+")))
