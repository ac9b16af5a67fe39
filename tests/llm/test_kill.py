"""Runs that are killed with -9 at random moments, and several processes at one cache."""

import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bluepencil.llm import Cache, Request

pytest.importorskip("aiohttp", reason="the client needs the extra `llm`")

from llm.server import FakeServer, Reply, Seen, fault, reply

ASKING = Path(__file__).parent / "asking.py"


def start(
    server: FakeServer, folder: Path, *values: str, source: str = "in", target: str = "out"
) -> "subprocess.Popen[str]":
    words = [server.address, folder / "cache", folder / source, folder / target, *values]
    return subprocess.Popen([sys.executable, ASKING, *map(str, words)], stdout=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> dict[str, int]:
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return dict(json.loads(said))


def moody(seen: Seen) -> Reply:
    """Answer the same thing always, after a while, and sometimes only when asked again."""
    if hash(seen.text) % 11 == 0 and seen.times == 1:
        return fault(500)
    if seen.text == "poison":
        return fault(400)
    return replace(reply(seen.text[::-1] * 30, tokens=(len(seen.text), 7)), delay_s=random.uniform(0, 0.02))


def test_killed_at_random_moments_nothing_is_bought_twice_and_the_output_is_the_same(tmp_path: Path) -> None:
    lines = ["poison" if n == 77 else f"line {n}" for n in range(1000)]
    (tmp_path / "in").write_text("\n".join(lines))
    with FakeServer(moody) as server:
        finish(start(server, tmp_path, target="undisturbed"))
        (tmp_path / "cache").rename(tmp_path / "first cache")
        server.seen.clear()

        stored: set[str] = set()
        kills = 0
        while not (tmp_path / "out").exists():
            process = start(server, tmp_path)
            before = len(server.seen)
            end = time.monotonic() + 30
            while len(server.seen) == before and process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(random.uniform(0, 0.1 + 0.05 * kills))  # so that it ends on any machine
            process.kill()
            process.communicate()
            kills += process.returncode == -9
            asked = set(server.texts()[before:])
            assert not asked & stored, "asked again although it was stored"
            cache = Cache(tmp_path / "cache")
            stored = {line for line in lines if Request(prompt=line).key("m") in cache}
    assert kills >= 3
    assert (tmp_path / "out").read_bytes() == (tmp_path / "undisturbed").read_bytes()


def test_processes_share_what_they_have_paid_for(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("\n".join(f"line {n}" for n in range(300)))
    with FakeServer(moody) as server:
        finish(start(server, tmp_path))
        sent = len(server.seen)
        others = [start(server, tmp_path, target=f"out{n}") for n in range(3)]
        assert [finish(other)["sent"] for other in others] == [0, 0, 0]
        assert len(server.seen) == sent
    assert {(tmp_path / f"out{n}").read_bytes() for n in range(3)} == {(tmp_path / "out").read_bytes()}


def test_processes_share_the_limits_of_a_run(tmp_path: Path) -> None:
    for part in range(2):
        (tmp_path / f"in{part}").write_text("\n".join(f"part {part} line {n}" for n in range(120)))
    limits = ('run="r"', "requests_per_minute=1800", "in_flight=8")
    with FakeServer(lambda seen: replace(reply("x"), delay_s=0.05)) as server:
        parts = [start(server, tmp_path, *limits, source=f"in{n}", target=f"out{n}") for n in range(2)]
        for part in parts:
            finish(part)
        times = [seen.at for seen in server.seen]
    # 30 requests a second in all: a process that is alone for its first second may use that second's rate.
    assert times[-1] - times[0] >= (240 - 2 * 60) / 30
    assert len(times) == 240


def test_a_budget_holds_over_processes(tmp_path: Path) -> None:
    for part in range(2):
        (tmp_path / f"in{part}").write_text("\n".join(f"part {part} line {n:04}" for n in range(400)))
    limits = ('run="r"', "budget=4000", "in_flight=4", "requests_per_minute=3000")
    with FakeServer(lambda seen: reply("x", tokens=(10, 10))) as server:
        parts = [start(server, tmp_path, *limits, source=f"in{n}", target=f"out{n}") for n in range(2)]
        assert [part.wait(120) for part in parts] == [1, 1]
    spent = 20 * len(server.seen)
    # What the other has spent is known a second late, and 50 requests a second go out.
    assert 3900 <= spent <= 4000 + 3 * 50 * 20
