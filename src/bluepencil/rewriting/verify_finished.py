"""Rewrites that stop: cut off by a token limit, or left out by a model that points at the rest instead.

A cut is seen in three ways: the compiler misses an end; the code is the original's, up to names, layout and
comments, and then stops; or what only the end of the original speaks of is gone while the beginning is there.
"""

import ast
import io
import keyword
import re
import tokenize
from collections import Counter
from collections.abc import Iterator

from bluepencil.rewriting.names import FUNCTIONS, decorators, statements
from bluepencil.rewriting.verify_source import Source, string_statement

_ELLIPSIS = r"(?:\.\.\.|…)"
_PLACEHOLDER = re.compile(
    rf"^(?:{_ELLIPSIS}|\[{_ELLIPSIS}\]|<{_ELLIPSIS}>)$"
    rf"|^{_ELLIPSIS} ?\(?(?:the )?"
    r"(?:rest|remaining|existing|previous|other|same|original|unchanged|more|continue|as before)\b"
    r"|\b(?:rest|remainder) of (?:the|your|this|original)?\s*(?:\w+ )?"
    r"(?:code|class|function|methods?|functions|file|script|implementation|program|module|logic)\b"
    rf"|\b(?:existing|previous|original|remaining|other) (?:\w+ )?"
    rf"(?:code|methods?|functions?|implementation|logic|class(?:es)?|tests?) ?"
    rf"(?:{_ELLIPSIS}|(?:goes?|stays?|remains?|is|are|continues?)\b.{{0,12}}"
    r"\b(?:here|the same|unchanged|as before|above|below))"
    r"|\b(?:remains?|stays?) (?:the same|unchanged) as (?:before|in the original|above)\b"
    r"|^(?:todo:? *)?(?:add|insert|put|write|implement|your) (?:your |the |actual |remaining |rest of the )*"
    r"(?:code|logic|implementations?|functions?|functionality) (?:goes )?here\b"
    r"|\b(?:omitted|truncated|shortened|abbreviated|elided) for (?:brevity|clarity|simplicity|length)\b"
    r"|\bfor brevity\b|\b(?:to be continued|continued below|continue in the same (?:way|manner))\b"
    r"|\bimplementation (?:goes )?here\b|\byour code here\b"
    r"|\bsame as (?:before|above|in the original)\b *(?:\.\.\.|…|$)",
    re.IGNORECASE,
)
_UNENDED = re.compile(
    r"never closed|unterminated|unexpected EOF|EOF while|unexpected end|invalid syntax\. Perhaps"
)
# Names, attributes and texts that only the end of the original has: with fewer, an end says too little.
_TAIL_LEAST = 6
_TAIL_SHARE = 0.25
_TAIL_LEFT = 0.15
_HEAD_LEFT = 0.6


def unended(text: str) -> bool:
    """Whether a text that does not compile stops before its end, going by where and how it fails."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        last = text.rstrip().count("\n") + 1
        return bool(_UNENDED.search(error.msg or "")) or (error.lineno or 0) >= last
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return False


def placeholder(before: Source, after: Source) -> str:
    """Return a remark that stands for code that was left out, or the empty string."""
    if not _PLACEHOLDER.search(after.text) and "..." not in after.text and "…" not in after.text:
        return ""
    known = before.text.lower()
    for part in after.comments:
        match = _PLACEHOLDER.search(part)
        if match and part.lower() not in known:
            return part[:80]
    # In docstrings only what says so in as many words: an ellipsis there is prose.
    for part in after.docstrings:
        match = _PLACEHOLDER.search(part)
        if match and len(match.group()) > 5 and match.group().lower() not in known:
            return match.group()[:80]
    return ""


def emptied(before: Source, after: Source) -> str:
    """Return the name of a function whose body a rewrite left out, or the empty string."""
    known = {name for name, _, _ in _functions(before)}
    left = Counter(name for name, node, _ in _functions(before) if _is_empty(node))
    full = {name for name, node, _ in _functions(before) if not _is_empty(node)}
    for name, node, in_protocol in _functions(after):
        if not _is_empty(node) or _may_be_empty(node):
            continue
        # Not every `Protocol` is that of typing: what had a body has to keep one.
        if in_protocol and name not in full:
            continue
        left[name] -= 1
        # A new hook of a class may raise; a new stub may not be left.
        if left[name] < 0 and (name in known or "." not in name or not _raises(node)):
            return name
    if _stubs(after) > _stubs(before):
        return "..."
    return ""


def cut_off(before: Source, after: Source) -> str:
    """Return what shows that a rewrite that compiles stops early, or the empty string."""
    if len(after.nodes) < len(before.nodes) and _starts(before.text, after.text):
        return "the code is the original's, and stops before its end"
    return _tail_lost(before, after)


def _starts(before: str, after: str) -> bool:
    try:
        return _is_start(list(_code(before)), list(_code(after)))
    except RecursionError:
        # `ast.unparse` calls itself for every level; a sum of a thousand parts is too deep for it to say.
        return False


def _functions(source: Source) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    """Yield functions and methods: dotted name, node, whether the class may be a `typing.Protocol`.

    Those inside functions are left out.
    """
    stack: list[tuple[str, list[ast.stmt], bool]] = [("", source.tree.body, False)]
    while stack:
        prefix, body, in_protocol = stack.pop()
        for statement in statements(body):
            if isinstance(statement, FUNCTIONS):
                yield prefix + statement.name, statement, in_protocol
            elif isinstance(statement, ast.ClassDef):
                stack.append(
                    (f"{prefix}{statement.name}.", statement.body, "Protocol" in _base_names(statement))
                )


def _base_names(node: ast.ClassDef) -> set[str]:
    return {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}


def _is_empty(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a body does nothing: only docstrings, `pass`, `...`, `return` or a refusal to work."""
    return all(
        string_statement(statement) is not None
        or isinstance(statement, ast.Pass)
        or _is_stub(statement)
        or (isinstance(statement, ast.Return) and _is_nothing(statement.value))
        or _is_refusal(statement)
        for statement in node.body
    )


