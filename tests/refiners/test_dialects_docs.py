import doctest
from pathlib import Path

from bluepencil.programs.dialects import DialectFault
from bluepencil.programs.dialects.languages import LANGUAGES
from bluepencil.refiners.dialects import RELEASED

PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"


def test_the_examples_of_the_reference_run() -> None:
    results = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert results.attempted > 5
    assert results.failed == 0


def test_every_code_every_model_and_every_size_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for code in DialectFault:
        assert f"| `{code.value}` |" in text
    for name, asked in RELEASED.items():
        assert f"`{asked.model}`" in text
        assert f"{LANGUAGES[name].window:,} characters" in text
        assert f" {asked.max_new_tokens:,} |" in text
