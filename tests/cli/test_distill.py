"""distill and expert as a user calls them; the expert against a scripted server on a real socket."""

import json
import socket
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from bluepencil.engine.ledger import ledger_rows
from bluepencil.programs import execute, parse
from cli.test_cli import bluepencil
from conftest import write_rows
from llm.server import FakeServer, Seen, fault, reply

RAW = "Home | News\nThe ferry runs again. Advertisement It had been out for a week.\nShare this page"
GOLD = "The ferry runs again. It had been out for a week."
PAIRS = [
    {"id": "a", "url": "https://one.example.com/x", "raw": RAW, "gold": GOLD},
    {"id": "b", "url": "https://two.example.org/y", "raw": GOLD, "gold": GOLD},
    {"id": "c", "raw": GOLD, "gold": "A text that shares nothing with the other one, and is long enough."},
    {"id": "d", "raw": GOLD},
]


@pytest.mark.parametrize("data_format", ["parquet", "jsonl.zst"])
def test_distill_writes_examples_that_reproduce_the_pairs(tmp_path: Path, data_format: str) -> None:
    write_rows(tmp_path / "pairs.jsonl", PAIRS)
    out = tmp_path / "out"
    arguments = ["distill", tmp_path / "pairs.jsonl", "-o", out, "--format", data_format, "--json"]
    done = bluepencil(*arguments, "--validation-share", "0")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["pairs"], figures["kept"], figures["examples"], figures["keep_all"]) == (4, 2, 2, 1)
    assert figures["rejected"] == {"inserted-text": 1, "text-missing": 1}
    if data_format == "parquet":
        rows = pq.ParquetDataset(out / "data").read().to_pylist()
        assert [row["chunk"] for row in rows] == [[1, 3], [1, 1]]
        assert rows[0]["text"].startswith("[1] Home | News\n[2] The ferry")
        assert execute(parse(rows[0]["program"]).program, RAW).text == GOLD
        assert parse(rows[1]["completion"]).program.keeps_all
    again = bluepencil("show", out, "--status", "edited")
    assert again.returncode == 0, again.stderr
    refused = bluepencil("replay", out, tmp_path / "pairs.jsonl", "-o", tmp_path / "no")
    assert refused.returncode == 2
    assert "holds rows made by distill" in refused.stderr


def test_the_chat_style_holds_messages(tmp_path: Path) -> None:
    write_rows(tmp_path / "pairs.jsonl", PAIRS[:1])
    done = bluepencil("distill", tmp_path / "pairs.jsonl", "-o", tmp_path / "out", "--style", "chat")
    assert done.returncode == 0, done.stderr
    (row,) = pq.ParquetDataset(tmp_path / "out" / "data").read().to_pylist()
    question, answer = json.loads(row["messages"])
    assert (question["role"], answer["role"]) == ("user", "assistant")
    assert answer["content"] == row["program"]


