"""Each code of the math verifier beside its nearest legitimate neighbour, and the published faults."""

import json
import pickle

import pytest

from bluepencil.documents import Document
from bluepencil.errors import OptionError
from bluepencil.rewriting.math_checks import MathChecks, MathReason
from bluepencil.rewriting.math_verifier import MathVerifier
from bluepencil.rewriting.verdict import Verdict, Verifier

BEFORE = (
    "Home | Forum\nA baker sells 48 rolls in the morning and half as many in the afternoon. How many rolls"
    " does she sell in all?\n\nSolution: She sells 48/2 = 24 rolls in the afternoon.\n"
    "She sells 48 + 24 = 72 rolls in all.\nAnswer: 72\nCopyright 2014"
)
AFTER = (
    "A baker sells 48 rolls in the morning and half as many in the afternoon. How many rolls does she sell in"
    " all?\n\nIn the afternoon she sells $48 / 2 = 24$ rolls.\n\nTogether that makes $48 + 24 = 72$ rolls."
    "\n\n"
    "The answer is $\\boxed{72}$ rolls."
)


def verdict(after: str, before: str = BEFORE, answer: object = None, **checks: object) -> Verdict:
    verifier = MathVerifier(MathChecks(**checks))  # type: ignore[arg-type]
    fields = {} if answer is None else {"answer": answer}
    found = verifier.check(before, after, Document("a", before, fields))
    json.dumps(dict(found.notes))  # notes are for the ledger
    return found


def codes(after: str, before: str = BEFORE, answer: object = None, **checks: object) -> list[str]:
    return list(dict.fromkeys(str(one.code) for one in verdict(after, before, answer, **checks).rejections))


def test_a_sound_rewrite_passes_and_is_measured() -> None:
    found = verdict(AFTER)
    assert found.rejections == ()
    assert found.notes["steps_computed"] == 2
    assert found.notes["question_numbers"] == 1
    assert (found.notes["steps_lost"], found.notes["numbers_unfounded"]) == (0, 0)


def test_it_is_a_verifier_that_travels() -> None:
    verifier = MathVerifier(MathChecks(lost_steps=1))
    assert isinstance(verifier, Verifier)
    assert pickle.loads(pickle.dumps(verifier)) == verifier
    assert json.loads(json.dumps(verifier.describe()))["lost_steps"] == 1
    assert verifier.check_all([(BEFORE, AFTER, Document("a", BEFORE))] * 2)[1].accepted


@pytest.mark.parametrize(
    "values", [{"question_numbers": 1.5}, {"lost_steps": -1}, {"answer_seconds": -1}, {"longest_times": -1}]
)
def test_checks_that_cannot_work_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        MathChecks(**values)  # type: ignore[arg-type]


REJECTED = {
    "cut off in a word": (AFTER[:-40], MathReason.UNFINISHED),
    "cut off in a formula": (AFTER[: AFTER.index("boxed{7") + 6], MathReason.UNFINISHED),
    "ends in dots": (AFTER + " And so on...", MathReason.UNFINISHED),
    "an empty last heading": (AFTER + "\n\n## Check", MathReason.UNFINISHED),
    "an open block of code": (AFTER + "\n\n```python\nprint(72)", MathReason.UNFINISHED),
    "talks before": ("Sure! Here is the rewritten text:\n\n" + AFTER, MathReason.TALK),
    "talks after": (AFTER + "\n\nLet me know if you need more help!", MathReason.TALK),
    "an AI": ("As an AI language model, I can solve this.\n\n" + AFTER, MathReason.TALK),
    "speaks of the page": ("The page contains a question about rolls.\n\n" + AFTER, MathReason.TALK),
    "thinks": ("<think>48 and half of it</think>\n" + AFTER, MathReason.TALK),
    "another answer": (AFTER.replace("boxed{72}", "boxed{75}"), MathReason.ANSWER_CHANGED),
    "a second answer": (AFTER + "\n\nThe answer is $\\boxed{96}$.", MathReason.ANSWER_CHANGED),
    "no answer": (AFTER.replace("\n\nThe answer is $\\boxed{72}$ rolls.", ""), MathReason.ANSWER_MISSING),
    "wrong arithmetic": (AFTER.replace("48 / 2 = 24", "48 / 2 = 26"), MathReason.ARITHMETIC),
    "a wrong annotation": (AFTER.replace("= 24$", "= <<48/2=26>>24$"), MathReason.ARITHMETIC),
    "the question changed": (
        AFTER.replace("sells 48 rolls in", "sells 46 rolls in"),
        MathReason.NUMBER_CHANGED,
    ),
    "a number from nowhere": (
        AFTER.replace("in the afternoon.", "in the afternoon, at 37 cents.", 1),
        MathReason.NUMBER_UNFOUNDED,
    ),
    "a step lost": (
        AFTER.replace("In the afternoon she sells $48 / 2 = 24$ rolls.\n\n", ""),
        MathReason.STEP_LOST,
    ),
    "the question lost": (
        "She adds what she has and finds the total.\n\nThe answer is $\\boxed{72}$ rolls, as it should be.",
        MathReason.QUESTION_LOST,
    ),
    "a dollar sign lost": (AFTER.replace("24$ rolls", "24 rolls"), MathReason.LATEX),
    "a brace lost": (AFTER.replace("{72}$", "{72$"), MathReason.LATEX),
    "no argument": (AFTER.replace("$48 / 2", "$\\frac{48} = 48 / 2"), MathReason.LATEX),
    "too short": ("The answer is 72.", MathReason.TOO_SHORT),
    "too long": (
        AFTER + "\n\nThen she sells all of them to her neighbours and friends." * 100,
        MathReason.TOO_LONG,
    ),
}


