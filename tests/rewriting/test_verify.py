"""Every rule of the verifier: a rewrite that breaks it, and the nearest one that does not."""

import json
import pickle
from multiprocessing import get_context

import pytest

from bluepencil.documents import Document
from bluepencil.errors import OptionError
from bluepencil.rewriting.verdict import Verdict, Verifier
from bluepencil.rewriting.verify import CodeChecks, CodeVerifier, Rule

SOURCE = '''\
# Copyright (c) 2019 Ada Example
# SPDX-License-Identifier: MIT

"""Counts words."""

import re
from collections import Counter

LIMIT = 25


def count_words(text, limit=LIMIT):
    """Count the words of a text."""
    words = re.findall(r"[a-z]+", text.lower())
    return Counter(words).most_common(limit)


class Report:
    """Shows counts."""

    def __init__(self, counts):
        self.counts = counts

    def lines(self):
        for word, number in self.counts:
            yield f"{number:5} {word}"

    def _width(self):
        return 80


def test_counting():
    assert count_words("a b a")[0] == ("a", 2)


if __name__ == "__main__":
    print("\\n".join(Report(count_words(input())).lines()))
'''


def verdict(before: str, after: str, **options: object) -> Verdict:
    checks = CodeChecks(lint=False, **options)  # type: ignore[arg-type]
    return CodeVerifier(checks).check(before, after, Document("", before))


def codes(before: str, after: str, **options: object) -> list[str]:
    return [one.code for one in verdict(before, after, **options).rejections]


def edited(old: str, new: str, source: str = SOURCE) -> str:
    assert old in source
    return source.replace(old, new)


BODY = """\
    words = re.findall(r"[a-z]+", text.lower())
    return Counter(words).most_common(limit)
"""