@pytest.mark.parametrize(
    ("dialect", "begins", "program", "style"),
    [
        ("prox-c", "[000]Home | News", 'normalize(source_str=" Advertisement", target_str="")', "chat"),
        ("prox-d", "Home | News", "keep_doc()", "plain"),
        ("ultrax", "<lid:1>Home | News", 'replace_str(2, " Advertisement", "")', "chat"),
        ("rescraper", "<lid:1> Home | News", 'sub 2: " Advertisement"', "chat"),
    ],
)
def test_examples_in_another_dialect(
    tmp_path: Path, dialect: str, begins: str, program: str, style: str
) -> None:
    write_rows(tmp_path / "pairs.jsonl", PAIRS)
    (tmp_path / "system.txt").write_text("Clean this page.\n")
    out = tmp_path / "out"
    command = ["distill", tmp_path / "pairs.jsonl", "-o", out, "--dialect", dialect, "--json"]
    if dialect in ("ultrax", "rescraper"):
        refused = bluepencil(*command)
        assert refused.returncode == 2
        assert "--system FILE" in refused.stderr
        nowhere = bluepencil(*command, "--system", tmp_path / "none.txt")
        assert nowhere.returncode == 2
        assert "none.txt" in nowhere.stderr
        command += ["--system", tmp_path / "system.txt"]
    done = bluepencil(*command)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kept"] == 2
    first, _ = pq.ParquetDataset(out / "data").read().to_pylist()
    assert first["text"].startswith(begins)
    assert program in first["program"]
    if style == "plain":
        assert first["completion"] == first["program"]
        assert first["text"] in first["prompt"]
    else:
        system, question, answer = json.loads(first["messages"])
        assert system["content"] == "Clean this page." or dialect == "prox-c"
        assert first["text"] in question["content"]
        assert answer["content"] == first["program"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["options"]["step_options"]["dialect"] == dialect


def test_what_a_dialect_cannot_say_is_counted(tmp_path: Path) -> None:
    noise = "One. Share\nTwo. Share"
    rows = [
        {"id": "a", "raw": noise, "gold": "One.\nTwo."},
        {"id": "b", "raw": f"{noise}\n{'x' * 40}\nmenu menu menu", "gold": f"One.\nTwo.\n{'x' * 40}"},
    ]
    write_rows(tmp_path / "pairs.jsonl", rows)
    command = [
        "distill",
        tmp_path / "pairs.jsonl",
        "--dialect",
        "prox-c",
        "--window",
        "60",
        "--screen",
        "none",
    ]
    done = bluepencil(*command, "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["rejected"] == {"string-repeated": 1}
    assert figures["chunks_left_out"] == {"string-repeated": 1}
    assert figures["examples"] == 1
    table = bluepencil(*command, "-o", tmp_path / "table")
    assert "1 chunks left out, which the dialect cannot say: string-repeated" in table.stdout
    replaced = bluepencil(*command, "-o", tmp_path / "replaced", "--replacements", "--json")
    assert json.loads(replaced.stdout)["examples"] == 3


def answered(seen: Seen) -> object:
    if "poison" in seen.text:
        return fault(400, "cannot")
    text = GOLD if "Home | News" in seen.text else ""
    return reply(json.dumps({"modification_reason": "menu", "refined_text": text}))


def test_the_expert_writes_pairs_and_pays_once(tmp_path: Path) -> None:
    documents = [
        {"id": "a", "text": RAW},
        {"id": "b", "text": "Buy now and save"},
        {"id": "p", "text": "poison"},
    ]
    write_rows(tmp_path / "in.jsonl", documents)
    options = ["--model", "m", "--cache", tmp_path / "cache", "--price", "1", "2"]
    with FakeServer(answered) as server:  # type: ignore[arg-type]
        arguments = ["expert", tmp_path / "in.jsonl", "--server", server.address, *options]
        estimate = bluepencil(*arguments, "-o", tmp_path / "pairs", "--estimate")
        assert estimate.returncode == 0, estimate.stderr
        assert "3 documents" in estimate.stdout
        assert "to pay" in estimate.stdout
        assert not server.seen
        done = bluepencil(*arguments, "-o", tmp_path / "pairs")
        assert done.returncode == 0, done.stderr
        first = len(server.seen)
        again = bluepencil(*arguments, "-o", tmp_path / "again")
        assert again.returncode == 0, again.stderr
        # Only the one that was refused, and so never paid for, is asked again.
        assert len(server.seen) == first + 1
    rows = pq.ParquetDataset(tmp_path / "pairs" / "data").read().to_pylist()
    assert [(row["id"], row["gold"]) for row in rows] == [("a", GOLD), ("b", "")]
    (part,) = (tmp_path / "pairs" / "ledger").iterdir()
    ledger = list(ledger_rows(part))
    assert [row["reason"] for row in ledger] == ["", "all-noise", "request-refused"]
    assert ledger[0]["tokens_in"] == 10
    distilled = bluepencil("distill", tmp_path / "pairs" / "data", "-o", tmp_path / "examples", "--json")
    assert json.loads(distilled.stdout)["kept"] == 2


def test_an_estimate_needs_no_model_and_counts_what_is_not_sent(tmp_path: Path) -> None:
    rows = [{"id": "a", "text": RAW}, {"id": "b", "text": " \n"}, {"id": "c", "text": "long " * 100}]
    write_rows(tmp_path / "in.jsonl", rows)
    arguments = ["expert", tmp_path / "in.jsonl", "-o", tmp_path / "pairs", "--longest", "400", "--estimate"]
    done = bluepencil(*arguments, "--cache", tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    assert "1 documents, without --model it is not known which" in done.stdout
    assert "1 not sent: no-text" in done.stdout
    assert "1 not sent: text-too-long" in done.stdout
    assert not (tmp_path / "pairs").exists()
    named = bluepencil(*arguments, "--cache", tmp_path / "cache", "--model", "m")
    assert "1 documents, 0 of them answered already" in named.stdout


def test_a_dead_server_ends_the_run_and_it_goes_on_later(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"id": str(i), "text": f"{RAW}\n{i}"} for i in range(5)])
    options = ["--model", "m", "--cache", tmp_path / "cache", "-o", tmp_path / "pairs"]
    with FakeServer(lambda seen: fault(401)) as server:
        arguments = ["expert", tmp_path / "in.jsonl", "--server", server.address, *options]
        done = bluepencil(*arguments)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        server.script = answered  # type: ignore[assignment]
        done = bluepencil(*arguments)
        assert done.returncode == 0, done.stderr
    assert pq.ParquetDataset(tmp_path / "pairs" / "data").read().num_rows == 5


def test_a_budget_stops_cleanly(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"id": str(i), "text": f"{RAW}\n{i}"} for i in range(200)])
    with FakeServer(answered) as server:  # type: ignore[arg-type]
        arguments = ["expert", tmp_path / "in.jsonl", "--server", server.address, "--model", "m"]
        arguments += ["--cache", tmp_path / "cache", "-o", tmp_path / "pairs", "--in-flight", "1"]
        done = bluepencil(*arguments, "--token-budget", "10000")
        assert done.returncode == 1
        assert "budget" in done.stderr
        assert 0 < len(server.seen) < 200


