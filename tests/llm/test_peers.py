from pathlib import Path

import pytest

from bluepencil.errors import OutputError
from bluepencil.llm import peers
from bluepencil.llm.peers import Peers


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "BEAT", 0.0)


def test_the_processes_of_a_run_know_of_each_other(tmp_path: Path) -> None:
    one, two, stranger = Peers(tmp_path, "run"), Peers(tmp_path, "run"), Peers(tmp_path, "another run")
    for process in (one, two, stranger):
        process.spend(10, 3)
    one.spend(1, 2)
    for process in (one, two, stranger):
        process.beat()
    assert (one.alive, one.others) == (2, (10, 3))
    assert (two.alive, two.others) == (2, (11, 5))
    assert (stranger.alive, stranger.others) == (1, (0, 0))


def test_who_has_left_shares_no_limits_but_has_spent(tmp_path: Path) -> None:
    one, two = Peers(tmp_path, "run"), Peers(tmp_path, "run")
    two.spend(10, 3)
    two.close()
    one.beat()
    assert (one.alive, one.others) == (1, (10, 3))


def test_who_is_silent_has_no_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Peers(tmp_path, "run"), Peers(tmp_path, "run")
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
    assert (one.alive, one.others) == (1, (0, 0))
    one.close()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        Peers(tmp_path, "run").spend(1, 1)
