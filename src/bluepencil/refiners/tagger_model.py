"""A trained tagger as one file: vocabulary, networks, calibration, thresholds, and how it is evaluated.

The file is a NumPy archive that holds arrays of numbers only (nothing is unpickled), with the thresholds as
JSON text in the array `settings`.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from bluepencil.errors import InputError
from bluepencil.refiners.tagger_decide import NO_WORDS, STEPS, Span, Thresholds
from bluepencil.refiners.tagger_features import Vocabulary, line_features, pages_of_lines
from bluepencil.refiners.tagger_network import Network, bag_means, build, packed_table
from bluepencil.refiners.tagger_spans import token_features
from bluepencil.refiners.tagger_tokens import Array, Tokens, tokenize

FORMAT = 1
"""The layout of the file and the meaning of the features: a file of another number is refused."""

LOWEST_SPAN = STEPS // 2
"""Spans are looked for where tokens go with a probability above one half."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What the model thinks of one text: a byte per line, and the spans that may go."""

    lines: bytes
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A trained tagger. `digest` is the SHA-256 of its file.

    line_levels, span_levels: [STEPS] ascending scores at which the probability to stay rises by one step.
    """

    digest: str
    vocabulary: Vocabulary
    lines: tuple[Network, ...]
    line_table: Array
    spans: Network | None
    span_table: Array
    line_levels: Array
    span_levels: Array
    thresholds: dict[str, Thresholds]

    def scores(self, texts: Sequence[str]) -> list[Scores]:
        """Return the scores of each text; they do not depend on what other texts are in the batch."""
        if not texts:
            return []
        tokens = tokenize(texts)
        line_bytes = [bytes([NO_WORDS]) * (text.count("\n") + 1) for text in texts]
        spans: list[tuple[Span, ...]] = [()] * len(texts)
        if len(tokens.pages):
            stays = np.searchsorted(self.line_levels, self.line_scores(tokens), side="right").astype(np.uint8)
            for page, text in enumerate(tokens.pages.tolist()):
                part = slice(tokens.page_lines[page], tokens.page_lines[page + 1])
                scores = np.full(len(line_bytes[text]), NO_WORDS, np.uint8)
                scores[tokens.numbers[part]] = stays[part]
                line_bytes[text] = scores.tobytes()
            for page, found in self._spans(tokens, stays, texts).items():
                spans[int(tokens.pages[page])] = tuple(found)
        return [Scores(line, span) for line, span in zip(line_bytes, spans, strict=True)]

    def line_scores(self, tokens: Tokens) -> Array:
        """Return the added scores of the networks for each line with words [L]."""
        features = line_features(tokens, self.vocabulary)
        bags = bag_means(self.line_table, features.items, features.item_starts)
        total = np.zeros(len(tokens.numbers), np.int64)
        for network, part in zip(self.lines, np.split(bags, len(self.lines), axis=1), strict=True):
            total += network.scores(part, features.numbers, tokens.page_lines)
        return total

    def bytes_of(self, text: str, levels: Array, copies: int) -> bytes:
        """Return the line bytes of one text by other levels, made for the scores of `copies` such models."""
        tokens = tokenize([text])
        scores = np.full(text.count("\n") + 1, NO_WORDS, np.uint8)
        if len(tokens.pages):
            scores[tokens.numbers] = np.searchsorted(levels, copies * self.line_scores(tokens), side="right")
        return scores.tobytes()

    def _spans(self, tokens: Tokens, stays: Array, texts: Sequence[str]) -> dict[int, list[Span]]:
        """Return the spans that may go, by page of the batch."""
        if self.spans is None:
            return {}
        open_lines = stays >= min(settings.lines for settings in self.thresholds.values())
        features = token_features(tokens, open_lines, self.vocabulary)
        if not len(features.tokens):
            return {}
        bags = bag_means(self.span_table, features.items, features.item_starts)
        raw = self.spans.scores(bags, features.numbers, features.sequences)
        bytes_ = np.searchsorted(self.span_levels, raw, side="right")
        return _runs(tokens, features.tokens, bytes_, texts)


def _runs(tokens: Tokens, chosen: Array, scores: Array, texts: Sequence[str]) -> dict[int, list[Span]]:
    """Return the runs of tokens that rather go, with white space beside them, and their mean scores."""
    low = scores < LOWEST_SPAN
    lines = tokens.lines[chosen]
    begins = low.copy()
    begins[1:] &= ~(low[:-1] & (lines[1:] == lines[:-1]))
    firsts = np.flatnonzero(begins)
    if not len(firsts):
        return {}
    run = np.cumsum(begins) - 1
    sums = np.bincount(run[low], weights=scores[low], minlength=len(firsts)).astype(np.int64)
    sizes = np.bincount(run[low], minlength=len(firsts))
    lasts = firsts + sizes - 1
    pages = pages_of_lines(tokens.page_lines)
    found: dict[int, list[Span]] = {}
    split: dict[int, list[str]] = {}
    for first, last, total, size in zip(
        firsts.tolist(), lasts.tolist(), sums.tolist(), sizes.tolist(), strict=True
    ):
        line = int(lines[first])
        page, number = int(pages[line]), int(tokens.numbers[line])
        if page not in split:
            split[page] = texts[int(tokens.pages[page])].split("\n")
        begin = int(tokens.begins[line])
        start, end = int(tokens.starts[chosen[first]]) - begin, int(tokens.ends[chosen[last]]) - begin
        start, end = _with_space(split[page][number], start, end)
        found.setdefault(page, []).append(Span(number + 1, start, end, total // size))
    return found


def _with_space(line: str, start: int, end: int) -> tuple[int, int]:
    """Let the white space before the span go with it, or the one after it at the beginning of the line."""
    begin = len(line[:start].rstrip())
    if begin:
        return begin, end
    return 0, len(line) - len(line[end:].lstrip())


def pack(
    vocabulary: Vocabulary,
    lines: Sequence[Mapping[str, Array]],
    spans: Mapping[str, Array] | None,
    line_levels: Array,
    span_levels: Array,
    thresholds: Mapping[str, Thresholds],
) -> dict[str, Array]:
    """Return the arrays of a model file, from what training found."""
    names = [f"lines{number}" for number in range(len(lines))]
    settings = {
        "format": FORMAT,
        "lines": names,
        "spans": spans is not None,
        "thresholds": {name: asdict(value) for name, value in thresholds.items()},
    }
    arrays = {
        "settings": np.frombuffer(json.dumps(settings, sort_keys=True).encode(), np.uint8),
        "keys": vocabulary.keys,
        "rows": vocabulary.rows,
        "line_levels": line_levels,
        "span_levels": span_levels,
    }
    for name, network in [*zip(names, lines, strict=True), *([("spans", spans)] if spans else [])]:
        arrays |= {f"{name}/{key}": value for key, value in network.items()}
    return arrays


def shipped_model() -> Path:
    """Return the file of the model that comes with the package."""
    return Path(str(files("bluepencil.refiners").joinpath("weights/tagger.npz")))


@lru_cache(maxsize=4)
def load_model(path: Path) -> Model:
    """Read a model file. Raises InputError if it is not one, or one of another version."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        settings = json.loads(arrays["settings"].tobytes())
        if settings["format"] != FORMAT:
            raise InputError(f"{path} has format {settings['format']}; this version reads {FORMAT}")
        return Model(
            digest=digest,
            vocabulary=Vocabulary(arrays["keys"], arrays["rows"]),
            lines=tuple(build(arrays, name) for name in settings["lines"]),
            line_table=packed_table([arrays[f"{name}/table"] for name in settings["lines"]]),
            spans=build(arrays, "spans") if settings["spans"] else None,
            span_table=packed_table([arrays["spans/table"]]) if settings["spans"] else np.zeros((1, 0)),
            line_levels=arrays["line_levels"],
            span_levels=arrays["span_levels"],
            thresholds={name: Thresholds(**values) for name, values in settings["thresholds"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not a tagger model: {error}") from error
