import random
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.code import python_syntax
from bluepencil.code.languages import NAMES
from bluepencil.code.syntax import SyntaxReason, check
from bluepencil.code.tree import first_branches
from bluepencil.errors import OptionError

CASES = {
    SyntaxReason.SYNTAX: [
        "x = (",
        "return 1",
        "x = 1 +",
        "def f(a, a): pass",
        '"""abc',
        "nonlocal x",
        "1" * 5000,
    ],
    SyntaxReason.INDENTATION: ["def f():\npass", "  x = 1\n y = 2", "if x:\n    a\n  b\n"],
    SyntaxReason.TABS: ["if x:\n\ta\n        b\n"],
    SyntaxReason.PYTHON_2: [
        'print "a"',
        "print a, b",
        'exec "x"',
        "try:\n    f()\nexcept Error, error:\n    pass",
        "x = `1`",
        "x = 0777",
        "x = 10L",
        "raise Error, 'why'",
        "if a <> b: pass",
        "x = ur'a'",
        "def f(a, (b, c)): pass",
        "x = lambda (a, b): a",
    ],
    SyntaxReason.NUL: ["x = 1\0"],
    SyntaxReason.SURROGATE: ["x = '\ud800'"],
    SyntaxReason.UNKNOWN_ENCODING: ["# coding: nonsense\n", "#!/bin/sh\n# vim: set fileencoding=hex :\n"],
    SyntaxReason.ENCODING_DIFFERS: ["# coding: ascii\nx = 'é'", "# -*- coding: cp1252 -*-\nx = 'Ё'"],
    SyntaxReason.TOO_DEEP: ["(" * 300, "-" * 5000 + "1", "x = " + "a." * 9000 + "a"],
    SyntaxReason.TOO_LONG: ["x = 1\n" * 2_000_000],
    # 200,000 clauses of a comprehension end the compiler's process: CPython 3.11.
}


@pytest.mark.parametrize(
    ("reason", "text"),
    [(reason, text) for reason, texts in CASES.items() for text in texts],
    ids=lambda x: str(x)[:20],
)
def test_every_way_to_break_the_compiler_has_its_code(reason: SyntaxReason, text: str) -> None:
    found = check(text)
    assert found is not None
    assert found.reason is reason
    assert found.detail


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "\ufeffx = 1",
        "x = 1\r\ny = 2\r\n",
        "# coding: latin-1\nx = 'é'",
        "x = 1\n# coding: nonsense",
        "\n\n# coding: nonsense",
        "'\\d'",
        "x is 1",
        "assert (1, 'a')",
        "print('a')",
        "x = 1\n" * 20_000,
    ],
    ids=lambda text: text[:20],
)
def test_sound_files_pass_without_a_warning(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check(text) is None
    assert capfd.readouterr() == ("", "")


def test_the_line_is_that_of_the_problem() -> None:
    found = check("x = 1\ny = (\n")
    assert found is not None
    assert found.line == 2
    found = check("x = 1\n" * 5000 + 'print "a"\n')
    assert found is not None
    assert (found.reason, found.line) == (SyntaxReason.PYTHON_2, 5001)


def test_what_crashes_the_compiler_does_not_crash_this_process() -> None:
    found = check("[" + "a for a in " * 200_000 + "a]")
    assert found is None or found.reason in (SyntaxReason.CRASHED, SyntaxReason.TOO_DEEP)
    assert check("x = 1\n" * 5000) is None, "the next file finds a new process"


def test_a_compiler_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_syntax, "SECONDS", 0.000_001)
    monkeypatch.setattr(python_syntax, "_outside", None)
    found = check("x = [1, 2, 3]\n" * 50_000)
    assert found is not None
    assert found.reason is SyntaxReason.TIMEOUT
    monkeypatch.undo()
    assert check("x = 1\n" * 5000) is None


def test_a_compiler_that_runs_out_of_memory_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_syntax, "MEMORY_BYTES", 200 << 20)
    monkeypatch.setattr(python_syntax, "_outside", None)
    found = check("[" + "1, " * 3_000_000 + "]")
    assert found is not None
    assert found.reason in (SyntaxReason.OUT_OF_MEMORY, SyntaxReason.CRASHED)
    assert python_syntax._outside is not None or found.reason is SyntaxReason.CRASHED
    monkeypatch.undo()


def test_older_grammars() -> None:
    cases = {
        (3, 7): ["(x := 1)", "def f(a, /): pass"],
        (3, 9): ["match x:\n    case 1: pass"],
        (3, 10): ["try:\n    pass\nexcept* E:\n    pass"],
    }
    for version, texts in cases.items():
        for text in texts:
            assert check(text) is None
            assert check(text, version=version) is not None
            assert check("x = 1\n" * 5000 + text, version=version) is not None, "in the other process, too"
    for version in ((3, 6), (3, sys.version_info[1] + 1), (2, 7)):
        with pytest.raises(OptionError, match="knows the grammars"):
            check("x", version=version)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_no_text_raises(text: str) -> None:
    check(text)


def test_no_mutation_of_a_real_file_raises() -> None:
    generator = random.Random(0)
    source = Path(random.__file__).read_text(encoding="utf-8")[:6000]
    pieces = [
        "(",
        ")",
        "\t",
        "\0",
        "lambda:",
        "'",
        '"""',
        "\\",
        "\ud800",
        "é",
        "# coding: x\n",
        "}",
        "f'{",
        ":",
    ]
    for _ in range(300):
        text = source
        for _ in range(generator.randint(1, 4)):
            at = generator.randrange(len(text))
            text = text[:at] + generator.choice(pieces) + text[at + generator.randint(0, 5) :]
        check(text)


SOUND = {
    "c": "#include <a.h>\nint main(void) { return 0; }\n",
    "c++": "template <class T> class A { T x; };\n",
    "java": "class A { int f() { return 1; } }\n",
    "javascript": "const a = (b) => `x${b}`;\n",
    "typescript": "const a = (b: number): string => `x${b}`;\n",
    "tsx": "const a = <A b={1} />;\n",
    "go": "package a\n\nfunc f() {}\n",
    "rust": "fn main() { let x = 1; }\n",
    "bash": "if [ -f a ]; then\n  echo b\nfi\n",
}


@pytest.mark.parametrize("name", sorted(SOUND))
def test_other_languages(name: str) -> None:
    assert check(SOUND[name], name) is None
    broken = check(SOUND[name] + "\n" + SOUND[name][: len(SOUND[name]) * 2 // 3], name)
    assert broken is not None
    assert broken.reason is SyntaxReason.SYNTAX
    assert broken.line >= 1
    for text, reason in (("\0", SyntaxReason.NUL), ("\ud800", SyntaxReason.SURROGATE)):
        found = check(SOUND[name] + text, name)
        assert found is not None
        assert found.reason is reason


def test_conditionals_and_macros_of_c_are_tolerated() -> None:
    branches = "#ifdef A\nint f(int a) {\n#else\nint f(void) {\n#endif\n  return g(1);\n}\n"
    assert check(branches, "c") is None
    assert check(branches, "c++") is None
    macro = "EXPORT(int) f(void);\nBEGIN_C_DECLS\n" + "int f(int a) { return a + 1; }\n" * 50
    assert check(macro, "c") is None
    assert first_branches("#if A\na\n#elif B \\\n  more\nb\n#if C\nc\n#endif\n#endif\nd") == (
        "\na\n\n\n\n\n\n\n\nd"
    )


def test_every_language_is_tested_and_others_are_refused() -> None:
    assert set(SOUND) | {"python"} == set(NAMES)
    with pytest.raises(OptionError, match="cobol"):
        check("x", "cobol")
