"""The math step and its command against a scripted server, killed at random, and against a real program."""

import json
import pickle
import random
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bluepencil.documents import Document, Outcome, Status, Step
from bluepencil.engine.ledger import ledger_rows
from bluepencil.errors import InputError, OptionError
from bluepencil.llm import Cache, ClientOptions, LocalServer, Prompt
from bluepencil.rewriting.answers import AnswerError
from bluepencil.rewriting.ask import PROMPTS
from bluepencil.rewriting.math import STYLES, MathText, math_verifier, rewrite_math
from bluepencil.rewriting.math_checks import MathChecks
from conftest import write_rows
from engine.test_run import contents

pytest.importorskip("aiohttp", reason="the client needs the extra `llm`")
pytest.importorskip("math_verify", reason="the verifier needs the extra `math`")

from llm.clients import options
from llm.server import FakeServer, Reply, Seen, fault, reply
from llm.test_real_server import pytestmark as needs_a_program
from llm.test_real_server import server as server

NOWHERE = ClientOptions(server="http://127.0.0.1:9", model="m", connect_patience_s=0.2, backoff_s=0.01)
COMMAND = [sys.executable, "-c", "from bluepencil.cli.math import math; math()"]


def page(number: int) -> str:
    """Return a page with a problem; its number makes it one of a kind."""
    return (
        f"MathBarn | Log in\nProblem {number}: A shop has {100 + number} boxes with 4 pens each."
        f" How many pens are that?\nAnswer: {400 + 4 * number}\n(c) MathBarn"
    )


def solution(number: int) -> str:
    boxes, pens = 100 + number, 400 + 4 * number
    return (
        f"A shop has {boxes} boxes with 4 pens each. How many pens are that?\n\n"
        f"The pens of all boxes are ${boxes} \\times 4 = {pens}$.\n\nThe answer is $\\boxed{{{pens}}}$ pens."
    )


def number_of(text: str) -> int:
    return int(text.split("Problem ")[-1].split(":")[0])


ANSWERS = {
    1: solution(1),
    2: "Sure! Here is the rewritten text:\n\n" + solution(2),
    3: solution(3).replace("= 412$", "= 414$"),
    4: solution(4).replace("boxed{416}", "boxed{410}"),
    5: "NO MATH",
    6: f"<think>400 and 24</think>\n```\n{solution(6)}\n```",
    7: "<think>400 and 28",
    8: "The answer is 432.",
    9: " ",
    10: solution(10)[:-60],
}


def script(seen: Seen) -> Reply:
    number = number_of(seen.text)
    if number == 11:
        return fault(400)
    if number == 12 and seen.times == 1:
        return fault(500)
    if number == 13 and seen.times == 1:
        return fault(429, retry_after="0")
    if number == 14:
        return reply(solution(14)[:80], "length", (50, 20))
    if number == 15 and seen.times == 1:
        return Reply(body=b"{}", reset=True)
    return reply(ANSWERS.get(number, solution(number)), "stop", (50, 20))


EXPECTED = {
    1: ("edited", ""),
    2: ("unchanged", "math-talk"),
    3: ("unchanged", "math-arithmetic"),
    4: ("unchanged", "math-answer-changed"),
    5: ("unchanged", "math-no-content"),
    6: ("edited", ""),
    7: ("unchanged", "answer-unclosed"),
    8: ("unchanged", "answer-too-short"),
    9: ("unchanged", "answer-empty"),
    10: ("unchanged", "math-unfinished"),
    11: ("failed", "request-refused"),
    12: ("edited", ""),
    13: ("edited", ""),
    14: ("unchanged", "answer-cut-off"),
    15: ("edited", ""),
}


def run(tmp_path: Path, **values: Any) -> dict[int, Outcome]:
    with FakeServer(script) as served:
        step = rewrite_math(options(served, cache=str(tmp_path / "cache")), **values)
        found = step.run([Document(str(number), page(number)) for number in EXPECTED])
    return dict(zip(EXPECTED, found, strict=True))


