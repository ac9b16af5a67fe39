"""The syntax gate: whether a source file can be read by its language, and how it cannot."""

from bluepencil.code.languages import language as find_language
from bluepencil.code.problems import SyntaxProblem, SyntaxReason

__all__ = ["SyntaxProblem", "SyntaxReason", "check"]


def check(
    text: str, language: str = "python", version: tuple[int, int] | None = None
) -> SyntaxProblem | None:
    """Return the first problem of a source text, or None where there is none.

    `language` is a name of `bluepencil.code.languages.NAMES`; `version` selects an older grammar of Python,
    such as `(3, 9)` (`check_python` says what that covers). Never raises because of the text.

    Raises OptionError for a language or version there is no grammar for, MissingExtraError where the grammar
    is not installed.
    """
    return find_language(language).check(text, version)
