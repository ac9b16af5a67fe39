import json
import pickle
from collections.abc import Sequence
from typing import Any

import pytest

from bluepencil.code.comments import ENGLISH_OR_JAPANESE
from bluepencil.code.steps import (
    Comments,
    Format,
    GateReason,
    Generated,
    Language,
    Lint,
    Repetition,
    Size,
    Syntax,
)
from bluepencil.documents import Document, Outcome, Status, Step, listening
from bluepencil.errors import OptionError

ALL: list[Step] = [
    Language(),
    Size(),
    Syntax(),
    Generated(),
    Comments(),
    Repetition(),
    Lint(linter="ruff"),
    Format(),
]


def run(step: Step, *texts: str, **fields: Any) -> Sequence[Outcome]:
    fields = {"language": "Python", **fields}
    return step.run([Document(str(number), text, fields) for number, text in enumerate(texts)])


@pytest.mark.parametrize("step", ALL, ids=lambda step: step.name)
def test_every_gate_is_a_step(step: Step) -> None:
    assert isinstance(step, Step)
    assert step.row_columns is None
    assert step.name == type(step).__name__.lower()
    copy = pickle.loads(pickle.dumps(step))
    assert copy == step
    assert copy.describe() == step.describe()
    assert json.loads(json.dumps(step.describe())) == json.loads(json.dumps(dict(step.describe())))
    assert set(step.fields) <= {"language", "path"}
    assert step.run([]) == []
    outcomes = run(step, "x = 1\n", '"""Doc."""\n\nx = 1\n', "", "\ud800", "x = (")
    assert len(outcomes) == 5
    for outcome in outcomes:
        assert outcome.status in (Status.UNCHANGED, Status.DROPPED, Status.EDITED)
        assert outcome.reason or outcome.status is not Status.DROPPED
        json.dumps(dict(outcome.annotations))


def test_language_is_found_by_field_path_id_or_text() -> None:
    step = Language(("python", "go"))
    documents = [
        Document("1", "x", {"language": "Go"}),
        Document("2", "x", {"path": "a/b.py"}),
        Document("https://host/a.py", "x"),
        Document("4", "def f():\n    pass\nimport os\n"),
        Document("5", "x", {"language": "Rust"}),
        Document("6", "just words"),
    ]
    outcomes = step.run(documents)
    assert [outcome.reason for outcome in outcomes] == [
        *[""] * 4,
        GateReason.OTHER_LANGUAGE,
        GateReason.UNKNOWN_LANGUAGE,
    ]
    assert [outcome.annotations.get("language") for outcome in outcomes] == [
        "go",
        *["python"] * 3,
        "rust",
        None,
    ]


def test_drops_have_their_reasons() -> None:
    assert run(Size(min_characters=2), "x")[0].reason == "too-short"
    assert run(Size(max_characters=5), "x = 1234")[0].reason == "too-long"
    assert run(Size(max_lines=1), "x\ny")[0].reason == "too-many-lines"
    python_2 = run(Syntax(), "x = 1\nprint 'a'\n")[0]
    assert (python_2.status, python_2.reason) == (Status.DROPPED, "python-2")
    assert python_2.detail.startswith("line 2: ")
    assert run(Syntax(version="3.7"), "(x := 1)")[0].reason == "syntax-error"
    assert run(Syntax(), "x", language="COBOL")[0].reason == "no-grammar"
    assert run(Syntax(), "int x", language="C")[0].reason == "syntax-error"
    assert run(Syntax(), "int x;", language="C")[0].status is Status.UNCHANGED
    assert run(Generated(), "# @generated\n")[0].reason == "marked-as-generated"
    foreign = run(Comments(), "x = 1  # комментарий\n")[0]
    assert foreign.reason == GateReason.FOREIGN_COMMENTS
    assert "cyrillic" in foreign.detail
    assert run(Comments(("cyrillic",)), "x = 1  # комментарий\n")[0].status is Status.UNCHANGED
    assert run(Comments(), "x", language="COBOL")[0].reason == GateReason.UNKNOWN_LANGUAGE
    assert run(Repetition(run_characters=3, min_characters=0), "abcabc")[0].reason == GateReason.REPETITION
    assert run(Repetition(), "abcabc")[0].status is Status.UNCHANGED


def test_lint_keeps_what_reaches_the_threshold() -> None:
    bad = "import os\nimport sys\nx = undefined\n"
    kept, low, none, broken = run(Lint(), "x = 1\n", bad, "# nothing\n", "x = (")
    assert kept.status is Status.UNCHANGED
    assert kept.annotations["lint_score"] == 10
    assert kept.annotations["lint_raw"] == 10
    assert (low.status, low.reason) == (Status.DROPPED, GateReason.LOW_SCORE)
    assert low.annotations["lint_messages"] == {"undefined-variable": 1, "unused-import": 2}
    assert low.annotations["statements"] == 3
    assert none.reason == GateReason.NO_STATEMENTS
    assert broken.reason == "linter-cannot-parse"
    assert run(Lint(threshold=0), bad)[0].status is Status.UNCHANGED
    assert run(Lint(), bad, language="C")[0].reason == GateReason.NOT_PYTHON


def test_lint_with_ruff_drops_and_keeps() -> None:
    kept, low = run(
        Lint(linter="ruff"), '"""Doc."""\n\nx = 1\nprint(x)\n', "import os\nimport sys\nx = undefined\n"
    )
    assert kept.status is Status.UNCHANGED
    assert low.reason == GateReason.LOW_SCORE
    assert Lint(linter="ruff").describe()["linter"] == "ruff"
    assert Lint().describe()["linter"] == "pylint"


def test_format_edits_or_leaves() -> None:
    edited, same, broken = run(Format(), "x=1\n", "x = 1\n", "x = (")
    assert (edited.status, edited.text) == (Status.EDITED, "x = 1\n")
    assert same.status is Status.UNCHANGED
    assert (broken.status, broken.reason) == (Status.UNCHANGED, "cannot-format")
    assert run(Format(), "int x;", language="C")[0].reason == GateReason.NOT_PYTHON


@pytest.mark.parametrize(
    "make",
    [
        lambda: Language(()),
        lambda: Size(min_characters=-1),
        lambda: Syntax(version="2.7"),
        lambda: Syntax(version="three"),
        lambda: Comments(()),
        lambda: Comments(ENGLISH_OR_JAPANESE, 2),
        lambda: Repetition(0),
        lambda: Lint(threshold=11),
        lambda: Lint(linter="flake8"),
        lambda: Lint(packages="some"),
        lambda: Format(0),
    ],
)
def test_options_are_checked(make: Any) -> None:
    with pytest.raises(OptionError):
        make()


def test_linting_tells_how_far_it_is() -> None:
    pytest.importorskip("pylint")
    told: list[tuple[str, int]] = []
    documents = [Document(f"{number}.py", f"x = {number}\n") for number in range(20)]
    with listening(lambda what, count: told.append((what, count))):
        Lint().run([*documents, Document("a.c", "int x;")])
    assert {what for what, _ in told} == {"linted"}
    assert sum(count for _, count in told) == 20
    assert len(told) > 1