def _raises(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(_is_refusal(statement) for statement in node.body)


def _may_be_empty(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(decorators(node) & {"abstractmethod", "overload", "abstractproperty", "abc"})


def _is_stub(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is Ellipsis
    )


def _is_nothing(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _is_refusal(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _stubs(source: Source) -> int:
    """Count the `...` that stand as statements, but for those where Python expects them."""
    expected = 0
    for node in source.functions:
        if _may_be_empty(node):
            expected += sum(map(_is_stub, node.body))
    for owner in source.of(ast.ClassDef):
        # `class Error(Exception): ...` is as good as `pass`.
        expected += sum(map(_is_stub, owner.body))
        if "Protocol" in _base_names(owner):
            expected += sum(sum(map(_is_stub, one.body)) for one in owner.body if isinstance(one, FUNCTIONS))
    return sum(map(_is_stub, source.of(ast.Expr))) - expected


def _is_start(whole: list[str], part: list[str]) -> bool:
    """Whether `part` is the beginning of `whole`, with something of weight missing."""
    if len(part) > len(whole):
        return False
    if not part:
        return any(token not in _WEIGHTLESS for token in whole)
    if part[:-1] != whole[: len(part) - 1]:
        return False
    last, same = part[-1], whole[len(part) - 1]
    if last != same:
        # A string that was joined from two has lost its second half.
        return last[:1] in "'\"" and same[:1] in "'\"" and same.startswith(last[:-1])
    return any(token not in _WEIGHTLESS for token in whole[len(part) :])


_WEIGHTLESS = {"pass", "return", "None", "..."}
_LAYOUT = {
    tokenize.NEWLINE,
    tokenize.NL,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.COMMENT,
}


def _code(text: str) -> Iterator[str]:
    """Yield the tokens of a program but for names, layout, comments, annotations and imports."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        _bare(node)
    previous = ""
    for token in tokenize.generate_tokens(io.StringIO(ast.unparse(tree)).readline):
        word = token.string
        if token.type in _LAYOUT or word in "():,":
            pass
        elif word == "elif":
            yield from ("else", "if")
        elif token.type == tokenize.NAME and previous != "." and not keyword.iskeyword(word):
            yield "name"
        else:
            yield word
        previous = word


def _bare(node: ast.AST) -> None:
    """Take annotations, docstrings and imports out of a node, in place."""
    if isinstance(node, ast.arg):
        node.annotation = None
    if isinstance(node, FUNCTIONS):
        node.returns = None
    for part in ("body", "orelse", "finalbody"):
        body = getattr(node, part, None)
        if isinstance(body, list):
            setattr(
                node,
                part,
                [one for one in map(_plain, body) if one is not None] or ([ast.Pass()] if body else []),
            )


def _plain(node: ast.AST) -> ast.AST | None:
    if string_statement(node) is not None or isinstance(node, ast.Pass | ast.Import | ast.ImportFrom):
        return None
    if isinstance(node, ast.AnnAssign):
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)
    return node


def _tail_lost(before: Source, after: Source) -> str:
    """Say whether the end of the original is missing while its beginning is there."""
    words = list(_words(before))
    if len(words) < 4 * _TAIL_LEAST:
        return ""
    border = int(len(words) * (1 - _TAIL_SHARE))
    head, tail = set(words[:border]), set(words[border:]) - set(words[:border])
    if len(tail) < _TAIL_LEAST:
        return ""
    left = set(_words(after))
    kept_tail, kept_head = len(tail & left) / len(tail), len(head & left) / len(head)
    if kept_tail <= _TAIL_LEFT and kept_head >= _HEAD_LEFT:
        return f"{len(tail - left)} of {len(tail)} things that only the end speaks of are gone"
    return ""


def _words(source: Source) -> Iterator[str]:
    """Yield, in order, what a rewrite seldom changes: attributes, keywords, imports, texts, numbers."""
    bound = {node.id for node in source.of(ast.Name) if not isinstance(node.ctx, ast.Load)}
    stack: list[ast.AST] = [source.tree]
    while stack:
        node = stack.pop()
        match node:
            case ast.Attribute(attr=name):
                yield "." + name
            case ast.keyword(arg=str(name)):
                yield "=" + name
            case ast.alias(name=name):
                yield "@" + name
            case ast.Name(id=name) if name not in bound:
                yield name
            case ast.Constant(value=str(value)):
                yield from (word for word in re.findall(r"\w{3,}", value) if len(value) < 2000)
            case ast.Constant(value=int(value)) if value not in (0, 1, 2):
                yield repr(value)
            case _:
                pass
        stack += [
            child for child in reversed(list(ast.iter_child_nodes(node))) if string_statement(child) is None
        ]
