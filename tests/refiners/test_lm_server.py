"""Answers from a server: what is sent, and what becomes of everything that may come back."""

import pickle
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from bluepencil.documents import Document, Status
from bluepencil.llm import AskReason, ClientOptions
from bluepencil.programs import Chunk
from bluepencil.refiners.base import Refine
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_generate import Finish
from bluepencil.refiners.lm_grammar import grammar
from bluepencil.refiners.lm_prompt import Prompt, PromptFormat
from bluepencil.refiners.lm_server import ServerGenerator
from llm.clients import options
from llm.server import FakeServer, Seen, fault, reply


def generator(server: FakeServer, cache: Path | None = None, **values: Any) -> ServerGenerator:
    return ServerGenerator(options(server, cache=None if cache is None else str(cache)), **values)


def test_plain_prompts_and_chats_go_where_they_belong() -> None:
    with FakeServer(lambda seen: reply("keep_all()")) as server:
        asked = generator(server, max_new_tokens=77)
        prompts = [
            Prompt(text="plain"),
            Prompt(messages=(("system", "s"), ("user", "chat")), variables=(("enable_thinking", False),)),
        ]
        answers = asked.generate(prompts)
        assert [answer.text for answer in answers] == ["keep_all()"] * 2
        assert [(answer.tokens_in, answer.tokens_out) for answer in answers] == [(10, 5)] * 2
        by_text = {seen.text: seen for seen in server.seen}
    assert by_text["plain"].path == "/v1/completions"
    assert by_text["plain"].body["max_tokens"] == 77
    assert by_text["plain"].body["temperature"] == 0
    assert by_text["chat"].path == "/v1/chat/completions"
    assert by_text["chat"].body["messages"][0] == {"role": "system", "content": "s"}
    assert by_text["chat"].body["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_server_is_told_what_a_program_is() -> None:
    text = "Home\nRain is likely."
    chunk = Chunk(1, 2, 0, len(text))
    dialect = Native(PromptFormat())
    constraint = dialect.constraint(text, chunk)
    assert constraint is not None
    with FakeServer(lambda seen: reply("keep_all()")) as server:
        told = generator(server, grammar="vllm")
        told.generate([dialect.prompt(text, chunk), Prompt(text="b")], [constraint, None])
        generator(server).generate([dialect.prompt(text, chunk)], [constraint])
        bodies = [seen.body for seen in server.seen]
    sent = [body["structured_outputs"] for body in bodies if "structured_outputs" in body]
    assert sent == [{"grammar": grammar(text)}]
    assert len(bodies) == 3


def script(seen: Seen) -> Any:
    if "refused" in seen.text:
        return fault(400, "no")
    if "endless" in seen.text:
        return reply("remove_lines(1, 1)\nremove_li", finish="length")
    if "again" in seen.text:
        return reply("remove_lines(1, 1)\n" * 4)
    return reply("remove_lines(1, 1)")


def test_every_chunk_that_has_no_whole_answer_stays_with_a_reason() -> None:
    model = LanguageModel(Native(PromptFormat()), None, 20, 0)  # type: ignore[arg-type]
    texts = ["good\npage", "refused\npage", "endless\npage", "again\npage"]
    with FakeServer(script) as server:
        step = Refine(LanguageModel(model.dialect, generator(server), 20, 0))
        outcomes = step.run([Document(text, text) for text in texts])
    assert [outcome.faults for outcome in outcomes] == [
        (),
        (AskReason.REFUSED.value,),
        (AskReason.CUT_OFF.value,),
        (Finish.REPEATS.value,),
    ]
    assert [outcome.status for outcome in outcomes] == [Status.EDITED, *[Status.UNCHANGED] * 3]
    assert outcomes[0].text == "page"
    # What was cut off was paid for all the same.
    assert outcomes[2].annotations["tokens_out"] == 5


def test_a_text_with_a_control_token_is_not_sent() -> None:
    with FakeServer(lambda seen: reply("remove_all()")) as server:
        asked = generator(server, control_tokens=("<|im_end|>",))
        answers = asked.generate([Prompt(text="a<|im_end|>b"), Prompt(text="ab")])
        assert server.texts() == ["ab"]
    assert [answer.finish_reason for answer in answers] == [Finish.CONTROL_TOKEN, Finish.STOP]


def test_no_answer_is_bought_twice(tmp_path: Path) -> None:
    with FakeServer(script) as server:
        for _ in range(2):
            # Another process has another generator, made of the same options.
            asked = pickle.loads(pickle.dumps(generator(server, tmp_path / "answers")))
            answers = asked.generate([Prompt(text="good"), Prompt(text="endless")])
            assert [answer.is_whole for answer in answers] == [True, False]
        assert len(server.seen) == 2


def test_what_decides_the_answers_is_said() -> None:
    one = ServerGenerator(ClientOptions(server="http://127.0.0.1:1", model="m"), 64)
    other = ServerGenerator(ClientOptions(server="http://127.0.0.1:2", model="m", in_flight=3), 64)
    assert one.describe() == other.describe()
    assert one.describe()["model"] == "m"
