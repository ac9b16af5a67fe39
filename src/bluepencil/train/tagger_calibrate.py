"""Turns scores into probabilities and strengths into thresholds, on pages that the networks have not seen."""

from collections.abc import Mapping

import numpy as np

from bluepencil.errors import InputError
from bluepencil.refiners.tagger_decide import STEPS
from bluepencil.refiners.tagger_tokens import Array

NEWTON_STEPS = 50
WHOLE = STEPS // 50
"""A whole text goes below this mean byte: only when 98 % sure."""


def fit_levels(scores: Array, labels: Array, weights: Array) -> Array:
    """Return [STEPS] ascending whole scores at which the probability to stay rises by one step.

    A logistic curve is fitted to scores and labels (Platt 1999); the score of a byte is the number of levels
    at or below it. `labels` may be shares.
    """
    weights = weights / weights.sum()
    spread = float(np.sqrt((weights * scores.astype(float) ** 2).sum())) or 1.0
    values = np.stack([scores / spread, np.ones(len(scores))], axis=1)
    line = np.zeros(2)
    for _ in range(NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(values @ line, -30, 30)))
        gradient = values.T @ (weights * (chance - labels)) + 1e-6 * line
        curvature = (values * (weights * chance * (1 - chance))[:, None]).T @ values + 1e-6 * np.eye(2)
        line = line - np.linalg.solve(curvature, gradient)
    if line[0] <= 0:
        raise InputError("higher scores do not mean that lines stay: there is too little to learn from")
    chances = (np.arange(STEPS) + 0.5) / STEPS
    logits = np.log(chances / (1 - chances))
    levels = np.ceil((logits - line[1]) / line[0] * spread)
    whole: Array = np.clip(levels, -(2**31), 2**31).astype(np.int64)
    return whole


def to_bytes(scores: Array, levels: Array) -> Array:
    """Return the byte of each score."""
    return np.searchsorted(levels, scores, side="right")


def precision_curve(stays: Array, labels: Array, weights: Array) -> tuple[Array, Array]:
    """Return per threshold 0 to STEPS which share of what goes is noise, and which share of noise goes.

    `stays` are bytes; what is below a threshold goes. Where nothing goes, the precision is 1.
    """
    noise = np.bincount(stays, weights=weights * (1 - labels), minlength=STEPS + 1)
    total = np.bincount(stays, weights=weights, minlength=STEPS + 1)
    noise, total = np.cumsum(noise), np.cumsum(total)
    noise, total = np.append(0, noise[:-1]), np.append(0, total[:-1])
    precision = np.where(total > 0, noise / np.maximum(total, 1e-9), 1.0)
    return precision, noise / max(noise[-1] + float((weights * (1 - labels))[stays == STEPS].sum()), 1e-9)


def choose(stays: Array, labels: Array, weights: Array, precision: Mapping[str, float]) -> dict[str, int]:
    """Return for each name the highest threshold at which at least that share of what goes is noise.

    Never above one half: what rather stays, stays.
    """
    reached, _ = precision_curve(stays, labels, weights)
    chosen = {}
    for name, least in precision.items():
        enough = np.flatnonzero(reached[: STEPS // 2 + 1] >= least)
        chosen[name] = int(enough[-1]) if len(enough) else 0
    return chosen
