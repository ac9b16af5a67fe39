"""Formulas that pages hold as images, attributes and raised powers; MathML, KaTeX and MathJax: test_html."""

import pytest

from bluepencil.corpus.html import render
from bluepencil.corpus.paths import resolve
from bluepencil.corpus.read import Reading, read_all

ADDRESS = "//latex.artofproblemsolving.com/a/b/c.png"
IMAGES = {
    "Wikipedia": (
        '<math alttext="{\\displaystyle x^{2}}"><mi>x</mi></math>'
        '<img src="//wikimedia.org/math/a" class="mwe-math-fallback-image-inline" alt="x^{2}">',
        "So $x^{2}$ holds.",
    ),
    "Wikipedia, image only": (
        '<img src="a" class="mwe-math-fallback-image-inline" alt="{\\displaystyle x^{2}}">',
        "So $x^{2}$ holds.",
    ),
    "Wikipedia of old": ('<img class="tex" alt="x^2" src="a.png">', "So $x^2$ holds."),
    "AoPS": (f'<img src="{ADDRESS}" class="latex" alt="$x^2$">', "So $x^2$ holds."),
    "AoPS, no class": (f'<img src="{ADDRESS}" alt="$x^2$">', "So $x^2$ holds."),
    "AoPS, displayed": (f'<img src="{ADDRESS}" class="latexcenter" alt="\\[x^2\\]">', "So\n$$x^2$$\nholds."),
    "AoPS, aligned": (
        f'<img src="{ADDRESS}" class="latexcenter" alt="\\begin{{align*}} x &amp;= 1 \\end{{align*}}">',
        "So\n$$\\begin{align*} x &= 1 \\end{align*}$$\nholds.",
    ),
    "AoPS, a drawing": (f'<img src="{ADDRESS}" class="latexcenter" alt="[asy] dot(A); [/asy]">', "So holds."),
    "latex2html": ('<IMG WIDTH="9" SRC="img1.png" ALT="$ x^2$">', "So $x^2$ holds."),
    "latex2html, displayed": (
        '<img src="img2.gif" alt="\\begin{displaymath}\\frac{1}{2}\\end{displaymath}">',
        "So\n$$\\frac{1}{2}$$\nholds.",
    ),
    "Canvas": ('<img class="equation_image" alt="x" data-equation-content="x^2">', "So $x^2$ holds."),
    "Canvas, alt only": ('<img class="equation_image" alt="LaTeX: x^2">', "So $x^2$ holds."),
    "MathType": (
        '<img class="Wirisformula" src="a" alt="x squared" data-mathml="«math xmlns=¨m¨»«msup»«mi»x«/mi»«mn»2'
        '«/mn»«/msup»«/math»">',
        "So x^2 holds.",
    ),
    "WordPress": ('<img src="//s0.wp.com/latex.php?latex=x%5E2" alt="x^2" class="latex">', "So $x^2$ holds."),
    "CodeCogs": ('<img src="https://latex.codecogs.com/gif.latex?x%5E2">', "So $x^2$ holds."),
    "Moodle": ('<img class="texrender" alt="x^2" src="pix.php/a.gif">', "So $x^2$ holds."),
    # Alternative texts that are none.
    "a price": ('<img src="a.png" alt="$5 off">', "So holds."),
    "two prices": ('<img src="a.png" alt="$5 - $">', "So holds."),
    "a path": ('<img src="a.png" alt="C:\\Users\\frank">', "So holds."),
    "words": ('<img src="a.png" alt="a cat on a mat">', "So holds."),
}  # fmt: skip


@pytest.mark.parametrize(("image", "text"), IMAGES.values(), ids=IMAGES.keys())
def test_images_of_formulas(image: str, text: str) -> None:
    assert render(f"<p>So {image} holds.</p>").text == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("x<sup>2</sup> + y<sup>n</sup> = 10<sup>-3</sup> m<sup>2</sup>", "x^2 + y^n = 10^-3 m^2"),
        (
            "<i>x</i><sup>2</sup> and (a + b)<sup>n+1</sup>, x<sub>1</sub><sup>2</sup>",
            "x^2 and (a + b)^n+1, x1^2",
        ),
        ("5 km<sup>2</sup>, 2<sup>10</sup>", "5 km^2, 2^10"),
        # Ordinals, footnotes and citations are no powers.
        ("1<sup>st</sup>, 2<sup>nd</sup>, n<sup>o</sup> 5", "1st, 2nd, no 5"),
        ("said<sup>1</sup>. In 2014<sup>3</sup> x<sup><a href=#f>2</a></sup>", "said1. In 20143 x2"),
        ('x<sup class="reference">2</sup>, <sup>2</sup>', "x2, 2"),
    ],
)
def test_powers(html: str, text: str) -> None:
    assert render(f"<p>{html}</p>").text == text


def test_formulas_come_through_web_archives(tmp_path) -> None:
    page = (
        b"<html><p>So <img class=latex alt='$x^2$'> and <math><mi>y</mi></math> are x<sup>2</sup>.</p></html>"
    )
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.org/\r\n"
        "WARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
        f"Content-Type: application/http\r\nContent-Length: {len(http)}\r\n\r\n"
    )
    path = tmp_path / "a.warc"
    path.write_bytes(head.encode() + http + b"\r\n\r\n")
    (source,) = resolve([path])
    (document,) = read_all(source, Reading("text"))
    assert document.text == "So $x^2$ and y are x^2."
