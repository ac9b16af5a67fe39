import os
import pickle
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bluepencil.errors import MissingExtraError, OptionError
from bluepencil.llm import Answer, AskReason, Client, ClientOptions, Failure, Price, Request

pytest.importorskip("aiohttp", reason="the client needs the extra `llm`")

from llm.clients import ask, client, texts
from llm.server import FakeServer, Reply, Seen, reply


def shout(seen: Seen) -> Reply:
    return reply(seen.text.upper())


def slowly(seen: Seen) -> Reply:
    return replace(shout(seen), delay_s=random.uniform(0, 0.05))


def test_answers_come_in_the_order_of_the_requests() -> None:
    with FakeServer(slowly) as server, client(server) as one:
        outcomes = list(one.ask(ask(f"text {n}") for n in range(300)))
    assert [number for number, _ in outcomes] == list(range(300))
    assert texts(outcome for _, outcome in outcomes) == [f"TEXT {n}" for n in range(300)]
    assert outcomes[0][1] == Answer("TEXT 0", "stop", 10, 5)


def test_answers_can_come_as_they_are_ready() -> None:
    def script(seen: Seen) -> Reply:
        return replace(shout(seen), delay_s=0.5 if seen.text == "a" else 0)

    with FakeServer(script) as server, client(server) as one:
        outcomes = list(one.ask([ask("a"), ask("b"), ask("c")], ordered=False))
    assert outcomes[-1][0] == 0
    assert sorted(number for number, _ in outcomes) == [0, 1, 2]


def test_both_endpoints_get_their_parameters() -> None:
    with FakeServer(shout) as server, client(server) as one:
        chat = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
        requests = [
            Request(messages=chat, params={"temperature": 0.2}),
            Request(prompt="p", params={"seed": 1}),
        ]
        assert texts(one.ask_all(requests)) == ["U", "P"]
    bodies = {seen.path: seen.body for seen in server.seen}
    assert bodies == {
        "/v1/chat/completions": {"model": "m", "messages": chat, "temperature": 0.2},
        "/v1/completions": {"model": "m", "prompt": "p", "seed": 1},
    }


def test_no_more_requests_are_under_way_than_allowed_and_connections_are_kept() -> None:
    most = 0

    def script(seen: Seen) -> Reply:
        nonlocal most
        most = max(most, server.connections)
        return replace(shout(seen), delay_s=0.01)

    with FakeServer(script) as server, client(server, in_flight=7) as one:
        one.ask_all(ask(str(n)) for n in range(100))
        assert most == 7
        assert server.connections <= 7


def test_requests_are_taken_as_they_are_needed() -> None:
    taken = 0

    def endless() -> Iterator[Request]:
        nonlocal taken
        while True:
            taken += 1
            yield ask(str(taken))

    with FakeServer(shout) as server, client(server, in_flight=4) as one:
        outcomes = one.ask(endless())
        assert [next(outcomes)[0] for _ in range(50)] == list(range(50))
        outcomes.close()  # type: ignore[attr-defined]
        assert taken < 1000
        assert texts(one.ask_all([ask("after")])) == ["AFTER"]


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    requests = [ask(f"text {n}", temperature=0) for n in range(50)]
    with FakeServer(shout) as server:
        with client(server, cache=str(tmp_path)) as one:
            first = one.ask_all(requests)
            again = one.ask_all(requests)
        with client(server, cache=str(tmp_path), in_flight=3, attempts=9) as two:
            restarted = two.ask_all(requests)
            assert two.usage.cached == 50
            assert two.usage.tokens_saved == 50 * 15
            assert two.usage.sent == two.usage.tokens_in == 0
        assert len(server.seen) == 50
        with client(server, cache=str(tmp_path), model="other") as three:
            three.ask_all(requests)
        assert len(server.seen) == 100
    assert texts(first) == texts(again) == texts(restarted)
    assert not any(outcome.cached for outcome in first)
    assert all(outcome.cached for outcome in again + restarted)


def test_another_address_of_the_same_model_finds_the_answers(tmp_path: Path) -> None:
    with FakeServer(shout) as server, client(server, cache=str(tmp_path)) as one:
        one.ask_all([ask("a")])
    with Client(ClientOptions(server="http://nowhere.invalid/v1", model="m", cache=str(tmp_path))) as two:
        assert texts(two.ask_all([ask("a")])) == ["A"]


