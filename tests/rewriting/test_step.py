import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bluepencil.documents import Document, Outcome, Status, Step
from bluepencil.errors import InputError, OptionError
from bluepencil.llm import Budget, BudgetReachedError, ClientOptions, Price, ServerUnusableError
from bluepencil.rewriting.ask import NEVER_GIVEN, PROMPTS, NotAsked
from bluepencil.rewriting.step import Rewrite, RewriteReason
from rewriting.stand_ins import step

pytest.importorskip("aiohttp", reason="the client needs the extra `llm`")

from llm.clients import options
from llm.server import FakeServer, Reply, Seen, fault, reply

NOWHERE = ClientOptions(server="http://127.0.0.1:9", model="m", connect_patience_s=0.2, backoff_s=0.01)
TEXTS = {name: f"The {name} text." for name in ("good", "same", "BROKEN", "prose", "cut", "empty", "refused")}


def script(seen: Seen) -> Reply:
    """Answer by the second word of the text."""
    name = seen.text.split()[1]
    if name == "refused":
        return fault(400)
    if name == "empty":
        return reply(" ")
    if name == "prose":
        return reply("I cannot do that.")
    if name == "same":
        return reply(f"= {seen.text}\n")
    if name == "cut":
        return reply("= The text is cut", "length", (100, 20))
    return reply(
        f"= A better {name} WRONG text." if name == "BROKEN" else f"= A better {name} text.",
        "stop",
        (100, 20),
    )


def outcomes(texts: dict[str, str], folder: Path, script: Any = script, **values: Any) -> dict[str, Outcome]:
    """Run a step twice, the second time from the cache, to the same outcomes."""
    with FakeServer(script) as server:
        rewrite = step(options(server, cache=str(folder / "cache"), price=Price(1e6, 1e6)), folder, **values)
        documents = [Document(name, text, {"licence": "MIT"}) for name, text in texts.items()]
        found = rewrite.run(documents)
        asked = len(server.seen)
        assert step(rewrite.options.client, folder, **values).run(documents) == found
        failed = sum(one.status is Status.FAILED for one in found)
        assert len(server.seen) == asked + failed  # what was never answered is asked again, and nothing else
    return dict(zip(texts, found, strict=True))


def test_each_answer_becomes_one_outcome(tmp_path: Path) -> None:
    texts = {**TEXTS, "blank": " \n", "long": "The long " + "x" * 200}
    found = outcomes(texts, tmp_path, longest=200)
    assert {name: (one.status.value, str(one.reason)) for name, one in found.items()} == {
        "good": ("edited", ""),
        "same": ("unchanged", ""),
        "BROKEN": ("unchanged", "broken"),
        "prose": ("unchanged", "not-plain"),
        "cut": ("unchanged", "answer-cut-off"),
        "empty": ("unchanged", "answer-empty"),
        "refused": ("failed", "request-refused"),
        "blank": ("unchanged", NotAsked.NO_TEXT),
        "long": ("unchanged", NotAsked.TOO_LONG),
    }
    assert found["good"].text == "A better good text."
    assert [one.text for name, one in found.items() if name != "good"] == [None] * 8
    prompt = found["good"].annotations["prompt_hash"]
    assert found["good"].annotations == {
        "tokens_in": 100,
        "tokens_out": 20,
        "cost": pytest.approx(120),
        "prompt_hash": prompt,
        "longer_by": 5,
        "licence": "MIT",
    }
    assert found["BROKEN"].annotations["rejections"] == ["broken", "wrong"]
    assert found["BROKEN"].annotations["licence"] == "MIT"
    assert found["BROKEN"].detail == "BROKEN is in it"
    assert found["cut"].annotations["tokens_out"] == 20


def test_the_fallback_may_be_to_drop(tmp_path: Path) -> None:
    found = outcomes({**TEXTS, "long": "The long " + "x" * 200}, tmp_path, longest=200, fallback="drop")
    assert {name: one.status.value for name, one in found.items()} == {
        "good": "edited",
        "same": "unchanged",
        "BROKEN": "dropped",
        "prose": "dropped",
        "cut": "dropped",
        "empty": "dropped",
        "refused": "failed",
        "long": "dropped",
    }
    assert found["BROKEN"].reason == "broken"


