import doctest
from pathlib import Path

from bluepencil.refiners.cascade import CONTEXT, SURE

PAGE = Path(__file__).parents[2] / "docs" / "cascade.md"


def test_the_examples_of_the_reference_run() -> None:
    results = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert results.attempted > 5
    assert results.failed == 0


def test_the_defaults_are_as_they_are_said_to_be() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"`--sure SHARE` ({SURE})" in text
    assert f"`--context N` ({CONTEXT})" in text
