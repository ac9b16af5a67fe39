"""Several examples in one row of tokens, none of which sees another: positions start again at each.

Attention that is given positions and no mask keeps such sequences apart, whichever kernel computes it
(`transformers.masking_utils`); tests hold that the loss is that of the examples one by one.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from bluepencil.train.lm_examples import Tokens

IGNORED = -100
"""The label of tokens that are not learnt: all of the prompt."""
_TOGETHER = 512
"""Examples that are packed with one another: enough to fill rows well, few enough to be quick."""


def pack(lengths: Sequence[int], capacity: int, seed: int) -> list[list[int]]:
    """Return rows of examples that fit `capacity` together: each example in one, as few as easily found.

    Examples are shuffled, taken some hundreds at a time, and the longest of them placed first, each into the
    first row with room.
    """
    order = list(range(len(lengths)))
    Random(seed).shuffle(order)
    rows: list[list[int]] = []
    for start in range(0, len(order), _TOGETHER):
        rows += _first_fit(order[start : start + _TOGETHER], lengths, capacity)
    return rows


def _first_fit(numbers: Sequence[int], lengths: Sequence[int], capacity: int) -> list[list[int]]:
    rows: list[list[int]] = []
    rooms: list[int] = []
    for number in sorted(numbers, key=lambda number: -lengths[number]):
        length = lengths[number]
        place = next((place for place, room in enumerate(rooms) if room >= length), None)
        if place is None:
            rows.append([])
            rooms.append(capacity)
            place = len(rows) - 1
        rows[place].append(number)
        rooms[place] -= length
    return rows


class Packed(Dataset):
    """The packed rows of one split."""

    def __init__(self, tokens: Tokens, rows: Sequence[Sequence[int]]) -> None:
        self.tokens = tokens
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return tokens, positions and labels of a row, each of the row's length."""
        tokens = self.tokens
        ids, positions, labels = [], [], []
        for number in self.rows[index]:
            start, stop = int(tokens.starts[number]), int(tokens.starts[number + 1])
            part = np.asarray(tokens.ids[start:stop], dtype=np.int64)
            ids.append(part)
            positions.append(np.arange(len(part)))
            learnt = part.copy()
            learnt[: tokens.prompts[number]] = IGNORED
            labels.append(learnt)
        columns = {"input_ids": ids, "position_ids": positions, "labels": labels}
        return {name: torch.from_numpy(np.concatenate(parts)) for name, parts in columns.items()}


def one_row(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Make a batch of the one row that there is."""
    (row,) = rows
    return {name: values.unsqueeze(0) for name, values in row.items()}


def program_loss(model: Any, inputs: Mapping[str, Any], count: Any = None) -> Any:
    """Return the cross-entropy of a packed row's answers: summed, over `count` (default: their tokens).

    Scores are computed only where an answer is predicted: of a chunk and its program that is about one
    token in twenty, and the scores of a large vocabulary are most of the memory.
    """
    labels = inputs["labels"][0]
    places = (labels[1:] != IGNORED).nonzero().squeeze(1)
    outputs = model(
        input_ids=inputs["input_ids"],
        position_ids=inputs["position_ids"],
        logits_to_keep=places,
        use_cache=False,
    )
    scores = outputs.logits[0].float()
    total = torch.nn.functional.cross_entropy(scores, labels[places + 1], reduction="sum")
    return total / (count if count is not None else len(places))
