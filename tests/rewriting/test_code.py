import pickle
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bluepencil.documents import NOTED, Document, Outcome, Status, Step
from bluepencil.engine.chain import chain
from bluepencil.errors import OptionError
from bluepencil.llm import ClientOptions, Price
from bluepencil.rewriting import code
from bluepencil.rewriting.answers_fences import fenced
from bluepencil.rewriting.code_syntax import SyntaxVerifier
from bluepencil.rewriting.score import SECTION, Band, Only, ScoreReason, score
from bluepencil.rewriting.step import Rewrite
from bluepencil.rewriting.verdict import Rejection, Verdict

pytest.importorskip("aiohttp", reason="the client needs the extra `llm`")

from llm.clients import options
from llm.server import FakeServer, Reply, Seen, fault, reply

NOWHERE = ClientOptions(server="http://127.0.0.1:9", model="m")
SOURCE = "def f(x):\n    return x*x # square\n\nprint(f(3))\nNAME = 1\n"
STYLED = '"""Squares."""\n\n\ndef f(number: int) -> int:\n    """Square it."""\n    return number * number\n'
ALONE = STYLED + "\n\nif __name__ == '__main__':\n    print(f(3))\n"


@dataclass(frozen=True)
class NoPrint:
    """Rejects a text with a print in it."""

    name: str = "no-print"
    options: dict[str, Any] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        return self.options

    def check(self, before: str, after: str, document: Document) -> Verdict:
        return Verdict((Rejection("prints"),) if "print(" in after else (), {"lines": after.count("\n")})

    def check_all(self, rewrites: Any) -> list[Verdict]:
        return [self.check(*one) for one in rewrites]


def task(seen: Seen) -> str:
    """Say which of the prompts that ship a request was made from."""
    said = seen.body["messages"][0]["content"]
    return "sgcr" if "write them better" in said else "scor" if "stand on their own" in said else "score"


def script(seen: Seen) -> Reply:
    if task(seen) == "sgcr":
        said = "## Evaluation\nScore: 3/10. Terse.\n\n## Suggestions\n- docstrings\n\n## Improved code\n"
        return reply(said + fenced(STYLED, "python"), "stop", (100, 50))
    if task(seen) == "scor":
        return reply(f"## Plan\nMake it run.\n\n## Code\n{fenced(ALONE, 'python')}", "stop", (60, 70))
    worth = {"# low": "1", "# high": "8/10", "# odd": "It depends."}
    said = next((worth[mark] for mark in worth if mark in seen.text), "5")
    return reply(f"## Reasons\nFine.\n\n## Score\n{said}", "stop", (90, 9))


def sgcr(client: ClientOptions, **values: Any) -> Rewrite:
    return code.sgcr(client, **{"verifier": None, **values})


def scor(client: ClientOptions, **values: Any) -> Rewrite:
    return code.scor(client, **{"verifier": None, **values})


def run(step: Step, *texts: str) -> list[Outcome]:
    return list(step.run([Document(str(number), text) for number, text in enumerate(texts)]))


def test_a_file_is_rewritten_by_style_and_then_to_stand_alone() -> None:
    with FakeServer(script) as server:
        client = options(server, price=Price(1e6, 0))
        first, second = sgcr(client), scor(client)
        (outcome,) = run(chain([first, second]), SOURCE)
        bodies = [seen.body for seen in server.seen]
    assert (outcome.status, outcome.text) == (Status.EDITED, ALONE)
    assert [stage.text for stage in outcome.stages] == [STYLED, ALONE]
    assert outcome.stages[0].outcome.annotations["evaluation"] == 3.0
    assert (outcome.annotations["tokens_in"], outcome.annotations["tokens_out"]) == (160, 120)
    assert bodies[0]["messages"][-1]["content"] == f"Language: python\n\n```python\n{SOURCE}\n```"
    assert STYLED in bodies[1]["messages"][-1]["content"]
    assert {(body["temperature"], body["top_p"], body["max_tokens"]) for body in bodies} == {(0.2, 0.7, 8192)}
    assert first.name == "sgcr:m"
    assert first.describe()["prompt"] != second.describe()["prompt"]


def test_a_rewrite_that_is_refused_leaves_the_text_of_the_step_before() -> None:
    with FakeServer(script) as server:
        client = options(server)
        steps = chain([sgcr(client, verifier=NoPrint()), scor(client, verifier=NoPrint())])
        (outcome,) = run(steps, SOURCE)
        dropping = chain([sgcr(client), scor(client, verifier=NoPrint(), fallback="drop")])
        (dropped,) = run(dropping, SOURCE)
    assert (outcome.status, outcome.text, outcome.reason) == (Status.EDITED, STYLED, "prints")
    last = outcome.stages[1].outcome
    assert (last.status, last.annotations["rejections"], last.annotations["lines"]) == (
        "unchanged",
        ["prints"],
        10,
    )
    assert (dropped.status, dropped.reason) == (Status.DROPPED, "prints")


