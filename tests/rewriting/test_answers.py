import textwrap

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bluepencil.rewriting.answers import AnswerError, AnswerReason, Parser
from bluepencil.rewriting.answers_code import CodeSection
from bluepencil.rewriting.answers_fences import MOST_ENDS, fence_for, fenced
from bluepencil.rewriting.answers_languages import fence_group

SGCR = CodeSection(("Improved code", "Code"), ("Evaluation", "Suggestions"), score="Evaluation")
CODE = 'def area(r):\n    """Return it."""\n    return 3.14159 * r * r\n'
SHELL = "```bash\npip install numpy\n```"
HEAD = "## Evaluation\nScore: 4/10. Short names.\n\n## Suggestions\n- longer names\n\n"


def block(code: str = CODE, name: str = "python", fence: str = "```") -> str:
    return f"{fence}{name}\n{code}{fence}"


def reason(answer: str, section: CodeSection = SGCR) -> AnswerReason:
    with pytest.raises(AnswerError) as caught:
        section.parse(answer)
    return AnswerReason(caught.value.reason)


READABLE = {
    "as asked": f"{HEAD}## Improved code\n{block()}",
    "headings of another level, colons": f"{HEAD.replace('## ', '### ')}### Improved Code:\n\n{block()}\n",
    "bold headings": f"**Evaluation:** 4/10\n\n**Improved Code:**\n{block()}",
    "bold, colon outside": f"**Evaluation**: 4/10\n\n**Improved code**:\n{block()}",
    "numbered headings": f"## 1. Evaluation\n4/10\n## 3. Improved code\n{block()}",
    "labels": f"Evaluation:\n4/10\n\nImproved code:\n\n{block()}",
    "a remark in the heading": f"{HEAD}## Improved code (Python 3)\n{block()}",
    "closed headings": f"## Evaluation ##\n4/10\n## Improved code ##\n{block()}",
    "out of order": f"## Improved code\n{block()}\n\n{HEAD}",
    "snippets in the suggestions": f"{HEAD}```python\nradius = r\n```\n\n## Improved code\n{block()}",
    "prose around": f"Sure!\n\n{HEAD}## Improved code\nThe new file:\n\n{block()}\n\nI hope it helps.",
    "no section but the code": f"## Improved code\n{block()}",
    "no section at all": f"Here is the file.\n\n{block()}\n",
    "a shell block first": f"{HEAD}## Improved code\n{SHELL}\n\n{block()}",
    "a shell block after": f"{HEAD}## Improved code\n{block()}\n\n{SHELL}",
    "a shell block first, no sections": f"{SHELL}\n{block()}",
    "a shell block, no name": f"{HEAD}## Improved code\n{SHELL}\n{block(name='')}",
    "fence name py": f"{HEAD}## Improved code\n{block(name='py')}",
    "fence name python3": f"{HEAD}## Improved code\n{block(name='python3')}",
    "fence name Python": f"{HEAD}## Improved code\n{block(name=' Python')}",
    "fence name with more": f"{HEAD}## Improved code\n{block(name='{.python .numberLines}')}",
    "fence name with a file": f"{HEAD}## Improved code\n{block(name='python title=area.py')}",
    "no fence name": f"{HEAD}## Improved code\n{block(name='')}",
    "fence name text": f"{HEAD}## Improved code\n{block(name='text')}",
    "tildes": f"{HEAD}## Improved code\n{block(fence='~~~')}",
    "a longer fence": f"{HEAD}## Improved code\n{block(fence='``````')}",
    "a fence in a list": f"{HEAD}## Improved code\n{textwrap.indent(block(), '  ')}",
    "the same block twice": f"{HEAD}## Improved code\n{block()}\n\nOnce more:\n{block()}",
    "an empty block before": f"{HEAD}## Improved code\n```python\n\n```\n{block()}",
    "one of two parses": f"{HEAD}## Improved code\n{block('def area(r):' + chr(10))}\n{block()}",
    "examples under a heading": f"## Improved code\n{block()}\n### Usage\n{block('area(2)' + chr(10))}",
    "code below a file's name": f"{HEAD}## Improved code\n### area.py\n{block()}",
    "a line in front of the end": f"{HEAD}## Improved code\n{block().removesuffix('```')}``` ",
    "CRLF fences": f"{HEAD}## Improved code\r\n```python\r\n{CODE}```\r\n",
    "thinking first": f"<think>## Improved code\n```python\nx = 1\n```</think>\n## Improved code\n{block()}",
    "thinking opened in the prompt": f"Let me see. It is short.\n</think>\n\n## Improved code\n{block()}",
}


@pytest.mark.parametrize("answer", READABLE.values(), ids=READABLE.keys())
def test_every_form_of_an_answer_is_read(answer: str) -> None:
    assert SGCR.parse(answer).text == CODE


