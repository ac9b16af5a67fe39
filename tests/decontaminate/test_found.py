import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.decontaminate.hashing import Hashes
from bluepencil.decontaminate.match import Index, Match
from bluepencil.decontaminate.reading import Kind, read
from decontaminate.items_for_tests import CODE, FILLER, HOST, ORCHARD, PACK, RESIDUE, SOLUTION, found, said

QUESTION = ORCHARD["question"]
WHOLE = f"{QUESTION}\n{ORCHARD['answer']}"


def between(text: str, host: str = FILLER) -> str:
    lines = host.split("\n")
    return "\n".join([*lines[:2], text, *lines[2:]])


def test_clean_texts_hold_nothing(index: Index) -> None:
    assert index.scan([FILLER, HOST, "", " ", "\n" * 9, "\ud800", "\x00", FILLER * 50]) == [[]] * 8


def test_a_verbatim_copy_is_found_with_its_place(index: Index) -> None:
    text = between(WHOLE)
    results = found(index, text)
    assert said(results) == {("orchard", "question", "verbatim"), ("orchard", "solution", "verbatim")}
    question = next(one for one in results if one.part == "question")
    assert text[question.start : question.end] == QUESTION
    assert question.share == 1
    assert question.bits > 100
    assert question.benchmark == "orchard"


def test_a_question_alone_is_a_question_alone(index: Index) -> None:
    assert said(found(index, between(QUESTION))) == {("orchard", "question", "verbatim")}


def test_spacing_case_and_signs_do_not_hide_it(index: Index) -> None:
    written = re.sub(r"\s+", " \n ", QUESTION.upper()).replace("'", "’").replace(".", " !")
    assert said(found(index, between(written))) == {("orchard", "question", "normalised")}


def test_calculator_notes_may_be_there_or_not(index: Index) -> None:
    answer = re.sub(r"<<[^<>]*>>", "", ORCHARD["answer"])
    assert said(found(index, between(answer))) == {("orchard", "solution", "normalised")}


def test_other_numbers_are_weaker_evidence(index: Index) -> None:
    other = QUESTION.replace("14", "61").replace("23", "8").replace("37", "1,005").replace("5.", "eleven.")
    assert said(found(index, between(other))) == {("orchard", "question", "numbers-changed")}


@pytest.mark.parametrize(
    "changes",
    [
        [("\\frac", "\\dfrac"), ("\\left(", "("), ("\\right)", ")"), ("$", "$$")],
        [("\\frac{1}{3}", "1/3"), ("\\frac{5}{12}", "\\tfrac{5}{12}"), ("x^2", "x²"), ("\\zeta", "ζ")],
        [("$x", "\\(x"), ("=0$", " \\; = \\; 0\\)"), ("+", " + ")],
    ],
)
def test_latex_written_otherwise_does_not_hide_it(index: Index, changes: list[tuple[str, str]]) -> None:
    written = RESIDUE["problem"]
    for old, new in changes:
        written = written.replace(old, new)
    assert ("0", "question", "normalised") in said(found(index, between(written)))


