import doctest
from pathlib import Path

from bluepencil.decontaminate import folding, items


def test_the_examples_of_the_reference_run() -> None:
    page = Path(__file__).parents[2] / "docs" / "decontaminate.md"
    results = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert results.attempted > 8
    assert results.failed == 0


def test_the_examples_in_docstrings_run() -> None:
    for module in (folding, items):
        results = doctest.testmod(module)
        assert results.attempted
        assert results.failed == 0
