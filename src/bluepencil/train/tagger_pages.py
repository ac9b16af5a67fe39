"""Pages to train the tagger on: a label for every line, and for the characters inside lines where known."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from bluepencil.distill.subsequence import matched_pairs
from bluepencil.errors import InputError
from bluepencil.evaluate.words import words
from bluepencil.refiners.tagger_tokens import Array

SHORTEST_STRING = 4
"""Characters: shorter strings that a person marked are found by chance."""


@dataclass(slots=True)
class TrainingPage:
    """One page with its labels.

    keep: [L] share of the line's words that stay, -1 where there are none. weight: [L] how much the line
    counts, 0 for one without words. noise: per line, which characters are noise inside a line that stays, or
    None where only `keep` is known. site: pages of one site are never both learned from and tested on.
    trusted: the labels are a person's.
    """

    id: str
    source: str
    site: str
    language: str
    lines: list[str]
    keep: Array
    weight: Array
    gold: str
    trusted: bool
    noise: list[Array] | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """The page as it is read."""
        return "\n".join(self.lines)


def site_of(row: Mapping[str, Any], number: int) -> str:
    """Return what pages of one site share: `site`, or the end of the host name, or else the page alone."""
    if row.get("site"):
        return str(row["site"])
    host = urlsplit(str(row.get("url") or "")).netloc.split(":")[0].lower()
    return ".".join(host.split(".")[-2:]) if host else str(row.get("id") or number)


def fold_of(site: str, folds: int) -> int:
    """Return the fold of a site, the same in every run."""
    return int(hashlib.sha256(site.encode()).hexdigest()[:12], 16) % folds


def make_page(row: Mapping[str, Any], number: int, trusted: Sequence[str]) -> TrainingPage:
    """Return the page of a row: `raw` with `line_keep`, `noise_spans` or `gold`.

    `must_keep` and `must_drop` hold strings that a person marked; they overrule the other labels.
    `trusted` names the values of `source` whose labels are a person's. Raises InputError for other rows.
    """
    raw = row.get("raw")
    if not isinstance(raw, str):
        raise InputError(f"training row {number} has no text in `raw`")
    lines = raw.split("\n")
    sizes = np.array([len(words(line)) for line in lines], np.float32)
    noise = None
    if row.get("noise_spans") is not None:
        noise = _characters(lines, row["noise_spans"])
        keep = np.array([1 - part.mean() if len(part) else -1 for part in noise], np.float32)
    elif row.get("line_keep") is not None:
        keep = np.array(row["line_keep"], np.float32)
    elif isinstance(row.get("gold"), str):
        keep = line_shares(lines, row["gold"])
    else:
        raise InputError(f"training row {number} has none of line_keep, noise_spans and gold")
    if len(keep) != len(lines):
        raise InputError(f"training row {number} has {len(keep)} labels for {len(lines)} lines")
    keep[sizes == 0] = -1
    weight = np.sqrt(sizes + 1)
    _overrule(lines, keep, weight, row)
    weight[keep < 0] = 0
    return TrainingPage(
        id=str(row.get("id") or number),
        source=str(row.get("source") or ""),
        site=site_of(row, number),
        language=str(row.get("lang") or "en")[:2].lower(),
        lines=lines,
        keep=keep,
        weight=weight,
        gold=row["gold"] if isinstance(row.get("gold"), str) else kept_text(lines, keep),
        trusted=str(row.get("source") or "") in trusted,
        noise=noise,
    )


def make_pages(rows: Iterable[Mapping[str, Any]], trusted: Sequence[str]) -> list[TrainingPage]:
    """Return the pages of all rows; a page without words teaches nothing and is left out."""
    pages = [make_page(row, number, trusted) for number, row in enumerate(rows, start=1)]
    return [page for page in pages if page.weight.any()]


def kept_text(lines: Sequence[str], keep: Array) -> str:
    """Return the lines that stay."""
    return "\n".join(line for line, share in zip(lines, keep, strict=True) if share > 0.5)


def line_shares(lines: Sequence[str], gold: str) -> Array:
    """Return the share of each line's words that a longest common subsequence with gold holds, -1 if none."""
    found = [words(line) for line in lines]
    owners = [number for number, line in enumerate(found) for _ in line]
    matched = np.zeros(len(lines), np.float32)
    pairs, _ = matched_pairs([word for line in found for word in line], words(gold))
    for place, _ in pairs:
        matched[owners[place]] += 1
    sizes = np.array([len(line) for line in found], np.float32)
    shares: Array = np.where(sizes > 0, matched / np.maximum(sizes, 1), -1).astype(np.float32)
    return shares


def _characters(lines: Sequence[str], spans: Iterable[Sequence[int]]) -> list[Array]:
    """Return for each character of each line whether it lies in one of the spans [start, end) of the text."""
    marks = np.zeros(sum(map(len, lines)) + len(lines), np.float32)
    for start, end in spans:
        marks[start:end] = 1
    starts = np.cumsum([0] + [len(line) + 1 for line in lines])
    return [marks[start : start + len(line)] for start, line in zip(starts, lines, strict=False)]


def _overrule(lines: Sequence[str], keep: Array, weight: Array, row: Mapping[str, Any]) -> None:
    """Let the strings that a person marked decide the lines they stand in, which then count twice."""
    stays = [part for part in row.get("must_keep") or () if len(part) >= SHORTEST_STRING]
    goes = [part for part in row.get("must_drop") or () if len(part) >= SHORTEST_STRING]
    for number, line in enumerate(lines if stays or goes else ()):
        if any(part in line for part in stays):
            keep[number] = 1
            weight[number] *= 2
        elif any(part in line and len(line) < 3 * len(part) for part in goes):
            keep[number] = 0
            weight[number] *= 2
