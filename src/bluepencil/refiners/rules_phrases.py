"""Lines that give themselves away by a phrase: the phrase lists of `phrases/*.toml`, and how they are found.

A file is one rule set. Its phrases are in lower case and come in four kinds, each by language ("any" holds
what has no language); extend a set by adding to its lists.

- `whole`: the line without its edges (space, digits, punctuation: "[3] Comments »" is "comments").
- `start`: the beginning of such a line. A phrase that ends in a space is loose: it is not found in a line
  that ends like a sentence.
- `inside`: anywhere in a line; "a & b" asks for both.
- `ends`: as `whole`, for lines after which the main text is usually over; also found at the start of a line,
  before a colon, or, if the phrase has several words, before a space.

Written for this project from common knowledge of web pages.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

PHRASE_SETS = ("navigation", "cookies", "copyright", "share", "comments", "related", "ads")

# What a phrase line may be padded with: list marks, arrows, brackets, counts, dates.
EDGES = " \t\r\xa0*:.!»›→←«‹|-–—…?·•#()[]<>+&,/0123456789：。！？（）【】"
SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")
# Lengths in characters. A menu item, a button or a label is shorter than the first, a cookie notice or an
# imprint in one line than the second. Of the lines found on the pages named in `rules_context` these shares
# are main text: navigation, cookies, share, comments 1 %; copyright, ads 3 %; related, cookie notices 4 %.
SHORT = 100
LONG = 400
_HEAD = 3
# Code and not a button: "menu()", "print(".
_CALLS = ("(", "()")


class Hit(NamedTuple):
    """A phrase found in a line: its rule set, and `kind`, which is the set unless it means more."""

    rule: str
    kind: str


class _Inside(NamedTuple):
    """Phrases that share a stem: they are tried only on texts and lines that contain it."""

    stem: str
    phrases: tuple[tuple[str, ...], ...]
    hit: Hit


@dataclass(frozen=True, slots=True)
class PhraseIndex:
    """The phrases of some rule sets, ready for looking up. Made by `phrase_index`, once per selection."""

    whole: dict[str, Hit]
    starts: dict[str, tuple[tuple[str, Hit], ...]]
    inside: tuple[_Inside, ...]
    digest: str

    def find(self, text: str) -> list[Hit | None]:
        r"""Return, for each line of a text, what was found in it; lines are separated by "\n" only."""
        whole, starts = self.whole, self.starts
        lower = text.lower()
        lines = lower.split("\n")
        hits: list[Hit | None] = []
        for line in lines:
            hit = None
            if len(line) < SHORT:
                key = line.strip(EDGES)
                hit = whole.get(key)
                if hit is None:
                    if key[:_HEAD] in starts:
                        hit = self._start(key, line)
                elif line.rstrip().endswith(_CALLS) or _CALLS[1] in line:
                    hit = None
            hits.append(hit)
        for group in self.inside:
            if group.stem in lower:
                _find_inside(group, lines, hits)
        return hits

    def _start(self, key: str, line: str) -> Hit | None:
        for phrase, hit in self.starts[key[:_HEAD]]:
            if key.startswith(phrase):
                loose = phrase[-1] == " " and line.rstrip().endswith(SENTENCE_ENDS)
                if not loose:
                    return hit
        return None


def _find_inside(group: _Inside, lines: Sequence[str], hits: list[Hit | None]) -> None:
    for number, line in enumerate(lines):
        if group.stem in line and hits[number] is None and len(line) < LONG:
            for phrase in group.phrases:
                if all(part in line for part in phrase):
                    hits[number] = group.hit
                    break


@lru_cache
def phrase_index(rules: tuple[str, ...]) -> PhraseIndex:
    """Return the index over the phrases of the named sets; of two sets with one phrase the first has it."""
    whole: dict[str, Hit] = {}
    starts: dict[str, list[tuple[str, Hit]]] = {}
    inside: list[_Inside] = []
    digest = hashlib.sha256()
    tables = []
    for rule in rules:
        data = (files(__package__) / "phrases" / f"{rule}.toml").read_bytes()
        digest.update(data)
        tables.append((rule, tomllib.loads(data.decode())))
    # Phrases that end the main text first: they say more than the same phrase as a button.
    for rule, table in tables:
        end, start = Hit(rule, f"{rule}-end"), Hit(rule, f"{rule}-end-start")
        for phrase in _phrases(table, "ends"):
            whole.setdefault(phrase.strip(EDGES), end)
            for mark in (":", "：", " ") if " " in phrase else (":", "："):
                starts.setdefault(phrase[:_HEAD], []).append((phrase + mark, start))
    for rule, table in tables:
        hit = Hit(rule, rule)
        for phrase in _phrases(table, "whole"):
            whole.setdefault(phrase.strip(EDGES), hit)
        for phrase in _phrases(table, "start"):
            starts.setdefault(phrase[:_HEAD], []).append((phrase, hit))
        inside += _grouped(_phrases(table, "inside"), Hit(rule, f"{rule}-inside"))
    heads = {head: tuple(found) for head, found in starts.items()}
    return PhraseIndex(whole, heads, tuple(inside), digest.hexdigest()[:16])


def _phrases(table: dict[str, dict[str, list[str]]], kind: str) -> Iterator[str]:
    for phrases in table.get(kind, {}).values():
        yield from phrases


def _grouped(phrases: Iterator[str], hit: Hit) -> list[_Inside]:
    """Group phrases by the first part of those with "&", where they contain it."""
    split = [tuple(phrase.split(" & ")) for phrase in phrases]
    stems = {parts[0] for parts in split if len(parts) > 1}
    groups: dict[str, list[tuple[str, ...]]] = {}
    for parts in split:
        stem = next((stem for stem in sorted(stems) if stem in parts[0]), parts[0])
        groups.setdefault(stem, []).append(parts)
    return [_Inside(stem, tuple(found), hit) for stem, found in groups.items()]
