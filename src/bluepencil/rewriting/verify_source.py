"""Python source as the checks of a rewrite see it: read once, looked at by all of them."""

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar, cast

from bluepencil.code import syntax

_Node = TypeVar("_Node", bound=ast.AST)


class Source:
    """A text that passes the syntax gate, with what the checks ask of it; `read` makes one."""

    def __init__(self, text: str) -> None:
        # Python skips the mark at the start of a file, and not that at the start of a string.
        self.text = text = text.removeprefix("\ufeff")
        with warnings.catch_warnings():
            # Such as an invalid escape in a string: a warning is no fault, whatever the filters say.
            warnings.simplefilter("ignore")
            self.tree = ast.parse(text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, breadth first."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def _by_type(self) -> dict[type[ast.AST], list[ast.AST]]:
        found: dict[type[ast.AST], list[ast.AST]] = {}
        for node in self.nodes:
            found.setdefault(type(node), []).append(node)
        return found

    def of(self, *kinds: type[_Node]) -> list[_Node]:
        """Return the nodes of some types, each type in its order."""
        return [node for kind in kinds for node in cast("list[_Node]", self._by_type.get(kind, []))]

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The functions and methods, at any depth."""
        return [*self.of(ast.FunctionDef), *self.of(ast.AsyncFunctionDef)]

    @cached_property
    def comments(self) -> tuple[str, ...]:
        """The comments in order, without their number signs and the space around."""
        return tuple(_comments(self.text)) if "#" in self.text else ()

    @cached_property
    def docstrings(self) -> tuple[str, ...]:
        """The strings that stand as statements of their own, docstrings among them."""
        return tuple(text for node in self.of(ast.Expr) if (text := string_statement(node)) is not None)

    @cached_property
    def prose(self) -> tuple[str, ...]:
        """What people wrote for people: comments and docstrings."""
        return self.comments + self.docstrings

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Every name that occurs in the code: variables, attributes, imports, arguments, definitions."""
        found: set[str] = set()
        for node in self.nodes:
            found.update(_identifiers(node))
        return frozenset(found)


def read(text: str) -> Source | syntax.SyntaxProblem:
    """Return the source, or why Python's compiler does not take it."""
    return syntax.check(text) or Source(text)


def string_statement(node: ast.AST) -> str | None:
    """Return the text of a string that stands alone, as a docstring does; None for any other node."""
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        return node.value.value
    return None


def _comments(text: str) -> Iterator[str]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string.lstrip("#! \t").rstrip()
    except (tokenize.TokenError, SyntaxError):
        # The tokenizer of the library is stricter than the compiler about a few odd line ends; what it
        # found up to there is what there is to judge.
        return


def _identifiers(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name):
            yield name
        case ast.keyword(arg=str(name)):
            yield name
        case ast.alias(name=name, asname=other):
            yield from name.split(".")
            if other:
                yield other
        case ast.ImportFrom(module=str(name)):
            yield from name.split(".")
        case _:
            pass
