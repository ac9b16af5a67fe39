"""Training a small model from nothing to refined pages: through the same code that loads real ones."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from bluepencil import api
from bluepencil.errors import InputError, OptionError, OutputError
from bluepencil.llm import ClientOptions, LocalServer, ServerOptions
from bluepencil.programs import number_lines
from bluepencil.refiners.lm import LanguageModel, trained
from bluepencil.refiners.lm_card import Card, read_card
from bluepencil.refiners.lm_server import ServerGenerator
from bluepencil.refiners.lm_transformers import LocalGenerator
from bluepencil.refiners.registry import make_refiner
from bluepencil.train.lm import train
from bluepencil.train.lm_options import TinySize, options_for
from llm.server import FakeServer, reply
from refiners.lm_models import page, write_examples

SIZE = TinySize(hidden=48, layers=2, heads=4, vocabulary=400, context=1024)
SHORT = [
    "--hidden",
    "16",
    "--layers",
    "1",
    "--vocabulary",
    "400",
    "--batch",
    "8",
    "--validate",
    "0",
    "--device",
    "cpu",
]


def options(**values: Any) -> Any:
    given = {
        "epochs": 6.0,
        "batch": 8,
        "max_tokens": 256,
        "learning_rate": 5e-3,
        "device": "cpu",
        "tiny": SIZE,
    }
    return options_for("tiny", **{**given, **values})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Card]:
    """Train a model to strike out the menus of the pages of `refiners.lm_models`."""
    folder = tmp_path_factory.mktemp("lm")
    lines: list[str] = []
    card = train(
        write_examples(folder / "examples.jsonl", 300, "chat"), folder / "model", options(), lines.append
    )
    assert card is not None
    assert any(line.startswith("step") for line in lines)
    return folder / "model", card


def test_the_folder_holds_the_model_its_card_log_and_curves(model: tuple[Path, Card]) -> None:
    folder, card = model
    names = {path.name for path in folder.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "generation_config.json"} <= names
    assert {"bluepencil.json", "training.jsonl", "curves.svg"} <= names
    assert "training" not in names
    assert read_card(folder) == card
    assert card.prompt.style == "chat"
    assert card.window == 12_000
    assert not card.replacements
    assert "<|im_end|>" in card.control_tokens
    log = [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
    assert [one["step"] for one in log] == sorted(one["step"] for one in log)
    assert log[-1]["step"] == card.record["training"]["steps"]
    assert any("validation_loss" in one for one in log)
    losses = [one["loss"] for one in log if "loss" in one]
    assert losses[-1] < 0.1 * losses[0]
    end = json.loads((folder / "generation_config.json").read_text())["eos_token_id"]
    tokens = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    assert next(one["content"] for one in tokens if one["id"] == end) == "<|im_end|>"


def test_it_has_learnt_to_strike_the_menu_out(model: tuple[Path, Card]) -> None:
    found = model[1].record["validation"]
    assert found["n"] > 10
    assert found["valid_share"] > 0.9
    assert found["lines"]["f1"] > 0.9
    assert found["chunk_line_f1_do_nothing"] == 0


def test_a_corpus_is_refined_with_it(model: tuple[Path, Card], tmp_path: Path) -> None:
    pages = [page(number) for number in range(1000, 1012)]
    source = tmp_path / "pages.jsonl"
    rows = [{"id": str(n), "text": raw} for n, (raw, _) in enumerate(pages)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    manifest = api.refine(
        source,
        tmp_path / "out",
        refiner=f"lm:{model[0]}",
        model_options={"device": "cpu", "window": None},
        workers=1,
        data_format="jsonl.zst",
    )
    assert manifest["totals"]["outcomes"]["edited"] >= 10
    assert manifest["totals"]["tokens_in"] > 12 * 20
    from bluepencil.engine.results import read_results

    results = list(read_results(tmp_path / "out"))
    right = sum(result.output == refined for result, (_, refined) in zip(results, pages, strict=True))
    assert right >= 10
    assert all(result.row["prompt_hash"] == model[1].prompt.hash for result in results)
    assert json.loads(results[0].row["annotations"])["chunks"] == 1


def test_the_refiner_of_a_folder_is_as_its_card_says(model: tuple[Path, Card]) -> None:
    refiner = make_refiner(f"lm:{model[0]}")
    assert isinstance(refiner, LanguageModel)
    assert (refiner.window, refiner.overlap) == (12_000, 1_000)
    assert refiner.name == f"lm:{refiner.model[:8]}"
    other = make_refiner(f"lm:{model[0]}", None, {"window": 500, "max_new_tokens": 10, "dtype": None})
    assert isinstance(other, LanguageModel)
    assert (other.window, other.overlap) == (500, 125)
    assert isinstance(other.generator, LocalGenerator)
    assert other.generator.max_new_tokens == 10
    client = ClientOptions(server="http://127.0.0.1:9", model="m")
    served = make_refiner(f"lm:{model[0]}", None, {"client": client})
    assert isinstance(served, LanguageModel)
    assert isinstance(served.generator, ServerGenerator)
    assert served.generator.control_tokens == model[1].control_tokens
    with pytest.raises(OptionError, match="not for a server"):
        make_refiner(f"lm:{model[0]}", None, {"client": client, "dtype": "float32"})
    with pytest.raises(OptionError, match="no strength"):
        make_refiner(f"lm:{model[0]}", "light")
    with pytest.raises(OptionError, match="no language model"):
        make_refiner("rules", None, {"window": 10})


def test_a_model_of_another_dialect_is_trained_validated_and_asked_in_it(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    rows = [dict(zip(("raw", "gold"), page(n), strict=True)) | {"id": str(n)} for n in range(40)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    distilling = {"dialect": "prox-c", "screen": "exact", "validation_share": 0.2}
    api.distill(pairs, tmp_path / "examples", distilling=distilling, workers=1)
    card = train(tmp_path / "examples", tmp_path / "model", options(max_steps=2, validate=4))
    assert card is not None
    assert (card.dialect, card.window, card.overlap, card.prompt.style) == ("prox-c", 4_500, 0, "chat")
    assert card.record["validation"]["n"] == 4
    refiner = make_refiner(f"lm:{tmp_path / 'model'}")
    assert isinstance(refiner, LanguageModel)
    assert refiner.dialect.name == "prox-c"
    assert refiner.dialect.prompt_hash == card.prompt.hash


def test_what_is_no_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        trained(tmp_path / "none")
    with pytest.raises(InputError, match="train lm"):
        trained(tmp_path)
    (tmp_path / "bluepencil.json").write_text('{"format": "other"}')
    with pytest.raises(InputError, match="not of the format"):
        trained(tmp_path)
    (tmp_path / "bluepencil.json").write_text("[")
    with pytest.raises(InputError, match="cannot be read"):
        trained(tmp_path)


def test_a_finished_folder_is_not_trained_again_nor_overwritten(model: tuple[Path, Card]) -> None:
    folder, card = model
    examples = folder.parent / "examples.jsonl"
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert train(examples, folder, options()) == card
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(OutputError, match="--fresh"):
        train(examples, folder, options(seed=5))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    examples = write_examples(tmp_path / "examples.jsonl", 8)
    for fresh in (False, True):
        with pytest.raises(OutputError, match="not empty"):
            train(examples, tmp_path / "out", options(), fresh=fresh)
    assert (tmp_path / "out" / "thesis.txt").exists()


def test_the_command_refines_through_a_server(model: tuple[Path, Card], tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    source = tmp_path / "pages.jsonl"
    source.write_text(json.dumps({"id": "a", "text": "Home\nrain"}) + "\n")
    with FakeServer(lambda seen: reply("remove_lines(1, 1)")) as server:
        command = ["refine", source, "-o", tmp_path / "out", "--refiner", f"lm:{model[0]}", "--quiet"]
        command += ["--server", server.address, "--model", "m", "--cache", tmp_path / "cache"]
        done = run(*map(str, command))
        assert done.returncode == 0, done.stderr
        (seen,) = server.seen
    assert seen.body["messages"][-1]["content"] == "Edit:\n[1] Home\n[2] rain"
    assert "1 edited" in done.stdout


def run(*arguments: str, processes: int = 1) -> subprocess.CompletedProcess[str]:
    launcher = [] if processes == 1 else ["-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    command = [sys.executable, *launcher, "-m", "bluepencil", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment())


def environment() -> dict[str, str]:
    source = str(Path(api.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def weights(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.mark.slow
def test_killed_and_started_again_it_ends_with_the_same_weights(tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "examples.jsonl", 60)
    command = ["train", "lm", str(examples), "--base", "tiny", *SHORT, "--max-steps", "24"]
    whole = run(*command, "-o", str(tmp_path / "whole"))
    assert whole.returncode == 0, whole.stderr
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-m", "bluepencil", *command, "-o", str(killed)],
        env=environment(),
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not list(killed.glob("training/checkpoints/checkpoint-*/complete")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "bluepencil.json").exists()
    # What a kill in the middle of writing leaves behind is not taken for a checkpoint.
    (killed / "training" / "checkpoints" / "checkpoint-999").mkdir()
    again = run(*command, "-o", str(killed))
    assert again.returncode == 0, again.stderr
    assert "going on from checkpoint-" in again.stderr
    assert weights(killed) == weights(tmp_path / "whole")
    logs = [(folder / "training.jsonl").read_text() for folder in (killed, tmp_path / "whole")]
    assert logs[0] == logs[1]


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "examples.jsonl", 60)
    command = [
        "train",
        "lm",
        str(examples),
        "--base",
        "tiny",
        *SHORT,
        "--max-steps",
        "4",
        "--max-tokens",
        "200",
    ]
    losses = []
    for processes in (1, 2):
        out = tmp_path / f"by-{processes}"
        done = run(*command, "-o", str(out), processes=processes)
        assert done.returncode == 0, done.stderr
        # One of them speaks.
        assert done.stdout.count("parameters") == 1
        log = [json.loads(line) for line in (out / "training.jsonl").read_text().splitlines()]
        losses.append([one["loss"] for one in log if "loss" in one])
    assert len(losses[0]) == len(losses[1]) == 4
    # The rows of a step are others, so the losses are alike and not the same.
    assert losses[1] == pytest.approx(losses[0], rel=0.1)


PROGRAM = Path(sys.executable).parent / "transformers"
SERVING = [name for name in ("aiohttp", "fastapi", "uvicorn") if find_spec(name) is None]


@pytest.mark.slow
@pytest.mark.skipif(bool(SERVING), reason=f"transformers[serving] is not installed: no {', '.join(SERVING)}")
@pytest.mark.skipif(not PROGRAM.exists(), reason="there is no `transformers` command here")
def test_a_server_gives_the_same_programs(model: tuple[Path, Card], tmp_path: Path, monkeypatch: Any) -> None:
    offline = {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_CACHE": str(tmp_path),
        "OMP_NUM_THREADS": "1",
    }
    for name, value in offline.items():
        monkeypatch.setitem(os.environ, name, value)
    prompts = [model[1].prompt.prompt(number_lines(page(number)[0])) for number in range(500, 512)]
    here = LocalGenerator(str(model[0]), 64, dtype="float32", device="cpu").generate(prompts)
    command = f"{PROGRAM} serve {model[0]} --host 127.0.0.1 --port {{port}} --device cpu --dtype float32"
    with LocalServer(ServerOptions(command=command, log=str(tmp_path / "log"), ready_s=180)) as running:
        asked = ClientOptions(server=running.address, model=str(model[0]))
        there = ServerGenerator(asked, 64).generate(prompts)
    assert [answer.text for answer in there] == [answer.text for answer in here]
    assert [answer.tokens_in for answer in there] == [answer.tokens_in for answer in here]
    assert all(answer.is_whole for answer in here)