def test_half_of_a_problem_is_not_the_problem(index: Index) -> None:
    assert found(index, between(QUESTION[: len(QUESTION) // 3])) == []


def test_what_is_far_apart_does_not_count(index: Index) -> None:
    words = QUESTION.split()
    scattered = [f"{' '.join(words[n : n + 7])}\n{FILLER * 8}" for n in range(0, len(words), 7)]
    assert found(index, "\n".join(scattered)) == []


def test_code_verbatim(index: Index) -> None:
    results = found(index, between(CODE, HOST))
    assert said(results) == {("Pack/1", "question", "verbatim"), ("Pack/1", "solution", "verbatim")}


def test_code_without_its_docstring_is_a_solution_alone(index: Index) -> None:
    assert said(found(index, between(SOLUTION, HOST))) == {("Pack/1", "solution", "verbatim")}


def renamed(text: str) -> str:
    names = {
        "pack_crates": "solve",
        "weights": "w",
        "weight": "a9",
        "limit": "mx",
        "crates": "out",
        "crate": "b",
    }
    return re.sub(r"\b\w+\b", lambda word: names.get(word[0], word[0]), text)


def test_renamed_code_is_found(index: Index) -> None:
    assert said(found(index, between(renamed(SOLUTION), HOST))) == {("Pack/1", "solution", "renamed")}


def test_renamed_reformatted_code_in_a_long_file_is_found(index: Index) -> None:
    written = renamed(SOLUTION).replace("    ", "\t").replace("(crate) + ", "(  crate  )\\\n+ ")
    filler = "\n".join(HOST.replace("ledger", f"name{n}") for n in range(150))
    text = f"{filler}\n# {FILLER}\n{written}\n{filler}"
    assert text.count("\n") > 3000
    (one,) = found(index, text)
    assert (one.item, one.match) == ("Pack/1", Match.RENAMED)
    assert text[one.start :].startswith("def solve")
    assert one.end - one.start < 2 * len(written)


def test_broken_python_2_and_markdown(index: Index) -> None:
    broken = f"class X(\n  print 'a'\n{SOLUTION}\n  def ((\n"
    page = f"{FILLER}\n```python\n{renamed(SOLUTION)}```\n{FILLER}"
    console = "".join(f">>> {line}\n" for line in SOLUTION.splitlines())
    for text in (broken, page, console):
        assert {one.item for one in found(index, text)} == {"Pack/1"}


def test_tests_alone(index: Index) -> None:
    text = between(PACK["test"].replace("candidate", "pack_crates"), HOST)
    assert {(one.item, one.part) for one in found(index, text)} == {("Pack/1", "tests")}


def test_every_copy_is_found(index: Index) -> None:
    text = "\n".join([FILLER, QUESTION, FILLER, QUESTION, FILLER, QUESTION])
    assert [one.part for one in found(index, text)] == ["question"] * 3


def test_a_document_does_not_depend_on_its_neighbours(index: Index) -> None:
    texts = [FILLER, between(WHOLE), "unclosed '''", CODE, 'and """', QUESTION[:90], QUESTION[90:], HOST]
    assert index.scan(texts) == [found(index, text) for text in texts]


words = st.lists(
    st.sampled_from([*FILLER.split(), "12", "$x$", "\\frac{1}{2}", "–", "é", "\n", "日本", "def", "return"]),
    max_size=120,
).map(" ".join)


@settings(max_examples=60)
@given(words, words, st.sampled_from(["question", "code", "latex"]), st.randoms(use_true_random=False))
def test_a_variant_is_always_found(
    index: Index, before: str, after: str, what: str, rng: random.Random
) -> None:
    if what == "code":
        plant, item, part = (
            renamed(SOLUTION).replace("\n", rng.choice(["\n", "\r\n", "\n\n"])),
            "Pack/1",
            "solution",
        )
    elif what == "latex":
        plant, item, part = (
            RESIDUE["problem"].replace("\\frac", rng.choice(["\\dfrac", "\\tfrac"])),
            "0",
            "question",
        )
        plant = plant.replace("$", rng.choice(["", "$$", " $ "]))
    else:
        plant, item, part = QUESTION, "orchard", "question"
        plant = "".join(rng.choice((c.upper(), c, f" {c}" if not c.isalnum() else c)) for c in plant)
    results = found(index, f"{before}\n{plant}\n{after}")
    assert (item, part) in {(one.item, one.part) for one in results}


def grams(text: str, kind: Kind) -> Hashes:
    return read([text], kind).streams.loose


@settings(max_examples=60)
@given(st.text(max_size=400) | words)
def test_a_text_without_an_n_gram_of_an_item_is_never_flagged(index: Index, text: str) -> None:
    prose = {*grams(QUESTION, Kind.PROSE), *grams(ORCHARD["answer"], Kind.PROSE), *grams(CODE, Kind.PROSE)}
    prose |= {*grams(RESIDUE["problem"], Kind.PROSE), *grams(RESIDUE["solution"], Kind.PROSE)}
    code = {*grams(CODE, Kind.CODE), *grams(PACK["test"], Kind.CODE)}
    if not prose & set(grams(text, Kind.PROSE)) and not code & set(grams(text, Kind.CODE)):
        assert found(index, text) == []
