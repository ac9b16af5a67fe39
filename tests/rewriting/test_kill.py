"""A run that rewrites is killed with -9 at random moments: same output, and no answer bought twice."""

import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bluepencil.documents import Document
from bluepencil.llm import Cache, ClientOptions
from conftest import write_rows
from engine.test_run import contents
from rewriting.stand_ins import step

pytest.importorskip("aiohttp", reason="the client needs the extra `llm`")

from llm.server import FakeServer, Reply, Seen, fault, reply

SCRIPT = [sys.executable, str(Path(__file__).with_name("run_rewrite.py"))]
DOCUMENTS = 600


def slow(seen: Seen) -> Reply:
    """Answer the same thing always: some rejected, some unreadable, some only when asked again."""
    number = int(seen.text.split()[1])
    if number % 11 == 0 and seen.times == 1:
        return fault(500)
    said = f"= A better {number}{' BROKEN' if number % 7 == 0 else ''} text." if number % 5 else "No."
    return replace(reply(said, tokens=(9, 7)), delay_s=random.uniform(0, 0.02))


def start(server: FakeServer, source: Path, output: Path, folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*SCRIPT, *map(str, (source, output, server.address, folder))], stderr=subprocess.PIPE
    )


def test_killed_at_random_moments_nothing_is_bought_twice(tmp_path: Path) -> None:
    rows = [{"id": str(number), "text": f"The {number} text."} for number in range(DOCUMENTS)]
    source = write_rows(tmp_path / "in.jsonl", rows)
    question = step(ClientOptions(server="http://127.0.0.1:9", model="m"), tmp_path)
    keys = {
        row["text"]: question.question.request(question.options.places(Document("", row["text"]))).key("m")
        for row in rows
    }
    with FakeServer(slow) as server:
        process = start(server, source, tmp_path / "undisturbed", tmp_path)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
        (tmp_path / "cache").rename(tmp_path / "first cache")
        server.seen.clear()
        stored: set[str] = set()
        kills = 0
        while not (tmp_path / "out" / "manifest.json").exists():
            process = start(server, source, tmp_path / "out", tmp_path)
            before = len(server.seen)
            end = time.monotonic() + 30
            while len(server.seen) == before and process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(random.uniform(0, 0.1 + 0.05 * kills))  # so that it ends on any machine
            process.kill()
            process.communicate()
            kills += process.returncode == -9
            time.sleep(0.1)  # the worker ends when its supervisor is gone
            assert not set(server.texts()[before:]) & stored, "asked again although it was stored"
            cache = Cache(tmp_path / "cache")
            stored = {text for text, key in keys.items() if key in cache}
    assert kills >= 2
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")