def test_answers_of_a_few_characters_are_refused_unless_nothing_changed(tmp_path: Path) -> None:
    found = outcomes({name: TEXTS[name] for name in ("good", "same")}, tmp_path, shortest=51)
    assert (found["good"].status, found["good"].reason) == (Status.UNCHANGED, RewriteReason.SHORT)
    assert found["same"].reason == ""


def test_repetition_is_refused(tmp_path: Path) -> None:
    texts = {name: f"The {name} text." for name in ("loop", "prose-like")}
    texts["loop before"] = "The loop text. " + "x" * 1000
    unlike = " ".join(f"word{number}" for number in range(400))

    def loop(seen: Seen) -> Reply:
        return reply("= " + ("and then it goes on and on, " * 80 if "loop" in seen.text else unlike))

    found = outcomes(texts, tmp_path, loop, repetition=True)
    assert (found["loop"].status, found["loop"].reason) == (Status.UNCHANGED, RewriteReason.REPETITIVE)
    assert found["prose-like"].status is Status.EDITED
    assert found["loop before"].status is Status.EDITED


def test_many_documents_keep_the_window_full_and_equal_ones_are_asked_once(tmp_path: Path) -> None:
    names = [f"n{number % 90}" for number in range(300)]
    with FakeServer(lambda seen: replace(script(seen), delay_s=0.05)) as server:
        rewrite = step(options(server, in_flight=32), tmp_path)
        found = rewrite.run([Document(str(number), f"The {name} text.") for number, name in enumerate(names)])
        asked = sorted(server.texts())
        most = server.connections
    assert [one.text for one in found] == [f"A better {name} text." for name in names]
    assert asked == sorted(f"The n{number} text." for number in range(90))
    assert most == 32


@pytest.mark.parametrize("kind", ["busy", "error", "half", "lost"])
def test_faults_of_the_moment_are_passed_over(kind: str, tmp_path: Path) -> None:
    faults = {
        "busy": fault(429, retry_after="0"),
        "error": fault(500),
        "half": replace(reply("= x"), sent=20),
        "lost": Reply(reset=True),
    }
    with FakeServer(lambda seen: faults[kind] if seen.times == 1 else script(seen)) as server:
        found = step(options(server), tmp_path).run([Document(str(n), f"The n{n} text.") for n in range(20)])
    assert [one.text for one in found] == [f"A better n{n} text." for n in range(20)]


def test_a_record_that_always_fails_costs_itself(tmp_path: Path) -> None:
    def poison(seen: Seen) -> Reply:
        return fault(500) if "n7 " in seen.text else script(seen)

    with FakeServer(poison) as server:
        rewrite = step(options(server, attempts=2), tmp_path, fallback="drop")
        found = rewrite.run([Document(str(n), f"The n{n} text.") for n in range(20)])
    assert [n for n, one in enumerate(found) if one.status is Status.FAILED] == [7]
    assert found[7].reason in NEVER_GIVEN


def test_a_server_that_dies_ends_the_run_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    documents = [Document(str(n), f"The n{n} text.") for n in range(60)]
    with FakeServer(script) as server:

        def dying(seen: Seen) -> Reply:
            return script(seen) if len(server.seen) <= 30 else Reply(never=True)

        server.script = dying
        kept = {"cache": str(tmp_path / "cache"), "in_flight": 4}
        client = options(
            server, **kept, timeout_s=0.3, patience_s=0.6, timeout_attempts=1, failures_in_a_row=2
        )
        with pytest.raises(ServerUnusableError):
            step(client, tmp_path).run(documents)
        answered = set(server.texts()[:30])
        server.seen.clear()
        server.script = script
        found = step(options(server, **kept), tmp_path).run(documents)
        assert not answered & set(server.texts())
    assert all(one.status is Status.EDITED for one in found)


