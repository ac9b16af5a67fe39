"""Licence notices put back, lint scores compared, and parts of the verifier seen from near."""

import re
import sys
from pathlib import Path

import pytest

from bluepencil.documents import Document
from bluepencil.errors import MissingExtraError, OptionError
from bluepencil.rewriting import imports_standard, verify_licence, verify_lint
from bluepencil.rewriting.imports import known
from bluepencil.rewriting.verify import CodeChecks, CodeVerifier, Rule
from bluepencil.rewriting.verify_source import Source

CODE = "import os\n\nprint(os.name)\n"
HEADERS = [
    "# Copyright 2019 Ada Example\n",
    "# SPDX-License-Identifier: Apache-2.0\n",
    "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n# (c) 2011 Ada Example. All rights reserved.\n",
    "# A tool.\n\n# Licensed under the MIT licence: see\n# the file LICENSE.\n",
    '"""A tool.\n\nCopyright (c) 2019 Ada Example\nReleased under the BSD 3-clause license.\n"""\n',
]


@pytest.mark.parametrize("header", HEADERS)
def test_a_notice_is_seen_missed_and_put_back(header):
    before = header + CODE
    assert verify_licence.notices(before)
    assert verify_licence.lost(Source(before), Source(before)) == ""
    assert verify_licence.lost(Source(before), Source(CODE))
    restored = verify_licence.restore(before, CODE)
    assert verify_licence.lost(Source(before), Source(restored)) == ""
    assert restored.endswith(CODE)
    assert verify_licence.restore(before, restored) == restored
    shebang = "#!/usr/bin/env python3\n# coding: utf-8\n"
    assert verify_licence.restore(before, shebang + CODE).startswith(shebang)


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        "# Prints the name of the system.\n" + CODE,
        CODE + "# Copyright is a matter for the end.\n",
        "",
        "x = (",
    ],
)
def test_what_is_no_notice_is_left_alone(text):
    assert verify_licence.restore(text, CODE) == CODE


def test_the_values_of_license_variables_are_kept():
    before = '__license__ = "MIT"\n' + CODE
    assert verify_licence.lost(Source(before), Source(CODE)) == "__license__"
    assert verify_licence.lost(Source(before), Source(before.replace('"MIT"', "'MIT'"))) == ""


def test_what_cannot_be_read_is_not_touched():
    assert verify_licence.restore(HEADERS[0] + CODE, "x = (") == "x = ("


def lint(before: str, after: str, **options: object) -> list[str]:
    checks = CodeChecks(**options)  # type: ignore[arg-type]
    found = CodeVerifier(checks).check(before, after, Document("", before))
    return [one.code for one in found.rejections]


BEFORE = '''"""Adds."""


def add(first, second):
    """Add."""
    return first + second
'''
WORSE = BEFORE.replace("    return", "    unused = 3\n    return")


def test_a_lower_lint_score_is_rejected_and_the_same_one_is_not():
    pytest.importorskip("pylint")
    assert lint(BEFORE, WORSE) == [Rule.LINT]
    assert lint(BEFORE, WORSE, lint_tolerance=10.0) == []
    assert lint(WORSE, BEFORE) == []
    assert lint(BEFORE, BEFORE.replace("Add.", "Add up.")) == []
    commented = BEFORE.replace(
        "    return", "    # The sum of both of these, no more and no less.\n    return"
    )
    assert lint(BEFORE, commented) == []
    assert lint(BEFORE, commented, lint_score="penalized") == [Rule.LINT]
    assert lint(BEFORE, "# pylint: skip-file\n" + BEFORE) == [Rule.LINT_FAILED]


def test_layout_costs_no_points_as_a_formatter_mends_it():
    pytest.importorskip("pylint")
    documented = 'def add(first, second):\n    """Add."""\n    return first + second'
    # A line end that is missing at the end costs two statements five points.
    assert lint(BEFORE, documented) == []
    assert lint(BEFORE, documented, lint_formatted=False) == [Rule.LINT]
    assert lint(BEFORE, BEFORE.replace("    return first", "    return (first").rstrip() + ")\n") == []


