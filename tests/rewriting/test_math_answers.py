"""The final answers of texts, and their comparison inside limits of time, in workers and in threads."""

import multiprocessing
import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from bluepencil.errors import MissingExtraError, OptionError
from bluepencil.rewriting import math_compare
from bluepencil.rewriting.math_answers import equal_answers, stated_answers
from bluepencil.rewriting.math_compare import Compared, Comparer, is_explosive


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (r"So $x = \boxed{\frac{1}{2}}$.", [r"\frac{1}{2}"]),
        (r"So \boxed{5} or \fbox{6}, and \boxed 7.", ["5", "6", "7"]),
        ("She has 72.\n#### 72", ["72"]),
        ("#### 1,250 dollars", ["1,250 dollars"]),
        ("**Answer:** B", ["B"]),
        ("Final answer: 3.5 metres.", ["3.5 metres"]),
        ("The correct answer is (C).", ["C"]),
        ("The answer is $x = 3$, so we are done.", ["$x = 3$"]),
        (r"The answer is $\boxed{6}$ litres.", ["6"]),
        ("The answer is that the derivative is the slope of the tangent.", []),
        ("Answer: The derivative is what we look for here, and nothing else.", []),
        ("## Answer\n\nsee above", []),
        (r"\boxed{" + "x" * 300 + "}", []),
        (r"\boxed{unclosed", []),
        ("#### Heading", []),
    ],
)
def test_stated_answers(text: str, answers: list[str]) -> None:
    assert stated_answers(text) == answers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("72", "72.0"),
        ("1,250", "$1250"),
        (r"\frac12", "0.5"),
        (r"\frac{1}{2}", r"\dfrac{1}{2}"),
        (r"50\%", "50%"),
        (r"72\text{ rolls}", "72 rolls"),
        (r"45^\circ", "45"),
        (r"2\sqrt{3}", r"\sqrt{12}"),
        ("Even", r"\text{even}"),
        ("(1,2)", "( 1, 2 )"),
        ("-3", "−3"),
    ],
)
def test_equal_without_asking(one: str, other: str) -> None:
    assert equal_answers(one, other)
    assert equal_answers(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("72", "27"), ("A", "B"), ("x", "X"), (r"\frac12", r"\frac13"), ("3", "-3"), ("5", "5.5")],
)
def test_different_without_asking(one: str, other: str) -> None:
    assert not equal_answers(one, other)


ASKED = [
    ("x^2 + 2x + 1", "(x+1)^2", True),
    (r"\{1,2\}", r"\{2,1\}", True),
    (r"\sin^2 x + \cos^2 x", "1", True),
    ("[1,2)", "[1,2]", False),
    ("x^2", "x^3", False),
    ("}{ no formula", "x", False),
]


@pytest.fixture
def _math_verify() -> None:
    pytest.importorskip("math_verify", reason="comparing formulas needs the extra `math`")


@pytest.mark.usefixtures("_math_verify")
@pytest.mark.parametrize(("one", "other", "equal"), ASKED)
def test_formulas_are_compared_by_math_verify(one: str, other: str, equal: bool) -> None:
    assert equal_answers(one, other, Comparer(30)) is equal


@pytest.mark.parametrize(
    "answer", ["9**9**9**9", "9^{9^{9^9}}", "x^{100000}", "99999!", "1" * 30, "x+" * 300]
)
def test_what_explodes_is_not_even_sent(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(math_compare, "_child", None)
    assert is_explosive(answer)
    assert Comparer().compare(answer, "3") is Compared.REFUSED
    assert not equal_answers(answer, "3", Comparer())


@pytest.mark.parametrize("answer", ["x^2", r"\frac{x^{10}}{y^9}", "5!", "123456789", "(x+1)^{12}", "2^{10}"])
def test_what_people_write_is_sent(answer: str) -> None:
    assert not is_explosive(answer)


HARD = ("(x+1)^{9999}(x+2)^{9999}", "(x+1)^{9999}")


@pytest.mark.usefixtures("_math_verify")
def test_a_comparison_that_hangs_is_ended_and_the_next_one_works() -> None:
    assert Comparer(60).compare("x+1", "1+x") is Compared.EQUAL  # started
    start = time.monotonic()
    assert Comparer(0.5).compare(*HARD) is Compared.TIMED_OUT
    assert time.monotonic() - start < 60
    assert Comparer(60).compare("x+1", "1+x") is Compared.EQUAL


@pytest.mark.usefixtures("_math_verify")
def test_a_child_that_died_is_replaced() -> None:
    child = math_compare._child(os.getpid())
    assert Comparer(60).compare("x+1", "1+x") is Compared.EQUAL
    assert child.process is not None
    first = child.process.pid
    child.process.kill()
    child.process.wait()
    assert Comparer(60).compare("x+2", "2+x") is Compared.EQUAL
    assert child.process.pid != first


@pytest.mark.usefixtures("_math_verify")
def test_one_child_serves_many_comparisons_of_many_threads() -> None:
    child = math_compare._child(os.getpid())
    assert Comparer(60).compare("x+1", "1+x") is Compared.EQUAL
    assert child.process is not None
    first = child.process.pid
    assert threading.current_thread() is threading.main_thread()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: Comparer(60).equal(f"x+{n}", f"{n}+x"), range(1, 25)))
        wrong = list(pool.map(lambda n: Comparer(60).equal(f"x+{n}", f"{n}+y"), range(1, 9)))
    assert (all(found), any(wrong)) == (True, False)
    assert child.process.pid == first


def _in_worker(number: int) -> bool:
    return Comparer(60).equal(f"x+{number}", f"{number}+x") and not Comparer(60).equal("x", "y")


@pytest.mark.usefixtures("_math_verify")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_it_works_in_worker_processes(method: str) -> None:
    assert Comparer(60).compare("x+1", "1+x") is Compared.EQUAL  # a forked worker must not share this child
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        assert all(pool.map(_in_worker, range(1, 5)))
    assert Comparer(60).compare("x+2", "2+x") is Compared.EQUAL


def test_without_math_verify_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> str:
        raise math_compare.PackageNotFoundError

    monkeypatch.setattr(math_compare, "version", missing)
    math_compare._child.cache_clear()
    with pytest.raises(MissingExtraError, match=r"bluepencil\[math\]"):
        Comparer().compare("x+1", "1+x")
    assert equal_answers("1/2", "0.5", Comparer())  # not needed for numbers


def test_a_limit_of_no_time_is_refused() -> None:
    with pytest.raises(OptionError):
        Comparer(0)
