"""Scores refined text against gold: precision, recall and F1 of the words kept, per source and over all.

All counts are of words (`words.words`), matched by longest common subsequence, so order matters and a word
counts once. Nothing here reads files.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bluepencil.errors import InputError
from bluepencil.evaluate.report import OVERALL, Interval, Report, SourceScore
from bluepencil.evaluate.words import common_length, words

RESAMPLES = 2000
SEED = 20250703  # the day RefineX appeared; any fixed number does


@dataclass(frozen=True, slots=True)
class PairScore:
    """How well an output agrees with gold; each figure is a share from 0 to 1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Page:
    """One document to score: its raw text, what a refiner made of it, and gold.

    `output` is None for a document that was dropped, which scores as an empty text.
    """

    id: str
    source: str
    raw: str
    output: str | None
    gold: str


@dataclass(frozen=True, slots=True)
class _Measured:
    """A page in numbers; `words_*` are counts of words."""

    done: PairScore
    nothing: PairScore
    words_noise: int
    words_noise_left: int
    words_gold: int
    words_gold_left: int
    dropped: bool


def score(output: str, gold: str) -> PairScore:
    """Return precision, recall and F1 of an output against gold.

    Two texts without words agree (1.0 throughout); one without words against one with words scores 0.
    """
    found, wanted = words(output), words(gold)
    return _pair_score(common_length(found, wanted), len(found), len(wanted))


def _pair_score(common: int, found: int, wanted: int) -> PairScore:
    if not found and not wanted:
        return PairScore(1.0, 1.0, 1.0)
    if not common:
        return PairScore(0.0, 0.0, 0.0)
    return PairScore(common / found, common / wanted, 2 * common / (found + wanted))


def _measure(page: Page) -> _Measured:
    raw, gold = words(page.raw), words(page.gold)
    common_raw = common = common_length(raw, gold)
    output = raw
    if page.output != page.raw:
        output = words(page.output or "")
        common = common_length(output, gold)
    return _Measured(
        done=_pair_score(common, len(output), len(gold)),
        nothing=_pair_score(common_raw, len(raw), len(gold)),
        words_noise=len(raw) - common_raw,
        words_noise_left=len(output) - common,
        words_gold=common_raw,
        words_gold_left=common,
        dropped=page.output is None,
    )


def evaluate(pages: Iterable[Page], resamples: int = RESAMPLES, seed: int = SEED) -> Report:
    """Return the scores of the pages, per source in the order of first appearance, and over all of them.

    Pages are taken one at a time and only their counts are kept. Intervals are bootstrap percentile
    intervals at 95 % over documents (Efron and Tibshirani 1993, chapter 13), the same for the same pages,
    `resamples` and `seed`. With no page at all the report holds only "all", with n = 0. Raises InputError if
    a source is named "all".
    """
    by_source: dict[str, list[_Measured]] = {}
    everything: list[_Measured] = []
    for page in pages:
        measured = _measure(page)
        by_source.setdefault(page.source, []).append(measured)
        everything.append(measured)
    if OVERALL in by_source:
        raise InputError(f"a source is named {OVERALL!r}, the name of the row over all sources; rename it")
    return Report(
        sources={source: _summary(rows, resamples, seed) for source, rows in by_source.items()},
        overall=_summary(everything, resamples, seed),
    )


def _summary(rows: list[_Measured], resamples: int, seed: int) -> SourceScore:
    done = [row.done.f1 for row in rows]
    nothing = [row.nothing.f1 for row in rows]
    difference = [ours - theirs for ours, theirs in zip(done, nothing, strict=True)]
    interval, difference_interval = _bootstrap(done, difference, resamples, seed)
    noise, gold = sum(row.words_noise for row in rows), sum(row.words_gold for row in rows)
    worse = sum(1 for value in difference if value < 0)
    return SourceScore(
        n=len(rows),
        precision=_mean([row.done.precision for row in rows]),
        recall=_mean([row.done.recall for row in rows]),
        f1=_mean(done),
        interval=interval,
        f1_do_nothing=_mean(nothing),
        difference=_mean(difference),
        difference_interval=difference_interval,
        noise_removed=_share(noise - sum(row.words_noise_left for row in rows), noise),
        gold_lost=_share(gold - sum(row.words_gold_left for row in rows), gold),
        worse=worse,
        worse_share=_share(worse, len(rows)),
        dropped=sum(1 for row in rows if row.dropped),
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _bootstrap(
    first: list[float], second: list[float], resamples: int, seed: int
) -> tuple[Interval, Interval]:
    """Return the 95 % intervals of two means over the same documents, from the same resamples."""
    if not first:
        return (0.0, 0.0), (0.0, 0.0)
    import numpy as np

    values = np.array([first, second])
    generator = np.random.default_rng(seed)
    means = np.empty((2, resamples))
    for resample in range(resamples):
        means[:, resample] = values[:, generator.integers(0, len(first), len(first))].mean(axis=1)
    (low, low_second), (high, high_second) = np.percentile(means, (2.5, 97.5), axis=1)
    return (float(low), float(high)), (float(low_second), float(high_second))