@pytest.mark.parametrize(("after", "code"), REJECTED.values(), ids=REJECTED.keys())
def test_each_fault_has_its_code(after: str, code: MathReason) -> None:
    assert code in codes(after)


LEGITIMATE = {
    "as it was": BEFORE,
    "equations in prose": AFTER.replace("$48 / 2 = 24$", "48 / 2 = 24").replace(
        "$48 + 24 = 72$", "48 + 24 = 72"
    ),
    "other signs": AFTER.replace("48 / 2", "48 \\div 2").replace("48 + 24", "24 + 48"),
    "a fraction": AFTER.replace("48 / 2", "\\frac{48}{2}"),
    "one sum for two": AFTER.replace("In the afternoon she sells $48 / 2 = 24$ rolls.\n\n", "").replace(
        "48 + 24", "48 + 48 / 2"
    ),
    "a step in words": AFTER.replace(
        "In the afternoon she sells $48 / 2 = 24$ rolls.", "Half of 48 is 24, so much for the afternoon."
    ),
    "an answer with a unit": AFTER.replace("$\\boxed{72}$ rolls", "72 rolls"),
    "an answer as TeX": AFTER.replace("\\boxed{72}", "\\boxed{72\\text{ rolls}}"),
    "a decimal answer": AFTER.replace("\\boxed{72}", "\\boxed{72.0}"),
    "money": AFTER.replace("In the afternoon", "At \\$2 each this is worth saying. In the afternoon"),
    "numbered steps": AFTER.replace("In the", "**Step 1.** In the").replace(
        "Together", "**Step 2.** Together"
    ),
    "a check": AFTER + "\n\n## Check\n\n$72 - 48 = 24$, which is half of 48.",
    "ends with a table": AFTER + "\n\n| part | rolls |\n|---|---|\n| morning | 48 |\n| all | 72 |",
    "a page about pages": AFTER.replace("A baker", "This text is about bakers. A baker"),
}


@pytest.mark.parametrize("name", [name for name in LEGITIMATE if name != "a page about pages"])
def test_the_nearest_legitimate_rewrite_passes(name: str) -> None:
    assert verdict(LEGITIMATE[name]).rejections == ()


def test_what_the_source_says_too_is_no_talk() -> None:
    after = LEGITIMATE["a page about pages"]
    assert codes(after) == [MathReason.TALK]
    assert codes(after, BEFORE.replace("A baker", "This text is about bakers. A baker")) == []


