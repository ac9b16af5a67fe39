from collections.abc import Callable
from pathlib import Path

import pytest

from bluepencil.errors import OutputError
from bluepencil.llm import peers
from bluepencil.llm.peers import Peers, Spent


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "BEAT", 0.0)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> "Callable[[int], None]":
    """Return a function by which the test takes the place of another process."""
    return lambda number: monkeypatch.setattr(peers.os, "getpid", lambda: number)


Process = Callable[[int], None]


def test_the_processes_of_a_run_know_of_each_other(tmp_path: Path, processes: Process) -> None:
    one, stranger = Peers(tmp_path, "run"), Peers(tmp_path, "another run")
    processes(2)
    two = Peers(tmp_path, "run")
    for process in (one, two, stranger):
        process.spend(10, 3)
    one.spend(1, 2)
    for process in (one, two, stranger):
        process.beat()
    assert (one.alive, one.others) == (2, unpriced(10, 3))
    assert (two.alive, two.others) == (2, unpriced(11, 5))
    assert (stranger.alive, stranger.others) == (1, Spent())


def test_the_clients_of_one_process_share_the_limits_as_one(tmp_path: Path, processes: Process) -> None:
    one, two = Peers(tmp_path, "run"), Peers(tmp_path, "run")
    processes(2)
    three, four = Peers(tmp_path, "run"), Peers(tmp_path, "run")
    everybody = (one, two, three, four)
    for client in everybody:
        client.spend(10, 3)
    for client in everybody:
        client.beat()
    assert [client.alive for client in everybody] == [2, 2, 2, 2]
    assert one.others == unpriced(30, 9)
    three.close()
    four.close()
    one.beat()
    assert (one.alive, one.others) == (1, unpriced(30, 9))


def test_money_is_what_each_paid_at_its_own_price(tmp_path: Path) -> None:
    one, two, three = Peers(tmp_path, "run"), Peers(tmp_path, "run"), Peers(tmp_path, "run")
    two.spend(10, 3, 0.5)
    two.spend(10, 3, 0.25)
    three.spend(1, 1)
    one.beat()
    assert one.others == Spent(21, 7, 0.75, unpriced_in=1, unpriced_out=1)
    three.spend(5, 5, 9.0)  # a part has no price, so the money is not what it came to
    one.beat()
    assert one.others == Spent(26, 12, 0.75, unpriced_in=6, unpriced_out=6)


def unpriced(tokens_in: int, tokens_out: int) -> Spent:
    return Spent(tokens_in, tokens_out, 0.0, tokens_in, tokens_out)


def test_who_has_left_shares_no_limits_but_has_spent(tmp_path: Path, processes: Process) -> None:
    one = Peers(tmp_path, "run")
    processes(2)
    two = Peers(tmp_path, "run")
    two.spend(10, 3)
    two.close()
    one.beat()
    assert (one.alive, one.others) == (1, unpriced(10, 3))


def test_who_is_silent_has_no_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: Process
) -> None:
    one = Peers(tmp_path, "run")
    processes(2)
    two = Peers(tmp_path, "run")
    two.spend(10, 3)
    one.beat()
    assert one.alive == 2
    monkeypatch.setattr(peers, "ALIVE", -1.0)
    one.beat()
    assert one.alive == 1


def test_without_a_folder_everybody_is_alone() -> None:
    one = Peers(None, "run")
    one.spend(10, 3)
    one.beat()
    assert (one.alive, one.others) == (1, Spent())
    one.close()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        Peers(tmp_path, "run").spend(1, 1)
