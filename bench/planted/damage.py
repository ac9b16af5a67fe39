"""Damage to Python files, by kind, as a language model does it. Every function really changes the program.

Each takes a random generator and a text that compiles, and returns the damaged text, or None.
"""

import ast
import io
import random
import re
import tokenize
from collections.abc import Callable, Sequence

Damage = Callable[[random.Random, str], str | None]
Function = ast.FunctionDef | ast.AsyncFunctionDef

INVENTED_MODULES = (
    "import fastutils", "import smart_math", "from textkit import clean_text",
    "from py_helpers import retry_call",
    "from .helpers import load_settings", "from ..core import Engine", "import algorithms_plus as ap",
    "from data_structures import LinkedQueue", "import json.fast", "import collections.sorted",
    "from codebase.shared import constants", "import pretty_console",
)  # fmt: skip
INVENTED_NAMES = (
    "from math import square_root", "from collections import SortedDict", "from os import list_files",
    "from json import parse", "from itertools import flatten", "from functools import memoize",
    "from random import random_int", "from typing import Integer", "from datetime import now",
    "from pathlib import PathLike as P", "from re import find_all", "from string import ascii_vowels",
    "import math\n_AREA = math.square(3)", "import os\n_HERE = os.path.parent('a')",
    "import json\n_TEXT = json.stringify(1)",
    "import time\n_NOW = time.now()",
)  # fmt: skip
INTRODUCTIONS = (
    "Sure! Here is the improved code:\n\n{code}",
    "Here's the refactored version of your code, with better names:\n\n```python\n{code}\n```\n",
    "{code}\n\nThis version adds type hints and splits the work into smaller functions.\n",
    "{code}\n```\n\nKey changes made:\n- Added docstrings\n- Improved names\n",
    "### Improved Code:\n\n{code}",
    '"""\nHere is the improved code with the changes you asked for:\n"""\n{code}',
    "# I've refactored the code to follow the style guide.\n{code}",
    "{code}\n\n# Improvements made:\n# 1. Better names\n# 2. Type hints\n",
    "{code}\n\n# Let me know if you would like further changes!\n",
    "Certainly!\n{code}",
    "```python\n{code}",
    "# Sure, here's the optimized version of the script:\n{code}",
)
REFUSALS = (
    "I'm sorry, but I can't help with rewriting this code.",
    "# As an AI language model, I cannot rewrite this file.\nprint('See above for the reasons why not.')\n",
    '"""I apologize, but I am unable to process this request because the code is too long."""\n',
)
PLACEHOLDERS = (
    "pass",
    "...",
    "raise NotImplementedError",
    "return None",
    "# Existing code here...\npass",
    "# ... rest of the code ...\npass",
)
NOTICE = "# SPDX-License-Identifier: MIT\n# Copyright (c) 2019 The authors of this file\n\n"


def same_program(one: str, other: str) -> bool:
    """Whether two texts compile to the same tree."""
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False


