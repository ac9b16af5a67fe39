"""Pages of mathematics told from others, and formulas kept from a refiner."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.documents import Document, Status, Step
from bluepencil.errors import OptionError
from bluepencil.programs import Program, RemoveAll, RemoveLines, RemoveStr, execute
from bluepencil.refiners.base import Proposal, Refine
from bluepencil.rewriting.math_pages import MathPages, is_math_page, math_score
from bluepencil.rewriting.math_protect import KeepMath, holds_math, protected

MATH = {
    "TeX": r"Let $f(x) = x^2$ be given; then $\int_0^1 f(x)\,dx = \frac{1}{3}$.",
    "plain": "Solve 3x + 2 = 11. Subtract 2 from both sides: 3x = 9, so x = 3.",
    "a word problem": "A train goes 60 miles in 2 hours: 60 / 2 = 30, so it goes 5 * 30 = 150 miles in 5.",
    "words": "By the lemma a matrix with an eigenvalue of 0 has the determinant 0; the proof uses vectors.",
}
OTHER = {
    "news": "The mayor said on Tuesday that the bridge will open in May 2024, at a cost of $5 million.",
    "a shop": "Add to cart. Price: $19.99 - $24.99. Free shipping over $50. Rated 4.5/5 by 1,203.",
    "code": "def f(request):\n    page = request.get('page')\n    return render(template, {'page': page})\n",
    "addresses": "See https://example.org/?a=1&b=2&c=3 and https://example.org/x?y=z&page=2.",
    "Greek": "Ο δήμαρχος είπε την Τρίτη ότι η γέφυρα θα ανοίξει τον Μάιο μετά από δύο χρόνια.",
    "nothing": "",
}


@pytest.mark.parametrize("text", MATH.values(), ids=MATH.keys())
def test_mathematics_is_found(text: str) -> None:
    assert is_math_page(text)


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER.keys())
def test_other_pages_are_not_mathematics(text: str) -> None:
    assert not is_math_page(text)


def test_the_step_drops_what_is_not() -> None:
    step = MathPages()
    assert isinstance(step, Step)
    one, other = step.run([Document("a", MATH["TeX"]), Document("b", OTHER["news"])])
    assert (one.status, one.annotations["math_score"] > 3) == (Status.UNCHANGED, True)
    assert (other.status, other.reason) == (Status.DROPPED, "not-math")
    assert MathPages(least=0).run([Document("b", OTHER["news"])])[0].status is Status.UNCHANGED
    with pytest.raises(OptionError):
        MathPages(least=-1)


def test_a_page_of_any_length_is_scored_by_its_ends() -> None:
    long = MATH["TeX"] * 10_000
    assert math_score(long).characters <= 200_000
    assert is_math_page(long)


def test_real_pages(web_data: Path) -> None:
    def share(path: Path) -> float:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            found = [is_math_page(json.loads(line)["raw"]) for line in lines]
        return sum(found) / len(found)

    # Measured: 33 of 36, .5 % and 1.1 %.
    assert share(web_data.parent / "math" / "math_webpages.jsonl.gz") > 0.88
    assert share(web_data / "scrapinghub.jsonl.gz") < 0.02
    assert share(web_data / "dragnet_dev.jsonl.gz") < 0.02


@dataclass(frozen=True)
class Strikes:
    """Proposes one program whatever the text."""

    program: Program

    @property
    def name(self) -> str:
        return "strikes"

    def describe(self) -> dict[str, str]:
        return {"refiner": "strikes"}

    def propose(self, texts: Sequence[str]) -> list[Proposal]:
        return [Proposal(self.program, annotations={"seen": len(text)}) for text in texts]


PAGE = "Home | Forum\nSolve this.\nx_1 + x_2 = 3\nLog in\n$y$ and \\(z\\)\nPage 2 of 7 [Share] where a = 5"


def struck(program: Program) -> str:
    return execute(protected(PAGE, program), PAGE).text


def test_lines_with_formulas_stay() -> None:
    assert (
        struck(Program((RemoveLines(1, 5),)))
        == "x_1 + x_2 = 3\n$y$ and \\(z\\)\nPage 2 of 7 [Share] where a = 5"
    )
    assert struck(Program((RemoveLines(4, 4),))) == PAGE.replace("Log in\n", "")
    assert struck(Program((RemoveStr(6, "[Share] "),))) == PAGE.replace("[Share] ", "")
    assert struck(Program((RemoveStr(6, " where a = 5"),))) == PAGE


def test_no_piece_of_a_formula_is_struck_out() -> None:
    text = "Menu\n$$\nbegin\n\\frac{a}{b}\nend\n$$\nMenu $a\\text{ or }b$ or"
    for operation in (RemoveLines(1, 7), RemoveLines(3, 3), RemoveStr(3, "begin"), RemoveStr(7, "\\text{")):
        left = execute(protected(text, Program((operation,))), text).text
        assert "$$\nbegin\n\\frac{a}{b}\nend\n$$" in left
        assert "$a\\text{ or }b$" in left
    assert execute(protected(text, Program((RemoveStr(7, "Menu "),))), text).text.endswith(
        "\n$a\\text{ or }b$ or"
    )


def test_a_page_of_mathematics_is_not_removed_as_a_whole() -> None:
    everything = Program((RemoveAll(),))
    assert protected(MATH["TeX"], everything).keeps_all
    assert protected(OTHER["news"], everything) == everything


def test_it_is_a_refiner_that_says_whose() -> None:
    refiner = KeepMath(Strikes(Program((RemoveLines(1, 4),))))
    (outcome,) = Refine(refiner).run([Document("a", PAGE)])
    assert outcome.text == "x_1 + x_2 = 3\n$y$ and \\(z\\)\nPage 2 of 7 [Share] where a = 5"
    assert outcome.annotations["seen"] == len(PAGE)
    assert refiner.name == "strikes+math"
    assert refiner.describe() == {"refiner": "strikes", "keeps": "math"}


@pytest.mark.parametrize(
    "line",
    [
        "E = mc^2",
        "√2",
        "∑ k",
        "$x$",
        "\\frac12",
        "a ≤ b",
        "10^-3",
        "x_{i+1}",
        "f(x) = 2",
        "Answer: 80",
        "#### 72",
    ],
)
def test_formulas_are_seen(line: str) -> None:
    assert holds_math(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Page 2 of 7",
        "https://a.org/?x=1&y=2",
        "$5 off",
        "Home / News",
        "Answer this question",
        "12/05/2014",
        "file_name",
        "Ελλάδα",
        'class="x"',
    ],
)
def test_other_lines_are_not(line: str) -> None:
    assert not holds_math(line)


@given(st.lists(st.sampled_from(["noise", "x = 1", "", "$y$"]), min_size=1, max_size=12), st.data())
def test_every_line_with_a_formula_survives_any_range(lines: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(1, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    text = "\n".join(lines)
    left = execute(protected(text, Program((RemoveLines(start, end),))), text).text.split("\n")
    wanted = [line for line in lines if holds_math(line)]
    assert [line for line in left if holds_math(line)] == wanted