# The rule, what replaces what in SOURCE, and by what.
BROKEN = [
    (Rule.SYNTAX, "return Counter(words)", "return return Counter(words)"),
    (Rule.UNFINISHED, SOURCE[SOURCE.index("class Report") :], "class Report:\n    def lines(self):\n"),
    (Rule.UNFINISHED, SOURCE[SOURCE.index("    print(") :], '    print("'),
    (Rule.UNFINISHED, "    print(", '    """print('),
    (Rule.CHATTER, SOURCE[:5], f"Sure! Here is the improved code:\n\n{SOURCE[:5]}"),
    (Rule.CHATTER, SOURCE[:5], f"```python\n{SOURCE[:5]}"),
    (Rule.CHATTER, "import re\n", "# I've refactored this module for you.\nimport re\n"),
    (Rule.CHATTER, '"""Counts words."""', '"""Counts words.\n\nKey changes made:\n- better names\n"""'),
    (Rule.CHATTER, "import re\n", "import re\nSure\n"),
    (Rule.CHATTER, "import re\n", "import re\nNote: this\n"),
    (Rule.CHATTER, "LIMIT = 25", "LIMIT = 25\n# I'm sorry, but I can't help with the rest.\n"),
    (Rule.CHATTER, "LIMIT = 25", "LIMIT = 25\n### Improved Code:\n"),
    (Rule.CHATTER, '"""Counts words."""', '"""Counts words.\n```python\n"""'),
    (Rule.PLACEHOLDER, BODY, "    pass\n"),
    (Rule.PLACEHOLDER, BODY, "    ...\n"),
    (Rule.PLACEHOLDER, BODY, "    raise NotImplementedError\n"),
    (Rule.PLACEHOLDER, BODY, BODY + "    # ... existing code ...\n"),
    (Rule.PLACEHOLDER, "import re\n", "import re\n# ... (rest of the imports)\n# rest of the code\n"),
    (Rule.PLACEHOLDER, "class Report:\n", "def load_words():\n    pass\n\n\nclass Report:\n"),
    (Rule.PLACEHOLDER, "        return 80\n", "        ...\n"),
    (Rule.REPETITIVE, "LIMIT = 25\n", "LIMIT = 25\n" + "TABLE = [1, 2, 3]  # the first rows\n" * 20),
    (Rule.REPETITIVE, "class Report:", f"def count_words(text, limit=LIMIT):\n{BODY}\n\nclass Report:"),
    (Rule.LICENCE, "# SPDX-License-Identifier: MIT\n", ""),
    (Rule.LICENCE, "# Copyright (c) 2019 Ada Example\n", "# Copyright (c) 2024 Somebody Else\n"),
    (Rule.INVENTED_IMPORT, "import re\n", "import re\nimport wordtools\n"),
    (Rule.INVENTED_IMPORT, "import re\n", "import re\nfrom .settings import NAME\n"),
    (Rule.INVENTED_IMPORT, "import re\n", "import re\nimport os.paths\n"),
    (Rule.INVENTED_IMPORT, BODY, "    import fastwords\n" + BODY),
    (Rule.INVENTED_IMPORT, "import re\n", "import re\ntry:\n    import fastre\nfinally:\n    pass\n"),
    (Rule.INVENTED_NAME, "import re\n", "import re\nfrom math import squareroot\n"),
    (Rule.INVENTED_NAME, "import Counter", "import Counter, WordCounter"),
    (Rule.INVENTED_NAME, BODY, BODY.replace("re.findall", "re.find_words")),
    (Rule.INVENTED_NAME, "LIMIT = 25", "import os.path as p\n\nLIMIT = 25\nHERE = p.parent('.')"),
    (Rule.UNDEFINED, "import re\n", ""),
    (Rule.UNDEFINED, "most_common(limit)", "most_common(limits)"),
    (Rule.DROPPED, SOURCE[SOURCE.index("    def lines") : SOURCE.index("    def _width")], ""),
    (Rule.DROPPED, "limit=LIMIT", "limit=25"),
    (Rule.DROPPED_TEST, SOURCE[SOURCE.index("def test_") : SOURCE.index("if __name__")], ""),
    (Rule.DROPPED_MAIN, SOURCE[SOURCE.index("if __name__") :], "print(Report([]))\n"),
    (Rule.RENAMED, "count_words", "count_all_words"),
    (Rule.RENAMED, "Report", "WordReport"),
    (Rule.SIGNATURE, "def count_words(text, limit", "def count_words(limit, text"),
    (Rule.SIGNATURE, "(text, limit=LIMIT)", "(text, limit)"),
    (Rule.SIGNATURE, "(text, limit=LIMIT)", "(text, limit=10)"),
    (Rule.SIGNATURE, "(text, limit=LIMIT)", "(text, *, limit=LIMIT)"),
    (Rule.SIGNATURE, "def lines(self)", "def lines(self, width)"),
    (Rule.SIGNATURE, "def count_words", "async def count_words"),
    (Rule.CONSTANT, "LIMIT = 25", "LIMIT = 24"),
    (Rule.TOO_SHORT, SOURCE, '"""Counts words; see the manual for what it does and how it is used."""\n'),
    (Rule.TOO_LONG, "LIMIT = 25", "LIMIT = 25\n" + "".join(f"A{row} = {row}\n" for row in range(2000))),
]  # fmt: skip

HOOK = "class Shown:\n    def show(self):\n        raise NotImplementedError\n\n\n"
STUB = "class Shown(Protocol):\n    def show(self) -> str: ...\n\n\n"

