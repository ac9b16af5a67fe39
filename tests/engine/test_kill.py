"""Runs that are killed at random moments, until they complete: nothing missing, nothing twice."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bluepencil.api import run_step, run_steps
from bluepencil.errors import DiskFullError
from conftest import write_rows
from engine.steps import Shorten, Toy
from engine.test_run import contents, rows
from processes import children

SCRIPT = [sys.executable, str(Path(__file__).with_name("run_shorten.py"))]
CHAIN = [sys.executable, str(Path(__file__).with_name("run_chain.py"))]
DOCUMENTS = 900


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    write_rows(folder / "a.jsonl", rows(DOCUMENTS // 2))
    write_rows(folder / "b.jsonl.zst", rows(DOCUMENTS // 2))
    return folder


@pytest.fixture
def reference(corpus: Path, tmp_path: Path) -> dict[str, bytes]:
    run_step(Shorten(), corpus, tmp_path / "reference", workers=1, unit_mb=0.003)
    return contents(tmp_path / "reference")


def journal_lines(output: Path) -> int:
    path = output / "state" / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def killed_until_it_completes(command: list[str], output: Path, seed: int) -> int:
    """Run a command, kill it at random moments and start it again, until it ends; return the kills."""
    moments = random.Random(seed)
    kills = progress = 0
    while True:
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 0.1 + 0.2 * kills + moments.random() * 0.3
        # Each try may get a little further before it dies, so the test ends.
        while process.poll() is None and (time.monotonic() < deadline or journal_lines(output) <= progress):
            time.sleep(0.01)
        if process.poll() is not None:
            break
        process.kill()
        process.wait()
        kills += 1
        progress = journal_lines(output)
    assert process.returncode == 0, process.stderr.read() if process.stderr else ""
    return kills


def test_the_run_is_killed_again_and_again(corpus: Path, tmp_path: Path, reference: dict[str, bytes]) -> None:
    output = tmp_path / "out"
    assert killed_until_it_completes([*SCRIPT, str(corpus), str(output)], output, seed=1) >= 2
    assert contents(output) == reference


def test_a_run_of_several_steps_is_killed_again_and_again(corpus: Path, tmp_path: Path) -> None:
    output, reference = tmp_path / "out", tmp_path / "reference"
    manifest = run_steps([Toy("a"), Toy("b"), Toy("c")], corpus, reference, workers=1, unit_mb=0.003)
    assert killed_until_it_completes([*CHAIN, str(corpus), str(output)], output, seed=3) >= 2
    assert contents(output) == contents(reference)
    assert json.loads((output / "manifest.json").read_bytes())["stages"] == manifest["stages"]


def test_no_worker_outlives_its_run(corpus: Path, tmp_path: Path) -> None:
    process = subprocess.Popen([*SCRIPT, str(corpus), str(tmp_path / "out")], stderr=subprocess.DEVNULL)
    while len(workers := children(process.pid)) < 2 or not journal_lines(tmp_path / "out"):
        time.sleep(0.01)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, "a worker is still there"
        time.sleep(0.05)


def test_workers_are_killed_again_and_again(
    corpus: Path, tmp_path: Path, reference: dict[str, bytes]
) -> None:
    output = tmp_path / "out"
    moments = random.Random(2)
    process = subprocess.Popen([*SCRIPT, str(corpus), str(output)], stderr=subprocess.PIPE)
    kills = progress = 0
    while process.poll() is None:
        time.sleep(moments.random() * 0.2)
        alive = children(process.pid)
        # Only after something was done: a run gives up where workers die before they are ready.
        if alive and kills < 8 and journal_lines(output) > progress:
            progress = journal_lines(output)
            os.kill(moments.choice(alive), signal.SIGKILL)
            kills += 1
    assert process.returncode == 0
    assert kills >= 3
    assert contents(output) == reference


def test_control_c_stops_cleanly_and_the_same_command_goes_on(corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [
        sys.executable,
        "-m",
        "bluepencil",
        "refine",
        str(corpus),
        "-o",
        str(output),
        "--unit-mb",
        "0.001",
    ]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        # A shell without job control has what it starts in the background ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (output / "state" / "run.json").exists():
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert b"the same command goes on" in said
    assert b"Traceback" not in said
    assert not (output / "manifest.json").exists()
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert f"{DOCUMENTS:,} records".encode() in done.stdout


def test_a_full_disk_stops_the_run_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)]
    if (
        os.geteuid() != 0
        or shutil.which("mount") is None
        or subprocess.run(mount, capture_output=True, check=False).returncode != 0
    ):
        pytest.skip("a small file system cannot be mounted here")
    try:
        letters = random.Random(0)
        data = [{"id": i, "text": "".join(letters.choices("abcdefghijklmnop", k=400))} for i in range(3000)]
        write_rows(tmp_path / "a.jsonl", data)
        with pytest.raises(DiskFullError, match="make room"):
            run_step(Shorten(), tmp_path / "a.jsonl", small / "out", unit_mb=0.1)
        committed = journal_lines(small / "out")
        assert committed > 0
        subprocess.run(["mount", "-o", "remount,size=20m", str(small)], check=True)
        manifest = run_step(Shorten(), tmp_path / "a.jsonl", small / "out", unit_mb=0.1)
        assert manifest["totals"]["rows"] == 3000
        run_step(Shorten(), tmp_path / "a.jsonl", tmp_path / "reference", unit_mb=0.1)
        assert contents(small / "out") == contents(tmp_path / "reference")
    finally:
        subprocess.run(["umount", str(small)], check=True)