def test_another_language_is_named_in_prompt_and_fences() -> None:
    rust = "fn square(number: i64) -> i64 {\n    number * number // the square of it\n}\n"
    with FakeServer(lambda seen: reply(f"## Code\n```sh\ncargo run\n```\n{fenced(rust, 'rs')}")) as server:
        (outcome,) = run(code.scor(options(server), language="rust"), "fn f(){}\n")
        assert server.texts()[0].startswith("Language: rust\n\n```rust\nfn f(){}")
    assert outcome.text == rust


def test_a_file_full_of_fences_is_sent_in_a_longer_one() -> None:
    text = f'"""Usage:\n\n```python\nf(1)\n```\n"""\n{SOURCE}'
    with FakeServer(script) as server:
        run(sgcr(options(server)), text)
        assert server.texts() == [f"Language: python\n\n````python\n{text}\n````"]


def test_prompts_may_be_files_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own.md").write_text("--- user ---\nImprove {{language}}:\n{{text}}")
    with FakeServer(lambda seen: reply(fenced(ALONE, "python"))) as server:
        step = sgcr(options(server), prompt=str(tmp_path / "own.md"))
        assert run(step, SOURCE)[0].text == ALONE
        assert server.texts() == [f"Improve python:\n{SOURCE}"]
    assert step.describe()["prompt"] != sgcr(NOWHERE).describe()["prompt"]


def test_scores_drop_the_low_and_are_noted() -> None:
    with FakeServer(script) as server:
        low, medium, high, odd = run(score(options(server)), "x = 1 # low", SOURCE, "y # high", "z # odd")
        (strict,) = run(score(options(server), fallback="drop"), "z # odd")
        (all_low,) = run(score(options(server), low=6, high=9), SOURCE)
    assert (low.status, low.reason, low.annotations["score"]) == (Status.DROPPED, ScoreReason.LOW, 1)
    assert (medium.status, medium.reason, medium.annotations["band"]) == (Status.UNCHANGED, "", "medium")
    assert (high.status, high.annotations["score"], high.annotations["band"]) == (Status.UNCHANGED, 8, "high")
    assert (odd.status, odd.reason) == (Status.UNCHANGED, "answer-without-score")
    assert "score" not in odd.annotations
    assert (strict.status, strict.reason) == (Status.DROPPED, "answer-without-score")
    assert all_low.status is Status.DROPPED
    assert medium.annotations["tokens_in"] == 90


def test_only_the_medium_are_rewritten_by_the_steps_behind_a_score() -> None:
    with FakeServer(script) as server:
        client = options(server, price=Price(1e6, 1e6))
        steps = [score(client), Only(sgcr(client)), Only(scor(client))]
        texts = ["x = 1 # low", SOURCE, "y # high", "z # odd", " "]
        low, medium, high, odd, blank = run(chain(steps), *texts)
        asked = [task(seen) for seen in server.seen]
    assert (asked.count("score"), asked.count("sgcr"), asked.count("scor")) == (4, 1, 1)
    assert (low.status, low.reason, len(low.stages)) == (Status.DROPPED, ScoreReason.LOW, 1)
    assert (high.status, high.reason) == (Status.UNCHANGED, ScoreReason.HIGH)
    assert (odd.status, odd.reason) == (Status.UNCHANGED, ScoreReason.NONE)
    assert odd.stages[0].outcome.reason == "answer-without-score"
    assert (blank.status, blank.reason) == (Status.UNCHANGED, ScoreReason.NONE)
    assert (medium.status, medium.text) == (Status.EDITED, ALONE)
    assert [stage.step for stage in medium.stages] == ["score:m", "sgcr:m", "scor:m"]
    assert [stage.text for stage in medium.stages] == [SOURCE, STYLED, ALONE]
    scored, styled, alone = (stage.outcome.annotations for stage in medium.stages)
    assert (scored["score"], scored["band"], styled["evaluation"]) == (5, "medium", 3)
    hashes = [notes["prompt_hash"] for notes in (scored, styled, alone)]
    assert hashes == [step.describe()["prompt"] for step in steps]
    assert medium.annotations["tokens_in"] == sum(n["tokens_in"] for n in (scored, styled, alone))


def test_the_high_may_be_the_ones() -> None:
    with FakeServer(script) as server:
        client = options(server)
        medium, high = run(chain([score(client), Only(sgcr(client), Band.HIGH)]), SOURCE, "y # high")
    assert (medium.status, medium.reason) == (Status.UNCHANGED, ScoreReason.MEDIUM)
    assert (high.status, high.text) == (Status.EDITED, STYLED)


def test_without_a_score_nothing_is_asked() -> None:
    with FakeServer(script) as server:
        with pytest.raises(OptionError, match="put a step that scores them before it"):
            run(Only(sgcr(options(server))), SOURCE)
        assert server.seen == []


