"""What servers do to a client, and what it costs: the record, a pause, or the run; never more."""

import contextlib
import errno
import threading
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from bluepencil.errors import DiskFullError, OutputError
from bluepencil.llm import (
    AskReason,
    Budget,
    BudgetReachedError,
    Cache,
    Client,
    Failure,
    Price,
    Request,
    ServerUnusableError,
    segments,
)

pytest.importorskip("aiohttp", reason="the client needs the extra `llm`")

from llm.clients import ask, client, options, texts
from llm.server import FakeServer, Reply, Script, Seen, fault, reply


def shout(seen: Seen) -> Reply:
    return reply(seen.text.upper())


def first_time(answer: Reply, times: int = 1) -> Script:
    """Give `answer` the first times that a text comes, and then the right one."""
    return lambda seen: answer if seen.times <= times else shout(seen)


GOOD = reply("x").body
PASSING = {
    "429": fault(429),
    "500": fault(500),
    "503": fault(503),
    "502 without JSON": Reply(502, b"<html>bad gateway</html>"),
    "529": fault(529),
    "malformed JSON": Reply(200, b'{"choices": [{'),
    "no choices": Reply(200, b'{"choices": []}'),
    "other JSON": Reply(200, b"[1, 2]"),
    "an error with status 200": Reply(200, b'{"error": {"message": "overloaded"}}'),
    "half a body": Reply(200, GOOD, sent=len(GOOD) // 2),
    "no body": Reply(200, GOOD, sent=0),
    "a reset": Reply(reset=True),
    "an aborted answer": reply("half", "abort"),
}


@pytest.mark.parametrize("answer", PASSING.values(), ids=PASSING.keys())
def test_passing_faults_are_got_over(answer: Reply, tmp_path: Path) -> None:
    requests = [ask(f"text {n}") for n in range(40)]
    with FakeServer(first_time(answer, 2)) as server, client(server, cache=str(tmp_path)) as one:
        assert texts(one.ask_all(requests)) == [f"TEXT {n}" for n in range(40)]
        assert one.usage.sent == 120
        assert one.usage.answered == 40


def test_an_answer_that_never_comes_is_asked_for_again() -> None:
    with FakeServer(first_time(Reply(never=True))) as server, client(server, timeout_s=0.3) as one:
        assert texts(one.ask_all([ask("a"), ask("b")])) == ["A", "B"]
        assert len(server.seen) == 4


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_by_everybody(status: int, form: str) -> None:
    def script(seen: Seen) -> Reply:
        if len(server.seen) == 1:
            after = "1" if form == "seconds" else formatdate(time.time() + 2, usegmt=True)
            return fault(status, Retry_After=after)
        return shout(seen)

    with FakeServer(script) as server, client(server, in_flight=1) as one:
        assert texts(one.ask_all(ask(str(n)) for n in range(5))) == list("01234")
        assert server.seen[1].at - server.seen[0].at >= 0.99


def test_asking_to_wait_longer_than_the_patience_ends_the_run() -> None:
    with FakeServer(lambda seen: fault(429, Retry_After="7200")) as server, client(server) as one:
        with pytest.raises(ServerUnusableError, match="asks to wait 7200 s"):
            one.ask_all([ask("a")])
        assert len(server.seen) == 1


def test_an_overloaded_server_gets_fewer_requests_at_once() -> None:
    refused: list[int] = []

    def script(seen: Seen) -> Reply:
        # An answer takes 20 ms, so what came within that time is under way.
        if sum(seen.at - earlier.at < 0.02 for earlier in server.seen[-80:-1]) >= 8:
            refused.append(len(server.seen))
            return fault(429)
        return replace(shout(seen), delay_s=0.02)

    with FakeServer(script) as server, client(server, in_flight=64) as one:
        assert texts(one.ask_all(ask(str(n)) for n in range(300))) == [str(n) for n in range(300)]
    assert refused


POISON = {
    "HTTP 400": (fault(400, "cannot be parsed"), AskReason.REFUSED, 1),
    "HTTP 422": (fault(422), AskReason.REFUSED, 1),
    "a prompt that is too long": (
        fault(400, "This model's maximum context length is 4096 tokens"),
        AskReason.TOO_LONG,
        1,
    ),
    "HTTP 413": (Reply(413), AskReason.TOO_LONG, 1),
    "HTTP 500 every time": (fault(500), AskReason.SERVER_ERROR, 3),
    "malformed every time": (Reply(200, b"{"), AskReason.MALFORMED, 3),
    "half a body every time": (Reply(200, GOOD, sent=30), AskReason.MALFORMED, 3),
    "a lost connection every time": (Reply(reset=True), AskReason.CONNECTION_LOST, 5),
    "no answer ever": (Reply(never=True), AskReason.TIMED_OUT, 2),
}


@pytest.mark.parametrize(("answer", "reason", "tries"), POISON.values(), ids=POISON.keys())
def test_one_poison_record_among_a_thousand_is_one_outcome(
    answer: Reply, reason: AskReason, tries: int, tmp_path: Path
) -> None:
    def script(seen: Seen) -> Reply:
        return answer if seen.text == "poison" else shout(seen)

    requests = [ask("poison" if n == 500 else f"text {n}") for n in range(1000)]
    with (
        FakeServer(script) as server,
        client(server, cache=str(tmp_path), attempts=3, timeout_s=3) as one,
    ):
        outcomes = one.ask_all(requests)
        assert texts(outcomes) == [reason if n == 500 else f"TEXT {n}" for n in range(1000)]
        assert server.texts().count("poison") == tries
        assert len(server.seen) == 999 + tries
        assert one.usage.failed == 1
        failure = outcomes[500]
        assert isinstance(failure, Failure)
        assert failure.detail
        # What has failed is not in the cache: another day it may work.
        server.script = shout
        assert texts(one.ask_all([requests[500]])) == ["POISON"]


def test_poison_alone_is_told_from_a_broken_server_by_its_health() -> None:
    with FakeServer(lambda seen: fault(500)) as server:
        with client(server, attempts=2) as one:
            assert texts(one.ask_all([ask("poison")])) == [AskReason.SERVER_ERROR]
        server.healthy = False
        with (
            client(server, attempts=2, timeout_s=1, patience_s=1) as two,
            pytest.raises(ServerUnusableError, match="HTTP 500"),
        ):
            two.ask_all([ask("poison")])


def test_a_record_that_kills_the_server_takes_no_other_with_it() -> None:
    def script(seen: Seen) -> Reply:
        if seen.text == "killer":
            threading.Thread(target=crash).start()
            return Reply(never=True)
        return replace(shout(seen), delay_s=0.1)

    def crash() -> None:
        server.stop()
        time.sleep(0.2)
        server.start()

    with FakeServer(script) as server, client(server, attempts=3, in_flight=16) as one:
        outcomes = one.ask_all(ask("killer" if n == 30 else str(n)) for n in range(100))
        assert texts(outcomes) == ["connection-lost" if n == 30 else str(n) for n in range(100)]


def test_a_server_that_dies_and_comes_back_loses_nothing(tmp_path: Path) -> None:
    with (
        FakeServer(lambda seen: replace(shout(seen), delay_s=0.01)) as server,
        client(server, cache=str(tmp_path), in_flight=8) as one,
    ):
        outcomes = one.ask(ask(str(n)) for n in range(400))
        got = [next(outcomes) for _ in range(50)]
        server.stop()
        time.sleep(0.5)
        server.start()
        got += outcomes
        assert got == [(n, replace(got[n][1], text=str(n))) for n in range(400)]


def test_a_dead_server_ends_the_run_and_the_same_command_goes_on(tmp_path: Path) -> None:
    # More than are taken in ahead of the 50 that are read.
    requests = [ask(str(n)) for n in range(600)]
    with FakeServer(shout) as server:
        with client(server, cache=str(tmp_path), in_flight=8, timeout_s=1, patience_s=1) as one:
            outcomes = one.ask(requests)
            for _ in range(50):
                next(outcomes)
            server.stop()
            with pytest.raises(ServerUnusableError, match="every answer so far is kept"):
                list(outcomes)
        answered = len(Cache(tmp_path))
        before = len(server.seen)
        server.start()
        with client(server, cache=str(tmp_path)) as two:
            assert texts(two.ask_all(requests)) == [str(n) for n in range(600)]
            assert two.usage.cached == answered >= 50
        assert len(server.seen) - before == 600 - answered


def test_a_hanging_server_ends_the_run() -> None:
    with (
        FakeServer(lambda seen: Reply(never=True)) as server,
        client(server, timeout_s=0.3, patience_s=1) as one,
    ):
        server.healthy = False
        with pytest.raises(ServerUnusableError, match=r"no answer within 0\.3 s"):
            one.ask_all(ask(str(n)) for n in range(100))


def test_nobody_at_the_address_is_noticed_soon() -> None:
    one = Client(replace(options(FakeServer(shout, 9)), connect_patience_s=0.5))
    with one, pytest.raises(ServerUnusableError, match=r"127\.0\.0\.1:9"):
        one.ask_all([ask("a")])


@pytest.mark.parametrize("answer", [fault(401, "bad key"), fault(404, "no model m"), fault(402), Reply(301)])
def test_a_key_model_or_address_that_is_wrong_ends_the_run_at_once(answer: Reply) -> None:
    with FakeServer(lambda seen: answer) as server, client(server, in_flight=1) as one:
        with pytest.raises(ServerUnusableError, match=f"refuses to work: HTTP {answer.status}"):
            one.ask_all(ask(str(n)) for n in range(100))
        assert len(server.seen) == 1


def test_no_credit_left_ends_the_run() -> None:
    answer = fault(429, "You exceeded your current quota; code insufficient_quota")
    with (
        FakeServer(lambda seen: answer) as server,
        client(server) as one,
        pytest.raises(ServerUnusableError, match="insufficient_quota"),
    ):
        one.ask_all([ask("a")])


def test_a_404_after_successes_is_the_records_own() -> None:
    def script(seen: Seen) -> Reply:
        return fault(404) if seen.text == "odd" else shout(seen)

    with FakeServer(script) as server, client(server, in_flight=1) as one:
        assert texts(one.ask_all([ask("a"), ask("odd"), ask("b")])) == ["A", AskReason.REFUSED, "B"]


def test_too_many_failures_in_a_row_end_the_run() -> None:
    with FakeServer(lambda seen: fault(400, "temperature?")) as server:
        with client(server, failures_in_a_row=10, in_flight=2) as one:
            with pytest.raises(ServerUnusableError, match=r"10 records in a row failed.*temperature\?"):
                one.ask_all(ask(str(n)) for n in range(100))
            assert len(server.seen) <= 11
        server.script = lambda seen: fault(400) if int(seen.text) % 2 else shout(seen)
        with client(server, failures_in_a_row=10, in_flight=2) as two:
            assert texts(two.ask_all(ask(str(n)) for n in range(100))).count("request-refused") == 50


def test_a_budget_is_never_passed_and_what_was_paid_for_is_kept(tmp_path: Path) -> None:
    requests = [ask(str(n), max_tokens=5) for n in range(100)]
    budget = Budget(tokens=500)
    with FakeServer(lambda seen: replace(shout(seen), delay_s=0.01)) as server:
        with client(server, cache=str(tmp_path), budget=budget, run="r", in_flight=8) as one:
            got = []
            with pytest.raises(BudgetReachedError, match="budget of 500 tokens"):
                for outcome in one.ask(requests):
                    got.append(outcome)
            assert one.usage.tokens_in + one.usage.tokens_out <= 500
            assert len(got) == one.usage.answered == len(server.seen) >= 30
        # The same command again: what is paid for costs nothing, and the budget is still spent.
        with client(server, cache=str(tmp_path), budget=budget, run="r") as two:
            outcomes = two.ask(requests)
            again = [next(outcomes) for _ in range(len(got))]
            with pytest.raises(BudgetReachedError):
                next(outcomes)
        assert texts(outcome for _, outcome in again) == texts(outcome for _, outcome in got)
        assert len(server.seen) == len(got)
        with client(server, cache=str(tmp_path), budget=Budget(tokens=5000), run="r") as three:
            assert texts(three.ask_all(requests)) == [str(n) for n in range(100)]
        assert len(server.seen) == 100


def test_a_budget_in_money_stops_too() -> None:
    with FakeServer(shout) as server:
        limits = {"price": Price(1e6, 1e6), "budget": Budget(money=100)}
        with client(server, **limits) as one, pytest.raises(BudgetReachedError, match=r"100\.0000 in money"):
            one.ask_all(ask(str(n), max_tokens=5) for n in range(100))
        assert one.options.run.startswith("run-")


def test_a_rate_limit_holds() -> None:
    with FakeServer(shout) as server, client(server, requests_per_minute=1200) as one:
        one.ask_all(ask(str(n)) for n in range(40))
        times = [seen.at for seen in server.seen]
        # 20 a second; a second's worth may go at once.
        assert times[39] - times[0] >= (40 - 21) / 20 * 0.95


def test_a_token_limit_holds() -> None:
    with FakeServer(shout) as server, client(server, tokens_per_minute=60 * 300) as one:
        one.ask_all(ask(str(n), max_tokens=20) for n in range(50))
        # 15 tokens each, 300 a second, a second's worth at once.
        assert server.seen[-1].at - server.seen[0].at >= (50 * 15 - 300 - 30) / 300 * 0.9


def test_a_full_disk_ends_the_run_and_what_was_stored_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = segments._write_all
    full = False

    def write_until_full(descriptor: int, block: bytes) -> None:
        write(descriptor, block[: len(block) // 2] if full else block)
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(segments, "_write_all", write_until_full)
    requests = [ask(str(n)) for n in range(500)]
    is_full = threading.Event()

    def script(seen: Seen) -> Reply:
        if int(seen.text) >= 100:
            is_full.wait(60)
        return shout(seen)

    with FakeServer(script) as server, client(server, cache=str(tmp_path), in_flight=4) as one:
        outcomes = one.ask(requests)
        got = [next(outcomes) for _ in range(50)]
        full = True
        is_full.set()
        with pytest.raises(DiskFullError, match="No space left"):
            got += outcomes
        full = False
        # What was answered while there was no room is still in mind: it is stored now, and not asked again.
        assert ask_until_stored(one, requests) == [str(n) for n in range(500)]
        assert len(server.seen) == 500
    assert len(Cache(tmp_path)) == 500


def ask_until_stored(one: Client, requests: list[Request]) -> list[str]:
    """Ask again while the last groups that found the disk full still report it."""
    for _ in range(100):
        with contextlib.suppress(DiskFullError):
            return texts(one.ask_all(requests))
        time.sleep(0.05)
    raise AssertionError("the disk is said to be full for ever")


def test_a_cache_folder_that_goes_away_ends_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with FakeServer(shout) as server, client(server, cache=str(folder)) as one:
        assert one.usage.sent == 0
        folder.rmdir()
        with pytest.raises(OutputError, match="cannot be read"):
            one.ask_all([ask("a")])


def test_a_budget_in_money_holds_over_steps_with_prices_of_their_own(tmp_path: Path) -> None:
    shared = {"cache": str(tmp_path), "run": "r", "in_flight": 1, "budget": Budget(money=400)}
    with FakeServer(lambda seen: reply("x", tokens=(10, 0))) as server:
        with client(server, **shared, price=Price(1e6, 0)) as cheap:
            cheap.ask_all(ask(str(n), max_tokens=5) for n in range(3))
        with client(server, **{**shared, "model": "dear"}, price=Price(10e6, 0)) as dear:
            with pytest.raises(BudgetReachedError, match=r"60 tokens in and 0 out are spent, 330\.0000"):
                dear.ask_all(ask(str(n), max_tokens=5) for n in range(9))
            # At the dear price the three cheap ones would have left room for one.
            assert dear.usage.answered == 3