def compiles(text: str) -> bool:
    """Whether a text compiles."""
    try:
        compile(text, "planted", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def truncated(rng: random.Random, text: str) -> str | None:
    """Cut the text after a random token; something of the program is missing."""
    ends = [token.end for token in tokens(text) if token.type not in (tokenize.NL, tokenize.COMMENT)]
    lines = list(io.StringIO(text))
    rng.shuffle(ends)
    for row, column in ends[:20]:
        cut = "".join(lines[: row - 1]) + (lines[row - 1][:column] if row <= len(lines) else "")
        if len(cut.strip()) > 20 and not same_program(cut, text) and not _ends_alike(cut, text):
            return cut
    return None


def _ends_alike(cut: str, text: str) -> bool:
    """Whether what was cut off is a `pass` or a `return` at the end, which does nothing."""
    rest = text[len(cut) :]
    return set(re.findall(r"\w+", re.sub(r"#.*", "", rest))) <= {"pass", "return", "None"}


def dropped(rng: random.Random, text: str) -> str | None:
    """Leave out a public function, class or method."""
    tree = ast.parse(text)
    owners: list[ast.Module | ast.ClassDef] = [tree]
    owners += [node for node in tree.body if isinstance(node, ast.ClassDef) and is_public(node.name)]
    found = [
        (owner, node)
        for owner in owners
        for node in owner.body
        if isinstance(node, Function | ast.ClassDef)
        and is_public(node.name)
        and _is_only(owner.body, node.name)
    ]
    if not found:
        return None
    owner, node = rng.choice(found)
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    filler = [" " * node.col_offset + "pass\n"] if len(owner.body) == 1 and owner is not tree else []
    return _without(text, first, node.end_lineno or first, filler)


def dropped_main(rng: random.Random, text: str) -> str | None:
    """Leave out the `__main__` block."""
    blocks = [node for node in ast.parse(text).body if _is_main(node)]
    if not blocks:
        return None
    node = rng.choice(blocks)
    changed = _without(text, node.lineno, node.end_lineno or node.lineno, [])
    return None if any(_is_main(one) for one in ast.parse(changed).body) else changed


def renamed(rng: random.Random, text: str) -> str | None:
    """Rename a public function or class throughout the file."""
    nodes = [node for node in ast.parse(text).body if isinstance(node, Function | ast.ClassDef)]
    names = [node.name for node in nodes if is_public(node.name)]
    if not names:
        return None
    name = rng.choice(names)
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    choices = [one for one in (snake, f"{name}_improved", f"run_{name}", f"{name}2") if one != name]
    new = snake if snake != name else rng.choice(choices)
    return None if re.search(rf"\b{new}\b", text) else rename(text, name, new)


def renamed_parameter(rng: random.Random, text: str) -> str | None:
    """Rename a parameter of a public function or method throughout that function."""
    node = _pick_function(rng, text, lambda one: bool(_named(one)))
    if node is None:
        return None
    name = rng.choice(_named(node))
    new = f"{name}_value"
    lines = list(io.StringIO(text))
    part = "".join(lines[node.lineno - 1 : node.end_lineno])
    if new in part:
        return None
    return "".join([*lines[: node.lineno - 1], rename(part, name, new), *lines[node.end_lineno :]])


def swapped_parameters(rng: random.Random, text: str) -> str | None:
    """Swap two parameters in the head of a public function or method."""
    node = _pick_function(rng, text, lambda one: len(_plain(one)) >= 2)
    if node is None:
        return None
    one, two = _plain(node)[:2]
    return _replace(text, [(one, two.arg), (two, one.arg)])


def invented_import(rng: random.Random, text: str) -> str | None:
    """Import a module that does not exist, or is not there."""
    return _insert(rng, text, rng.choice(INVENTED_MODULES))


def invented_name(rng: random.Random, text: str) -> str | None:
    """Take a name out of a real module that does not have it."""
    line = rng.choice(INVENTED_NAMES)
    module = re.search(r"(?:from|import) (\w+)", line)
    if (
        "import *" in text
        or module is None
        or re.search(rf"\b{module.group(1)}\b *=|def {module.group(1)}\b", text)
    ):
        return None
    return _insert(rng, text, line)


def lost_import(rng: random.Random, text: str) -> str | None:
    """Leave out an import whose names the file uses."""
    nodes = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    # With the annotations of the future, what only they name is never looked up.
    if re.search(r"import \*|import annotations|\b(?:globals|exec|vars|setattr)\b", text):
        return None
    rng.shuffle(nodes)
    for node in nodes:
        names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        changed = _without(text, node.lineno, node.end_lineno or node.lineno, [])
        if any(_is_missing(changed, name) for name in names) and compiles(changed):
            return changed
    return None


def prose(rng: random.Random, text: str) -> str | None:
    """Put an assistant's words before or after the code."""
    return rng.choice(INTRODUCTIONS).replace("{code}", text.strip("\n"))


def refusal(rng: random.Random, text: str) -> str | None:
    """Answer with a refusal."""
    return rng.choice(REFUSALS)


def placeholder(rng: random.Random, text: str) -> str | None:
    """Replace the body of a function by something that stands for it."""
    node = _pick_function(rng, text, _does_something, private=True)
    if node is None:
        return None
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    first, indent = body[0], " " * body[0].col_offset
    if first.lineno == node.lineno:
        return None
    filler = [f"{indent}{line}\n" for line in rng.choice(PLACEHOLDERS).split("\n")]
    start = min([first.lineno, *(one.lineno for one in getattr(first, "decorator_list", ()))])
    return _without(text, start, node.end_lineno or first.lineno, filler)


def licence_removed(rng: random.Random, text: str) -> str | None:
    """Leave out the notice that `with_notice` put there."""
    return text.removeprefix(NOTICE) if text.startswith(NOTICE) else None


def repeated(rng: random.Random, text: str) -> str | None:
    """Get stuck: repeat the end of a stretch of lines until the answer is full."""
    lines = list(io.StringIO(text))
    if not lines:
        return None
    if not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    start = rng.randrange(len(lines))
    block = "".join(lines[start : start + rng.randint(1, 12)])
    if not block.strip() or len(block.strip()) < 10:
        return None
    return "".join(lines) + block * max(4, 1500 // len(block))


def repeated_function(rng: random.Random, text: str) -> str | None:
    """Write a function or class a second time, at the end."""
    nodes = [node for node in ast.parse(text).body if isinstance(node, Function | ast.ClassDef)]
    nodes = [node for node in nodes if not node.decorator_list]
    if not nodes:
        return None
    part = ast.get_source_segment(text, rng.choice(nodes)) or ""
    return f"{text.rstrip()}\n\n\n{part}\n"


def with_notice(text: str) -> str:
    """Return a text under a licence notice."""
    return NOTICE + text


def tokens(text: str) -> list[tokenize.TokenInfo]:
    """Return the tokens of a text that the tokenizer accepts, fewer where it stops."""
    found: list[tokenize.TokenInfo] = []
    try:
        found.extend(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return found


def rename(text: str, old: str, new: str) -> str:
    """Return a text in which every token that is a name has another one."""
    lines = list(io.StringIO(text))
    for token in reversed(tokens(text)):
        if token.type == tokenize.NAME and token.string == old:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column] + new + lines[row - 1][column + len(old) :]
    return "".join(lines)


def is_public(name: str) -> bool:
    """Whether a name is for others to use."""
    return not name.startswith("_")


def _is_only(body: Sequence[ast.stmt], name: str) -> bool:
    """Whether nothing else in a block binds the name, so that it is gone when its definition is."""
    source = "\n".join(ast.unparse(node) for node in body)
    return len(re.findall(rf"(?:def|class|import|as|,) {name}\b|^{name} *[:=]", source, re.MULTILINE)) == 1


def _is_main(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If) and "__name__" in ast.dump(node.test) and "__main__" in ast.dump(node.test)
    )


def _is_missing(text: str, name: str) -> bool:
    """Whether a name is used and nothing gives it a value any more."""
    tree = ast.parse(text)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    bound = [node for node in names if not isinstance(node.ctx, ast.Load)]
    other = re.search(rf"(?:def|class|import|as) {name}\b|import [^\n]*\b{name}\b|\bglobal\b", text)
    arguments = any(isinstance(node, ast.arg) and node.arg == name for node in ast.walk(tree))
    return bool(names) and not bound and not other and not arguments


def _pick_function(
    rng: random.Random, text: str, fits: Callable[[Function], bool], private: bool = False
) -> Function | None:
    """Choose a function or method at the top, one that is the only one of its name."""
    tree = ast.parse(text)
    bodies = [
        tree.body,
        *(node.body for node in tree.body if isinstance(node, ast.ClassDef) and is_public(node.name)),
    ]
    found = [
        node
        for body in bodies
        for node in body
        if isinstance(node, Function)
        and (private or is_public(node.name))
        and _is_only(body, node.name)
        and not node.decorator_list
        and fits(node)
    ]
    return rng.choice(found) if found else None


def _plain(node: Function) -> list[ast.arg]:
    """Return the parameters that can be swapped: neither self nor those with defaults."""
    found = node.args.args[: len(node.args.args) - len(node.args.defaults)]
    return [one for one in found if one.arg not in ("self", "cls")]


def _named(node: Function) -> list[str]:
    return [one.arg for one in [*node.args.args, *node.args.kwonlyargs] if one.arg not in ("self", "cls")]


def _does_something(node: Function) -> bool:
    empty = (ast.Pass, ast.Raise, ast.Expr)
    return any(
        not isinstance(one, empty)
        and not (isinstance(one, ast.Return) and isinstance(one.value, ast.Constant | None))
        for one in node.body
    )


def _without(text: str, first: int, last: int, filler: list[str]) -> str:
    lines = list(io.StringIO(text))
    return "".join([*lines[: first - 1], *filler, *lines[last:]])


def _replace(text: str, changes: Sequence[tuple[ast.arg, str]]) -> str | None:
    """Write other names at the places of parameters."""
    lines = text.encode().splitlines(keepends=True)
    for node, name in sorted(changes, key=lambda one: (-one[0].lineno, -one[0].col_offset)):
        line, end = lines[node.lineno - 1], node.col_offset + len(node.arg.encode())
        lines[node.lineno - 1] = line[: node.col_offset] + name.encode() + line[end:]
    return b"".join(lines).decode()


def _insert(rng: random.Random, text: str, line: str) -> str:
    """Put a statement after the docstring and the imports from the future, or at the start of a function."""
    tree = ast.parse(text)
    bodies = [
        node.body for node in tree.body if isinstance(node, Function) and node.body[0].lineno > node.lineno
    ]
    lines = list(io.StringIO(text))
    if bodies and rng.random() < 0.3 and "\n" not in line:
        first = rng.choice(bodies)[0]
        start = min([first.lineno, *(one.lineno for one in getattr(first, "decorator_list", ()))])
        return "".join([*lines[: start - 1], " " * first.col_offset + line + "\n", *lines[start - 1 :]])
    top = 0
    for node in tree.body:
        if not (
            isinstance(node, ast.Expr) or (isinstance(node, ast.ImportFrom) and node.module == "__future__")
        ):
            break
        top = node.end_lineno or top
    if top and not lines[top - 1].endswith("\n"):
        lines[top - 1] += "\n"
    return "".join([*lines[:top], line + "\n", *lines[top:]])


# Kinds whose damage shows in the tree; the others change what is around the program.
STRUCTURAL: dict[str, Damage] = {
    "truncation": truncated,
    "dropped function": dropped,
    "dropped __main__ block": dropped_main,
    "renamed public function": renamed,
    "renamed parameter": renamed_parameter,
    "swapped parameters": swapped_parameters,
    "invented import": invented_import,
    "invented name of a real module": invented_name,
    "lost import": lost_import,
    "refusal": refusal,
    "placeholder body": placeholder,
    "repeated function": repeated_function,
}
AROUND: dict[str, Damage] = {
    "prose around code": prose,
    "removed licence header": licence_removed,
    # What is repeated may be a comment.
    "repetition": repeated,
}
