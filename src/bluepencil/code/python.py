"""Python as a language: its own compiler and tokenizer."""

import io
import tokenize
from collections.abc import Iterator

from bluepencil.code.languages import Prose
from bluepencil.code.problems import SyntaxProblem
from bluepencil.code.python_syntax import check_python


class Python:
    """The language that this project is written in."""

    name = "python"

    def check(self, text: str, version: tuple[int, int] | None = None) -> SyntaxProblem | None:
        """Return how the text breaks Python's compiler."""
        return check_python(text, version)

    def prose(self, text: str) -> Iterator[Prose]:
        """Yield comments and strings; a formatted string comes in the pieces its Python's tokenizer makes."""
        try:
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.COMMENT:
                    yield Prose("comment", token.string, token.start[0])
                elif token.type in _STRINGS:
                    yield Prose("string", token.string, token.start[0])
        except (tokenize.TokenError, SyntaxError):
            return


# From 3.12 on the text of a formatted string is a token of its own.
_STRINGS = {
    tokenize.STRING,
    *(getattr(tokenize, name) for name in ("FSTRING_MIDDLE",) if hasattr(tokenize, name)),
}
