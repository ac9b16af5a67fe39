import doctest
from pathlib import Path


def test_the_examples_of_the_reference_run() -> None:
    page = Path(__file__).parents[2] / "docs" / "rewriting.md"
    results = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert results.attempted >= 9
    assert results.failed == 0