# What comes nearest to the above and is none of it.
ALLOWED = [
    (BODY, BODY.replace("words", "found")),
    ("import re\n", "import re  # Sure to be there on every system.\n"),
    ('"""Counts words."""', '"""Counts words.\n\n```python\ncount_words("a b")\n```\n"""'),
    ("import re\n", "# Here the module starts.\nimport re\n"),
    (BODY, BODY + "    # Nothing more to do.\n"),
    ("class Report:\n", "class CountError(Exception):\n    pass\n\n\nclass Report:\n"),
    ("class Report:\n", f"{HOOK}class Report:\n"),
    (
        "class Report:\n",
        f"from typing import Protocol\n{STUB}class Report:\n",
    ),
    ("        return 80\n", "        return 79 + 1\n"),
    ("LIMIT = 25\n", "LIMIT = 25\n" + "".join(f"ROW_{number} = {number}\n" for number in range(20))),
    ("# Copyright (c) 2019 Ada Example\n#", "#   Copyright (c) 2019\n#   Ada Example\n#"),
    ("# Copyright (c) 2019 Ada Example\n# SPDX-License-Identifier: MIT\n\n", ""),
    ("import re\n", "import re\nfrom math import sqrt\n"),
    ("import re\n", "import re\nimport numpy as np\n"),
    ("import re\n", "import re\nimport os.path\nimport xml.etree.ElementTree as ET\n"),
    (BODY, "    import string\n\n" + BODY.replace('"[a-z]+"', "'[a-z]+'")),
    ("import Counter", "import Counter, OrderedDict, abc"),
    ("import re\n", "import re\nimport os\n\nopen_file = getattr(os, 'startfile', None) or os.startfile\n"),
    (BODY, BODY.replace("re.findall", "re.compile").replace(', text.lower())', ").findall(text.lower())")),
    (SOURCE[SOURCE.index("    def _width") : SOURCE.index("def test_")], "\n"),
    ("limit=LIMIT", "limit=LIMIT, *, lower=True"),
    ("limit=LIMIT", "limit: int = LIMIT"),
    ("words(text, limit=LIMIT)", "words(text: str, limit: int = LIMIT) -> list[tuple[str, int]]"),
    ("LIMIT = 25", "LIMIT: int = 0x19"),
    ("    def lines", "    @staticmethod\n    def width(line):\n        return 1\n\n    def lines"),
    ("count_words(input())", "count_words(text=input())"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "old", "new"), BROKEN)
def test_a_broken_rule_is_named(rule, old, new):
    after = edited(old, new)
    if rule is Rule.DROPPED and "limit=25" in new:
        after = edited("LIMIT = 25\n", "", after)
    assert rule in codes(SOURCE, after)


@pytest.mark.parametrize(("old", "new"), ALLOWED)
def test_its_neighbour_is_accepted(old, new):
    after = edited(old, new)
    if not after.startswith("#"):
        # The notice may move into the docstring.
        after = edited(
            'words."""', 'words.\n\nCopyright (c) 2019 Ada Example\nSPDX-License-Identifier: MIT\n"""', after
        )
    assert after != SOURCE
    assert codes(SOURCE, after) == []


@pytest.mark.parametrize("base", ["Protocol", "protocols.Protocol"])
def test_a_method_that_had_a_body_keeps_one_in_whatever_class(base: str) -> None:
    full = f"class Echo({base}):\n    def received(self, data):\n        self.transport.write(data)\n"
    for stub in ("pass", "...", "return None"):
        emptied = f"{full.partition('        ')[0]}        {stub}\n"
        assert Rule.PLACEHOLDER in codes(full, emptied, undefined=False)
        assert codes(emptied, emptied, undefined=False) == []
    more = "    def lost(self, error): ...\n"
    assert codes(full, full + more, undefined=False) == []


def test_a_fence_in_a_comment_of_the_original_is_its_own() -> None:
    before = "def f(x):\n    # ```py\n    # f(1)\n    # ```\n    return x\n"
    assert codes(before, before) == []
    assert codes(before, before.replace("return x", "return (x)")) == []


def test_an_attribute_of_another_object_vouches_for_none_of_a_module() -> None:
    node = "class Node:\n    def __init__(self, parent):\n        self.parent = parent\n"
    before = f"import os\nimport socket\n\n\n{node}"
    assert codes(before, f'{before}\n\nHERE = os.path.parent("a")\n') == [Rule.INVENTED_NAME]
    assert codes(before, f"{before}\n\nsocket.patience = 5\nprint(socket.patience)\n") == []


