import json
import pickle
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.distill.expert import (
    AnswerError,
    Expert,
    ExpertOptions,
    ExpertReason,
    is_deletion,
    is_nothing,
    new_words_per_1000,
    pair,
    parse_answer,
)
from bluepencil.documents import Document, Outcome, Reason, Status, Step
from bluepencil.errors import InputError, OptionError
from bluepencil.llm import ClientOptions, Price

SOURCE = "Menu | Home\nThe lake is deep.\nShare this!\nIts water is brown.\n"
REFINED = "The lake is deep.\nIts water is brown."


def labelled(text: str, reason: str = "Menu and share line.") -> str:
    return f"modification_reason: {reason}\nrefined_text:\n[doc]\n{text}\n[/doc]"


def as_json(text: str, reason: str = "Menu and share line.") -> str:
    return json.dumps({"modification_reason": reason, "refined_text": text})


READABLE = {
    "labels": labelled(REFINED),
    "labels, blank lines around": "\n\n" + labelled("\n" + REFINED + "\n") + "\n\n",
    "labels and prose around": f"Sure! Here it is.\n\n{labelled(REFINED)}\n\nI hope this helps.",
    "labels in a fence": f"```text\n{labelled(REFINED)}\n```",
    "the text in a fence": labelled(REFINED).replace("refined_text:\n", "refined_text:\n```\n") + "\n```",
    "bold labels": labelled(REFINED)
    .replace("modification_reason:", "**modification_reason:**")
    .replace("refined_text:", "**refined_text**:"),
    "headings": labelled(REFINED)
    .replace("modification", "## modification")
    .replace("refined_", "## refined_"),
    "XML": "<modification_reason>Menu and share line.</modification_reason>\n"
    f"<refined_text>[doc]\n{REFINED}\n[/doc]</refined_text>",
    "on one line": labelled(REFINED).replace("refined_text:\n", "refined_text: "),
    "JSON": as_json(REFINED),
    "JSON with marks": as_json(f"[doc]\n{REFINED}\n[/doc]"),
    "JSON in a fence": f"```json\n{as_json(REFINED)}\n```",
    "JSON over several lines": json.dumps(json.loads(as_json(REFINED)), indent=2),
    "JSON with raw newlines": as_json(REFINED).replace("\\n", "\n"),
    "JSON and prose around": f"Here is the object:\n\n```json\n{as_json(REFINED)}\n```\nDone.",
    "JSON after another object": f'Input: {{"a": 1}}\n{as_json(REFINED)}',
    "the same JSON twice": f"{as_json(REFINED)}\n{as_json(REFINED)}",
    "thinking first": f"<think>refined_text: [doc]no[/doc]</think>\n{labelled(REFINED)}",
}


@pytest.mark.parametrize("answer", READABLE.values(), ids=READABLE.keys())
def test_every_form_of_an_answer_is_read(answer: str) -> None:
    assert parse_answer(answer, SOURCE) == ("Menu and share line.", REFINED)


UNREADABLE = {
    "prose": ("I cannot do that.", ExpertReason.NO_FIELDS),
    "text without marks": (f"refined_text:\n{REFINED}", ExpertReason.NO_FIELDS),
    "only the text": (REFINED, ExpertReason.NO_FIELDS),
    "an object without the text": ('{"modification_reason": "x"}', ExpertReason.NO_FIELDS),
    "broken JSON": (as_json(REFINED)[:-5], ExpertReason.NO_FIELDS),
    "an unescaped quote": ('{"refined_text": "He said "no" and left"}', ExpertReason.NO_FIELDS),
    "null": ('{"modification_reason": "x", "refined_text": null}', ExpertReason.NOT_TEXT),
    "a list": ('{"modification_reason": "x", "refined_text": ["a"]}', ExpertReason.NOT_TEXT),
    "no end": (labelled(REFINED).removesuffix("[/doc]"), ExpertReason.UNCLOSED),
    "nothing but thinking": ("<think>hm, refined_text: [doc]x[/doc]", ExpertReason.UNCLOSED),
    "two texts": (labelled(REFINED) + "\nor else\n" + labelled("The lake."), ExpertReason.AMBIGUOUS),
    "two objects": (as_json(REFINED) + as_json("The lake."), ExpertReason.AMBIGUOUS),
}