LONG = (
    "The sequence goes on like this, and each of its terms is found from the one before it by one rule. " * 2
)
ROWS = "| 1 | 1 |\n| 2 | 4 |\n" * 40
ZEROS = "0 & 0 & 0 & 0 & 0 & 0 \\\\ " * 30
PUBLISHED_FAULTS = {
    "0.3333333333333": f"One third is $1 / 3 = 0.3333333333333$, where the digit 3 never ends.\n\n{LONG}",
    "hundreds of threes": f"One third is $1 / 3 \\approx 0.{'3' * 400}$, and so it never ends.\n\n{LONG}",
    "1000000000000": f"A million millions are $1000000 \\cdot 1000000 = 1000000000000$.\n\n{LONG}",
    "a table": f"The squares:\n\n| n | square |\n|---|---|\n{ROWS}\n{LONG}",
    "a wide table": f"The table is wide:\n\n{'| 0 ' * 80}|\n{'|---' * 80}|\n{'| 0 ' * 80}|\n\n{LONG}",
    "a matrix of zeros": f"It is\n\n$$\\begin{{pmatrix}}{ZEROS}\\end{{pmatrix}}$$\n\n{LONG}",
}  # fmt: skip


@pytest.mark.parametrize("text", PUBLISHED_FAULTS.values(), ids=PUBLISHED_FAULTS.keys())
def test_what_published_filters_are_wrong_about_passes(text: str) -> None:
    assert codes(text, f"Some page.\n{text}\nFooter") == []
    assert MathReason.REPETITIVE not in codes(text, "A page about numbers.")


def test_going_round_in_circles_is_seen_whatever_is_counted_up() -> None:
    step = "We add the same amount to the total once more, because the rule says that we have to do so now.\n"
    for text in (step * 12, "".join(f"Step {n}. {step}" for n in range(12)), "x = y + z = " * 60):
        assert MathReason.REPETITIVE in codes(AFTER + "\n\n" + text + "\nDone.")
    counted = "".join(
        f"In week {n} she sells {48 * n} rolls, since each week has the same number.\n" for n in range(1, 9)
    )
    assert MathReason.REPETITIVE not in codes(AFTER + "\n\n" + counted)


def test_the_field_with_the_answer_is_the_answer() -> None:
    assert (
        codes(AFTER, "A page.\nA baker sells 48 rolls, then half as many, and 24 + 48 = 72.", answer=72) == []
    )
    wrong = codes(AFTER, BEFORE.replace("Answer: 72\n", ""), answer="70")
    assert wrong == [MathReason.ANSWER_CHANGED]


def test_an_answer_in_own_words_passes_where_it_need_not_be_marked() -> None:
    after = AFTER.replace("\n\nThe answer is $\\boxed{72}$ rolls.", "")
    assert codes(after, answer_marked=False) == []
    assert codes(after.replace("72", "71"), answer_marked=False, arithmetic=False) != []


def test_an_equal_answer_of_another_form_passes() -> None:
    before = "Factor $x^2 + 3x + 2$ and say what it is.\n\nThe answer is $(x+1)(x+2)$."
    after = "Factor $x^2 + 3x + 2$ and say what it is.\n\nThe answer is $\\boxed{(x+2)(x+1)}$."
    pytest.importorskip("math_verify", reason="comparing formulas needs the extra `math`")
    assert codes(after, before) == []
    assert codes(after.replace("(x+2)(x+1)", "(x+2)(x+3)"), before)[0] == MathReason.ANSWER_CHANGED


def test_the_words_of_the_prompt_are_noticed() -> None:
    instructions = (
        "Keep every number, unit, name and formula of the question as it is. Change no result at all."
    )
    after = (
        AFTER + "\n\nKeep every number, unit, name and formula of the question as it is, change no result."
    )
    assert codes(after, instructions=instructions) == [MathReason.ECHO]
    assert codes(AFTER, instructions=instructions) == []


def test_another_language_is_noticed_and_the_same_is_not() -> None:
    english = "The train leaves the station and it is so fast that we have to wait for the next one. " * 3
    german = "Der Zug verlässt den Bahnhof und ist so schnell, dass wir auf den nächsten warten müssen. " * 3
    russian = "Поезд отправляется со станции так быстро, что нам приходится ждать следующего поезда. " * 3
    for other in (german, russian):
        assert MathReason.LANGUAGE in codes(other + AFTER[:0] + "Ende.", english)
        assert MathReason.LANGUAGE not in codes(other, other + "Menu")
    assert MathReason.LANGUAGE not in codes("Le prix est de 5 euros, " + english, english)
    # Too few words say nothing.
    assert MathReason.LANGUAGE not in codes("$x^2 + y^2 = z^2$ und so weiter.", english)