def test_every_rule_has_a_case_here_or_in_the_tests_of_lint_literals_and_behaviour():
    elsewhere = {Rule.LINT, Rule.LINT_FAILED, Rule.LITERALS, Rule.BEHAVIOUR, Rule.TIMED_OUT, Rule.SOURCE}
    assert {rule for rule, _, _ in BROKEN} == set(Rule) - elsewhere


def test_a_cut_copy_is_seen_under_other_names_imports_and_layout():
    script = "import sys\n\nname = sys.argv[1]\nprint(name)\nresult = name.upper()\nprint(result.strip())\n"
    after = "import sys\nfrom typing import Any\n\nuser: Any = (sys.argv[1])\nprint(user)  # It.\nit = user"
    assert codes(script, after + "\n") == [Rule.UNFINISHED]
    assert codes(script, after + ".upper()\n") == [Rule.UNFINISHED]
    assert codes(script, after + ".upper()\nprint(it.strip())\n") == []
    assert codes(script + "pass\n", after + ".upper()\nprint(it.strip())\n") == []


def test_a_script_still_does_something():
    script = "import sys\n\nname = sys.argv[1]\nfor letter in name:\n    print(letter, len(name))\n"
    main = "import sys\n\n\ndef main():\n    name = sys.argv[1]\n"
    main += "    for letter in name:\n        print(letter, len(name))\n"
    assert codes(script, main) == [Rule.DROPPED_MAIN]
    assert codes(script, main + "\n\nmain()\n") == []
    assert codes(script, main + '\n\nif __name__ == "__main__":\n    main()\n') == []
    assert codes(script, main + "\n\nstatus = main()\n") == []


def test_what_the_original_has_is_not_held_against_the_rewrite():
    before = "\n".join(
        (
            "# Here is the code: feel free to ask me anything.",
            "import nowhere, re",
            "from math import squareroot",
            "# ... existing code ...",
            "def f():",
            "    pass",
            "def f():",
            "    return missing",
            "LINE = 'the same again and again and again'",
            *["print('this is the same line, and it is a long one too')"] * 20,
        )
    )
    assert codes(before, before) == []
    assert codes(before, before + "\n# The end.\n") == []


def test_an_original_that_does_not_compile_cannot_be_compared():
    assert codes("print 'hello'\n", "print('hello')\n") == [Rule.SOURCE]


@pytest.mark.parametrize("text", ["x = 1\0\n", "x = '\ud800'\n", "(" * 300 + ")" * 300, "x = (1,\n"])
def test_texts_that_no_compiler_takes_are_rejected_and_nothing_is_raised(text):
    found = codes("x = 1\n", text)
    assert len(found) == 1
    assert found[0] in (Rule.SYNTAX, Rule.UNFINISHED)


def test_a_byte_order_mark_and_odd_line_ends_are_no_fault():
    assert codes("\ufeffimport os\r\nprint(os.name)\r\n", "import os\nprint(os.name)\n") == []
    paged = "def f():\n    return 1\n\x0c\ndef g():\n    return 2\n"
    assert codes(paged, paged.replace("\x0c", "")) == []


def test_deep_nesting_is_no_reason_to_fail():
    before = "def total(a):\n    return " + " + ".join(["a"] * 800) + "\n"
    assert codes(before, before) == []
    assert codes(before, before.replace(" + a\n", "\n")) == []


def test_scor_may_rename_on_record_and_may_not_drop():
    verifier = CodeVerifier(CodeChecks.scor(lint=False))
    renamed = SOURCE.replace("Report", "WordReport").replace("count_words", "countWords")
    found = verifier.check(SOURCE, renamed, Document("", SOURCE))
    assert found.accepted
    assert found.notes["names"]["renamed"] == [["count_words", "countWords"], ["Report", "WordReport"]]
    without = SOURCE[: SOURCE.index("class Report")] + SOURCE[SOURCE.index("def test_") :]
    assert Rule.DROPPED in [one.code for one in verifier.check(SOURCE, without, Document("", "")).rejections]


