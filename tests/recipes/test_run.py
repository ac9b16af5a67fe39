"""Recipes that are run: what they leave, when they are the same run, what they ask and pay for."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from bluepencil.api import refine, replay, run_recipe
from bluepencil.engine.progress import Progress
from bluepencil.engine.state import read_manifest
from bluepencil.errors import OutputError
from bluepencil.recipes.estimate import estimate_recipe
from bluepencil.recipes.load import build
from bluepencil.recipes.run import PATIENCE_S, prepared, run_options
from conftest import ROOT, write_rows
from engine.test_run import contents, ledger
from llm.server import FakeServer, Reply, Seen, fault, reply

GOLD = "The mill was built in 1820 by two brothers."
PAGE = f"Home | News\n{GOLD}"

MIXED = """
name = "mixed"
[server]
model = "m"
in_flight = 4
[[steps]]
step = "gate"
word = "spam"
[[steps]]
step = "expert"
[[steps]]
step = "gate"
word = "1821"
"""


def answered(seen: Seen) -> Reply:
    if "poison" in seen.text:
        return fault(400, "cannot")
    number = seen.text.rpartition("No. ")[2].split()[0]
    refined = f"{GOLD} No. {number}".replace("1820", "1821" if int(number) % 10 == 3 else "1820")
    return reply(json.dumps({"modification_reason": "menu", "refined_text": refined}))


def pages(count: int) -> list[dict[str, Any]]:
    rows = [{"id": f"d{i}", "text": f"{PAGE} No. {i} ."} for i in range(count)]
    rows[1]["text"] = "spam"
    rows[2]["text"] += " poison"
    return rows


def bluepencil(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bluepencil", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_refinex_leaves_what_refine_leaves(tmp_path: Path) -> None:
    data = ROOT / "examples" / "pages.jsonl"
    run_recipe(ROOT / "recipes" / "refinex.toml", data, tmp_path / "recipe", text_field="raw")
    refine(data, tmp_path / "command", strength="strong", text_field="raw")
    assert contents(tmp_path / "recipe") == contents(tmp_path / "command")
    about = read_manifest(tmp_path / "recipe")["about"]
    assert (about["recipe"], about["file"]) == ("refinex", "refinex.toml")


def test_models_and_rules_share_one_pass_and_nothing_is_paid_twice(
    toys: None, recipe: Path, tmp_path: Path
) -> None:
    recipe.write_text(MIXED)
    write_rows(tmp_path / "in.jsonl", pages(60))
    with FakeServer(answered) as server:
        asking = {"server": server.address, "cache": str(tmp_path / "cache")}
        manifest = run_recipe(recipe, tmp_path / "in.jsonl", tmp_path / "out", asking=asking, unit_mb=0.002)
        assert len(manifest["units"]) > 1
        asked = len(server.seen)
        assert asked == 59
        again = run_recipe(recipe, tmp_path / "in.jsonl", tmp_path / "again", asking=asking, unit_mb=0.002)
        # Only the one that was refused, and so never paid for, is asked again.
        assert len(server.seen) == asked + 1
        assert again["totals"]["outcomes"] == manifest["totals"]["outcomes"]
    gate, expert, last = manifest["stages"]
    assert gate["reasons"] == {"dropped:has-word": 1}
    assert expert["documents"] == 59
    assert expert["reasons"] == {"failed:request-refused": 1}
    assert expert["tokens_in"] == 58 * 10
    assert last["reasons"] == {"dropped:has-word": 6}
    assert manifest["totals"]["outcomes"] == {"unchanged": 0, "edited": 52, "dropped": 7, "failed": 1}
    row = next(row for row in ledger(tmp_path / "out") if row["id"] == "d5")
    assert [stage["status"] for stage in row["stages"]] == ["unchanged", "edited", "unchanged"]
    assert (row["tokens_in"], row["tokens_out"]) == (10, 5)
    assert row["prompt_hash"] == row["stages"][1]["prompt_hash"]
    replay(tmp_path / "out", tmp_path / "in.jsonl", tmp_path / "replayed")
    assert contents(tmp_path / "replayed") == contents(tmp_path / "out")


def test_a_name_a_place_or_a_speed_is_not_another_run(toys: None, recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(MIXED)
    write_rows(tmp_path / "in.jsonl", pages(5))
    out = tmp_path / "out"
    with FakeServer(answered) as server:
        asking = {"server": server.address, "cache": str(tmp_path / "cache")}
        first = run_recipe(recipe, tmp_path / "in.jsonl", out, asking=asking)
    recipe.write_text(
        MIXED.replace("mixed", "renamed").replace("in_flight = 4", "in_flight = 9\nprice = [1, 2]")
    )
    elsewhere = {"server": "http://127.0.0.1:9", "cache": str(tmp_path / "cache")}
    assert run_recipe(recipe, tmp_path / "in.jsonl", out, asking=elsewhere) == first
    for settings, asking, change in (
        (("1.word=other",), {}, r"step: 'gate:spam\+expert:m\+gate:1821' then"),
        ((), {"model": "n"}, r"step: 'gate:spam\+expert:m\+"),
        (("expert.temperature=1",), {}, r"steps\[1\]\.options\.params\.temperature: 0 then, 1 now"),
    ):
        with pytest.raises(OutputError, match=change):
            run_recipe(recipe, tmp_path / "in.jsonl", out, settings=settings, asking={**elsewhere, **asking})


def test_what_suits_steps_that_ask(toys: None, recipe: Path) -> None:
    recipe.write_text(MIXED)
    ready = prepared(recipe, (), {"server": "http://h", "in_flight": 1}, {"text_field": "content"})
    made = build(ready, ready.server, Path("out"))
    options = run_options(ready, made, {"workers": None, "limit": 3, "text_field": "content"})
    assert options["workers"] == 1  # not more than requests in flight
    assert (options["hang_seconds"], options["text_field"], options["limit"]) == (PATIENCE_S, "content", 3)
    assert run_options(ready, made, {"workers": 7, "hang_seconds": 5.0})["hang_seconds"] == 5.0
    ready = prepared(recipe, (), {"server": "http://h"})
    assert run_options(ready, build(ready, ready.server, Path("out")), {})["workers"] >= 2
    assert "workers" not in run_options(ready, made[:1], {})


def test_an_estimate_says_how_it_knows(toys: None, recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(f'{MIXED}\n[[steps]]\nstep = "expert"\nmodel = "large"\nprice = [10, 10]')
    write_rows(tmp_path / "in.jsonl", [*pages(30), {"none": 1}])
    sending = {"server": "http://127.0.0.1:9", "cache": str(tmp_path / "cache")}
    count, (first, second) = estimate_recipe(recipe, [tmp_path / "in.jsonl"], asking=sending)
    assert count == 30
    assert (first.number, first.estimate.documents, first.known_by[:9]) == (2, 29, "measured:")
    assert (second.number, second.estimate.documents, second.known_by[:8]) == (4, 29, "at most:")
    assert first.estimate.money is None
    assert second.estimate.money
    limited, _ = estimate_recipe(recipe, [tmp_path / "in.jsonl"], asking=sending, limit=4)
    assert limited == 4


def test_in_flight_is_shared_by_the_workers(toys: None, recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(MIXED)
    write_rows(tmp_path / "in.jsonl", pages(200))
    lock, now, most_late = threading.Lock(), [0], [0]
    slow = threading.Event()

    def counted(seen: Seen) -> Reply:
        with lock:
            now[0] += 1
            # Processes know of each other a second after they began.
            if len(server.seen) > 100:
                most_late[0] = max(most_late[0], now[0])
        slow.wait(0.05)
        with lock:
            now[0] -= 1
        return answered(seen)

    with FakeServer(counted) as server:
        asking = {"server": server.address, "cache": str(tmp_path / "cache")}
        run_recipe(recipe, tmp_path / "in.jsonl", tmp_path / "out", asking=asking, workers=2, unit_mb=0.004)
    assert 0 < most_late[0] <= 4


def test_the_command_explains_estimates_runs_and_shows(recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(
        MIXED.replace('step = "gate"\nword = "spam"', 'step = "refine"\nrefiner = "none"').replace(
            '[[steps]]\nstep = "gate"\nword = "1821"', ""
        )
    )
    source = write_rows(tmp_path / "in.jsonl", pages(12))
    explained = bluepencil("run", recipe, "--explain")
    assert explained.returncode == 0, explained.stderr
    assert "1. refine: strikes noise" in explained.stdout
    with FakeServer(answered) as server:
        options = ["--server", server.address, "--cache", tmp_path / "cache"]
        estimated = bluepencil("run", recipe, source, "--estimate", *options, "--price", "1", "2")
        assert estimated.returncode == 0, estimated.stderr
        assert "step 2, expert:m (measured: step 1 was run here" in estimated.stdout
        assert "to pay" in estimated.stdout
        assert not server.seen
        assert not (tmp_path / "out").exists()
        done = bluepencil("run", recipe, source, "-o", tmp_path / "out", *options, "--on-failure", "drop")
        assert done.returncode == 0, done.stderr
        more = bluepencil("run", recipe, source, "-o", tmp_path / "more", *options, "--set", "expert.model=x")
        assert more.returncode == 0, more.stderr
        assert {seen.body["model"] for seen in server.seen} == {"m", "x"}
    assert "2. expert:m" in done.stdout
    assert "failed: request-refused" in done.stdout
    shown = bluepencil("show", tmp_path / "out", "--id", "d5", "--stage", "expert").stdout
    assert "2. expert:m: edited" in shown
    assert "\n-Home | News\n" in shown
    assert read_manifest(tmp_path / "out")["options"]["on_failure"] == "drop"


class Listening(Progress):
    """Knows whether answers were told of before any document was done."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.heard = threading.Event()

    def told(self, counts: Mapping[str, int]) -> None:
        if counts.get("answers"):
            self.heard.set()