def test_a_budget_ends_the_run_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    documents = [Document(str(n), f"The n{n} text.") for n in range(40)]
    params = {"max_tokens": 20}
    with FakeServer(script) as server:
        kept = {"cache": str(tmp_path / "cache"), "in_flight": 2, "run": "r"}
        with pytest.raises(BudgetReachedError):
            step(options(server, **kept, budget=Budget(tokens=2400)), tmp_path, params=params).run(documents)
        asked = set(server.texts())
        assert 15 <= len(asked) <= 22  # 120 tokens each, and what they will come to is guessed
        found = step(options(server, **kept), tmp_path, params=params).run(documents)
        assert len(server.seen) == 40
    assert all(one.status is Status.EDITED for one in found)


def test_a_dead_server_fails_no_document(tmp_path: Path) -> None:
    with pytest.raises(ServerUnusableError):
        step(NOWHERE, tmp_path).run([Document("a", "The good text.")])


def test_a_step_travels_and_says_what_decides_its_result(tmp_path: Path) -> None:
    one = step(NOWHERE, tmp_path)
    assert isinstance(one, Step)
    two = pickle.loads(pickle.dumps(one))
    assert two == one
    assert two.describe() == one.describe()
    assert (one.name, one.fields, one.row_columns) == ("better:m", ("licence",), None)
    assert "127.0.0.1" not in json.dumps(one.describe())
    others = [
        step(NOWHERE, tmp_path, params={"temperature": 1}),
        step(NOWHERE, tmp_path, longest=10),
        step(NOWHERE, tmp_path, shortest=10),
        step(NOWHERE, tmp_path, fallback="drop"),
        step(NOWHERE, tmp_path, repetition=True),
        step(NOWHERE, tmp_path, values={"style": "x"}),
        step(replace(NOWHERE, model="n"), tmp_path),
        Rewrite("better", one.options, one.parser, None),
    ]
    assert len({json.dumps(dict(other.describe())) for other in [one, *others]}) == 9


def test_fields_and_values_have_places_in_the_prompt(tmp_path: Path) -> None:
    (tmp_path / "prompt.md").write_text("{{style}} {{path}} {{no}} {{fence}}\n--- x")
    prompt = "--- user ---\n{{style}}, {{path}}, {{size}}:\n{{fence}}\n{{text}}\n{{fence}}"
    (tmp_path / "prompt.md").write_text(prompt)
    with FakeServer(lambda seen: reply("= done")) as server:
        values = {"values": {"style": "short"}, "fields": ("path", "size")}
        rewrite = step(options(server), tmp_path, **values)
        rewrite.run([Document("a", "```\n{{path}}", {"path": "a.py", "size": None})])
        assert server.texts() == ["short, a.py, :\n````\n```\n{{path}}\n````"]
    assert rewrite.fields == ("path", "size", "licence")
    with pytest.raises(OptionError, match="style"):
        step(NOWHERE, tmp_path)


def test_options_that_cannot_work_are_noticed_at_once(tmp_path: Path) -> None:
    for wrong in ({"longest": 0}, {"shortest": -1}, {"fallback": "cry"}, {"params": {"stream": True}}):
        with pytest.raises(OptionError):
            step(NOWHERE, tmp_path, **wrong)
    with pytest.raises(InputError, match="nowhere"):
        step(NOWHERE, tmp_path, prompt="nowhere")


def test_an_estimate_covers_what_would_be_sent(tmp_path: Path) -> None:
    client = replace(NOWHERE, price=Price(1, 1))
    documents = [Document("a", "word " * 80), Document("b", " "), Document("c", "x" * 1000)]
    found = step(client, tmp_path, longest=900, answer_ratio=2.0, answer_extra=7).estimate(iter(documents))
    assert found.documents == 1
    assert found.tokens_out == 2 * 100 + 7
    assert found.tokens_in > 100
    assert found.money is not None


def test_prompts_that_ship_load_by_name() -> None:
    assert {"sgcr", "scor", "score"} <= {path.stem for path in PROMPTS.glob("*.md")}
