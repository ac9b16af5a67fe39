"""Trains a language model to write edit programs: `train(examples, out, options)`. Needs the extra `train`.

A full fine-tune with the loss on the programs alone. `out` becomes a model folder as transformers and servers
load it, with a card (`bluepencil.json`), the log of the run (`training.jsonl`) and its curves (`curves.svg`).
While it lasts, `out/training` holds tokens and checkpoints: the same call goes on from the last one. Started
by torchrun or `accelerate launch`, each process takes its part of every step, and the first does the rest.
Not covered: models that do not fit one device, adapters, learning from preferences.
"""

import gc
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bluepencil.errors import InputError, MissingExtraError, OutputError
from bluepencil.refiners.lm_card import CARD, Card, digest, read_card
from bluepencil.refiners.lm_prompt import Encoder, PromptFormat
from bluepencil.refiners.lm_transformers import LocalGenerator, without_bars
from bluepencil.train.lm_curves import curves
from bluepencil.train.lm_examples import (
    SPLITS,
    Tokens,
    TrainingExample,
    fingerprint,
    open_tokens,
    read_examples,
    windows_of,
    write_tokens,
)
from bluepencil.train.lm_options import TINY, LmOptions
from bluepencil.version import __version__

WORK, LOG, CURVES = "training", "training.jsonl", "curves.svg"
_SETTINGS = "settings.json"
_PREPARED = "prepared.json"
_LOSS_ROWS = 128
"""Packed rows of validation examples that the validation loss is taken of, each time the same."""

Report = Callable[[str], None]


def _silent(line: str) -> None:
    """Say nothing."""


def train(
    examples: Path, out: Path, options: LmOptions, report: Report = _silent, *, fresh: bool = False
) -> Card | None:
    """Train on a folder or file of examples, write the model to `out`, and return its card.

    Only the first of several processes returns it, the others None. A finished folder of the same settings is
    returned as it is. The same examples, settings and number of processes give the same weights on a CPU.
    `fresh` deletes what an earlier run left in `out`. Raises InputError for examples that cannot be used,
    OutputError where `out` holds something else or a run with other settings, MissingExtraError without
    torch, transformers or accelerate.
    """
    _check_packages()
    from accelerate import PartialState

    state = PartialState(cpu=options.device == "cpu")
    with state.main_process_first():
        if state.is_main_process:
            finished = _prepare(examples, out, options, report, state.num_processes, fresh=fresh)
        else:
            finished = (out / CARD).exists()
    if not finished:
        report_here = report if state.is_main_process else _silent
        records, encoder, figures = _fit(out, options, report_here, processes=state.num_processes)
        if state.is_main_process:
            _finish(examples, out, options, encoder, records, figures, report)
    return read_card(out) if state.is_main_process else None


def _check_packages() -> None:
    for package in ("torch", "transformers", "accelerate"):
        try:
            __import__(package)
        except ModuleNotFoundError as error:
            raise MissingExtraError(package, "train") from error