@pytest.mark.parametrize("cached", [True, False])
def test_equal_requests_under_way_are_sent_once(cached: bool, tmp_path: Path) -> None:
    with (
        FakeServer(lambda seen: replace(shout(seen), delay_s=0.1)) as server,
        client(server, cache=str(tmp_path) if cached else None) as one,
    ):
        outcomes = one.ask_all([ask("same")] * 20 + [ask("other")])
        assert texts(outcomes) == ["SAME"] * 20 + ["OTHER"]
        assert sum(not outcome.cached for outcome in outcomes) == 2
        assert (one.usage.answered, one.usage.cached, one.usage.tokens_in) == (2, 19, 20)
        assert sorted(server.texts()) == ["other", "same"]
        assert texts(one.ask_all([Request(prompt="same", sample=n) for n in range(3)])) == ["SAME"] * 3
        assert len(server.seen) == 5


def test_threads_may_share_a_client(tmp_path: Path) -> None:
    results: dict[int, list[str]] = {}
    with FakeServer(slowly) as server, client(server, cache=str(tmp_path)) as one:

        def work(number: int) -> None:
            results[number] = texts(one.ask_all(ask(f"{n % 60}") for n in range(number, number + 80)))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.seen) == 60
    assert results == {number: [str(n % 60) for n in range(number, number + 80)] for number in range(4)}


def test_what_the_server_says_about_the_end_is_looked_at(tmp_path: Path) -> None:
    script = {
        "cut": reply("half", "length"),
        "filter": reply(None, "content_filter"),
        "empty": reply("  \n"),
        "null": reply(None, "stop"),
        "unknown": reply("text", None),
    }
    with FakeServer(lambda seen: script[seen.text]) as server, client(server, cache=str(tmp_path)) as one:
        outcomes = one.ask_all([ask(text) for text in script])
        assert texts(outcomes) == [
            AskReason.CUT_OFF,
            AskReason.FILTERED,
            AskReason.EMPTY,
            AskReason.EMPTY,
            AskReason.FINISH_UNKNOWN,
        ]
        assert all(isinstance(outcome, Failure) and outcome.tokens_out == 5 for outcome in outcomes)
        assert one.usage.failed == 5
        # They are paid for, so they are kept, and judged again.
        assert texts(one.ask_all([ask("cut")])) == [AskReason.CUT_OFF]
        assert len(server.seen) == 5
    with client(server, cache=str(tmp_path), finish_reasons=("stop", "null")) as two:
        assert texts(two.ask_all([ask("unknown")])) == ["text"]


def test_a_server_that_does_not_count_is_counted_for() -> None:
    with FakeServer(lambda seen: reply("four" * 25, tokens=None)) as server, client(server) as one:
        (outcome,) = one.ask_all([Request(prompt="x" * 400)])
    assert (outcome.tokens_in, outcome.tokens_out) == (108, 25)


def test_a_prompt_that_is_not_text_costs_itself_alone() -> None:
    with FakeServer(shout) as server, client(server) as one:
        assert texts(one.ask_all([ask("a"), ask("b\ud800"), ask("c")])) == ["A", "bad-encoding", "C"]
    assert server.texts() == ["a", "c"]


def test_accounts_are_kept_per_answer_and_in_all() -> None:
    with FakeServer(shout) as server, client(server, price=Price(1e6, 2e6)) as one:
        one.ask_all([ask("a"), ask("b")])
        usage = one.usage
    assert (usage.sent, usage.answered, usage.tokens_in, usage.tokens_out) == (2, 2, 20, 10)
    assert usage.money == pytest.approx(40)


def test_an_estimate_sends_nothing_and_knows_what_is_paid_for(tmp_path: Path) -> None:
    with FakeServer(shout) as server, client(server, cache=str(tmp_path), price=Price(1, 1)) as one:
        one.ask_all([ask("a")])
        requests = [ask("a"), ask("b"), ask("c\ud800")]
        found = one.estimate(requests, answer_tokens=lambda request: 7, tokens_per_s=3.5)
        assert (found.documents, found.cached, found.tokens_out, found.seconds) == (3, 2, 7, 2)
        assert len(server.seen) == 1


