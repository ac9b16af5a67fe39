"""The networks of the tagger as torch modules that are trained to be whole numbers.

The forward pass rounds weights and activations as `refiners.tagger_network` does, and gradients pass through
the rounding unchanged (straight-through; Bengio et al. 2013, arXiv 1308.3432). Needs the extra `train`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bluepencil.refiners.tagger_network import BAG_GAIN, CLIP, GRID, STREAM_CLIP
from bluepencil.refiners.tagger_tokens import Array
from bluepencil.train.tagger_options import Task

TABLE_GRID = 32


def _through(rounded: Tensor, exact: Tensor) -> Tensor:
    """Return `rounded` with the gradient of `exact`."""
    return exact + (rounded - exact).detach()


def _steps(values: Tensor) -> Tensor:
    """Round down to whole steps, with the gradient of doing nothing."""
    return _through(torch.floor(values * GRID) / GRID, values)


class Rounded(nn.Module):  # type: ignore[misc, unused-ignore]
    """A linear layer with int8 weights, one scale per output; also a convolution over three places."""

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * gain / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def scale(self) -> Tensor:
        """Return [out]: what one unit of each output's whole-number weights is worth."""
        return self.weight.detach().abs().amax(1).clamp_min(1e-6) / CLIP

    def rounded(self) -> Tensor:
        """Return the weights as the shipped network has them."""
        scale = self.scale()[:, None]
        return _through(torch.round(self.weight / scale) * scale, self.weight)

    def forward(self, values: Tensor) -> Tensor:
        """Apply to [n, in]."""
        return _steps(functional.linear(values, self.rounded(), self.bias) + 0.5 / GRID)

    def convolve(self, values: Tensor, dilation: int) -> Tensor:
        """Apply to [n, H] as a convolution with weights [out, 3 * H]."""
        width = values.shape[1]
        kernel = self.rounded().view(-1, 3, width).transpose(1, 2)
        found = functional.conv1d(values.t()[None], kernel, self.bias, padding=dilation, dilation=dilation)
        return _steps(found[0].t() + 0.5 / GRID)

    def arrays(self) -> dict[str, Array]:
        """Return whole-number weights [in, out], scale and bias in steps."""
        scale = self.scale()
        weight = torch.round(self.weight.detach() / scale[:, None]).t()
        return {
            "weight": weight.numpy().astype(np.int8),
            "scale": scale.numpy().astype(np.float32),
            "bias": (self.bias.detach().numpy() * GRID + 0.5).astype(np.float32),
        }


class TaggerNetwork(nn.Module):  # type: ignore[misc, unused-ignore]
    """What `refiners.tagger_network.Network` computes, trainable."""

    def __init__(self, rows: int, numbers: int, task: Task) -> None:
        super().__init__()
        columns, width = task.columns, task.width
        self.dilations = task.dilations
        self.dropout = task.dropout
        # Zeros: an item that no page of the training holds says nothing.
        self.table = nn.Parameter(torch.zeros(rows, columns))
        self.first = Rounded(columns + numbers, width)
        self.layers = nn.ModuleList(
            Rounded(width * (3 if dilation else 2), width, 0.5) for dilation in task.dilations
        )
        self.middle = Rounded(width, width // 2)
        self.last = Rounded(width // 2, 1)

    def _table(self) -> Tensor:
        table = self.table.clamp(-CLIP / TABLE_GRID, CLIP / TABLE_GRID)
        return _through(torch.round(table * TABLE_GRID) / TABLE_GRID, table)

    def forward(self, numbers: Tensor, items: Tensor, item_starts: Tensor, sequences: Tensor) -> Tensor:
        """Return [n] log-odds to stay; shapes as in `Network.scores`."""
        bags = functional.embedding_bag(items, self._table(), item_starts[:-1], mode="mean")
        bags = _steps((bags * BAG_GAIN).clamp(-CLIP / GRID, CLIP / GRID))
        bags = functional.dropout(bags, self.dropout, self.training)
        counts = sequences.diff()
        gap = max(self.dilations, default=0)
        owners = torch.repeat_interleave(torch.arange(len(counts)), counts)
        places = torch.arange(len(bags)) + gap * owners
        rows = len(bags) + gap * len(counts)
        mask = torch.zeros(rows, 1).index_fill_(0, places, 1.0)
        start = self.first(torch.cat([bags, numbers / GRID], 1))
        stream = torch.zeros(rows, start.shape[1]).index_copy(0, places, start)
        for dilation, layer in zip(self.dilations, self.layers, strict=True):
            active = stream.clamp(0, CLIP / GRID) * mask
            if self.training and self.dropout:
                active = active * _channels_kept(active.shape[1], self.dropout / 2)
            if dilation:
                change = layer.convolve(active, dilation)
            else:
                change = torch.zeros_like(stream).index_copy(
                    0, places, layer(_summary(active[places], owners, counts))[owners]
                )
            stream = (stream + change).clamp(-STREAM_CLIP / GRID, STREAM_CLIP / GRID)
        hidden = functional.dropout(stream[places].clamp(0, CLIP / GRID), self.dropout, self.training)
        result: Tensor = self.last(self.middle(hidden).clamp(0, CLIP / GRID))[:, 0]
        return result

    def arrays(self) -> dict[str, Array]:
        """Return everything that `refiners.tagger_network.build` reads, without the name in front."""
        table = torch.round(self._table().detach() * TABLE_GRID).numpy().astype(np.int8)
        found: dict[str, Any] = {"table": table, "dilations": np.array(self.dilations, np.int64)}
        parts = {"first": self.first, "middle": self.middle, "last": self.last}
        parts |= {f"layer{number}": layer for number, layer in enumerate(self.layers)}
        for name, part in parts.items():
            found |= {f"{name}/{key}": value for key, value in part.arrays().items()}
        return found


def _channels_kept(width: int, dropout: float) -> Tensor:
    """Return [1, H] factors that leave out some channels of a whole batch: cheaper than single values."""
    return (torch.rand(1, width) >= dropout).float() / (1 - dropout)


def _summary(active: Tensor, owners: Tensor, counts: Tensor) -> Tensor:
    """Return [S, 2 * H]: mean and maximum of each sequence."""
    sums = torch.zeros(len(counts), active.shape[1]).index_add(0, owners, active)
    tops = torch.zeros_like(sums).scatter_reduce(0, owners[:, None].expand_as(active), active, "amax")
    return torch.cat([_steps(sums / counts[:, None]), tops], 1)
