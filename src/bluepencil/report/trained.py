"""What training a language model came to, for a terminal."""

from collections.abc import Mapping
from typing import Any


def trained_table(record: Mapping[str, Any], folder: str) -> str:
    """Return the figures of a model's card in a few lines."""
    training, found = record["training"], record.get("validation")
    lines = [
        f"{folder}: {training['parameters']:,} parameters, {training['steps']:,} steps over "
        f"{training['examples']:,} examples ({training['tokens']:,} tokens)",
        f"{_loss(training['loss'])} training loss, {_loss(training['validation_loss'])} validation loss",
    ]
    if found is None:
        return "\n".join([*lines, "no validation examples, so no figures"])
    expert = found["kept_ratio_expert"]
    lines += [
        f"{found['valid_share']:.1%} of {found['n']} validation programs are valid, "
        f"{found['exact_share']:.1%} are the expert's",
        _agreement("lines", found["lines"]),
        _agreement("characters", found["spans"]),
        f"{found['chunk_line_f1']:.3f} line F1 as a mean over chunks; doing nothing "
        f"{found['chunk_line_f1_do_nothing']:.3f}",
        f"{found['kept_ratio']:.1%} of the tokens kept; the expert {expert:.1%}",
        f"{found['tokens_out_per_in']:.1%} tokens written per token read",
    ]
    return "\n".join(lines)


def _loss(value: float | None) -> str:
    return "no" if value is None else f"{value:.4f}"


def _agreement(what: str, found: Mapping[str, float]) -> str:
    return (
        f"{found['f1']:.3f} F1 of {what} removed (precision {found['precision']:.3f}, "
        f"recall {found['recall']:.3f})"
    )
