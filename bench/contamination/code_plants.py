"""Copies of code items, plain and disguised, inside real files."""

import ast
import io
import random
import re
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.contamination.data import Problem, Text

_DOCSTRING = re.compile(r'^[ \t]*("""|\'\'\')(?:.|\n)*?\1[ \t]*\n?', re.MULTILINE)
_SYLLABLES = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu", "dra", "fel", "gim", "por", "sut"]


def parses(problem: Problem) -> bool:
    try:
        ast.parse(problem.code)
    except SyntaxError:
        return False
    return True


def formatted(sources: Sequence[str]) -> list[str]:
    """Format with ruff at a line length of 60, all at once."""
    with tempfile.TemporaryDirectory() as folder:
        for number, source in enumerate(sources):
            (Path(folder) / f"{number}.py").write_text(source, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "ruff",
            "format",
            "--isolated",
            "--line-length",
            "60",
            "--quiet",
            folder,
        ]
        subprocess.run(command, check=True)
        return [(Path(folder) / f"{n}.py").read_text(encoding="utf-8") for n in range(len(sources))]


def unparsed(source: str) -> str:
    """Return the source as `ast` writes it: other layout, quotes and parentheses, no comments."""
    return ast.unparse(ast.parse(source)) + "\n"


def without_docstrings(source: str) -> str:
    return _DOCSTRING.sub("", source)


def renamed(source: str, rng: random.Random) -> str:
    """Rename every function, parameter and variable, in docstrings too."""
    tree = ast.parse(source)
    imported = {
        (name.asname or name.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    names = set(defined)
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names |= {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    # A parameter named like a built-in stands for itself; a keyword argument of a call must keep its name.
    keywords = {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
    names -= imported | keywords
    new = {name: "".join(rng.choices(_SYLLABLES, k=3)) + str(n) for n, name in enumerate(sorted(names))}
    if not new:
        return source
    pieces: list[tuple[int, int, str]] = []
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        start = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        if token.type == tokenize.NAME and token.string in new and before != ".":
            pieces.append((start, end, new[token.string]))
        elif token.type == tokenize.STRING and token.string.startswith(('"""', "'''")):
            # In prose `strings` is a word as well as a parameter; functions and compound names are names.
            words = [name for name in new if name in defined or re.search(r"[_\d]|[a-z][A-Z]", name)]
            said = token.string
            for word in words:
                said = re.sub(rf"\b{re.escape(word)}\b", new[word], said)
            pieces.append((start, end, said))
        before = token.string
    for start, end, text in reversed(pieces):
        source = source[:start] + text + source[end:]
    return source


def functions(texts: Sequence[Text]) -> list[str]:
    """Return the functions at the top level of files that parse."""
    found = []
    for one in texts:
        try:
            tree = ast.parse(one.text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                source = ast.get_source_segment(one.text, node)
                if source and len(source) < 3000:
                    found.append(source)
    return found


def in_file(plant: str, hosts: Sequence[Text], rng: random.Random) -> str:
    """Put a plant between two lines of a file where a statement of the top level begins."""
    lines = rng.choice(hosts).text.replace("\r\n", "\n").split("\n")
    places = [n for n, line in enumerate(lines) if line[:1].isalpha()] or [len(lines)]
    at = rng.choice(places)
    return "\n".join([*lines[:at], plant, *lines[at:]])


def reordered(plant: str, pool: Sequence[str], rng: random.Random) -> str:
    """Put the functions of a plant in any order among three others."""
    parts = re.split(r"^(?=def |class )", plant, flags=re.MULTILINE)
    mixed = parts[1:] + rng.sample(pool, 3)
    rng.shuffle(mixed)
    return parts[0] + "\n\n".join(mixed)


def among_functions(plant: str, pool: Sequence[str], rng: random.Random) -> str:
    chosen = rng.sample(pool, 29)
    chosen.insert(rng.randrange(30), plant)
    return "\n\n\n".join(chosen)


def in_long_file(plant: str, hosts: Sequence[Text], rng: random.Random) -> str:
    """Put a plant anywhere between the files that make 3,000 lines together."""
    files: list[str] = []
    lines = 0
    while lines < 3000:
        files.append(rng.choice(hosts).text)
        lines += files[-1].count("\n") + 1
    files.insert(rng.randrange(len(files) + 1), plant)
    return "\n".join(files)


def plants(
    problems: Sequence[Problem], hosts: Sequence[Text], rng: random.Random, long_files: int
) -> dict[str, list[tuple[Problem, str]]]:
    """Return the documents of each kind of plant, with the item that is in it."""
    pool = functions(hosts)
    sources = [problem.code for problem in problems]
    changed = {
        "verbatim": sources,
        "reformatted (ruff)": formatted(sources),
        "reformatted (ast)": [unparsed(source) for source in sources],
        "renamed": [renamed(source, rng) for source in sources],
        "docstring removed": [without_docstrings(source) for source in sources],
    }
    changed["renamed, reformatted"] = formatted(changed["renamed"])
    bare = [without_docstrings(source) for source in changed["renamed"]]
    changed["renamed, docstring removed"] = bare
    found = {
        kind: [(problem, in_file(text, hosts, rng)) for problem, text in zip(problems, texts, strict=True)]
        for kind, texts in changed.items()
    }
    wraps: dict[str, tuple[list[str], Callable[[str], str], int]] = {
        "functions reordered": (sources, lambda text: reordered(text, pool, rng), len(sources)),
        "among 30 functions": (sources, lambda text: among_functions(text, pool, rng), len(sources)),
        "in 3,000 lines": (sources, lambda text: in_long_file(text, hosts, rng), long_files),
        "renamed, reformatted, in 3,000 lines": (
            changed["renamed, reformatted"],
            lambda text: in_long_file(text, hosts, rng),
            long_files,
        ),
    }
    for kind, (texts, wrap, count) in wraps.items():
        found[kind] = [(problems[n], wrap(texts[n])) for n in range(min(count, len(texts)))]
    return found