def test_no_server_is_said(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", PAIRS)
    done = bluepencil(
        "expert", tmp_path / "in.jsonl", "-o", tmp_path / "out", "--model", "m", "--text-field", "raw"
    )
    assert done.returncode == 2
    assert "--start-server" in done.stderr


def test_the_command_starts_and_ends_its_own_server(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"id": "a", "text": RAW}])
    program = Path(__file__).parents[1] / "llm" / "server.py"
    arguments = [
        "expert",
        tmp_path / "in.jsonl",
        "-o",
        tmp_path / "pairs",
        "--model",
        "m",
        "--cache",
        tmp_path / "c",
    ]
    done = bluepencil(*arguments, "--start-server", f"{sys.executable} {program} {{port}}")
    assert done.returncode == 0, done.stderr
    # The server's answer is no expert's: that is one counted failure, and the run is done.
    assert "1 failed" in done.stdout
    log = (tmp_path / "pairs.server.log").read_text()
    port = int(log.split("serving on ")[1].split()[0])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_wrong_refined_field_is_said_at_once(tmp_path: Path) -> None:
    write_rows(tmp_path / "pairs.jsonl", [{"raw": RAW, "clean": GOLD}])
    result = bluepencil("distill", str(tmp_path / "pairs.jsonl"), "-o", str(tmp_path / "out"))
    assert result.returncode == 2
    assert "has no field 'gold'; name it with --refined-field: raw, clean" in result.stderr
    assert not (tmp_path / "out").exists()