def test_the_key_is_sent_and_appears_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-verysecret")

    def script(seen: Seen) -> Reply:
        return Reply(400, b"the key sk-verysecret may not do this")

    with (
        FakeServer(script) as server,
        client(server, api_key_env="MY_KEY", cache=str(tmp_path)) as one,
    ):
        (outcome,) = one.ask_all([ask("a")])
        assert server.seen[0].headers["authorization"] == "Bearer sk-verysecret"
        assert isinstance(outcome, Failure)
        assert outcome.detail == "HTTP 400: the key *** may not do this"
        assert b"verysecret" not in pickle.dumps(one) + repr(one.options).encode()
    assert not any(b"verysecret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_no_key_is_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    with FakeServer(shout) as server, client(server) as one:
        one.ask_all([ask("a")])
    assert "authorization" not in server.seen[0].headers


def test_a_client_travels_to_other_processes(tmp_path: Path) -> None:
    with FakeServer(shout) as server, client(server, cache=str(tmp_path)) as one:
        one.ask_all([ask("a")])
        two = pickle.loads(pickle.dumps(one))
        assert two.options == one.options
        assert texts(two.ask_all([ask("a"), ask("b")])) == ["A", "B"]
        assert server.texts() == ["a", "b"]
        two.close()


def test_a_fork_opens_everything_anew(tmp_path: Path) -> None:
    with FakeServer(shout) as server, client(server, cache=str(tmp_path)) as one:
        one.ask_all([ask("a")])
        child = os.fork()
        if child == 0:
            os._exit(0 if texts(one.ask_all([ask("a"), ask("b")])) == ["A", "B"] else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert texts(one.ask_all([ask("b"), ask("c")])) == ["B", "C"]
        assert server.texts() == ["a", "b", "c"]


def test_what_is_under_way_when_a_client_closes_is_kept(tmp_path: Path) -> None:
    with FakeServer(lambda seen: replace(shout(seen), delay_s=0.3)) as server:
        one = client(server, cache=str(tmp_path), in_flight=4)
        outcomes = one.ask(ask(str(n)) for n in range(100))
        next(outcomes)
        one.close()
        sent = server.texts()
        with client(server, cache=str(tmp_path)) as two:
            assert two.estimate([ask(text) for text in sent], answer_tokens=lambda request: 1).cached == len(
                sent
            )
    assert 4 <= len(sent) < 100


def test_a_program_that_just_ends_keeps_what_comes_in_meanwhile(tmp_path: Path) -> None:
    code = f"""if True:
        from bluepencil.llm import Client, ClientOptions, Request
        one = Client(ClientOptions(server="ADDRESS", model="m", cache={str(tmp_path)!r}, in_flight=4))
        outcomes = one.ask(Request(prompt=str(n)) for n in range(100))
        print(next(outcomes))
    """
    with FakeServer(lambda seen: replace(shout(seen), delay_s=0.3)) as server:
        run = subprocess.run(
            [sys.executable, "-c", code.replace("ADDRESS", server.address)], capture_output=True, text=True
        )
        assert (run.returncode, run.stderr) == (0, "")
        time.sleep(0.1)
        requests = [Request(prompt=text) for text in server.texts()]
        with client(server, cache=str(tmp_path)) as two:
            assert two.estimate(requests, answer_tokens=lambda request: 1).cached == len(requests) >= 4


def test_without_aiohttp_the_install_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    one = Client(ClientOptions(server="http://127.0.0.1:1", model="m"))
    with pytest.raises(MissingExtraError, match=r"pip install 'bluepencil\[llm\]'"):
        one.ask_all([ask("a")])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"server": "localhost:8000"}, "not the address of a server"),
        ({"server": "http://me:pw@host"}, "holds a password"),
        ({"server": "http://host/v1?key=1"}, "query"),
        ({"model": ""}, "no name"),
        ({"in_flight": 0}, "in_flight"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"patience_s": 10, "timeout_s": 20}, "patience_s"),
        ({"requests_per_minute": -1}, "requests_per_minute"),
        ({"backoff_s": 5, "backoff_max_s": 1}, "backoff_s"),
    ],
)
def test_options_that_cannot_work_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ClientOptions(**{"server": "http://host", "model": "m", **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("server", "base"),
    [
        ("http://host:8000", "http://host:8000/v1"),
        ("http://host:8000/", "http://host:8000/v1"),
        ("https://host/api/v1/", "https://host/api/v1"),
    ],
)
def test_the_address_may_leave_out_v1(server: str, base: str) -> None:
    assert ClientOptions(server=server, model="m").base == base