def test_answers_are_told_while_others_are_waited_for(recipe: Path, tmp_path: Path) -> None:
    recipe.write_text('[server]\nmodel = "m"\n[[steps]]\nstep = "expert"')
    write_rows(tmp_path / "in.jsonl", pages(20)[3:])
    progress = Listening()

    def held_up(seen: Seen) -> Reply:
        """Answer one of the documents, all of which are in one block, when an answer to another is told."""
        last = "No. 19 " in seen.text and not progress.heard.is_set() and seen.times < 8
        return fault(503, retry_after="0.2") if last else answered(seen)

    with FakeServer(held_up) as server:
        asking = {"server": server.address, "cache": str(tmp_path / "cache")}
        run_recipe(recipe, tmp_path / "in.jsonl", tmp_path / "out", asking=asking, progress=progress)
        assert 1 < next(seen for seen in reversed(server.seen) if "No. 19 " in seen.text).times < 8


def test_what_is_left_is_written_without_duplicates(toys: None, recipe: Path, tmp_path: Path) -> None:
    recipe.write_text('[[steps]]\nstep = "gate"\nword = "spam"\n[dedup]\nnear = false\n')
    texts = {"a": "x", "b": "spam", "c": "x ", "d": "y"}
    rows = [{"id": name, "text": text, "licence": name} for name, text in texts.items()]
    source = write_rows(tmp_path / "in.jsonl", rows)
    manifest = run_recipe(recipe, source, tmp_path / "out")
    assert manifest["totals"]["data_rows"] == 3
    unique = read_manifest(tmp_path / "out.unique")
    assert unique["totals"]["reasons"] == {"dropped:duplicate": 1}
    assert parquet.read_table(tmp_path / "out.unique" / "data").to_pylist() == [rows[0], rows[3]]
    assert run_recipe(recipe, source, tmp_path / "out") == manifest
    # Where nothing is left, there is nothing to compare.
    run_recipe(recipe, source, tmp_path / "none", settings=["gate.word="])
    assert not (tmp_path / "none.unique").exists()
    recipe.write_text('[[steps]]\nstep = "refine"\nrefiner = "none"\n[dedup]\nnear = false\n')
    said = bluepencil("run", recipe, source, "-o", tmp_path / "said").stdout
    assert "without duplicates:" in said
    assert "duplicate" in said.partition("without duplicates:")[2]