LONG = """import os


def add(first, second):
    total = first
    total = total + second
    return total
"""
SHORT = "import os\n\n\ndef add(first, second):\n    return first + second\n"


def test_fewer_statements_with_the_same_messages_are_no_worse():
    pytest.importorskip("pylint")
    document = Document("", LONG)
    verifier = CodeVerifier(CodeChecks(min_characters=0))
    (shorter,) = verifier.check_all([(LONG, SHORT, document)])
    assert shorter.accepted
    assert shorter.notes["lint"]["after"] < shorter.notes["lint"]["before"]
    worse = SHORT.replace("import os\n", "import os\nimport re\n")
    (rejected,) = verifier.check_all([(LONG, worse, document)])
    assert [one.code for one in rejected.rejections] == [Rule.LINT]
    assert "; new: unused-import" in rejected.rejections[0].detail
    assert rejected.notes["lint"]["new"] == {"unused-import": 1}


def test_scores_are_noted_and_only_taken_of_what_passes_the_rest(monkeypatch):
    pytest.importorskip("pylint")
    asked = []
    compare = verify_lint.LintCheck.compare

    def listening(self, pairs):
        asked.append(len(pairs))
        return compare(self, pairs)

    monkeypatch.setattr(verify_lint.LintCheck, "compare", listening)
    document = Document("", BEFORE)
    rewrites = [(BEFORE, WORSE, document), (BEFORE, "x = (", document), (BEFORE, BEFORE, document)]
    worse, broken, same = CodeVerifier().check_all(rewrites)
    assert asked == [2]
    assert same.notes["lint"] == {"before": 10.0, "after": 10.0}
    assert worse.notes["lint"]["after"] < 10
    assert "lint" not in broken.notes


def test_a_missing_linter_is_said(monkeypatch):
    monkeypatch.setattr(verify_lint, "_linters", {})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"bluepencil\[code\]"):
        CodeVerifier().check(BEFORE, WORSE, Document("", BEFORE))


def test_what_the_standard_library_holds():
    assert {"sqrt", "pi"} <= (imports_standard.names("math") or set())
    assert "squareroot" not in (imports_standard.names("math") or set())
    assert "IGNORECASE" in (imports_standard.names("re") or set())
    assert "futures" in (imports_standard.names("concurrent") or set())
    assert "startfile" in (imports_standard.names("os") or set())
    assert "join" in (imports_standard.names("os.path") or set())
    assert imports_standard.names("os.paths") is None
    assert imports_standard.names("json.fast") is None


def test_modules_that_do_something_are_not_imported(capfd):
    assert "fly" not in (imports_standard.names("antigravity") or set())
    assert "geohash" in (imports_standard.names("antigravity") or set())
    assert imports_standard.names("this")
    assert "Zen" not in "".join(capfd.readouterr())
    assert "this" not in sys.modules


def test_known_distributions_are_listed_once_and_are_not_of_the_library():
    assert {"numpy", "requests", "torch", "yaml", "bs4", "cv2"} <= known()
    # Modules that left the library, or that one of these Pythons has and another does not, may stand in both.
    assert not known() & set(sys.stdlib_module_names)
    assert all(name.isidentifier() for name in known())


def test_an_unknown_isolation_is_an_option_error():
    with pytest.raises(OptionError):
        CodeChecks(execute=True, isolation="chroot")


def test_the_documentation_runs():
    text = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/verify.md", "exec", dont_inherit=True), {})


def test_the_documentation_names_every_rule_and_every_option():
    text = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    assert [rule for rule in Rule if f"`{rule}`" not in text] == []
    switches = set(CodeChecks.__dataclass_fields__) - {"doctests", "lint_packages", "limits"}
    assert [name for name in sorted(switches) if f"`{name}" not in text] == []
