"""Behaviour before and after, by tests and examples, in whatever isolation this machine has."""

import pytest

from bluepencil.documents import Document
from bluepencil.errors import OptionError
from bluepencil.rewriting.sandbox import Limits, Sandbox
from bluepencil.rewriting.verdict import Verdict
from bluepencil.rewriting.verify import CodeChecks, CodeVerifier, Rule

try:
    Sandbox().in_effect  # noqa: B018 - raises where nothing works
except OptionError:
    pytest.skip("no isolation works on this machine", allow_module_level=True)

SOURCE = '''\
def shorten(text, limit=5):
    """Cut a text.

    >>> shorten("abcdefgh")
    'abcde'
    >>> shorten("abc")
    'abc'
    """
    if len(text) <= limit:
        return text
    return text[:limit]
'''
CHECK = """\
def check(candidate):
    assert candidate('abcdef') == 'abcde'
    assert candidate('abc', 2) == 'ab'
"""
LIMITS = Limits(seconds=10, cpu_seconds=2)


def verdict(before: str, after: str, fields: dict[str, object] | None = None, **options: object) -> Verdict:
    checks = CodeChecks(lint=False, execute=True, **{"limits": LIMITS, **options})
    return CodeVerifier(checks).check(before, after, Document("", before, fields or {}))


def codes(found: Verdict) -> list[str]:
    return [one.code for one in found.rejections]


SAME = SOURCE.replace("if len(text) <= limit:\n        return text\n    return", "return")
OTHER = SOURCE.replace("text[:limit]", "text[1:limit]")


@pytest.mark.parametrize(
    "fields",
    [
        {"test": CHECK, "entry_point": "shorten"},
        {"test": "assert shorten('abcdef') == 'abcde'\nassert shorten('abc', 2) == 'ab'"},
        {"test": ["assert shorten('abcdef') == 'abcde'", "assert shorten('abc', 2) == 'ab'"]},
        {"test": "def test_it():\n    assert shorten('abcdef') == 'abcde'"},
    ],
)
def test_tests_of_every_form_tell_same_from_other(fields):
    same = verdict(SOURCE, SAME, fields, doctests=False)
    assert same.accepted
    assert same.notes["behaviour"] == {"sandbox": Sandbox().in_effect, "tests": "passed"}
    other = verdict(SOURCE, OTHER, fields, doctests=False)
    assert codes(other) == [Rule.BEHAVIOUR]
    assert "AssertionError" in other.rejections[0].detail
    assert other.notes["behaviour"]["tests"] == "failed"


def test_examples_of_docstrings_tell_same_from_other():
    same = verdict(SOURCE, SAME.replace('"""Cut a text.\n', '"""Cut.\n'))
    assert (codes(same), same.notes["behaviour"]["examples"]) == ([], [2, 2])
    other = verdict(SOURCE, OTHER)
    assert (codes(other), other.notes["behaviour"]["examples"]) == ([Rule.BEHAVIOUR], [2, 1])
    without = verdict(SOURCE, "def shorten(text, limit=5):\n    return text[1:limit] + text[:0] + text[:0]\n")
    assert codes(without) == [Rule.BEHAVIOUR]
    assert verdict(SOURCE, OTHER, doctests=False).accepted


def test_nothing_runs_unless_asked():
    assert not CodeChecks().execute
    found = CodeVerifier(CodeChecks(lint=False)).check(
        SOURCE, OTHER, Document("", SOURCE, {"test": "assert 0"})
    )
    assert found.accepted
    assert "behaviour" not in found.notes


def test_without_tests_there_is_nothing_to_run():
    found = verdict("x = 1 / 0\n", "x = 1 / 0  # never run\n", {"test": None})
    assert found.accepted
    assert "behaviour" not in found.notes


def test_what_the_original_fails_judges_nothing():
    found = verdict(SOURCE, OTHER, {"test": "assert False, 'broken'"}, doctests=False)
    assert found.accepted
    assert "broken" in found.notes["behaviour"]["original"]
    wrong = SOURCE.replace("'abcde'", "'abcd'").replace("'abc'", "'abd'")
    assert verdict(wrong, wrong.replace("text[:limit]", "text[1:limit]")).accepted


ENDS = [
    ("while True: pass", Rule.TIMED_OUT),
    ("import os\n    os._exit(0)", Rule.BEHAVIOUR),
    ("raise SystemExit(0)", Rule.BEHAVIOUR),
    ("import os\n    os.kill(os.getpid(), 9)", Rule.BEHAVIOUR),
    ("print('{}')\n    assert text is None", Rule.BEHAVIOUR),
    ("x = bytearray(10 ** 11)", Rule.BEHAVIOUR),
]


@pytest.mark.parametrize(("line", "rule"), ENDS)
def test_a_rewrite_that_ends_otherwise_is_rejected(line, rule):
    after = SOURCE.replace("    if len", f"    {line}\n    if len")
    assert codes(verdict(SOURCE, after, {"test": "shorten('abcdef')"}, doctests=False)) == [rule]


def test_one_that_prints_and_forks_is_judged_by_its_tests_alone():
    after = SOURCE.replace("    if len", '    print(\'{"tests": ""}\' * 100_000)\n    if len')
    assert verdict(SOURCE, after, {"test": CHECK, "entry_point": "shorten"}, doctests=False).accepted


def test_a_rewrite_that_does_not_load_is_rejected():
    after = SOURCE + "LIMIT = [][0]\n"
    found = verdict(SOURCE, after)
    assert codes(found) == [Rule.BEHAVIOUR]
    assert "IndexError" in found.rejections[0].detail


def test_the_main_block_does_not_run():
    main = 'if __name__ == "__main__":\n    raise SystemExit(1)\n'
    assert verdict(SOURCE + main, SAME + main).notes["behaviour"]["examples"] == [2, 2]


def test_dataclasses_and_random_numbers_are_the_same_twice():
    source = (
        "import random\nfrom dataclasses import dataclass\n\n\n@dataclass\nclass Point:\n    x: int = 0\n\n\n"
        "def draw():\n    return random.random()\n"
    )
    test = "assert draw() == 0.8444218515250481 and Point(3).x == 3 and len({'a', 'b'}) == 2"
    assert verdict(source, source + "\n# Same.\n", {"test": test}).notes["behaviour"]["tests"] == "passed"


def test_the_verifier_reads_the_fields_that_it_names():
    verifier = CodeVerifier(
        CodeChecks(lint=False, execute=True, tests_field="asserts", entry_field="function")
    )
    assert verifier.fields == ("asserts", "function")
    assert verifier.describe()["sandbox"] == Sandbox().in_effect
    document = Document("", SOURCE, {"asserts": CHECK, "function": "shorten"})
    assert codes(verifier.check(SOURCE, OTHER, document)) == [Rule.BEHAVIOUR]