UNREADABLE = {
    "chatter": ("I am sorry, I cannot help with that.", AnswerReason.NO_CODE),
    "no fences": (f"{HEAD}## Improved code\n{CODE}", AnswerReason.NO_CODE),
    "only evaluation": (HEAD, AnswerReason.NO_SECTION),
    "a snippet is no file": (f"{HEAD}```python\nradius = r\n```\n", AnswerReason.NO_SECTION),
    "only a shell block": (f"{HEAD}## Improved code\n{SHELL}", AnswerReason.NO_CODE),
    "an empty block": (f"{HEAD}## Improved code\n```python\n\n```", AnswerReason.NO_CODE),
    "cut off": (f"{HEAD}## Improved code\n```python\n{CODE}", AnswerReason.UNCLOSED),
    "the second block cut off": (f"{block()}\n```python\nx =", AnswerReason.UNCLOSED),
    "cut off while thinking": (f"<think>{HEAD}## Improved code\n{block()}", AnswerReason.UNCLOSED),
    "two files": (f"{HEAD}## Improved code\n{block()}\n{block('x = 1' + chr(10))}", AnswerReason.AMBIGUOUS),
    "two versions": (f"{block()}\n\nOr shorter:\n\n{block('x = 1' + chr(10))}", AnswerReason.AMBIGUOUS),
}


@pytest.mark.parametrize(("answer", "expected"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_answer_in_doubt_is_not_guessed_at(answer: str, expected: AnswerReason) -> None:
    assert reason(answer) is expected


@pytest.mark.parametrize(
    ("info", "group"),
    [("python", 0), ("Py", 0), ("py3.11", 0), ("", 1), ("none", 1), ("plaintext", 1), ("bash", 2), ("js", 2)],
)
def test_names_of_fences(info: str, group: int) -> None:
    assert fence_group(info, "python") == group


def test_other_languages_have_their_own_fence_names() -> None:
    section = CodeSection(("Code",), (), "c++")
    assert section.parse(f"## Code\n{SHELL}\n```c++\nint x;\n```").text == "int x;\n"
    assert reason("## Code\n```python\nx\n```", section) is AnswerReason.NO_CODE


PIECES = st.sampled_from(
    [
        "```",
        "```python",
        "````",
        "    ```",
        "~~~",
        "~~~~",
        "### Improved Code:",
        "## Code",
        "### step 1",
        "**Evaluation:** 9/10",
        "</think>",
        "<think>",
        '"""',
        "'''",
        "x = 1",
        "",
        "\t",
        "# `x`",
        "é\r",
    ]
)
CODES = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("\n".join))


def rendered(code: str, prose: str = "clear", *, first: bool = False) -> tuple[str, int]:
    """Return an answer as a model that does as it is told writes it, and where its code is whole."""
    opinion = f"## Evaluation\nScore: 3/10, {prose}\n\n## Suggestions\n- {prose}\n\n"
    answer = f"{'' if first else opinion}## Improved code\n{fenced(code, 'python')}"
    return f"{answer}\n\n{opinion}" if first else f"{answer}\n", len(answer)


@given(CODES, st.booleans())
def test_any_code_survives_the_way_there_and_back(code: str, first: bool) -> None:
    assume(code.strip())
    answer, _ = rendered(code, first=first)
    expected = code if code.endswith("\n") else f"{code}\n"
    parsed = SGCR.parse(answer)
    assert parsed.text == expected
    assert parsed.notes == {"evaluation": 3.0}
    assert CodeSection(("Improved code",), (), "rust").parse(answer.replace("python", "rust")).text == (
        expected.replace("python", "rust")
    )


@given(CODES, st.data())
def test_no_prefix_that_cuts_the_code_is_taken_for_whole(code: str, data: st.DataObject) -> None:
    answer, end = rendered(code)
    cut = data.draw(st.integers(0, end - 1))
    with pytest.raises(AnswerError):
        SGCR.parse(answer[:cut])


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert SGCR.parse(text).text.strip()
    except AnswerError as error:
        assert error.reason in set(AnswerReason)


@given(CODES)
def test_a_fence_cannot_be_ended_by_what_it_holds(code: str) -> None:
    fence = fence_for(code)
    assert len(fence) >= 3
    assert not any(line.strip().startswith(fence) for line in code.split("\n"))


DOCSTRING_LINES = st.sampled_from(["```", "```python", "```bash", "text", "### Usage", "", "~~~", "    ```"])


@given(st.lists(DOCSTRING_LINES, max_size=8), st.booleans())
def test_a_fence_too_short_for_what_it_holds_ends_where_the_code_parses(lines: list[str], more: bool) -> None:
    code = "\n".join(['"""About.', "", *lines, '"""', "x = 1", ""])
    answer = f"{HEAD}## Improved code\n```python\n{code}```"
    assert SGCR.parse(f"{answer}\n\nIt is shorter now." if more else answer).text == code


def test_a_block_of_nothing_but_fences_is_given_up_in_time() -> None:
    # Without a limit each of the ends would be tried, with all that stands before it.
    answer = f"{HEAD}## Improved code\n```python\n" + "x = (\n```\n" * 100 * MOST_ENDS
    assert reason(answer) in (AnswerReason.UNCLOSED, AnswerReason.NO_CODE)


def test_the_evaluation_is_noted_and_decides_nothing() -> None:
    assert SGCR.parse(READABLE["as asked"]).notes == {"evaluation": 4.0}
    missing = SGCR.parse(f"## Improved code\n{block()}")
    assert missing.notes == {"evaluation_fault": "answer-without-score"}
    assert isinstance(SGCR, Parser)
