"""What a cascade is worth: word-F1 against the share of tokens sent to its model.

    python -m bench.cascade [--quick] [--model FOLDER]

FOLDER is what `recipes/train-refiner.py` leaves: a tiny language model, a tagger trained on the same sites,
and pages of sites that neither has seen. Where it is not there, the recipe makes it (some 13 minutes of CPU
time) and it stays for the next run; without --model it is made in a temporary folder.

Each curve goes from nothing sent to everything. `model` is the tiny model. `oracle` answers with the program
distilled from the gold, so it is no model but a bound: what a perfect one would bring. Its straight line is
what it would bring where lines to send are drawn at random. `choice` is the oracle on dragnet_dev with the
tagger that ships: there the default of `sure` was chosen. `right` is the share of characters, in the lines
that the second stage decides, that go or stay as in gold: by its decisions, and by those of the tagger.
Intervals are over pages (`bluepencil.evaluate`); each point also has the gain over the tagger alone on the
same pages. Writes `bench/results/cascade.json` and `cascade.svg`, unless --quick, which takes some twenty
pages; where no FOLDER is named it takes the pages of `examples/` and a model of a few steps, and its figures
mean nothing.
"""

import argparse
import gzip
import importlib.util
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.cascade_frontier import frontier
from bluepencil.distill.align import align
from bluepencil.distill.dataset import program_of_chunk
from bluepencil.distill.shortest import solve
from bluepencil.evaluate.edits import Page, evaluate
from bluepencil.evaluate.programs import deleted_spans
from bluepencil.llm import approximate_tokens
from bluepencil.programs import Chunk, LineIndex, Parsed, Policy, Program, execute, join_programs
from bluepencil.refiners.base import Proposal
from bluepencil.refiners.cascade import CONTEXT, Cascade
from bluepencil.refiners.lm import LanguageModel, trained
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_generate import Constraint, Generation, Generator
from bluepencil.refiners.lm_prompt import Prompt, PromptFormat
from bluepencil.refiners.tagger import Tagger
from bluepencil.train.lm_options import TinySize

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "web"
RESULTS = ROOT / "bench" / "results"
SURE = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 1.0)
FEW_SURE = (0.0, 0.5, 0.9, 1.0)
QUICK_SURE = (0.0, 0.9, 1.0)
QUICK_STEPS, QUICK_SIZE = 8, {"hidden": 32, "layers": 1, "heads": 2, "vocabulary": 512, "context": 1024}
NEEDED = ("torch", "transformers", "accelerate")
WHOLE_PAGES = Policy(max_deleted_share=1.0, max_calls=1 << 31)

Row = dict[str, Any]


@dataclass(frozen=True)
class Oracle:
    """The dialect that reads the gold program of a chunk, whatever was answered."""

    programs: Mapping[str, Program]
    asked: Native = field(default_factory=lambda: Native(PromptFormat()))
    name: str = "oracle"
    prompt_hash: str = ""

    def describe(self) -> Mapping[str, Any]:
        return {"dialect": self.name}

    def prompt(self, text: str, chunk: Chunk) -> Prompt:
        return self.asked.prompt(text, chunk)

    def constraint(self, text: str, chunk: Chunk) -> Constraint | None:
        return None

    def read(self, answer: str, text: str, chunk: Chunk) -> Parsed:
        return Parsed(program_of_chunk(self.programs[text], chunk, text), (), ())

    def join(self, text: str, chunks: Sequence[Chunk], programs: Sequence[Program]) -> Program:
        return join_programs(chunks, programs)


class Silent:
    """The generator of an oracle: it says nothing, and counts what would have been asked."""

    def describe(self) -> Mapping[str, Any]:
        return {"back_end": "none"}

    def generate(
        self, prompts: Sequence[Prompt], constraints: Sequence[Constraint | None] = ()
    ) -> list[Generation]:
        return [Generation("", tokens_in=approximate_tokens(prompt.contents)) for prompt in prompts]