def test_what_is_for_some_scores_travels() -> None:
    only = Only(sgcr(NOWHERE, fields=("path",)))
    assert isinstance(only, Step)
    assert pickle.loads(pickle.dumps(only)) == only
    assert (only.name, only.fields) == ("sgcr:m", ("path", NOTED))
    assert chain([score(NOWHERE), only]).fields == ("path",)
    assert only.describe() != only.step.describe()
    assert only.describe() != Only(only.step, "high").describe()
    with pytest.raises(OptionError, match="order"):
        score(NOWHERE, low=8)


def test_an_estimate_is_that_of_every_score_being_right() -> None:
    client = ClientOptions(server="http://127.0.0.1:9", model="m", price=Price(1, 1))
    documents = [Document(str(number), SOURCE) for number in range(3)]
    assert Only(sgcr(client)).estimate(documents) == sgcr(client).estimate(documents)


def test_python_is_verified_by_default() -> None:
    pytest.importorskip("pylint", reason="the default checks lint")
    named = "NAME = 1\n\n\n"
    function = 'def f(x: int) -> int:\n    """Return x * x."""\n    return x * x\n\n\nprint(f(3))\n'
    good = f'"""Squares."""\n\n{named}{function}'

    def answers(seen: Seen) -> Reply:
        text = good if "# keep" in seen.text else good.replace(named, "\n")
        return reply(f"## Improved code\n{fenced(text, 'python')}")

    with FakeServer(answers) as server:
        step = code.sgcr(options(server))
        kept, dropped = run(step, f"{SOURCE}# keep\n", SOURCE)
    assert (kept.status, kept.text) == (Status.EDITED, good)
    assert kept.annotations["lint"]
    assert (dropped.status, dropped.reason) == (Status.UNCHANGED, "dropped-name")
    assert "NAME" in dropped.detail
    assert step.describe()["verifier"]["name"] == "code:python"
    assert step.describe()["verifier"] != code.scor(NOWHERE).describe()["verifier"]


def test_other_languages_are_verified_by_their_grammar() -> None:
    pytest.importorskip("tree_sitter_rust", reason="grammars need the extra `code`")
    verifier = code.code_verifier("scor", "rust")
    assert verifier == SyntaxVerifier("rust")
    assert verifier is not None
    good, bad = "fn f() -> i32 { 1 }\n", "fn f( -> { 1 }\n"
    document = Document("a", good)
    verdicts = verifier.check_all([(good, good, document), (good, bad, document), (bad, bad, document)])
    assert [[one.code for one in verdict.rejections] for verdict in verdicts] == [[], ["does-not-parse"], []]
    assert code.code_verifier("sgcr", "cobol") is None


UNUSABLE = {
    "a refusal": (reply("I'm sorry, but I can't rewrite this file."), "answer-without-code"),
    "chatter around a command": (reply("Sure! Run it:\n```bash\npython f.py\n```\n"), "answer-without-code"),
    "no code section": (reply("## Evaluation\n9/10\n## Suggestions\nNone needed."), "answer-without-section"),
    "cut off, and said so": (
        reply(f"## Improved code\n{fenced(STYLED, 'python')}", "length"),
        "answer-cut-off",
    ),
    "cut off, and not said": (reply(f"## Improved code\n```python\n{STYLED}"), "answer-unclosed"),
    "withheld": (
        reply(f"## Improved code\n{fenced(STYLED, 'python')}", "content_filter"),
        "content-filtered",
    ),
    "nothing": (reply(" \n"), "answer-empty"),
    "two versions": (reply(f"{fenced(STYLED, 'python')}\nor\n{fenced(ALONE, 'py')}"), "answer-ambiguous"),
    "next to nothing": (reply("## Improved code\n```python\nx = 1\n```"), "answer-too-short"),
    "not the language": (reply(f"## Improved code\n{fenced(STYLED, 'ruby')}"), "answer-without-code"),
    "too long for the model": (fault(400, "maximum context length exceeded"), "prompt-too-long"),
}


@pytest.mark.parametrize(("answer", "reason"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_answer_of_no_use_leaves_the_file_as_it_was(answer: Reply, reason: str) -> None:
    with FakeServer(lambda seen: answer) as server:
        (kept,) = run(sgcr(options(server)), SOURCE)
        (dropped,) = run(sgcr(options(server), fallback="drop"), SOURCE)
    assert (kept.status, kept.text, kept.reason) == (Status.UNCHANGED, None, reason)
    assert (dropped.status, dropped.reason) == (Status.DROPPED, reason)


def test_the_prompts_ask_for_the_sections_that_are_read() -> None:
    asked = {step.kind: step.question.prompt.parts[0][1] for step in (sgcr(NOWHERE), scor(NOWHERE))} | {
        "score": score(NOWHERE).question.prompt.parts[0][1]
    }
    headings = {name: re.findall(r"^## (.+)$", text, re.MULTILINE) for name, text in asked.items()}
    assert headings == {
        "sgcr": ["Evaluation", "Suggestions", code.SGCR_CODE[0]],
        "scor": ["Plan", code.SCOR_CODE[0]],
        "score": ["Reasons", SECTION],
    }
