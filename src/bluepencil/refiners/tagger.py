"""The default refiner: a small network that reads a page line by line and says what goes.

It needs NumPy only and gives the same program for the same text on every machine, whatever else is in the
batch. How it works, what it was trained on and what it reaches: docs/tagger.md and `weights/tagger.json`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluepencil.errors import InputError, OptionError
from bluepencil.programs import Program
from bluepencil.refiners.base import Proposal
from bluepencil.refiners.tagger_decide import STRENGTHS, Thresholds, decide, read_spans
from bluepencil.refiners.tagger_model import Model, Scores, load_model, shipped_model

BATCH_CHARACTERS = 120_000
"""Texts are read together up to this many characters: more is slower, for the caches of a processor."""


@dataclass(frozen=True, slots=True)
class Tagger:
    """Proposes the programs of a trained tagger; `model` is its file, None the one that ships.

    The model is read on first use and shared by all taggers of a process. Raises OptionError for an unknown
    strength, and InputError on first use if the file is not a model.
    """

    model: Path | None = None
    strength: str = "normal"

    def __post_init__(self) -> None:
        if self.strength not in STRENGTHS:
            raise OptionError(f"strength must be one of {', '.join(STRENGTHS)}, not {self.strength!r}")

    @property
    def name(self) -> str:
        """Names the refiner and its model: `tagger:1a2b3c4d`."""
        return f"tagger:{self._loaded().digest[:8]}"

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result: the hash of the weights, the strength and its thresholds."""
        limits = self.thresholds()
        return {
            "refiner": "tagger",
            "model": self._loaded().digest,
            "strength": self.strength,
            "thresholds": [limits.lines, limits.spans, limits.whole],
        }

    def thresholds(self) -> Thresholds:
        """Return the thresholds of this strength."""
        return self._loaded().thresholds[self.strength]

    def propose(self, texts: Sequence[str]) -> Sequence[Proposal]:
        """Return one proposal per text; its annotations hold the scores that `redecide` takes."""
        limits = self.thresholds()
        return [
            Proposal(decide(text, scores.lines, scores.spans, limits), annotations=recorded(scores))
            for text, scores in zip(texts, self.scores(texts), strict=True)
        ]

    def scores(self, texts: Sequence[str]) -> list[Scores]:
        """Return what the model thinks of each text; that does not depend on the strength."""
        model = self._loaded()
        return [scores for batch in _batches(texts) for scores in model.scores(batch)]

    def _loaded(self) -> Model:
        return load_model(self.model or shipped_model())


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split texts into runs of about `BATCH_CHARACTERS`."""
    start = size = 0
    for number, text in enumerate(texts):
        if size and size + len(text) > BATCH_CHARACTERS:
            yield texts[start:number]
            start, size = number, 0
        size += len(text) + 1
    if start < len(texts):
        yield texts[start:]


def recorded(scores: Scores) -> dict[str, Any]:
    """Return scores as the ledger keeps them."""
    return {"line_scores": scores.lines, "span_scores": " ".join(map(str, scores.spans))}


def redecide(text: str, annotations: Mapping[str, Any], tagger: Tagger) -> Program:
    """Return the program of a text at the strength of `tagger` from what the ledger keeps of an earlier run.

    `annotations` holds `line_scores` and `span_scores` as `propose` returned them. The networks do not run.
    Raises InputError if they are missing or belong to another text.
    """
    try:
        line_scores, span_scores = annotations["line_scores"], annotations["span_scores"]
    except KeyError as error:
        raise InputError(f"the ledger holds no {error.args[0]} for this text; was it the tagger?") from error
    return decide(text, line_scores, read_spans(span_scores), tagger.thresholds())
