"""Makes other pages out of training pages, so that the tagger learns what noise is and when to stop.

An article is cut out of its page, gets the menus and footers of another, loses blocks and lines; noise is
glued into lines that stay. All randomness comes from the generator that is handed in.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np

from bluepencil.refiners.tagger_tokens import Array
from bluepencil.train.tagger_lines import Line, bounds_of, lines_of
from bluepencil.train.tagger_pages import TrainingPage
from bluepencil.train.tagger_synthetic import comments, teasers

BORROWED_WEIGHT = 0.7
LONGEST_GLUED = 160
"""Characters of noise glued into a line."""
MOST_GLUED_WORDS = 16
LINES_PER_WINDOW = 12
JOINS = ("", "  ", " | ", " - ", "\u00a0", " » ")
"""What stands between glued noise and its line when it is not a single space."""


class Glued(NamedTuple):
    """Lines with noise inside, and per line which characters are noise."""

    lines: list[str]
    noise: list[Array]


def vary(
    page: TrainingPage, pool: Sequence[TrainingPage], random: Random, peers: Sequence[TrainingPage] = ()
) -> list[Line]:
    """Return the lines of a page changed in some of the ways that pages differ.

    With `peers`, pages of the same language, comments or teasers may be written around the article.
    """
    lines = lines_of(page)
    if peers:
        lines = _with_written(page, lines, peers, random)
    bounds = bounds_of(lines)
    if bounds:
        choice = random.random()
        if choice < 0.3:
            before, after = (random.choice([0, 1, 2, 3, 4, 8]) for _ in range(2))
            lines = lines[max(0, bounds[0] - before) : bounds[1] + after]
        elif choice < 0.55:
            lines = _with_frame_of(random.choice(pool), lines, bounds, random)
    if random.random() < 0.3:
        lines = _without_blocks(lines, random.choice([0.15, 0.4]), random)
    if random.random() < 0.5:
        share = random.choice([0.02, 0.08])
        lines = [line for line in lines if random.random() > share] or lines
    if random.random() < 0.1:
        lines = lines[1:] or lines
    return lines


def _with_written(
    page: TrainingPage, lines: list[Line], peers: Sequence[TrainingPage], random: Random
) -> list[Line]:
    """Return the lines with comments, teasers or both after the article, and seldom teasers before it."""
    bounds = bounds_of(lines)
    if not bounds:
        return lines
    start, end = bounds
    choice = random.random()
    after = teasers(page, peers, random) if choice < 0.3 else []
    after += comments(page, peers, random) if choice > 0.2 else []
    place = min(len(lines), end + random.choice([0, 0, 1, 3, 8]))
    before = teasers(page, peers, random) if random.random() < 0.15 else []
    return lines[:start] + before + lines[start:place] + after + lines[place:]


def _with_frame_of(
    other: TrainingPage, lines: list[Line], bounds: tuple[int, int], random: Random
) -> list[Line]:
    """Return the article with what stands before or after the article of another page, or both."""
    frame = [line._replace(weight=line.weight * BORROWED_WEIGHT) for line in lines_of(other)]
    inner = bounds_of(frame)
    if not inner:
        return lines
    choice = random.random()
    head, tail = lines[: bounds[0]], lines[bounds[1] :]
    if choice < 0.7:
        title = lines[:1] if bounds[0] > 0 and random.random() < 0.7 else []
        head = title + frame[1 : inner[0]]
    if choice > 0.3:
        tail = frame[inner[1] :]
    return head + lines[bounds[0] : bounds[1]] + tail


def _without_blocks(lines: list[Line], share: float, random: Random) -> list[Line]:
    """Return the lines without some of the blocks of noise, of at most twelve lines each."""
    result: list[Line] = []
    start = 0
    while start < len(lines):
        stays = lines[start].keep > 0.5
        end = start
        while end < len(lines) and (lines[end].keep > 0.5) == stays and end - start < 12:
            end += 1
        if stays or random.random() > share:
            result += lines[start:end]
        start = end
    return result or lines


def glue(page: TrainingPage, peers: Sequence[TrainingPage], random: Random) -> Glued | None:
    """Return some neighbouring lines of the article with noise glued in; None if that cannot be made.

    Noise comes from the page and from a peer, a page of the same language. A page whose noise inside lines is
    known is taken as it is. Only lines that stay whole are taken otherwise.
    """
    stay = [
        number
        for number, keep in enumerate(page.keep)
        if keep >= 0.9 or (page.noise is not None and keep > 0)
    ]
    phrases = _phrases(page)
    if random.random() < 0.5 or len(phrases) < 5:
        phrases = phrases + _phrases(random.choice(peers))
    if not stay or not phrases:
        return None
    first = random.randrange(max(1, len(stay) - LINES_PER_WINDOW // 2)) if random.random() < 0.6 else 0
    rate = random.choice([0.1, 0.4, 0.7])
    result = Glued([], [])
    for number in stay[first : first + LINES_PER_WINDOW]:
        text, noise = page.lines[number], np.zeros(len(page.lines[number]), np.float32)
        if page.noise is not None:
            noise = page.noise[number]
        elif random.random() < rate:
            text, noise = _glued(text, noise, _near(page, number) or phrases, phrases, random)
        result.lines.append(text)
        result.noise.append(noise)
    return result


def _near(page: TrainingPage, number: int) -> list[str]:
    """Return the lines of noise within three lines of a line."""
    near = range(max(0, number - 3), min(len(page.lines), number + 4))
    return [page.lines[other] for other in near if 0 <= page.keep[other] <= 0.1]


def _phrases(page: TrainingPage) -> list[str]:
    """Return the short lines of noise of a page."""
    return [
        line
        for line, keep in zip(page.lines, page.keep, strict=True)
        if 0 <= keep <= 0.1 and 0 < len(line.split()) <= MOST_GLUED_WORDS
    ]


def _glued(
    text: str, noise: Array, first: Sequence[str], phrases: Sequence[str], random: Random
) -> tuple[str, Array]:
    """Return a line with one or two phrases glued to its ends or between its sentences."""
    for turn in range(1 if random.random() < 0.75 else 2):
        phrase = random.choice(first if not turn and random.random() < 0.4 else phrases)
        if random.random() < 0.2:
            phrase += " " + random.choice(phrases)
        if len(phrase) > LONGEST_GLUED:
            continue
        join = " " if random.random() < 0.85 else random.choice(JOINS)
        place = random.random()
        if place < 0.38:
            text, noise = phrase + join + text, np.append(_ones(phrase + join), noise)
        elif place < 0.76:
            text, noise = text + join + phrase, np.append(noise, _ones(join + phrase))
        else:
            text, noise = _between(text, noise, " " + phrase, random)
    return text, noise


def _between(text: str, noise: Array, inserted: str, random: Random) -> tuple[str, Array]:
    """Return the line with something inserted after one of its inner sentences, if it has any."""
    places = [
        place
        for place in range(1, len(text) - 2)
        if text[place] == " " and text[place - 1] in '.!?。…"”' and not noise[place]
    ]
    if not places:
        return text, noise
    place = random.choice(places)
    marks = np.concatenate([noise[:place], _ones(inserted), noise[place:]])
    return text[:place] + inserted + text[place:], marks


def _ones(text: str) -> Array:
    return np.ones(len(text), np.float32)
