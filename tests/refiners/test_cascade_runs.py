"""Whole runs of the cascade: the server's cache, the command, what is shown, replay, recipes."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from bluepencil import api
from bluepencil.cli import main
from bluepencil.engine.results import read_results
from bluepencil.errors import OptionError
from bluepencil.programs import Program, RemoveLines
from bluepencil.recipes.load import build, load_recipe
from bluepencil.recipes.server import Asking
from bluepencil.refiners.base import Refine
from bluepencil.refiners.cascade import Cascade
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_card import Card
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_prompt import PromptFormat
from bluepencil.refiners.lm_server import ServerGenerator
from bluepencil.refiners.registry import make_refiner
from bluepencil.refiners.tagger import Tagger
from bluepencil.report.documents import Selection, select, shown
from conftest import write_rows
from llm.clients import options
from llm.server import FakeServer, Seen, reply
from refiners.cascade_parts import Fixed, scores

EXAMPLES = Path(__file__).parents[2] / "examples" / "pages.jsonl"
PAGES = [
    {"id": str(n), "text": json.loads(line)["raw"]}
    for n, line in enumerate(EXAMPLES.read_text("utf-8").split("\n")[:6])
]
TEXT = "Home\nBy Ann Lee\nThe first sentence."
KNOWN = {TEXT: scores(TEXT, [2, 90, 248])}


def test_no_question_is_bought_twice_not_even_of_the_model_alone(tmp_path: Path) -> None:
    with FakeServer(lambda seen: reply("keep_all()")) as server:
        generator = ServerGenerator(options(server, cache=str(tmp_path / "answers")))
        model = LanguageModel(Native(PromptFormat()), generator)
        model.propose([TEXT])
        everything = Cascade(Fixed(KNOWN), model, sure=1.0)
        assert everything.propose([TEXT])[0].annotations["tokens_in"] == 10
        assert len(server.seen) == 1
        for _ in range(2):
            Cascade(Fixed(KNOWN), model, context=0).propose([TEXT])
        assert server.texts()[1:] == ["[1] By Ann Lee"]


def test_a_released_model_may_be_the_second_stage() -> None:
    with FakeServer(lambda seen: reply("keep_chunk()")) as server:
        second = make_refiner("prox-c:m", None, {"client": options(server)})
        assert isinstance(second, LanguageModel)
        (proposal,) = Cascade(Fixed(KNOWN), second, context=0).propose([TEXT])
        assert server.texts() == ["[doc]\n[001]By Ann Lee\n[/doc]"]
    # Only the menu goes; the tagger would have removed the byline, too.
    assert proposal.program == Program((RemoveLines(1, 1),))


def card(folder: Path) -> Path:
    """Write the card of a model whose weights are on a server."""
    folder.mkdir()
    Card(prompt=PromptFormat(), window=12_000, overlap=1_000, max_new_tokens=64).write(folder)
    return folder


def answer(seen: Seen) -> Any:
    return reply("remove_lines(1, 1)")


def test_the_command_asks_about_less_than_the_model_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "pages.jsonl", PAGES)
    model = card(tmp_path / "model")
    sent = {}
    with FakeServer(answer) as server:
        asking = ["--server", server.address, "--model", "m", "--cache", str(tmp_path / "answers")]
        for name, more in {
            f"cascade:tagger,lm:{model}": ["--sure", "0.8", "--context", "1", "--strength", "strong"],
            f"lm:{model}": [],
        }.items():
            out = tmp_path / name.partition(":")[0]
            command = ["refine", str(tmp_path / "pages.jsonl"), "-o", str(out), "--refiner", name]
            with pytest.raises(SystemExit) as end:
                main([*command, *asking, *more, "--quiet"])
            assert end.value.code == 0, capsys.readouterr().err
            sent[out.name] = sum(map(len, server.texts()))
            server.seen.clear()
    assert 0 < sent["cascade"] < sent["lm"]
    manifest = json.loads((tmp_path / "cascade" / "manifest.json").read_text())
    said = manifest["options"]["step_options"]["refiner"]
    assert (said["sure"], said["context"], said["first"]["strength"]) == (0.8, 1, "strong")
    results = list(read_results(tmp_path / "cascade"))
    notes = [json.loads(result.row["annotations"]) for result in results]
    assert any(note["by_model"] for note in notes)
    assert all(result.row["line_scores"] is not None for result in results)
    page, note = next((r, n) for r, n in zip(results, notes, strict=True) if n["by_model"])
    check_shown(tmp_path / "cascade", page.row["id"], note["by_model"])
    check_replay(tmp_path)


def check_shown(run: Path, key: str, by_model: str) -> None:
    (result,) = select(run, Selection(key=key))
    page = shown(result, None, color=False)
    heading, *lines = page.rstrip("\n").split("\n")
    assert heading.endswith("by the model (>)")
    marked = [number for number, line in enumerate(lines, 1) if line.startswith("> ")]
    assert all(line[:2] in ("> ", "  ") for line in lines)
    spans = [one.partition("-") for one in by_model.split()]
    assert marked == [n for first, _, last in spans for n in range(int(first), int(last or first) + 1)]


def check_replay(folder: Path) -> None:
    run, pages = folder / "cascade", folder / "pages.jsonl"
    again = api.replay(run, pages, folder / "again")
    assert again["totals"] == json.loads((run / "manifest.json").read_text())["totals"]
    with pytest.raises(OptionError, match="refine a cascade anew"):
        api.replay(run, pages, folder / "lighter", strength="light")


def test_the_scores_in_the_ledger_are_the_taggers() -> None:
    refiner = Cascade(Tagger(), LanguageModel(Native(PromptFormat()), Silent()), sure=0.0)
    texts = [page["text"] for page in PAGES]
    for ours, alone in zip(refiner.propose(texts), Tagger().propose(texts), strict=True):
        assert ours.program == alone.program
        assert {name: ours.annotations[name] for name in alone.annotations} == alone.annotations


class Silent:
    def describe(self) -> dict[str, Any]:
        return {}

    def generate(self, prompts: Any, constraints: Any = ()) -> list[Any]:
        assert not prompts
        return []


def test_with_a_real_model_in_this_process(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from refiners.lm_models import write_random

    folder = write_random(tmp_path / "model", 1024)
    Card(prompt=PromptFormat(), window=300, overlap=50, max_new_tokens=16).write(folder)
    refiner = make_refiner(f"cascade:tagger,lm:{folder}", None, {"device": "cpu"})
    proposals = refiner.propose([page["text"] for page in PAGES])
    assert sum(proposal.annotations["tokens_in"] for proposal in proposals) > 0
    for page, proposal in zip(PAGES, proposals, strict=True):
        assert Refine(refiner).outcome(page["text"], proposal).status in ("unchanged", "edited", "dropped")
        assert len(proposal.annotations["line_scores"]) == page["text"].count("\n") + 1


def test_a_recipe_may_name_one_beside_it(tmp_path: Path) -> None:
    card(tmp_path / "model")
    recipe = tmp_path / "recipe.toml"
    step = '[[steps]]\nstep = "refine"\nrefiner = "cascade:tagger,lm:model"\nsure = 0.7\nstrength = "light"\n'
    recipe.write_text(step)
    (built,) = build(load_recipe(recipe), Asking(server="http://127.0.0.1:9", model="m"), tmp_path / "out")
    assert isinstance(built.step, Refine)
    refiner = built.step.refiner
    assert isinstance(refiner, Cascade)
    assert (refiner.sure, refiner.context) == (0.7, 1)
    assert refiner.first.describe()["strength"] == "light"
    recipe.write_text(step.replace("lm:model", "rules"))
    with pytest.raises(OptionError, match=r"step 1 \(refine\): .* is no cascade"):
        build(load_recipe(recipe), Asking(), tmp_path / "out")


def test_thresholds_and_replacements_from_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "pages.jsonl", [{"id": "a", "text": "Menu\nA short text (c) 2010"}])
    said = 'normalize(source_str="(c) 2010", target_str="of 2010")'
    with FakeServer(lambda seen: reply(said)) as server:
        command = ["refine", str(tmp_path / "pages.jsonl"), "--refiner", "prox-c:m", "--quiet"]
        asking = ["--server", server.address, "--model", "m", "--cache", str(tmp_path / "answers")]
        found = {}
        for name, more in {"as-is": [], "new": ["--replacements"], "drop": ["--prox-thresholds"]}.items():
            with pytest.raises(SystemExit) as end:
                main([*command, *asking, *more, "-o", str(tmp_path / name)])
            assert end.value.code == 0, capsys.readouterr().err
            (result,) = read_results(tmp_path / name)
            found[name] = result.output, tuple(result.row["faults"])
    assert found["as-is"] == ("Menu\nA short text (c) 2010", ("not-allowed",))
    assert found["new"] == ("Menu\nA short text of 2010", ())
    assert found["drop"][0] is None