def test_each_answer_becomes_one_outcome(tmp_path: Path) -> None:
    found = run(tmp_path)
    assert {number: (one.status.value, str(one.reason)) for number, one in found.items()} == EXPECTED
    assert found[1].text == solution(1)
    assert found[6].text == solution(6)
    assert found[1].annotations["tokens_in"] == 50
    assert found[1].annotations["steps_computed"] == 1
    assert found[3].annotations["rejections"][0] == "math-arithmetic"
    assert "400 + 12" not in found[3].detail
    dropped = run(tmp_path, fallback="drop")
    assert {str(one.status) for number, one in dropped.items() if EXPECTED[number][0] == "unchanged"} == {
        "dropped"
    }


def test_it_is_a_step_with_the_papers_defaults() -> None:
    step = rewrite_math(NOWHERE)
    assert isinstance(step, Step)
    assert step.name == "math:m"
    assert set(step.fields) == {"question", "problem", "answer"}
    assert step.options.params == {"temperature": 0.2, "top_p": 0.7, "max_tokens": 8192}
    assert (step.options.longest, step.options.shortest) == (102_688, 51)
    described = json.loads(json.dumps(step.describe()))
    assert described["verifier"]["name"] == "math"
    assert described["verifier"]["math_verify"]
    assert pickle.loads(pickle.dumps(step)).describe() == step.describe()


def test_what_is_too_long_is_not_sent_and_says_so() -> None:
    (outcome,) = rewrite_math(NOWHERE, longest=50).run([Document("a", page(1))])
    assert (outcome.status, outcome.reason) == (Status.UNCHANGED, "text-too-long")
    assert "50" in outcome.detail


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_a_prompt_that_is_not_taken_for_an_answer(style: str) -> None:
    step = rewrite_math(NOWHERE, style=style)
    asked = step.question.request(step.options.places(Document("a", page(1)))).messages
    assert page(1) in asked[-1]["content"]
    assert "NO MATH" in asked[0]["content"]
    echo = "\n".join(asked[0]["content"].split("\n")[4:9])
    verdict = math_verifier(style).check(page(1), f"{solution(1)}\n\n{echo}", Document("a", page(1)))
    assert "math-prompt-echoed" in [one.code for one in verdict.rejections]
    assert math_verifier(style).check(page(1), solution(1), Document("a", page(1))).accepted


@pytest.mark.parametrize("path", sorted(PROMPTS.glob("math-*.md")), ids=lambda path: path.stem)
def test_the_worked_examples_pass_the_checks(path: Path) -> None:
    parts = Prompt.load(path).parts
    for (asker, source), (speaker, answer) in pairwise(parts[1:]):
        if (asker, speaker) == ("user", "assistant"):
            verdict = math_verifier(path.stem.removeprefix("math-")).check(
                source, answer, Document("a", source)
            )
            assert verdict.rejections == ()


def test_a_prompt_of_ones_own(tmp_path: Path) -> None:
    prompt = tmp_path / "mine.md"
    prompt.write_text("--- user ---\nSolve: {{text}}")
    assert rewrite_math(NOWHERE, style=str(prompt)).run([Document("a", " ")])[0].reason == "no-text"
    with pytest.raises(InputError, match="styles are tutor, structured"):
        rewrite_math(NOWHERE, style="no such style")
    prompt.write_text("--- user ---\nSolve: {{question}} {{text}}")
    with pytest.raises(OptionError):
        rewrite_math(NOWHERE, style=str(prompt))


def test_other_checks_and_none(tmp_path: Path) -> None:
    assert run(tmp_path, checks=MathChecks(arithmetic=False, lost_steps=1, unfounded_numbers=1))[3].text
    assert run(tmp_path, verifier=None)[4].text == ANSWERS[4]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("x = 1", "x = 1"),
        ("```markdown\nx = 1\n```", "x = 1"),
        ("[page]\nx = 1\n[/page]", "x = 1"),
        ("<think>hm</think>\n\nx = 1\n", "x = 1"),
        ("It has ```code```", "It has ```code```"),
    ],
)
def test_answers_are_taken_whole(answer: str, text: str) -> None:
    assert MathText().parse(answer, "").text == text


