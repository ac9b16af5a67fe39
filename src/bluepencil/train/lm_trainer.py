"""The training run itself: transformers' Trainer over packed rows, a log, and checkpoints to go on from."""

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from bluepencil.refiners.lm_transformers import without_bars
from bluepencil.train.lm_options import LmOptions
from bluepencil.train.lm_packing import Packed, one_row, program_loss

COMPLETE = "complete"
"""A file in a checkpoint that is whole: a run may be killed while it writes one."""
_LOGGED = {
    "loss": "loss",
    "eval_loss": "validation_loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
}
_LOGS = 200


class ProgramTrainer(Trainer):
    """A Trainer whose loss is that of the programs alone, over all answer tokens of a step."""

    loss_is_scaled_for_ga = True

    def compute_loss(
        self,
        model: Any,
        inputs: Mapping[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the loss of one packed row, as its part of the mean over the whole step."""
        count = num_items_in_batch if model.training else None
        loss = program_loss(model, inputs, count)
        if count is not None:
            # Gradients are averaged over processes, and the count is that of all of them.
            loss = loss * self.accelerator.num_processes
        return (loss, {}) if return_outputs else loss

    def prediction_step(
        self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[Any, None, None]:
        """Return the loss of a validation row."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            return self.compute_loss(model, inputs).detach().mean(), None, None


class Record(TrainerCallback):
    """Writes the log as JSON lines, says how it goes, and marks checkpoints that are whole."""

    def __init__(self, log: Path, report: Callable[[str], None]) -> None:
        self.log = log
        self.report = report
        self.started = 0.0
        self.first = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the log anew with what a checkpoint remembers: what came after it will come again."""
        self.started, self.first = time.monotonic(), state.global_step
        if state.is_world_process_zero:
            lines = [json.dumps(kept) for entry in state.log_history if (kept := _kept(entry["step"], entry))]
            self.log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Add a line to the log."""
        kept = _kept(state.global_step, logs or {})
        if not state.is_world_process_zero or not kept:
            return
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(kept) + "\n")
        done = state.global_step - self.first
        seconds = time.monotonic() - self.started
        left = seconds / max(1, done) * (state.max_steps - state.global_step)
        said = ", ".join(f"{name.replace('_', ' ')} {kept[name]:.4g}" for name in kept if name in _SAID)
        self.report(f"step {state.global_step} of {state.max_steps}: {said}, {left / 60:.1f} min left")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Mark the checkpoint that has just been written."""
        if state.is_world_process_zero:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            (folder / COMPLETE).touch()


_SAID = ("loss", "validation_loss")


def _kept(step: float, entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {new: entry[old] for old, new in _LOGGED.items() if old in entry}
    return {"step": int(step), **kept} if kept else {}


def last_checkpoint(folder: Path, *, clean: bool = False) -> Path | None:
    """Return the last whole checkpoint of a folder, if there is one; `clean` deletes those that are not."""
    whole: list[tuple[int, Path]] = []
    for path in folder.glob("checkpoint-*"):
        if (path / COMPLETE).exists():
            whole.append((int(path.name.rpartition("-")[2]), path))
        elif clean:
            shutil.rmtree(path)
    return max(whole)[1] if whole else None


def steps_of(options: LmOptions, rows: int, examples: int, processes: int) -> tuple[int, int]:
    """Return how many packed rows each process takes per step, and the steps of the whole run."""
    per_step = max(1, round(options.batch * rows / examples / processes))
    per_epoch = math.ceil(math.ceil(rows / processes) / per_step)
    steps = max(1, math.ceil(per_epoch * options.epochs))
    return per_step, min(steps, options.max_steps) if options.max_steps else steps


def arguments(options: LmOptions, folder: Path, per_step: int, steps: int, *, validates: bool) -> Any:
    """Return what the Trainer is told."""
    cuda = torch.cuda.is_available() and options.device != "cpu"
    half = options.dtype == "bfloat16" or (
        options.dtype == "auto" and cuda and torch.cuda.is_bf16_supported()
    )
    args = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=1,
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=per_step,
        learning_rate=options.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": options.final_rate_share},
        warmup_steps=int(steps * options.warmup_share),
        weight_decay=options.weight_decay,
        bf16=half,
        use_cpu=not cuda,
        seed=options.seed,
        data_seed=options.seed,
        logging_strategy="steps",
        logging_steps=max(1, steps // _LOGS),
        logging_nan_inf_filter=False,
        eval_strategy="steps" if validates else "no",
        eval_steps=max(1, steps // options.validations),
        save_strategy="steps",
        save_steps=max(1, steps // options.checkpoints),
        save_total_limit=2,
        prediction_loss_only=True,
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        ddp_find_unused_parameters=False,
        disable_tqdm=True,
        report_to="none",
    )
    # Several GPUs are used by several processes; one process would split its single row over all of them.
    args._n_gpu = min(args.n_gpu, 1)
    return args


def run(
    model: Any,
    args: Any,
    train: Packed,
    validation: Packed | None,
    log: Path,
    report: Callable[[str], None],
) -> Sequence[Mapping[str, Any]]:
    """Train a model in place, from the last whole checkpoint if there is one; return the log's records."""
    trainer = ProgramTrainer(
        model=model,
        args=args,
        train_dataset=train,
        eval_dataset=validation,
        data_collator=one_row,
        callbacks=[Record(log, report)],
    )
    trainer.remove_callback(PrinterCallback)
    found = last_checkpoint(Path(args.output_dir))
    if found is not None:
        report(f"going on from {found.name}")
    with without_bars():
        trainer.train(resume_from_checkpoint=os.fspath(found) if found is not None else None)
    return [kept for entry in trainer.state.log_history if (kept := _kept(entry["step"], entry))]
