"""What is computed again, what is found wrong, and what is left alone because nothing certain can be said."""

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.rewriting.math_arithmetic import Holds, equations, wrong_annotations
from bluepencil.rewriting.math_expressions import ExpressionError, parse, values
from bluepencil.rewriting.math_tokens import tokens


def found(text: str) -> list[str]:
    return [one.holds.value for one in equations(text)]


RIGHT = {
    "a sum": "She has 5 + 3 = 8 apples.",
    "units": "She walks 3 miles * 4 miles = 12 square miles.",
    "units with per": "It costs 6 pounds * $2/pound = $12.",
    "words inside a sum": "She spends $500 for food + $1,000 for rent = $1,500.",
    "x as a sign": "That makes 0.2 x 50 = 10 dollars.",
    "TeX": r"So $3 \times 4 = 12$ and $12 \div 4 = 3$.",
    "across formulas": "Here $3 + 4$ = $7$.",
    "a fraction": r"$\frac{3}{4} \cdot \dfrac12 = \frac{3}{8}$",
    "a mixed number": r"$2\frac{1}{2} + 1 = 3\frac12$ and 10 * 1 1/2 = 15.",
    "a vulgar fraction": "½ * 6 = 3",
    "percent": "20% of 50 = 10 and 50 * 20% = 10.",
    "a share of a share": "1/4 of 1/3 = 1/12.",
    "percent off": "100 - 20% = 80",
    "percent as a result": "20 / 50 * 100 = 40%",
    "thousands": r"1,250 * 8 = 10,000 and $1{,}250 \cdot 8 = 10{,}000$",
    "a chain": "4 + 6 = 2 * 5 = 10",
    "a chain over lines": r"\begin{align*} 2 \cdot 3 + 4 &= 6 + 4 \\ &= 10. \end{align*}",
    "carried on": "12 + 5 = 17 + 3 = 20",
    "rounded": "10 / 3 = 3.33 and 2 / 3 = 0.67 and 2/3 = 0.66",
    "about": r"10 / 3 ≈ 3 and $\frac{22}{7} \approx 3.1$",
    "said to be rounded": "That is 100 / 6 = 17 weeks, rounded up.",
    "powers and roots": r"$2^{10} = 1024$, $\sqrt{9 + 16} = 5$, $2^03^1 = 3$, 5² = 25",
    "a factorial": r"$5! = 120$ and $\binom{5}{2} = 10$",
    "negative": r"$-3 - (-5) = 2$",
    "degrees": r"$180^\circ - 60^\circ = 120^\circ$",
    "a unit in TeX": r"$3 \cdot 4 = 12 \text{ cm}^2$",
    "an identity": r"$(x + 1)^2 = x^2 + 2x + 1$",
    "a division of a fraction": "60 / 3/4 = 80",
    "a box": r"$6 + 6 = \boxed{12}$",
    "bold": "**Step 1.** 5 + 3 = 8, **Step 2.** 8 * 2 = **16**",
    "bullets": "- 5 + 3 = 8\n* 8 + 1 = 9",
    "litres": "The tank holds 2 * 90 = 180 L of water.",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_is_found_right(text: str) -> None:
    assert set(found(text)) == {"yes"}


@pytest.mark.parametrize(
    "text",
    [
        "She has 5 + 3 = 9 apples.",
        "It costs 6 pounds * $2/pound = $13.",
        "That makes 0.2 x 50 = 11 dollars.",
        r"So $3 \times 4 = 14$.",
        r"$\frac{3}{4} \cdot \frac12 = \frac{3}{7}$",
        r"$2\frac{1}{2} + 1 = 4$",
        "20% of 50 = 12",
        "1,250 * 8 = 10,100",
        "4 + 6 = 2 * 6",
        "10 / 3 = 3.43",
        "10 / 3 ≈ 4",
        "7 / 2 = 4",
        r"$2^{10} = 1000$",
        r"\begin{align*} 2 \cdot 3 + 4 &= 6 + 4 \\ &= 11 \end{align*}",
        "Thus <<5+3=8>>5+3=9.",
    ],
)
def test_what_is_wrong_is_found_wrong(text: str) -> None:
    assert "no" in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The cost of 3 apples = 3 * 2 + 1",  # names something
        "On 12/5/2020 = the day, version 1.2.3 = 4",
        "https://example.org/?page=5&x=3 and a = b == 3 != 4",
        "`x = 1 + 1 = 3` and\n```\ny = 2 + 2 = 5\n```",
        "3x + 2 = 11, so x = 3",
        r"$x^2 - 5x + 6 = 0$ and $f(2) = 5$",
        r"$17 \equiv 2 \pmod 5$, $17 = 2 \pmod 5$, 17 mod 5 = 2",
        r"$1101_2 = 13$ and $\log_2 8 = 3$ and $\gcd(48,156) = 12$",
        "100 / 12 = 8 remainder 4, or 8 R 4",
        "2 hours - 30 minutes = 90 minutes and 3 feet + 6 inches = 42 inches",
        r"$\frac{1}{3} = 0.\overline{3}$",
        "From 9:00 = 10:30 and 2:3 = 4:6",
        "250 x 12 = 3 000 grams",
        "3,5 + 1 = 4,5",
        r"$S = \{1, 2\} = T$",
        r"$1 + 2 + \cdots + 100 = 5050$",
        "9**9**9**9 = 3",
        r"$10^{100000} \cdot 2 = 5$",
    ],
)
def test_what_is_not_certain_is_left_alone(text: str) -> None:
    assert "no" not in found(text)


def test_annotations_are_computed_and_passed_over() -> None:
    text = "Natalia sold 48/2 = <<48/2=24>>24 clips and <<7=7>>7 more."
    assert wrong_annotations(text) == []
    assert found(text) == ["yes"]
    assert wrong_annotations("48/2 = <<48/2=26>>24") == ["48/2=26"]


@given(st.integers(0, 9999), st.integers(1, 999), st.sampled_from("+-*/"), st.integers(-3, 3))
def test_a_step_holds_exactly_if_it_is_right(one: int, other: int, sign: str, off: int) -> None:
    result = {"+": one + other, "-": one - other, "*": one * other, "/": Fraction(one, other)}[sign]
    stated = result + off
    shown = str(stated) if stated.denominator == 1 else f"{stated.numerator}/{stated.denominator}"
    holds = {equation.holds for equation in equations(f"Then {one} {sign} {other} = {shown} follows.")}
    assert holds == {Holds.YES if off == 0 else Holds.NO}


@given(st.text(alphabet="0123456789+-*/^=().,%$\\{}x !frac\n ", max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for equation in equations(text):
        assert equation.left.tokens
        assert equation.right.tokens


@pytest.mark.parametrize(
    "text", ["9**9**9**9", "(2^99999)^99999", "170! * 170! * 170! * 170! * 170!", "1000!", "2^(3^(4^5))"]
)
def test_what_would_take_for_ever_is_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ExpressionError):
        values(parse(tokens(text)))
    assert time.process_time() - start < 5


def test_long_texts_take_linear_time() -> None:
    def seconds(text: str) -> float:
        start = time.process_time()
        equations(text)
        return time.process_time() - start

    for piece in ("$", "(", "1+", "= 1 + 1 ", "$x$ ", "{", "\\frac{1}{", "1 ", "word "):
        short, long = seconds(piece * 4_000), seconds(piece * 16_000)
        assert long < 12 * short + 1, piece