@pytest.mark.parametrize("answer", ["NO MATH", "No math.", "**NO MATH**", "<think>so"])
def test_answers_without_a_text(answer: str) -> None:
    with pytest.raises(AnswerError):
        MathText().parse(answer, "")


def command(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_command_rewrites_a_corpus_and_keeps_the_books(tmp_path: Path) -> None:
    rows = [{"id": str(number), "text": page(number), "url": f"u{number}"} for number in EXPECTED]
    source = write_rows(tmp_path / "in.jsonl", rows)
    with FakeServer(script) as served:
        shared = ["--server", served.address, "--model", "m", "--cache", tmp_path / "cache", "--quiet"]
        done = command(source, "-o", tmp_path / "out", "--no-refine", "--format", "jsonl.zst", *shared)
        assert done.returncode == 0, done.stderr
        first = len(served.seen)
        again = command(source, "-o", tmp_path / "again", "--no-refine", "--format", "jsonl.zst", *shared)
        assert again.returncode == 0, again.stderr
        assert len(served.seen) - first == 1  # the refused one; every answer is bought once
        refined = command(source, "-o", tmp_path / "refined", "--fallback", "drop", *shared)
        assert refined.returncode == 0, refined.stderr
        sent = [seen.text for seen in served.seen[first + 1 :]]
        assert sent and not any("Log in" in text for text in sent)
        assert all("How many pens" in text for text in sent)
    (ledger,) = (tmp_path / "out" / "ledger").iterdir()
    found = {row["id"]: row for row in ledger_rows(ledger)}
    assert {int(name): (row["status"], row["reason"] or "") for name, row in found.items()} == EXPECTED
    assert contents(tmp_path / "out") == contents(tmp_path / "again")


def test_the_command_estimates_without_a_server(tmp_path: Path) -> None:
    source = write_rows(
        tmp_path / "in.jsonl", [{"id": "a", "text": solution(1)}, {"id": "b", "text": "A dog."}]
    )
    shared = ("--model", "m", "--cache", tmp_path / "cache", "--estimate", "--only-math")
    done = command(source, "-o", tmp_path / "out", *shared)
    assert done.returncode == 0, done.stderr
    assert "2 documents come in" in done.stdout
    assert "1 documents, 0 of them answered already" in done.stdout
    assert not (tmp_path / "out").exists()


ITEM = {
    "question": "Marta's greenhouse has seventeen rows of tomato plants, every row has 23 plants, and a late"
    " frost kills 91 of them. How many plants are alive in the greenhouse after the frost?",
    "answer": "There were 17 * 23 = 391 plants. After the frost 391 - 91 = 300 are alive.\n#### 300",
}


def test_benchmark_items_are_dropped_before_they_are_sent_and_after_they_are_written(tmp_path: Path) -> None:
    leaked = f"Home | Quiz\n{ITEM['question']}\n{ITEM['answer']}\nMore quizzes"
    rows = [
        {"id": "clean", "text": page(1)},
        {"id": "leaked", "text": leaked},
        {"id": "recalled", "text": page(2)},
    ]
    source = write_rows(tmp_path / "in.jsonl", rows)
    items = write_rows(tmp_path / "items.jsonl", [ITEM])
    checked = ("--set", "math.verify=false")

    def recalls(seen: Seen) -> Reply:
        said = f"{ITEM['question']} {ITEM['answer']}" if number_of(seen.text) == 2 else solution(1)
        return reply(said, tokens=(50, 20))

    with FakeServer(recalls) as served:
        shared = ["--server", served.address, "--model", "m", "--cache", tmp_path / "cache", "--quiet"]
        guard = ["--against", f"{items}:gsm8k", *checked]
        done = command(source, "-o", tmp_path / "out", "--no-refine", *guard, *shared)
        assert done.returncode == 0, done.stderr
        assert sorted(number_of(seen.text) for seen in served.seen) == [1, 2]
    (ledger,) = (tmp_path / "out" / "ledger").iterdir()
    found = {row["id"]: (row["status"], row["reason"]) for row in ledger_rows(ledger)}
    assert found["clean"][0] == "edited"
    assert found["leaked"] == found["recalled"] == ("dropped", "contaminated")


def test_the_command_says_how_many_tokens_the_refiner_saved(tmp_path: Path) -> None:
    source = write_rows(
        tmp_path / "in.jsonl", [{"id": "a", "text": page(1) + "\nLog in\nPrivacy | Terms" * 9}]
    )
    with FakeServer(script) as served:
        shared = ["--server", served.address, "--model", "m", "--cache", tmp_path / "cache", "--quiet"]
        done = command(source, "-o", tmp_path / "out", "--strength", "strong", *shared)
    assert done.returncode == 0, done.stderr
    refined, _ = json.loads((tmp_path / "out" / "manifest.json").read_text())["stages"]
    assert refined["text_tokens_out"] < refined["text_tokens_in"]
    assert "tokens, about" in done.stdout


def slow(seen: Seen) -> Reply:
    number = number_of(seen.text)
    if number % 11 == 0 and seen.times == 1:
        return fault(500)
    said = solution(number) if number % 5 else solution(number).replace("times 4 =", "times 4 = 1")
    return replace(reply(said, tokens=(9, 7)), delay_s=random.uniform(0, 0.02))


def test_killed_at_random_moments_nothing_is_bought_twice(tmp_path: Path) -> None:
    rows = [{"id": str(number), "text": page(number)} for number in range(300)]
    source = write_rows(tmp_path / "in.jsonl", rows)
    step = rewrite_math(NOWHERE)
    keys = {
        number: step.question.request(step.options.places(Document("", page(number)))).key("m")
        for number in range(300)
    }
    with FakeServer(slow) as served:

        def start(output: str, cache: str) -> "subprocess.Popen[bytes]":
            shared = (
                "--server",
                served.address,
                "--model",
                "m",
                "--cache",
                tmp_path / cache,
                "--in-flight",
                8,
            )
            words = (source, "-o", tmp_path / output, "--no-refine", "--unit-mb", "0.01", "--quiet", *shared)
            return subprocess.Popen(
                [*COMMAND, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )

        process = start("undisturbed", "first")
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
        served.seen.clear()
        stored: set[int] = set()
        kills = 0
        while not (tmp_path / "out" / "manifest.json").exists():
            process = start("out", "cache")
            before = len(served.seen)
            end = time.monotonic() + 60
            while len(served.seen) == before and process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(random.uniform(0, 0.2 + 0.1 * kills))  # so that it ends on any machine
            process.kill()
            process.communicate()
            kills += process.returncode == -9
            time.sleep(0.1)  # the worker ends when its supervisor is gone
            asked = {number_of(text) for text in served.texts()[before:]}
            assert not asked & stored, "asked again although it was stored"
            cache = Cache(tmp_path / "cache")
            stored = {number for number, key in keys.items() if key in cache}
    assert kills >= 2
    # Killed between its manifest and its end, a run leaves its journal behind, and is finished all the same.
    found = {name: data for name, data in contents(tmp_path / "out").items() if not name.startswith("state/")}
    assert found == contents(tmp_path / "undisturbed")


class TestRealProgram:
    """Needs torch and transformers[serving]; the model says nonsense."""

    pytestmark = needs_a_program

    def test_nonsense_is_never_taken_for_mathematics(
        self, server: tuple[LocalServer, str], tmp_path: Path
    ) -> None:
        running, model = server
        client = ClientOptions(server=running.address, model=model, cache=str(tmp_path))
        step = rewrite_math(client, style="several", params={"temperature": 0, "max_tokens": 24})
        (outcome,) = step.run([Document("a", page(1))])
        assert (outcome.status, outcome.text) == (Status.UNCHANGED, None)
        assert outcome.reason in ("answer-cut-off", "answer-empty", "answer-too-short", "math-too-short")
        assert outcome.annotations["tokens_in"] > 300
        (again,) = step.run([Document("a", page(1))])
        assert again.reason == outcome.reason
        assert step.question.client.usage.sent == 1