class Remembering:
    """A generator that answers the same prompt once: neighbouring thresholds share most of their windows."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self.answers: dict[Prompt, Generation] = {}

    def describe(self) -> Mapping[str, Any]:
        return self.generator.describe()

    def generate(
        self, prompts: Sequence[Prompt], constraints: Sequence[Constraint | None] = ()
    ) -> list[Generation]:
        new = {prompt: number for number, prompt in enumerate(prompts) if prompt not in self.answers}
        chosen = [constraints[number] for number in new.values()] if constraints else []
        self.answers |= zip(new, self.generator.generate(list(new), chosen), strict=True)
        return [self.answers[prompt] for prompt in prompts]


def with_programs(pages: Sequence[Row]) -> list[Row]:
    """Return pages with the program that makes gold of them, as far as deletions can."""
    return [
        {**row, "program": solve(row["raw"], align(row["raw"], row["gold"]).deletions).program}
        for row in pages
    ]


def oracle(pages: Sequence[Row]) -> LanguageModel:
    """Return the bound: a second stage that knows the gold; windows are those of a real model."""
    programs = {row["raw"]: row["program"] for row in pages}
    return LanguageModel(Oracle(programs), Silent(), label="oracle")


def right(pages: Sequence[Row], proposals: Sequence[Proposal], decided: Sequence[Proposal]) -> float | None:
    """Return the share of characters that go or stay as in gold, in the lines that a model has decided."""
    same = total = 0
    for row, proposal, other in zip(pages, proposals, decided, strict=True):
        index = LineIndex(row["raw"])
        ours, gold = deleted(proposal.program, row["raw"]), deleted(row["program"], row["raw"])
        for span in other.annotations["by_model"].split():
            first, _, last = span.partition("-")
            at = slice(index.start(int(first)), index.end(int(last or first)))
            same += int((ours[at] == gold[at]).sum())
            total += at.stop - at.start
    return round(same / total, 4) if total else None


def deleted(program: Program, text: str) -> Any:
    """Mark the characters that a program deletes."""
    marks = np.zeros(len(text), bool)
    for start, end in deleted_spans(program, text):
        marks[start:end] = True
    return marks


def outputs(pages: Sequence[Row], proposals: Iterable[Proposal]) -> list[str]:
    return [
        execute(proposal.program, row["raw"], WHOLE_PAGES).text
        for row, proposal in zip(pages, proposals, strict=True)
    ]


def f1(pages: Sequence[Row], found: Sequence[str], instead_of: Sequence[str] | None = None) -> Any:
    """Return the score over all pages; `difference` is that to other texts, or to doing nothing."""
    before = instead_of or [row["raw"] for row in pages]
    return evaluate(
        Page(row["id"], row["source"], old, new, row["gold"])
        for row, old, new in zip(pages, before, found, strict=True)
    ).overall


def curve(
    pages: Sequence[Row], tagger: Tagger, model: LanguageModel, context: int, sures: Sequence[float]
) -> list[Row]:
    """Return a point for each threshold, from nothing sent to everything.

    share_sent is of the characters of the pages; share_of_tokens of the tokens, prompts and all, that are
    sent when everything is.
    """
    texts = [row["raw"] for row in pages]
    first = tagger.propose(texts)
    alone = outputs(pages, first)
    points = []
    for sure in sures:
        proposals = Cascade(tagger, model, sure, context).propose(texts)
        score = f1(pages, outputs(pages, proposals), alone)
        notes = [proposal.annotations for proposal in proposals]
        points.append(
            {
                "sure": sure,
                "share_sent": round(sum(n["characters_sent"] for n in notes) / sum(map(len, texts)), 4),
                "tokens_in": sum(n["tokens_in"] for n in notes),
                "chunks": sum(n["chunks"] for n in notes),
                "undecided_chunks": sum(n.get("undecided_chunks", 0) for n in notes),
                "left_out_lines": sum(n.get("left_out_lines", 0) for n in notes),
                "f1": round(score.f1, 4),
                "interval": [round(end, 4) for end in score.interval],
                "right": {
                    "cascade": right(pages, proposals, proposals),
                    "tagger": right(pages, first, proposals),
                },
                "gain": [round(end, 4) for end in (score.difference, *score.difference_interval)],
            }
        )
        print(json.dumps(points[-1]), flush=True)
    for point in points:
        point["share_of_tokens"] = round(point["tokens_in"] / max(1, points[-1]["tokens_in"]), 4)
    return points


def material(folder: Path, quick: bool) -> None:
    """Train what the recipe trains, unless it is there."""
    if all((folder / name).exists() for name in ("model/bluepencil.json", "tagger.npz", "unseen.jsonl")):
        return
    spec = importlib.util.spec_from_file_location("train_refiner", ROOT / "recipes" / "train-refiner.py")
    assert spec is not None
    assert spec.loader is not None
    recipe: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    train = recipe.main.callback
    if quick:
        recipe.MODEL = TinySize(**QUICK_SIZE)
        train(None, folder, QUICK_STEPS, 0.3, 0)
    else:
        train(DATA, folder, None, 0.15, 0)


def measure(folder: Path, quick: bool) -> Row:
    pages = [json.loads(line) for line in (folder / "unseen.jsonl").read_text("utf-8").split("\n")[:-1]]
    sures, few = (QUICK_SURE, QUICK_SURE) if quick else (SURE, FEW_SURE)
    if quick:
        pages = pages[:: max(1, len(pages) // 20)]
    pages = with_programs(pages)
    taggers = {strength: Tagger(folder / "tagger.npz", strength) for strength in ("normal", "strong")}
    tiny = trained(folder / "model", device="cpu")
    real = LanguageModel(
        tiny.dialect, Remembering(tiny.generator), tiny.window, tiny.overlap, tiny.model, tiny.label
    )
    perfect = oracle(pages)
    asked = {
        "oracle": (taggers["normal"], perfect, CONTEXT, sures),
        "oracle, no context": (taggers["normal"], perfect, 0, sures),
        "oracle, tagger strong": (taggers["strong"], perfect, CONTEXT, sures),
        "model": (taggers["normal"], real, CONTEXT, sures),
        "model, no context": (taggers["normal"], real, 0, few),
        "model, tagger strong": (taggers["strong"], real, CONTEXT, few),
        "model, context 5": (taggers["normal"], real, 5, few),
    }
    found = {}
    for name, (tagger, model, context, chosen) in asked.items():
        print(name)
        found[name] = curve(pages, tagger, model, context, chosen)
    texts = [row["raw"] for row in pages]
    return {
        "pages": len(pages),
        "f1_do_nothing": round(f1(pages, texts).f1, 4),
        "f1_model_alone": round(f1(pages, outputs(pages, real.propose(texts))).f1, 4),
        "curves": found,
    }


def choice(quick: bool) -> list[Row]:
    """Return the curve by which the default of `sure` was chosen: other pages, and the tagger that ships."""
    with gzip.open(DATA / "dragnet_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        pages = [{"source": "dragnet_dev", **json.loads(line)} for line in lines][:: 100 if quick else 4]
    pages = with_programs(pages)
    print("dragnet_dev: oracle, no context, the tagger that ships")
    return curve(pages, Tagger(), oracle(pages), 0, QUICK_SURE if quick else SURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few pages, nothing written")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="made by recipes/train-refiner.py")
    options = parser.parse_args()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing or not (options.model or options.quick or DATA.is_dir()):
        why = f"{', '.join(missing)} (pip install 'bluepencil[train]')" if missing else f"data at {DATA}"
        print(json.dumps({"skipped": f"there is no {why}"}))
        return
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.model or Path(temporary)
        material(folder, options.quick)
        result = measure(folder, options.quick)
    if DATA.is_dir():
        result["choice"] = choice(options.quick)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "cascade.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
        (RESULTS / "cascade.svg").write_text(frontier(result), "utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