@pytest.mark.parametrize(("answer", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_answer_in_doubt_is_not_guessed_at(answer: str, reason: ExpertReason) -> None:
    with pytest.raises(AnswerError) as caught:
        parse_answer(answer, SOURCE)
    assert caught.value.reason is reason


@given(st.text())
def test_any_text_survives_the_way_there_and_back(text: str) -> None:
    expected = text.strip("\n")
    assert parse_answer(labelled(text), text) == ("Menu and share line.", expected)
    if not text.lstrip().startswith("[doc]"):
        assert parse_answer(as_json(text), text) == ("Menu and share line.", expected)


def test_marks_of_the_source_stay_in_the_text() -> None:
    text = "Write [doc] before and [/doc] after."
    assert parse_answer(labelled(text), f"Menu\n{text}")[1] == text


@pytest.mark.parametrize("said", ["", " \n ", "None", "(empty)", "[No content]", "N/A", '""', "nothing."])
def test_words_for_nothing_mean_nothing(said: str) -> None:
    assert is_nothing(said, SOURCE)


def test_words_for_nothing_that_are_the_text_are_the_text() -> None:
    assert not is_nothing("None", "Allergens:\nNone\nShare this!")
    assert not is_nothing("The lake is deep.", SOURCE)


@pytest.mark.parametrize(
    ("refined", "new"),
    [
        (REFINED, 0),
        ("The lake is very deep.", 200),
        ("The lake the lake is deep", 2 / 6 * 1000),  # a word counts as often as the source has it
        ("", 0),
    ],
)
def test_new_words_are_counted(refined: str, new: float) -> None:
    assert new_words_per_1000(SOURCE, refined) == pytest.approx(new)


def test_words_are_letters_where_there_are_no_spaces() -> None:
    assert new_words_per_1000("这个湖很深，水是棕色的。广告", "湖很深，水是棕色。") == 0
    assert new_words_per_1000("这个湖很深", "这个海很深") == pytest.approx(200)


@given(st.text(), st.sets(st.integers(0, 40)))
def test_leaving_out_characters_is_a_deletion(source: str, gone: set[int]) -> None:
    refined = "".join(letter for place, letter in enumerate(source) if place not in gone)
    assert is_deletion(source, refined)
    assert not is_deletion(source, refined + "\u2603" * (source.count("\u2603") + 1))


def expert(**values: object) -> Expert:
    client = ClientOptions(server="http://127.0.0.1:9", model="m", price=Price(1, 2))
    return Expert(ExpertOptions(**{"client": client, **values}))  # type: ignore[arg-type]


def test_the_shipped_prompt_shows_the_rules_and_the_text() -> None:
    messages = expert().request("The text {{text}} itself").messages
    assert [message["role"] for message in messages] == ["system", *["user", "assistant"] * 4, "user"]
    assert messages[-1]["content"] == "[doc]\nThe text {{text}} itself\n[/doc]"


def test_the_examples_of_the_shipped_prompt_follow_its_own_rules() -> None:
    messages = expert().request("x").messages
    outcomes = []
    for question, answer in zip(messages[1:-1:2], messages[2:-1:2], strict=True):
        source = question["content"].removeprefix("[doc]\n").removesuffix("\n[/doc]")
        reason, refined = parse_answer(answer["content"], source)
        assert reason
        assert is_deletion(source, refined)
        assert new_words_per_1000(source, refined) == 0
        outcomes.append("kept" if refined == source else "cut" if refined else "nothing")
    assert outcomes == ["kept", "cut", "nothing", "cut"]


def test_an_expert_is_a_step_that_travels() -> None:
    one = expert()
    assert isinstance(one, Step)
    two = pickle.loads(pickle.dumps(one))
    assert two.describe() == one.describe()
    assert (one.name, one.fields) == ("expert:m", ())


def test_only_what_decides_the_result_is_described(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("Strike out the noise.")
    same = ClientOptions(server="http://elsewhere:1", model="m", in_flight=3, timeout_s=9, run="x")
    assert expert().describe() == expert(client=same).describe()
    assert "127.0.0.1" not in json.dumps(expert().describe())
    others = [
        expert(prompt=str(tmp_path / "other.md")),
        expert(params={"temperature": 0.5}),
        expert(longest=10),
        expert(deletions_only=True),
        expert(client=ClientOptions(server="http://h", model="n")),
    ]
    assert len({json.dumps(one.describe()) for one in [expert(), *others]}) == 6


def test_a_prompt_or_parameter_that_cannot_work_is_noticed_at_once(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("--- user ---\n{{txt}}")
    with pytest.raises(OptionError, match="txt"):
        expert(prompt=str(tmp_path / "p.md"))
    (tmp_path / "q.md").write_text("--- user ---\nClean it.")
    with pytest.raises(OptionError, match=r"hold a place such as \{\{text\}\}"):
        expert(prompt=str(tmp_path / "q.md"))
    with pytest.raises(InputError, match=r"none\.md"):
        expert(prompt=str(tmp_path / "none.md"))
    with pytest.raises(OptionError, match="stream"):
        expert(params={"stream": True})
    with pytest.raises(OptionError, match="longest"):
        expert(longest=0)


def test_an_estimate_covers_what_would_be_sent() -> None:
    documents = [Document("a", SOURCE), Document("b", "  \n"), Document("c", "x" * 50)]
    found = expert(longest=80).estimate(iter(documents))
    assert found.documents == 2
    assert found.money is not None
    assert found.tokens_in > 2 * 400  # the prompt, twice
    assert found.tokens_out > len(SOURCE) / 4
    assert found.not_sent == {ExpertReason.NO_TEXT: 1}
    shorter = expert(longest=49).estimate(documents)
    assert shorter.not_sent == {ExpertReason.NO_TEXT: 1, ExpertReason.TOO_LONG: 2}
    assert shorter.plus(found).not_sent == {ExpertReason.NO_TEXT: 2, ExpertReason.TOO_LONG: 2}


def test_pairs() -> None:
    document = Document("a", SOURCE)
    notes = {"modification_reason": "why"}
    edited = Outcome(Status.EDITED, text=REFINED, annotations=notes)
    rows = [
        pair(document, edited),
        pair(document, Outcome(Status.DROPPED)),
        pair(document, Outcome(Status.UNCHANGED)),
    ]
    assert [row and row["gold"] for row in rows] == [REFINED, "", SOURCE]
    assert rows[0] == {"id": "a", "raw": SOURCE, "gold": REFINED, "modification_reason": "why"}
    assert pair(document, Outcome(Status.FAILED, reason="answer-cut-off")) is None


@pytest.mark.skipif(find_spec("aiohttp") is None, reason="the client needs the extra `llm`")
class TestAsking:
    """With a server that answers by script."""

    def run(
        self, texts: dict[str, str], answers: dict[str, str], tmp_path: Path, **values: object
    ) -> list[Outcome]:
        from llm.clients import options
        from llm.server import FakeServer, Reply, Seen, fault, reply

        def script(seen: Seen) -> Reply:
            (name,) = [name for name, text in texts.items() if seen.text == f"[doc]\n{text}\n[/doc]"]
            if name == "refused":
                return fault(400)
            return reply(answers[name], "length" if name == "cut" else "stop", (100, 20))

        with FakeServer(script) as server:
            client = options(server, cache=str(tmp_path), price=Price(1e6, 1e6))
            step = Expert(ExpertOptions(client=client, **values))  # type: ignore[arg-type]
            documents = [Document(name, text) for name, text in texts.items()]
            outcomes = step.run(documents)
            # Again, from the cache: the same to the letter.
            assert Expert(step.options).run(documents) == outcomes
            assert len(server.seen) == len(answers) + 2 * ("refused" in texts)
            step.client.close()
        return outcomes

    def test_each_answer_becomes_one_outcome(self, tmp_path: Path) -> None:
        texts = {
            name: f"{SOURCE}{name}"
            for name in ("edited", "kept", "nothing", "cut", "prose", "rewritten", "refused")
        }
        texts |= {"blank": " \n", "long": "x" * 501}
        answers = {
            "edited": labelled(REFINED),
            "kept": labelled(texts["kept"] + "\n"),
            "nothing": labelled(""),
            "cut": labelled(REFINED),
            "prose": "No.",
            "rewritten": labelled("A deep lake with brown water, that is what this page describes."),
        }
        outcomes = dict(zip(texts, self.run(texts, answers, tmp_path, longest=500), strict=True))
        assert {name: (one.status.value, one.reason) for name, one in outcomes.items()} == {
            "edited": ("edited", ""),
            "kept": ("unchanged", ""),
            "nothing": ("dropped", Reason.ALL_NOISE),
            "cut": ("failed", "answer-cut-off"),
            "prose": ("failed", ExpertReason.NO_FIELDS),
            "rewritten": ("failed", ExpertReason.ADDS_WORDS),
            "refused": ("failed", "request-refused"),
            "blank": ("unchanged", ExpertReason.NO_TEXT),
            "long": ("failed", ExpertReason.TOO_LONG),
        }
        assert outcomes["edited"].text == REFINED
        notes = outcomes["edited"].annotations
        assert (notes["tokens_in"], notes["tokens_out"], notes["cost"]) == (100, 20, pytest.approx(120))
        assert notes["modification_reason"] == "Menu and share line."
        assert notes["only_deletions"] is True
        assert outcomes["cut"].annotations["tokens_out"] == 20
        assert outcomes["prose"].text is None

    def test_only_deletions_may_be_asked_for(self, tmp_path: Path) -> None:
        texts = {"moved": SOURCE}
        answers = {"moved": labelled("Its water is brown.\nThe lake is deep.")}
        assert self.run(texts, answers, tmp_path / "1")[0].status is Status.EDITED
        (outcome,) = self.run(texts, answers, tmp_path / "2", deletions_only=True)
        assert (outcome.status, outcome.reason) == (Status.FAILED, ExpertReason.NOT_DELETIONS)

    def test_a_dead_server_ends_the_run_and_fails_no_document(self, tmp_path: Path) -> None:
        from bluepencil.llm import ServerUnusableError

        client = ClientOptions(server="http://127.0.0.1:9", model="m", connect_patience_s=0.2, backoff_s=0.01)
        with pytest.raises(ServerUnusableError):
            Expert(ExpertOptions(client=client)).run([Document("a", SOURCE)])
