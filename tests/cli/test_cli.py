"""The commands as a user calls them: what they print, and how they end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import write_lines, write_rows

PAGES = [
    {
        "id": "a",
        "text": "Home | Products\nThe mill was built in 1820 by two brothers from here.\nCopyright 2020",
    },
    {"id": "b", "text": "The river rose twice that spring, and nobody was surprised by it."},
]


def bluepencil(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bluepencil", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_rows(tmp_path / "pages.jsonl", PAGES)
    done = bluepencil("refine", tmp_path / "pages.jsonl", "-o", tmp_path / "out", "--refiner", "rules:c4")
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def test_refine_says_what_became_of_the_documents(run: Path, tmp_path: Path) -> None:
    done = bluepencil("refine", tmp_path / "pages.jsonl", "-o", run, "--refiner", "rules:c4")
    assert "is finished already" in done.stderr
    lines = {line.strip().split(" ")[1]: line.strip().split(" ")[0] for line in done.stdout.splitlines()}
    assert lines["records"] == "2"
    assert lines["unchanged"] == lines["edited"] == "1"


def test_show_strikes_out(run: Path) -> None:
    done = bluepencil("show", run, "--id", "a")
    assert "[-Home | Products-]\nThe mill was" in done.stdout
    colored = bluepencil("show", run, "--status", "edited", "--color")
    assert "\x1b[9;31mCopyright 2020" in colored.stdout
    none = bluepencil("show", run, "--reason", "all-noise")
    assert none.returncode == 1
    assert "no document is like that" in none.stderr


def test_show_makes_control_characters_visible(tmp_path: Path) -> None:
    write_rows(tmp_path / "p.jsonl", [{"id": "x", "text": "\x1b]0;owned\x07 text\u2028 more"}])
    bluepencil("refine", tmp_path / "p.jsonl", "-o", tmp_path / "out", "--refiner", "none")
    shown = bluepencil("show", tmp_path / "out").stdout
    assert "\\x1b]0;owned\\x07 text\\u2028 more" in shown
    assert "\x1b" not in shown


def test_replay_is_byte_identical_or_says_what_differs(run: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert bluepencil("replay", run, tmp_path / "pages.jsonl", "-o", again).returncode == 0
    for part in (*(run / "data").iterdir(), *(run / "ledger").iterdir()):
        assert (again / part.parent.name / part.name).read_bytes() == part.read_bytes()
    changed = [PAGES[0], {"id": "b", "text": "Something else altogether."}]
    write_rows(tmp_path / "changed.jsonl", changed)
    done = bluepencil("replay", run, tmp_path / "changed.jsonl", "-o", tmp_path / "differs")
    assert done.returncode == 1
    assert "source-differs: b" in done.stderr
    shorter = write_rows(tmp_path / "shorter.jsonl", PAGES[:1])
    done = bluepencil("replay", run, shorter, "-o", tmp_path / "shorter")
    assert done.returncode == 1
    assert "had 2 records, and the inputs named now have only 1" in done.stderr
    longer = write_rows(tmp_path / "longer.jsonl", [*PAGES, {"id": "c", "text": "New."}])
    done = bluepencil("replay", run, longer, "-o", tmp_path / "longer")
    assert done.returncode == 1
    assert "the ledger has no row for it" in done.stderr


def test_evaluate_prints_one_object(run: Path, tmp_path: Path) -> None:
    gold = [
        {"id": "a", "gold": PAGES[0]["text"].split("\n")[1], "kind": "x"},
        {"id": "b", "gold": PAGES[1]["text"], "kind": "y"},
    ]
    write_rows(tmp_path / "gold.jsonl", gold)
    done = bluepencil("evaluate", "edits", run, "--gold", tmp_path / "gold.jsonl", "--by", "kind", "--json")
    figures = json.loads(done.stdout)
    assert "note:" not in done.stderr
    write_rows(tmp_path / "more.jsonl", [*gold, {"id": "z", "gold": "lost"}])
    more = bluepencil("evaluate", "edits", run, "--gold", tmp_path / "more.jsonl")
    assert "1 of 3 gold rows have no document in the run" in more.stderr
    assert list(figures) == ["x", "y", "all"]
    assert figures["x"]["f1"] == 1.0 > figures["x"]["f1_do_nothing"]
    assert {"n", "precision", "recall", "f1", "f1_do_nothing", "interval"} <= figures["all"].keys()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["refine", "missing.jsonl", "-o", "OUT"], "there is no input missing.jsonl"),
        (["refine", "IN", "-o", "OUT", "--refiner", "magic"], "there is no refiner 'magic'"),
        (["refine", "IN", "-o", "OUT", "--text-field", "body"], "no field 'body'.*id, text"),
        (["refine", "IN", "-o", "OUT", "--max-deleted-share", "7"], "0<=x<=1"),
        (["refine", "IN"], "Missing option"),
        (["refine", "IN", "-o", "/proc/nowhere"], "cannot be written"),
        (["refine", "IN", "-o", "s3://bucket/out"], "a folder on this machine"),
        (["frobnicate"], "No such command"),
        (["show", "OUT"], "no output of bluepencil"),
        (["replay", "OUT", "IN", "-o", "OUT2"], "no output of bluepencil"),
        (["evaluate", "edits", "OUT", "--gold", "IN"], "IN holds no record|holds no record"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    import re

    write_rows(tmp_path / "in.jsonl", PAGES)
    places = {"IN": tmp_path / "in.jsonl", "OUT": tmp_path / "out", "OUT2": tmp_path / "out2"}
    done = bluepencil(*(places.get(a, a) for a in arguments))
    assert done.returncode == 2
    assert re.search(message, done.stderr, re.DOTALL), done.stderr
    assert "Traceback" not in done.stderr


def test_damaged_input_is_exit_code_3(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl.gz", [{"text": f"line number {i * 7919}"} for i in range(2000)])
    path.write_bytes(path.read_bytes()[:-100])
    done = bluepencil("refine", path, "-o", tmp_path / "out")
    assert done.returncode == 3
    assert "damaged" in done.stdout


def test_only_junk_is_counted_not_fatal(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [b"junk", b"\xff\xfe", b"{}"])
    done = bluepencil("refine", tmp_path / "a.jsonl", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "3 failed" in done.stdout


def test_help_teaches() -> None:
    for command in ([], ["refine"], ["replay"], ["show"], ["evaluate", "edits"]):
        done = bluepencil(*command, "--help")
        assert done.returncode == 0
        assert "bluepencil " in done.stdout.split("Usage:")[1].split("\n", 1)[1]