def test_lost_literals_are_recorded_and_rejected_only_if_asked():
    after = SOURCE.replace("return 80", "return 79")
    found = verdict(SOURCE, after)
    assert found.accepted
    assert found.notes["literals_lost"] == {"numbers": ["80"]}
    assert codes(SOURCE, after, literals="keep") == [Rule.LITERALS]
    same = SOURCE.replace("80", "0x50").replace('f"{number:5} {word}"', '"%5d %s" % (number, word)')
    assert codes(SOURCE, same, literals="keep") == []
    assert "literals_lost" not in verdict(SOURCE, after, literals="off").notes


def test_a_code_of_its_own_for_each_switch():
    cases = [
        ("chatter", Rule.CHATTER, "LIMIT = 25", "LIMIT = 25\n# Let me know if you need more."),
        ("finished", Rule.PLACEHOLDER, BODY, "    pass\n"),
        ("repetition", Rule.REPETITIVE, "LIMIT = 25\n", "LIMIT = 25\n" + "TABLE = [1, 2, 3, 4]\n" * 20),
        ("licence", Rule.LICENCE, "# SPDX-License-Identifier: MIT\n", ""),
        ("imports", Rule.INVENTED_IMPORT, "import re\n", "import re\nimport wordtools\n"),
        ("undefined", Rule.UNDEFINED, "(limit)", "(limits)"),
    ]
    for option, rule, old, new in cases:
        after = edited(old, new)
        assert rule in codes(SOURCE, after)
        assert rule not in codes(SOURCE, after, **{option: False})
    assert codes(SOURCE, SOURCE.replace("count_words", "countWords"), names="off") == []
    assert (
        codes(SOURCE, edited("import re\n", "import re\nimport wordtools\n"), known_imports=("wordtools",))
        == []
    )


@pytest.mark.parametrize(
    "options",
    [
        {"names": "maybe"},
        {"min_ratio": 2.0},
        {"max_ratio": 0.5},
        {"slack": -1},
        {"isolation": "jail"},
        {"lint_score": "x"},
    ],
)
def test_options_that_cannot_work_are_refused(options):
    with pytest.raises(OptionError):
        CodeChecks(**options)


def test_it_is_a_verifier_with_a_json_description():
    verifier = CodeVerifier(CodeChecks(lint=False, known_imports=["mine"], limits={"seconds": 3}))
    assert isinstance(verifier, Verifier)
    assert verifier.name == "code:python"
    assert verifier.fields == ()
    described = json.loads(json.dumps(verifier.describe()))
    assert described["checks"]["known_imports"] == ["mine"]
    assert described["checks"]["limits"]["seconds"] == 3
    assert pickle.loads(pickle.dumps(verifier)) == verifier
    assert verifier.describe() != CodeVerifier(CodeChecks(lint=False)).describe()


def _verdicts(order: list[int]) -> dict[int, Verdict]:
    rewrites = [(SOURCE, edited(old, new), Document("", SOURCE)) for _, old, new in BROKEN]
    found = CodeVerifier(CodeChecks(lint=False)).check_all([rewrites[place] for place in order])
    return dict(zip(order, found, strict=True))


def test_verdicts_do_not_depend_on_order_or_process():
    order = list(range(len(BROKEN)))
    with get_context("spawn").Pool(2) as pool:
        backwards, forwards = pool.map(_verdicts, [order[::-1], order])
    assert forwards == backwards == _verdicts(order)
    alone = [_verdicts([place])[place] for place in order[::5]]
    assert alone == [forwards[place] for place in order[::5]]


def test_notes_are_json():
    for found in _verdicts(list(range(len(BROKEN)))).values():
        assert json.loads(json.dumps(found.notes)) == found.notes
