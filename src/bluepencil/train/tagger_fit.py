"""Fits the two networks of the tagger: one over the lines of a page, one over the tokens of its lines."""

import math
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from bluepencil.errors import InputError, MissingExtraError
from bluepencil.refiners.tagger_features import TOP, Vocabulary
from bluepencil.refiners.tagger_tokens import Array
from bluepencil.train.tagger_batches import Batch, glued_batches, habits, line_batches
from bluepencil.train.tagger_options import TaggerOptions, Task
from bluepencil.train.tagger_pages import TrainingPage

if TYPE_CHECKING:
    from bluepencil.train.tagger_trainer import Trainer

Report = Callable[[str], None]


def fit_lines(
    pages: Sequence[TrainingPage], vocabulary: Vocabulary, options: TaggerOptions, seed: int, report: Report
) -> dict[str, Array]:
    """Return the arrays of a network that says of each line whether it stays."""
    random = Random(seed)
    steps = options.epochs * math.ceil(len(pages) / options.pages_per_batch)
    arrays = _fit(
        lambda: line_batches(pages, vocabulary, options, random),
        steps,
        vocabulary,
        options.line_task,
        seed,
        report,
    )
    return _settle_habit(arrays, 1 + max(habits(pages).values(), default=-1))


def _settle_habit(arrays: dict[str, Array], habits_known: int) -> dict[str, Array]:
    """Return a network that always has habit 0, and needs no column for it: it moves into the bias."""
    if not habits_known:
        return arrays
    weight, scale, bias = (arrays[f"first/{part}"] for part in ("weight", "scale", "bias"))
    fixed = weight[len(weight) - habits_known].astype(np.float32) * scale * TOP
    return arrays | {"first/weight": weight[: len(weight) - habits_known], "first/bias": bias + fixed}


def fit_spans(
    pages: Sequence[TrainingPage], vocabulary: Vocabulary, options: TaggerOptions, seed: int, report: Report
) -> dict[str, Array]:
    """Return the arrays of a network that says of each token of a line that stays whether it stays."""
    random = Random(seed)
    steps = options.span_epochs * math.ceil(len(pages) / options.pages_per_batch / 2)
    return _fit(
        lambda: glued_batches(pages, vocabulary, options, random),
        steps,
        vocabulary,
        options.span_task,
        seed,
        report,
    )


def _trainer(rows: int, numbers: int, task: Task, seed: int) -> "Trainer":
    try:
        from bluepencil.train.tagger_trainer import Trainer
    except ImportError as error:
        raise MissingExtraError("torch", "train") from error
    return Trainer(rows, numbers, task, seed)


def _fit(
    batches: Callable[[], Iterator[Batch]],
    steps: int,
    vocabulary: Vocabulary,
    task: Task,
    seed: int,
    report: Report,
) -> dict[str, Array]:
    """Run `steps` steps over the batches, again from the start when they end; return the mean weights."""
    trainer: Trainer | None = None
    step, running = 0, 0.0
    while step < steps:
        for batch in batches():
            if trainer is None:
                trainer = _trainer(int(vocabulary.rows.max()) + 1, batch.numbers.shape[1], task, seed)
            loss = trainer.step(batch, step, steps)
            step += 1
            running += (loss - running) * max(0.02, 1 / step)
            if step % max(1, steps // 6) == 0 or step == steps:
                report(f"step {step} of {steps}, loss {running:.4f}")
            if step == steps:
                break
        if trainer is None:
            break
    if trainer is None:
        raise InputError("no page can be learned from: none has lines that stay and lines that go")
    return trainer.arrays()