def _prepare(
    examples: Path, out: Path, options: LmOptions, report: Report, processes: int, *, fresh: bool
) -> bool:
    """Make the work folder ready; return whether the model is there already."""
    windows = windows_of(examples)
    prompt_format, rows = read_examples(examples, windows.numbering, windows.dialect)
    settings = {
        "options": asdict(options),
        "examples": fingerprint(rows, prompt_format),
        "windows": asdict(windows),
        "prompt": asdict(prompt_format),
        # What a step takes, and so every weight, depends on it.
        "processes": processes,
    }
    if _is_finished(out, settings, fresh=fresh):
        return True
    work = out / WORK
    work.mkdir(parents=True, exist_ok=True)
    if not (work / _PREPARED).exists():
        (work / _SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
        _write_base(work, rows, prompt_format, options, report)
        left_out = _tokenize(work, rows, prompt_format, options)
        counts = dict(Counter(one.split for one in rows))
        for split, number in left_out.items():
            if number:
                report(f"{number} of {counts[split]} {split} examples are too long, or not text: left out")
        prepared = {"counts": counts, "left_out": left_out}
        (work / _PREPARED).write_text(json.dumps(prepared), encoding="utf-8")
    from bluepencil.train.lm_trainer import last_checkpoint

    last_checkpoint(work / "checkpoints", clean=True)
    return False


def _is_finished(out: Path, settings: dict[str, Any], *, fresh: bool) -> bool:
    """Say whether `out` is done with these settings; refuse what is not ours or was made with others."""
    work = out / WORK
    if fresh and ((out / CARD).exists() or (work / _SETTINGS).exists()):
        shutil.rmtree(out)
    if (out / CARD).exists():
        if read_card(out).record.get("settings") == settings:
            return True
        raise OutputError(f"{out} holds a model made of other examples or settings; --fresh replaces it")
    if (work / _SETTINGS).exists():
        if json.loads((work / _SETTINGS).read_text(encoding="utf-8")) != settings:
            raise OutputError(f"{out} holds a run on other examples or settings; --fresh starts over")
    elif out.exists() and any(out.iterdir()):
        raise OutputError(f"{out} is not empty and holds no model of ours")
    return False


def _write_base(
    work: Path, rows: list[TrainingExample], prompt_format: PromptFormat, options: LmOptions, report: Report
) -> None:
    if options.base != TINY:
        return
    from bluepencil.train.lm_tiny import write_tiny

    report("making a tokenizer and a small model")
    trained_on = [one for one in rows if one.split == "train"]
    texts = (said for one in trained_on for said in (prompt_format.prompt(one.text).contents, one.program))
    write_tiny(work / "base", texts, options.tiny, options.seed)


def _base(work: Path, options: LmOptions) -> str:
    return str(work / "base") if options.base == TINY else options.base


def _tokenize(
    work: Path, rows: list[TrainingExample], prompt_format: PromptFormat, options: LmOptions
) -> dict[str, int]:
    encoder = Encoder(_load_tokenizer(_base(work, options)))
    left_out = {
        split: write_tokens(work / "tokens", split, rows, prompt_format, encoder, options.max_tokens)
        for split in SPLITS
    }
    if not len(open_tokens(work / "tokens", "train")):
        raise InputError(f"no training example fits {options.max_tokens} tokens")
    return left_out


def _load_tokenizer(base: str) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise InputError(f"{base} has no tokenizer that can be loaded: {error}") from error


def _load_model(base: str, options: LmOptions) -> Any:
    """Load the base with float32 weights, and attention that keeps packed examples apart."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.import_utils import is_flash_attn_2_available

    attention = options.attention
    if attention == "auto":
        on_gpu = options.device != "cpu" and torch.cuda.is_available()
        attention = "flash_attention_2" if on_gpu and is_flash_attn_2_available() else "sdpa"
    try:
        with without_bars():
            model = AutoModelForCausalLM.from_pretrained(
                base, dtype=torch.float32, attn_implementation=attention
            )
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"{base} is not a language model that can be loaded: {error}") from error
    if options.checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model


def _fit(
    out: Path, options: LmOptions, report: Report, *, processes: int
) -> tuple[list[dict[str, Any]], Encoder, dict[str, Any]]:
    """Train; return the log's records, the encoder, and what was trained on. Leaves the weights in `out`."""
    from bluepencil.train.lm_packing import Packed, pack
    from bluepencil.train.lm_trainer import arguments, run, steps_of

    work = out / WORK
    prompt_format = _prompt_format(work)
    tokens = {split: open_tokens(work / "tokens", split) for split in SPLITS}
    rows = {
        split: pack(part.lengths.tolist(), options.max_tokens, options.seed) for split, part in tokens.items()
    }
    per_step, steps = steps_of(options, len(rows["train"]), len(tokens["train"]), processes)
    encoder = Encoder(_load_tokenizer(_base(work, options)))
    model = _load_model(_base(work, options), options)
    _set_end(model, encoder, prompt_format)
    args = arguments(options, work / "checkpoints", per_step, steps, validates=bool(rows["validation"]))
    figures = _figures(tokens["train"], rows["train"], options, per_step, steps, model)
    report(
        f"{figures['parameters']:,} parameters, {figures['examples']:,} examples of {figures['tokens']:,} "
        f"tokens, {figures['answer_tokens']:,} of them learnt; {steps} steps"
    )
    # Rows are in no order, so the first of them are a fair sample.
    seen = rows["validation"][:_LOSS_ROWS]
    validation = Packed(tokens["validation"], seen) if seen else None
    records = run(model, args, Packed(tokens["train"], rows["train"]), validation, out / LOG, report)
    if args.process_index == 0:
        _save(model, encoder, out, half=args.bf16)
    return [dict(record) for record in records], encoder, figures


def _prompt_format(work: Path) -> PromptFormat:
    return PromptFormat(**_settings(work)["prompt"])


def _settings(work: Path) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((work / _SETTINGS).read_text(encoding="utf-8"))
    return settings


def _set_end(model: Any, encoder: Encoder, prompt_format: PromptFormat) -> None:
    """Have everybody who loads the model, servers too, end an answer where training ended it."""
    end = encoder.end(prompt_format.style)
    model.config.eos_token_id = end
    model.generation_config.eos_token_id = end
    model.generation_config.do_sample = False
    model.generation_config.temperature = model.generation_config.top_p = model.generation_config.top_k = None


def _figures(
    tokens: Tokens, rows: list[list[int]], options: LmOptions, per_step: int, steps: int, model: Any
) -> dict[str, Any]:
    total = int(tokens.lengths.sum())
    return {
        "parameters": int(sum(weight.numel() for weight in model.parameters())),
        "examples": len(tokens),
        "tokens": total,
        "answer_tokens": int(tokens.answers.sum()),
        "longest_answer": int(tokens.answers.max()),
        "rows": len(rows),
        "filled": round(total / (len(rows) * options.max_tokens), 4),
        "rows_per_step": per_step,
        "steps": steps,
    }


def _save(model: Any, encoder: Encoder, out: Path, *, half: bool) -> None:
    """Write model and tokenizer, the weights in the numbers that they were used in."""
    import torch

    if half:
        model.to(dtype=torch.bfloat16)
    # The next to load it may be on the same GPU, where the optimizer is not needed any more.
    gc.collect()
    torch.cuda.empty_cache()
    with without_bars():
        model.save_pretrained(out)
    encoder.tokenizer.save_pretrained(out)


def _card_of(out: Path, encoder: Encoder, record: dict[str, Any], longest: int) -> Card:
    settings = _settings(out / WORK)
    windows = settings["windows"]
    return Card(
        prompt=PromptFormat(**settings["prompt"]),
        window=windows["window"],
        overlap=windows["overlap"],
        dialect=windows.get("dialect", "native"),
        # A quarter more than the longest that was learnt, in steps of 64.
        max_new_tokens=-(-longest * 5 // 4 // 64) * 64 + 64,
        control_tokens=encoder.control_tokens,
        record={"settings": settings, **record},
    )


def _finish(
    examples: Path,
    out: Path,
    options: LmOptions,
    encoder: Encoder,
    records: list[dict[str, Any]],
    figures: dict[str, Any],
    report: Report,
) -> None:
    """Score the model, draw the curves, write the card, and clear the work folder."""
    from bluepencil.train.lm_validate import sample, validate

    (out / CURVES).write_text(curves(records, f"{out.name}, base {options.base}"), encoding="utf-8")
    prepared = json.loads((out / WORK / _PREPARED).read_text(encoding="utf-8"))
    base = Path(_base(out / WORK, options))
    record: dict[str, Any] = {
        "bluepencil": __version__,
        "base": {"name": options.base, "sha256": digest(base) if base.is_dir() else None},
        "training": {**figures, **prepared},
    }
    for name in ("loss", "validation_loss"):
        record["training"][name] = next((one[name] for one in reversed(records) if name in one), None)
    card = _card_of(out, encoder, record, figures["longest_answer"])
    prompt_format, rows = read_examples(examples, card.prompt.numbering, card.dialect)
    chosen = sample(rows, options.validate, options.seed)
    if chosen:
        report(f"writing programs for {len(chosen)} validation examples")
        generator = LocalGenerator(str(out), card.max_new_tokens, device=options.device)
        scores = validate(
            chosen, prompt_format, generator, lambda text: len(encoder.text(text)), dialect=card.dialect
        )
        record["validation"] = scores.to_json()
        card = _card_of(out, encoder, record, figures["longest_answer"])
    # A string has no line ends of its own in a program, so a call is what a line begins with.
    taught = any("\nreplace_str(" in f"\n{one.program}" for one in rows if one.split == "train")
    replace(card, replacements=taught).write(out)
    shutil.rmtree(out / WORK)