SOLVED = "Solve $2x + 6 = 10$.\n\nThen $2x = 4 = 2 \\cdot 2$, so\n\\[\\frac{x}{2} = 1.\\] The answer is $2$."


@pytest.mark.parametrize(
    "after",
    [
        "Solve 2x + 6 = 10.\n\nTwice the number is \\(2\\times x=4\\). With $x/2 = 1$ and $4 = 2(2)$,"
        " the answer is $2$.",
        "Solve $10 = 2x + 6$.\n\n\\begin{align*}2x &= 4 \\\\ &= 2 \\cdot 2\\end{align*}"
        "\n$$\\dfrac x2 = 1$$\nThe answer is $2$.",
    ],
)
def test_equations_are_found_again_in_other_notation(after: str) -> None:
    assert codes(after, SOLVED) == []


def test_a_solution_keeps_its_equations() -> None:
    after = SOLVED.replace("$2x = 4 = 2 \\cdot 2$", "the number is found")
    assert codes(after, SOLVED) == [MathReason.STEP_LOST]
    assert codes(after, SOLVED, source_equations=0.6, lost_steps=1) == []
    assert codes(after, SOLVED, solution_length=50, lost_steps=1) == []
    # A page that states no answer is no solution, and a wrong equation need not stay.
    page = SOLVED.replace(" The answer is $2$.", "")
    assert codes(after.replace(" The answer is $2$.", ""), page, lost_steps=1) == []
    assert codes(SOLVED, SOLVED.replace("so\n", "$3 + 4 = 8$, so\n")) == []


QUARTERS = "She eats $75/100 = 3/4$ of it, then $3/4 - 1/2 = 1/4$ of it is left over.\n\nThe answer is $1/4$."


def test_a_fraction_in_lowest_terms_is_a_result() -> None:
    assert codes(QUARTERS, QUARTERS) == []
    assert codes(QUARTERS.replace("$75/100 = 3/4$", "$\\frac{75}{100}=\\frac{3}{4}$"), QUARTERS) == []
    assert codes(QUARTERS.replace("$75/100 = 3/4$", "some"), QUARTERS) == [MathReason.STEP_LOST]


def test_a_result_that_is_only_named_is_not_computed() -> None:
    before = "The next term of it is $(20 + 14)/2 = 17$. Therefore $x = 17$.\n\nThe answer is $17$."
    assert codes(before, before) == []
    left = "The next term of it is the one wanted. Therefore $x = 17$.\n\nThe answer is $17$."
    assert codes(left, before) == [MathReason.STEP_LOST]


def test_a_wrong_step_of_the_source_need_not_stay() -> None:
    before = "She has $3 + 4 = 8$ of them, and $5 + 6 = 11$ more of it.\n\nThe answer is $11$."
    after = "She has some of them, and $5 + 6 = 11$ more of it.\n\nThe answer is $11$."
    assert codes(after, before) == []


def test_limits_can_be_loosened() -> None:
    lost = AFTER.replace("In the afternoon she sells $48 / 2 = 24$ rolls.\n\n", "")
    assert codes(lost, lost_steps=1) == []
    assert codes(AFTER.replace("rolls.", "rolls at 37 cents.", 1), unfounded_numbers=1) == []
    assert (
        codes(
            AFTER.replace("48 / 2 = 24", "48 / 2 = 26"),
            arithmetic=False,
            unfounded_numbers=9,
            changed_numbers=9,
            lost_steps=9,
        )
        == []
    )
    sloppy = {"talk": False, "latex": False, "finished": False, "language": False, "repetition": False}
    assert codes("Sure! " + AFTER.replace("24$ rolls", "24 rolls") + " and", **sloppy) == []


@pytest.mark.parametrize("command", ["\\frac{1}{", "\\sqrt{", "{", "\\left(", "\\boxed{"])
def test_formulas_nested_a_thousandfold_are_judged(command: str) -> None:
    nested = f"${command * 3000}2{'}' * 3000}$"
    found = verdict(f"What is {nested}? It is what it is.", f"What is {nested}?")
    assert (MathReason.LATEX in [one.code for one in found.rejections]) is ("(" in command)