def test_killed_again_and_again_no_stored_answer_is_bought_twice(recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(
        '[server]\nmodel = "m"\nin_flight = 4\n[[steps]]\nstep = "refine"\nrefiner = "none"\n'
        '[[steps]]\nstep = "expert"'
    )
    write_rows(tmp_path / "in.jsonl", pages(120)[3:])
    output = tmp_path / "out"

    def slowly(seen: Seen) -> Reply:
        return replace(answered(seen), delay_s=0.03)

    with FakeServer(slowly) as server:
        command = [sys.executable, "-m", "bluepencil", "run", recipe, tmp_path / "in.jsonl", "-o", output]
        command += [
            "--server",
            server.address,
            "--cache",
            tmp_path / "cache",
            "--unit-mb",
            "0.002",
            "--quiet",
        ]
        kills, asked = 0, 0
        while True:
            process = subprocess.Popen(
                list(map(str, command)), stderr=subprocess.PIPE, stdout=subprocess.PIPE
            )
            # Each try may get some answers before it dies, so the test ends.
            while process.poll() is None and len(server.seen) < asked + 25:
                time.sleep(0.01)
            if process.poll() is not None:
                break
            process.kill()
            process.communicate()
            kills += 1
            time.sleep(0.3)  # what is under way comes in at the server
            asked = len(server.seen)
        assert process.returncode == 0, process.stderr.read() if process.stderr else ""
        assert kills >= 2
        # What was under way when a worker died was never stored; two workers may each have four in flight.
        assert len(server.seen) <= 117 + kills * 8
        whole = run_recipe(
            recipe,
            tmp_path / "in.jsonl",
            tmp_path / "whole",
            asking={"server": server.address, "cache": str(tmp_path / "cache")},
            unit_mb=0.002,
        )
    assert whole["totals"]["outcomes"]["edited"] == 117
    assert contents(output) == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["RECIPE"], "name the folder for the result: -o OUT"),
        (["RECIPE", "-o", "OUT"], "name what is to be read"),
        (["RECIPE", "IN", "-o", "OUT"], r"step 2 (expert): name a --server, or one to start"),
        (["none.toml", "IN", "-o", "OUT"], "the recipe cannot be read: none.toml"),
        (["RECIPE", "IN", "-o", "OUT", "--explain", "--set", "expert.promt=x"], "did you mean 'prompt'?"),
    ],
)
def test_a_mistake_is_one_message(recipe: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    recipe.write_text('[server]\nmodel = "m"\n[[steps]]\nstep = "refine"\n[[steps]]\nstep = "expert"')
    write_rows(tmp_path / "in.jsonl", pages(3))
    places = {"RECIPE": recipe, "IN": tmp_path / "in.jsonl", "OUT": tmp_path / "out"}
    done = bluepencil("run", *(places.get(argument, argument) for argument in arguments))
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
