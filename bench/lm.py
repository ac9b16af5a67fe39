"""What a language-model refiner is worth and what it costs: `python -m bench.lm [--quick] [--model FOLDER]`.

Without `--model` one is trained first, from scratch: with a GPU one of 112 million parameters (`--size
100m`), else the tiny one of recipes/train-refiner.py, about 13 minutes of CPU time. `--keep FOLDER` keeps
examples and model for the next time. `--quick` trains a model that learns next to nothing, in seconds, on the
example pages.

Validation chunks of unseen sites are answered with the constraint and without it, batch by batch in turns,
and beside each the **ceiling**: `generate` of transformers, greedy, with the same batch of prompts for the
same number of steps, with no constraint and nothing that stops an answer. Every rate counts the same tokens,
those of the answers; `share_of_ceiling` is the time of the ceiling over the time taken. Then the pages of
unseen sites are refined, and their word F1 is set beside doing nothing, with 95 % bootstrap intervals over
pages. With `--model` they are unseen only if it was trained on the split of the recipe (seed 0, 15 %).
"""

import argparse
import contextlib
import importlib.util
import json
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from bluepencil.errors import MissingExtraError
from bluepencil.evaluate.edits import Page, evaluate

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "web"
SHARE, SEED = 0.15, 0


@dataclass(frozen=True)
class Plan:
    """A model to make: its shape, the windows it sees, how it is trained, and what is measured with it."""

    size: Any
    window: int
    overlap: int
    training: dict[str, Any]
    chunks: int
    pages: int | None


def plans() -> dict[str, Plan]:
    """Return the models that can be made, by the name of their size."""
    from bluepencil.train.lm_options import TinySize

    recipe = recipe_functions()
    tiny = {"max_steps": 600, "epochs": 1000.0, "batch": 16, "max_tokens": 384}
    # 4 million tokens five times. Without flash-attention longer rows cost more than they fill.
    large = {"epochs": 5.0, "batch": 64, "max_tokens": 8192, "learning_rate": 6e-4}
    return {
        "quick": Plan(TinySize(32, 2, 2, 1024, 2048), 600, 100, tiny | {"max_steps": 20}, 24, 4),
        "tiny": Plan(recipe.MODEL, recipe.WINDOW, recipe.OVERLAP, tiny, 400, None),
        "100m": Plan(TinySize(768, 14, 12, 16_384, 4096), 1200, 200, large, 2000, None),
    }


