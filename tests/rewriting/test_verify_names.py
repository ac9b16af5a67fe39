"""The public surface of modules, and what counts as keeping it; identity is accepted whatever the module."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.documents import Document
from bluepencil.rewriting.names import surface
from bluepencil.rewriting.names_changes import Changes, changes
from bluepencil.rewriting.verify import CodeChecks, CodeVerifier


def compared(before: str, after: str) -> Changes:
    return changes(surface(ast.parse(before)), surface(ast.parse(after)))


def broken(before: str, after: str) -> list[str]:
    found = compared(before, after)
    return [
        *(f"{old} -> {new}" for old, new in found.renamed),
        *(f"no {entry.name}" for entry in found.dropped),
        *(f"__all__ {name}" for name in found.unexported),
        *(f"{name}: {text}" for name, text in found.signatures),
        *(f"{name} differs" for name in found.constants),
    ]


PROPERTY = ["A.m: function became property"]
BROKEN = [
    ("def getUser(a): return a.b + 1", "def get_user(a): return a.b + 1", ["getUser -> get_user"]),
    ("def f(a):\n    return [a.x, 7]", "def other(b):\n    '''D.'''\n    return [b.x, 7]", ["f -> other"]),
    ("def f(a): return a.x", "def g(a):\n    while a: a.y(1, 2)", ["no f"]),
    ("def f(a): return a.x", "def _f(a): return a.x", ["f -> _f"]),
    ("def f(a): return a.x", "class C:\n    def f(self, a): return a.x", ["f -> C.f"]),
    ("class A:\n    def m(self): pass\n    def n(self): pass", "class A:\n    def m(self): pass", ["no A.n"]),
    ("class A:\n    x = 1", "class A:\n    pass", ["no A.x"]),
    (
        "class A:\n    def m(self): pass\nclass B(A):\n    def m(self): return 1",
        "class A:\n    def m(self): pass\nclass B(A): pass",
        ["no B.m"],
    ),
    ("class A:\n    class B:\n        def m(self): pass", "class A:\n    class B: pass", ["no A.B.m"]),
    ("__all__ = ['f', 'g']\nf = g = 1", "__all__ = ['f']\nf = g = 1", ["__all__ g"]),
    ("__all__ = ['_f']\ndef _f(): pass", "__all__ = []", ["no _f"]),
    ("def f(a, b): pass", "def f(a): pass", ["f: parameter b is gone"]),
    ("def f(a, b): pass", "def f(b, a): pass", ["f: a moved", "f: b moved"]),
    ("def f(a): pass", "def f(value): pass", ["f: parameter a became value"]),
    ("def f(a): pass", "def f(a, b): pass", ["f: parameter b is new and has to be given"]),
    ("def f(a): pass", "def f(a, /): pass", ["f: a cannot be named in a call any more"]),
    ("def f(*, a): pass", "def f(*, b): pass", ["f: parameter a is gone", "f: parameter b is new"]),
    ("def f(*a, **b): pass", "def f(): pass", ["f: *a is gone", "f: **b is gone"]),
    ("def f(*a): pass", "def f(b=1, *a): pass", ["f: parameter b is new and has to be given"]),
    ("def f(a=1): pass", "def f(a=2): pass", ["f: the default of a changed"]),
    ("def f(a=1): pass", "def f(a=True): pass", ["f: the default of a changed"]),
    ("async def f(): pass", "def f(): pass", ["f: async changed"]),
    ("def f(): pass", "f = 3", []),
    ("def f(): pass", "class f: pass", ["f: function became class"]),
    ("class A:\n    def m(self): pass", "class A:\n    @property\n    def m(self): pass", PROPERTY),
    ("class A(Base): pass", "class A: pass", ["A: no longer derives from Base"]),
    ("RATE = 0.5", "RATE = 0.25", ["RATE differs"]),
    ("NAMES = ('a', 'b')", "NAMES = ('a',)", ["NAMES differs"]),
    ("if x:\n    def f(): pass", "y = 1", ["no f"]),
    ("square = lambda x: x * x", "def square(y): return y * y", ["square: parameter x became y"]),
]  # fmt: skip

KEPT = [
    ("def _f(a): pass", "x = 1"),
    ("def f(a): pass", "def f(a, b=1, *, c=2, **d): pass"),
    ("def f(a): pass", "def f(a=None): pass"),
    ("def f(a, /): pass", "def f(b): pass"),
    ("def f(*, a): pass", "def f(a): pass"),
    ("def f(a=[]): pass", "def f(a=None): pass"),
    ("def f(a=10): pass", "DEFAULT = 10\ndef f(a=DEFAULT): pass"),
    ("def f(a=1.0): pass", "def f(a: float = 1.00): pass"),
    ("def f(): pass", "from other import f"),
    ("def f(): pass", "def g(): pass\nf = g"),
    ("f = g\ndef g(a): pass", "def f(a): pass\ndef g(a): pass"),
    ("square = lambda x: x * x", "def square(x): return x * x"),
    ("class A(object): pass", "class A: pass"),
    ("class A(base.B): pass", "class A(B): pass"),
    ("class A:\n    def m(self, a): pass", "class A:\n    @staticmethod\n    def m(a): pass"),
    ("class A:\n    def m(self, a): pass", "class B:\n    def m(self, a): pass\nclass A(B): pass"),
    ("class A:\n    x = 1", "class A:\n    @property\n    def x(self): return 1"),
    (
        "class P:\n    def __init__(self, x, y=0):\n        self.x, self.y = x, y",
        "@dataclass\nclass P:\n    x: int\n    y: int = 0",
    ),
    ("try:\n    import a\nexcept ImportError:\n    def f(): pass", "def f(): pass\n"),
    ("RATE = 0.5", "RATE: float = 5e-1"),
    ("RATE = 60 * 60", "RATE = 3600"),
    ("count = 1", "total = 1"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), BROKEN)
def test_what_callers_would_notice(before, after, expected):
    assert broken(before, after) == expected


@pytest.mark.parametrize(("before", "after"), KEPT)
def test_what_callers_do_not_notice(before, after):
    assert broken(before, after) == []


def test_members_go_with_their_class():
    before = "class A:\n    def m(self): return self.x.y\n    def n(self): return 3"
    assert broken(before, before.replace("class A", "class Better")) == ["A -> Better"]
    assert broken(before, "x = 1") == ["no A"]


def test_harmless_changes_are_recorded():
    found = compared("def f(a): pass\ncount = 1", "def f(a, b=1): pass\ndef g(): pass")
    assert found.notes() == {
        "compatible": [["f", "parameter b is new"]],
        "added": ["g"],
        "variables": ["count"],
    }


def test_classes_that_derive_from_each_other_end_the_search():
    loop = "class A(B): pass\nclass B(A): pass"
    assert broken("class A:\n    def m(self): pass", loop) == ["no A.m"]
    assert broken("def f(): pass", "f = g\ng = f") == []


# Modules of all sorts of statements; names are few, so that they meet.
NAMES = st.sampled_from(["alpha", "beta", "Gamma", "_delta", "LIMIT", "test_x", "os", "__init__"])
EXPRESSIONS = st.recursive(
    st.one_of(
        NAMES, st.integers(-9, 99).map(str), st.text("ab'\\\n{}%", max_size=4).map(repr), st.just("...")
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "==", "and", "%"]), inner).map(" ".join).map("({})".format),
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.tuples(NAMES, inner).map(lambda parts: f"{parts[0]}({parts[1]})"),
        st.tuples(NAMES, NAMES).map(".".join),
        inner.map("(lambda alpha, beta=1: {})".format),
    ),
    max_leaves=4,
)
SIMPLE = st.one_of(
    st.tuples(NAMES, EXPRESSIONS).map(" = ".join),
    EXPRESSIONS,
    st.sampled_from(["pass", "import os.path", "from math import nothing", "from . import beta"]),
    st.just("'''Here is the code:'''"),
    st.just("__all__ = ['alpha', 'gone']"),
)  # fmt: skip


HEADS = [
    "def alpha(self, beta=1, *args, **rest):",
    "async def beta(alpha, /, *, Gamma=[]):",
    "class Gamma(Base):",
    "class LIMIT:",
    "if __name__ == '__main__':",
    "try:",
    "with open(alpha) as beta:",
    "def _delta():",
    "@property\ndef test_x(self):",
]


def _indented(lines: list[str]) -> str:
    return "\n".join("    " + line for text in lines for line in text.split("\n"))


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    bodies = st.lists(inner, min_size=1, max_size=3).map(_indented)
    heads = st.sampled_from(HEADS)
    return st.tuples(heads, bodies).map(
        lambda parts: f"{parts[0]}\n{parts[1]}" + ("\nfinally:\n    pass" if parts[0] == "try:" else "")
    )


MODULES = st.lists(st.recursive(SIMPLE, _blocks, max_leaves=6), min_size=1, max_size=5).map("\n".join)
VERIFIER = CodeVerifier(CodeChecks(lint=False, literals="keep", min_characters=0))


@given(MODULES)
@settings(max_examples=300, deadline=None)
def test_every_module_is_accepted_as_a_rewrite_of_itself(text):
    compile(text, "generated", "exec", dont_inherit=True)
    assert VERIFIER.check(text, text, Document("", text)).rejections == ()
    spaced = text + "\n\n# A comment.\n"
    assert VERIFIER.check(text, spaced, Document("", text)).rejections == ()


@given(MODULES)
@settings(max_examples=150, deadline=None)
def test_writing_the_tree_anew_changes_nothing(text):
    again = ast.unparse(ast.parse(text))
    assert VERIFIER.check(text, again, Document("", text)).rejections == ()


@given(MODULES, MODULES)
@settings(max_examples=150, deadline=None)
def test_any_two_modules_get_a_verdict_and_the_same_one_twice(before, after):
    document = Document("", before)
    assert VERIFIER.check(before, after, document) == VERIFIER.check(before, after, document)
