import ast
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.decontaminate.lexing import marks
from bluepencil.decontaminate.reading import Kind, read
from decontaminate.items_for_tests import CODE, HOST


def loose(text: str) -> list[int]:
    return read([text], Kind.CODE).streams.loose.tolist()


def tokens(text: str) -> list[str]:
    streams = read([text], Kind.CODE).streams
    return [text[a:b] for a, b in zip(streams.starts.tolist(), streams.ends.tolist(), strict=True)]


BODY = """total = 0
for entry in entries:
    if entry.count('a') > 2:
        total += len(entry)
print(total)
"""


@pytest.mark.parametrize(
    "other",
    [
        BODY.replace("entry", "zz").replace("entries", "QQ").replace("total", "s1"),
        BODY.replace("    ", "\t\t"),
        BODY.replace("'a'", '"a"').replace("len(entry)", "(len( entry ))"),
        BODY.replace("\n", "\r\n"),
        BODY.replace("    if", "    # why\n\n    if").replace("print(total)", "print (total) ;"),
        '"""What it does."""\nimport os, sys\nfrom a import (b,\n  c)\n' + BODY,
        "".join(f">>> {line}\n" for line in BODY.splitlines()),
    ],
)
def test_names_layout_and_comments_change_nothing(other: str) -> None:
    assert loose(other) == loose(BODY) != []


@pytest.mark.parametrize(
    "other",
    [
        BODY.replace("> 2", "> 3"),
        BODY.replace("count", "find"),
        BODY.replace("len(entry)", "sum(entry)"),
        BODY.replace("'a'", "'b'"),
        BODY.replace("+=", "-="),
        BODY.replace("total += len(entry)", "entry += len(total)"),
    ],
)
def test_what_it_does_counts(other: str) -> None:
    assert loose(other) != loose(BODY)


def test_annotations_defaults_and_reformatting_change_nothing() -> None:
    bare = "def f(a, b):\n    return [a for a in b if a]\n"
    typed = (
        "def f(\n    a: dict[str, int] = {},\n    b: Callable[[int], (str)] = g(1),\n) -> list[int]:\n"
        "    return [a for a in b if a]\n"
    )
    assert loose(bare) == loose(typed)
    assert loose(ast.unparse(ast.parse(CODE))) == loose(CODE)


def test_slashes_divide_in_python_and_comment_elsewhere() -> None:
    assert tokens("def f(n):\n    return n // 2\n") == ["def", "f", "return", "n", "/", "/", "2"]
    assert tokens("int f() {\n  return 1; // why not\n} /* and { more */\n")[-1] == "1"


def test_strings() -> None:
    assert tokens("x = r'\\d+' + b\"k\" + f'{y}' + 'it''s'") == [
        "x", "=", "r'\\d+'", "+", "b\"k\"", "+", "f'{y}'", "+", "'it'", "'s'",
    ]  # fmt: skip
    short, other = "a b c d e f = '%20' + g", 'a b c d e f = "20" + g'
    assert loose(short) == loose(other)
    long_one, long_other = (f"a b c d e f = '{word * 6}' + g" for word in ("alpha ", "omega "))
    assert loose(long_one) == loose(long_other)


def test_code_in_a_string_is_code() -> None:
    inside = f'source = """\n{BODY}def f(x):\n    return x\n"""\n'
    assert set(loose(BODY)) <= set(loose(inside))
    turned_inside_out = f'"""\n{HOST}\n{BODY}'
    assert set(loose(BODY)) <= set(loose(turned_inside_out))


@pytest.mark.parametrize(
    "hard",
    ["\"" * 200_000, "'" * 99_999, "/*" * 100_000, "{;\n/*" * 50_000, "\\'" * 100_000, "def f(" * 40_000,
     "import (" * 40_000, '"""' * 66_666, "def x(" + "(" * 100_000, "a" * 300_000, "#\n" * 100_000,
     "'''def f(" * 20_000, "'a' " * 50_000, "import x " * 40_000, ">>> " * 50_000],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_nothing_is_quadratic(hard: str) -> None:
    # What was quadratic took minutes; the bound only has to tell the two apart on any machine.
    started = time.process_time()
    read([hard], Kind.CODE)
    read([hard], Kind.PROSE)
    assert time.process_time() - started < 30


@given(st.text(alphabet="abdef( )'\"#/*\\\n:=1,.>{}[];é", max_size=200))
def test_any_text_can_be_lexed(text: str) -> None:
    left_out, strings = marks(text)
    for start, end in left_out:
        assert 0 <= start <= end <= len(text)
    for start, end, _ in strings:
        assert text[end - 1] in "\"'"
        assert start < end
    streams = read([text], Kind.CODE).streams
    assert (streams.ends > streams.starts).all()
    assert (streams.starts[1:] >= streams.ends[:-1]).all()