def recipe_functions() -> Any:
    """Return the module of the recipe, whose data and split these are."""
    spec = importlib.util.spec_from_file_location("train_refiner", ROOT / "recipes" / "train-refiner.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def device_of(asked: str) -> tuple[str, str]:
    """Return where the model runs, and what to say about it."""
    import torch

    if asked != "cpu" and torch.cuda.is_available():
        return "cuda", torch.cuda.get_device_name()
    if asked == "cuda":
        raise SystemExit("no GPU: torch sees none")
    why = "--device cpu" if asked == "cpu" else "torch sees none"
    return "cpu", f"no GPU: {why}"


def rows(quick: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    """Return all pages, those of unseen sites among them, and where they are from."""
    from bluepencil.distill import Options
    from bluepencil.distill.dataset import split_of

    recipe = recipe_functions()
    data = DATA if DATA.is_dir() and not quick else None
    found = list(recipe.rows_of(data))
    split = Options(validation_share=SHARE, seed=SEED)
    unseen = [one for one in found if split_of(one["id"], one.get("url") or "", split) == "validation"]
    return found, unseen, "the example pages" if data is None else ", ".join(recipe.FILES)


def examples(found: list[dict[str, Any]], work: Path, window: int, overlap: int) -> Path:
    """Distill the pages; a folder that is there already is used again."""
    from bluepencil import api

    folder = work / f"examples-{window}-{overlap}-{len(found)}"
    if not (folder / "manifest.json").exists():
        pairs = recipe_functions().write(work / "pairs.jsonl", found)
        distilling = {"screen": "refinex-keep", "window": window, "overlap": overlap}
        distilling |= {"validation_share": SHARE, "seed": SEED}
        api.distill(pairs, folder, distilling=distilling, fresh=True)
    return folder


def trained_model(plan: Plan, made_of: Path, folder: Path, device: str) -> float:
    """Train a model from scratch, unless it is there; return the seconds it took."""
    from bluepencil.train.lm import train
    from bluepencil.train.lm_options import options_for

    options = options_for("tiny", tiny=plan.size, seed=SEED, validations=10, checkpoints=5, validate=0)
    options = replace(options, **plan.training, device="cpu" if device == "cpu" else "auto")
    begin = time.perf_counter()
    train(made_of, folder, options, print)
    return time.perf_counter() - begin


class Answered:
    """A generator that has its answers already."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self.answers = answers

    def describe(self) -> dict[str, Any]:
        return {}

    def generate(self, prompts: Sequence[Any], constraints: Sequence[Any] = ()) -> list[Any]:
        return list(self.answers)


def ceiling(loaded: Any, batch: Sequence[Any], steps: int) -> float:
    """Return the seconds of plain greedy generation of so many tokens after each prompt of a batch."""
    import torch

    begin = time.perf_counter()
    ids, mask = loaded.padded(batch)
    with torch.inference_mode():
        written = loaded.network.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=steps, pad_token_id=loaded.pad
        )
    assert len(written[0].tolist()) == ids.shape[1] + steps
    return time.perf_counter() - begin


def measured(generator: Any, prompts: Sequence[Any], constraints: Sequence[Any]) -> dict[str, Any]:
    """Answer all prompts with and without constraints; return answers, and seconds beside the ceiling's."""
    from bluepencil.refiners.lm_transformers import batches, load

    loaded = load(generator.model, generator.dtype, generator.device)
    kinds: dict[str, Sequence[Any]] = {"constrained": constraints, "unconstrained": ()}
    answers: dict[str, dict[int, Any]] = {}
    divided: dict[str, list[list[Any]]] = {}
    for kind, given in kinds.items():
        answers[kind], made = generator.rows(loaded, prompts, given)
        divided[kind] = list(batches(made, generator.batch_tokens, loaded.context))
    seconds: dict[str, float] = defaultdict(float)
    ceiling(loaded, divided["constrained"][0][:2], 2)
    for pair in zip(*divided.values(), strict=True):
        for kind, batch in zip(kinds, pair, strict=True):
            begin = time.perf_counter()
            found = loaded.answers(batch, generator.max_calls)
            seconds[kind] += time.perf_counter() - begin
            steps = max(answer.tokens_out for answer in found)
            seconds[f"ceiling_{kind}"] += ceiling(loaded, batch, steps)
            seconds[f"steps_{kind}"] += steps
            answers[kind] |= {row.number: answer for row, answer in zip(batch, found, strict=True)}
    in_order = {kind: [of[number] for number in range(len(prompts))] for kind, of in answers.items()}
    return {
        "answers": in_order,
        "seconds": seconds,
        "batches": len(divided["constrained"]),
        "parameters": loaded.network.num_parameters(),
        "dtype": str(loaded.network.dtype).removeprefix("torch."),
    }


def rates(found: dict[str, Any], kind: str) -> dict[str, float]:
    """Return the speeds of one way, and of its ceiling for the same tokens."""
    answers, seconds = found["answers"][kind], found["seconds"]
    tokens = sum(answer.tokens_out for answer in answers)
    return {
        "chunks_per_s": round(len(answers) / seconds[kind], 3),
        "tokens_per_s": round(tokens / seconds[kind], 1),
        "chunks_per_s_ceiling": round(len(answers) / seconds[f"ceiling_{kind}"], 3),
        "tokens_per_s_ceiling": round(tokens / seconds[f"ceiling_{kind}"], 1),
        "share_of_ceiling": round(seconds[f"ceiling_{kind}"] / seconds[kind], 4),
        "ms_per_step": round(1e3 * seconds[kind] / seconds[f"steps_{kind}"], 3),
    }


def programs(model: Path, made_of: Path, count: int, **local: Any) -> dict[str, Any]:
    """Have programs written for so many validation chunks; return shares and speeds."""
    from bluepencil.programs import Chunk
    from bluepencil.refiners.lm_card import read_card
    from bluepencil.refiners.lm_dialect import Native
    from bluepencil.refiners.lm_transformers import LocalGenerator
    from bluepencil.train.lm_examples import read_examples
    from bluepencil.train.lm_validate import validate, without_numbers

    card = read_card(model)
    _, known = read_examples(made_of, card.prompt.numbering)
    held_out = [one for one in known if one.split == "validation"]
    chosen = Random(SEED).sample(held_out, min(count, len(held_out)))
    dialect = Native(card.prompt)
    constraints = []
    for one in chosen:
        first, text = without_numbers(one.text)
        constraints.append(dialect.constraint(text, Chunk(first, first + text.count("\n"), 0, len(text))))
    generator = LocalGenerator(str(model), card.max_new_tokens, **local)
    found = measured(generator, [card.prompt.prompt(one.text) for one in chosen], constraints)
    reports = {
        kind: validate(chosen, card.prompt, Answered(answers)) for kind, answers in found["answers"].items()
    }
    result = {name: found[name] for name in ("parameters", "dtype", "batches")} | {"chunks": len(chosen)}
    for kind, report in reports.items():
        end = "" if kind == "constrained" else "_unconstrained"
        values = {
            "valid_share": report.valid_share,
            "whole_share": report.whole_share,
            "line_f1": report.lines.f1,
            **rates(found, kind),
        }
        result |= {f"{name}{end}": round(value, 4) for name, value in values.items()}
        result[f"faults{end}"] = report.faults
        print(f"{kind:14}", " ".join(f"{name}={value:,.4g}" for name, value in values.items()), report.faults)
    return result


def refined(model: Path, pages: list[dict[str, Any]], **local: Any) -> dict[str, Any]:
    """Refine pages with the constraint and without it; return their word F1 beside doing nothing."""
    from bluepencil.documents import Document, Status
    from bluepencil.refiners.base import Refine
    from bluepencil.refiners.lm import trained

    documents = [Document(one["id"], one["raw"]) for one in pages]
    result: dict[str, Any] = {"pages": len(pages)}
    for end in ("", "_unconstrained"):
        refiner = replace(trained(model, **local), constrained=not end)
        begin = time.perf_counter()
        outcomes = Refine(refiner).run(documents)
        seconds = time.perf_counter() - begin
        texts = [
            None if outcome.status is Status.DROPPED else one["raw"] if outcome.text is None else outcome.text
            for one, outcome in zip(pages, outcomes, strict=True)
        ]
        report = evaluate(
            Page(one["id"], one["source"], one["raw"], text, one["gold"])
            for one, text in zip(pages, texts, strict=True)
        ).overall
        result |= {
            f"f1{end}": round(report.f1, 4),
            f"f1_interval{end}": [round(value, 4) for value in report.interval],
            f"f1_less_nothing{end}": round(report.difference, 4),
            f"f1_less_nothing_interval{end}": [round(value, 4) for value in report.difference_interval],
            f"refine_seconds{end}": round(seconds, 1),
        }
        result["f1_do_nothing"] = round(report.f1_do_nothing, 4)
        faults = Counter(code for outcome in outcomes for code in outcome.faults)
        print(f"word F1{end}: {report.f1:.4f}, {report.f1_do_nothing:.4f} untouched; {dict(faults)}")
    return result


def arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="a toy, in less than a minute")
    parser.add_argument("--model", type=Path, help="a folder that `bluepencil train lm` made")
    parser.add_argument(
        "--size", choices=["tiny", "100m"], help="to train; default: 100m on a GPU, else tiny"
    )
    parser.add_argument("--keep", type=Path, help="folder for examples and model, used again")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--dtype", default="auto", help="default: bfloat16 on a GPU, float32 on a CPU")
    parser.add_argument("--chunks", type=int, help="validation chunks; default: 400, 2000 for 100m")
    parser.add_argument("--pages", type=int, help="pages of unseen sites; default: all")
    parser.add_argument("--batch-tokens", type=int, default=65_536, help="of a batch, with room for answers")
    parser.add_argument("--steps", type=int, help="of training, to try it out")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    device, about = device_of(options.device)
    size = "quick" if options.quick else options.size or ("100m" if device == "cuda" else "tiny")
    print(about, f"- the size is {size}" if options.model is None else "")
    plan = plans()[size]
    if options.steps:
        plan = replace(plan, training=plan.training | {"max_steps": options.steps})
    found, unseen, source = rows(options.quick)
    pages = unseen[: options.pages or plan.pages]
    print(f"{len(found)} pages of {source}; {len(unseen)} of unseen sites")
    with contextlib.ExitStack() as stack:
        work = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        work.mkdir(parents=True, exist_ok=True)
        window, overlap = windows(options.model, plan)
        made_of = examples(found, work, window, overlap)
        model, seconds = options.model, None
        if model is None:
            model = work / f"model-{size}"
            seconds = round(trained_model(plan, made_of, model, device), 1)
        local = {"device": device, "dtype": options.dtype, "batch_tokens": options.batch_tokens}
        result = programs(model, made_of, options.chunks or plan.chunks, **local)
        result |= refined(model, pages, **local)
        result |= {"training_seconds": seconds, "size": size}
    result |= {"device": device, "about": about, "data": source, "window": window}
    print(json.dumps(result | {"load": [round(value, 1) for value in os.getloadavg()]}))


def windows(model: Path | None, plan: Plan) -> tuple[int, int]:
    """Return window and overlap of a model that is there, or of one that is made."""
    from bluepencil.refiners.lm_card import read_card

    if model is None:
        return plan.window, plan.overlap
    card = read_card(model)
    return card.window, card.overlap


def missing_packages() -> Iterator[str]:
    """Yield the packages that are missing."""
    for package in ("torch", "transformers", "accelerate"):
        if importlib.util.find_spec(package) is None:
            yield package


if __name__ == "__main__":
    if missing := list(missing_packages()):
        print(f"skipped: {MissingExtraError(missing[0], 'train')}")
        print(json.dumps({"skipped": f"no {', '.join(missing)}"}))
    else:
        main()
