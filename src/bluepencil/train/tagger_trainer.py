"""One network of the tagger in training: a step of AdamW on a batch, and the running mean of the weights."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from bluepencil.refiners.tagger_tokens import Array
from bluepencil.train.tagger_batches import Batch
from bluepencil.train.tagger_network import TaggerNetwork
from bluepencil.train.tagger_options import Task

AVERAGED_OVER = 300
"""Steps over which the weights that are returned are averaged: single steps are noisier than their mean."""

WARM_UP = 50


class Trainer:
    """Trains a network of the shape that a task names. Seeds torch and sets its number of threads."""

    def __init__(self, rows: int, numbers: int, task: Task, seed: int) -> None:
        torch.manual_seed(seed)
        torch.set_num_threads(task.threads)
        self.network = TaggerNetwork(rows, numbers, task)
        table = [self.network.table]
        rest = [part for name, part in self.network.named_parameters() if name != "table"]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": table, "lr": task.learning_rate * task.table_rate},
                {"params": rest, "lr": task.learning_rate},
            ],
            betas=(0.9, 0.99),
        )
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.mean = [part.detach().clone() for part in self.network.parameters()]

    def step(self, batch: Batch, number: int, steps: int) -> float:
        """Take step `number` of `steps` and return the loss; the rate follows half a cosine."""
        share = 0.02 + 0.49 * (1 + math.cos(math.pi * number / steps))
        share *= min(1.0, (number + 1) / min(WARM_UP, 1 + steps // 10))
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        self.network.train()
        loss = _loss(self.network, batch)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        decay = min(number / (number + 10), 1 - 1 / AVERAGED_OVER)
        for mean, part in zip(self.mean, self.network.parameters(), strict=True):
            mean.lerp_(part.detach(), 1 - decay)
        return float(loss.detach())

    def arrays(self) -> dict[str, Array]:
        """Return the mean weights as `refiners.tagger_network.build` reads them; ends the training."""
        with torch.no_grad():
            for mean, part in zip(self.mean, self.network.parameters(), strict=True):
                part.copy_(mean)
        return self.network.arrays()


def _loss(network: TaggerNetwork, batch: Batch) -> Tensor:
    """Return the weighted cross entropy: mean over the places of a sequence, then over the sequences."""
    sequences = torch.from_numpy(batch.sequences)
    scores = network(
        torch.from_numpy(batch.numbers.astype("float32")),
        torch.from_numpy(batch.items),
        torch.from_numpy(batch.item_starts),
        sequences,
    )
    labels, weights = torch.from_numpy(batch.labels), torch.from_numpy(batch.weights)
    losses = functional.binary_cross_entropy_with_logits(scores, labels, reduction="none") * weights
    counts = sequences.diff()
    owners = torch.repeat_interleave(torch.arange(len(counts)), counts)
    empty = torch.zeros(len(counts))
    means = empty.index_add(0, owners, losses) / empty.index_add(0, owners, weights).clamp_min(1e-3)
    trust = torch.from_numpy(batch.sequence_weights)
    return (means * trust).sum() / trust.sum()
