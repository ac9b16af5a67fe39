"""The published checks, on the same documents: what they flag."""

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from bench.contamination.data import Problem

_WORD = re.compile(r"\w+")
DATATROVE = "datatrove 12-grams"


class Check(Protocol):
    """Says whether a document is contaminated; with `problem`, whether by this item."""

    name: str

    def flags(self, text: str, problem: Problem | None) -> bool: ...


def _grams(text: str, size: int = 5) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return set(zip(*(words[n:] for n in range(size)), strict=False))


def _jaccard(one: set[Any], other: set[Any]) -> float:
    return len(one & other) / max(1, len(one | other))


class SubstringOrMinHash:
    """The item as an exact substring, then 5-token n-gram Jaccard of at least 0.8 with the whole document.

    The Jaccard is computed exactly, where MinHash estimates it: at least as good. For clean documents every
    item is compared.
    """

    name = "substring, 5-gram Jaccard"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.items = {problem: self._item(problem) for problem in problems}

    @staticmethod
    def _item(problem: Problem) -> tuple[str, set[Any]]:
        text = problem.code or f"{problem.question}\n{problem.solution}"
        return text.strip(), _grams(text)

    def flags(self, text: str, problem: Problem | None) -> bool:
        grams = _grams(text)
        chosen = self.items.values() if problem is None else [self.items[problem]]
        return any(
            written in text
            or (0.8 * len(mine) <= len(grams) <= len(mine) / 0.8 and _jaccard(mine, grams) >= 0.8)
            for written, mine in chosen
        )


class WordSets:
    """Word-set Jaccard of at least 0.8 between the item's question or solution and the whole document."""

    name = "word-set Jaccard"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.items = {
            problem: [set(_WORD.findall(one.lower())) for one in (problem.question, problem.solution)]
            for problem in problems
        }

    def flags(self, text: str, problem: Problem | None) -> bool:
        words = set(_WORD.findall(text.lower()))
        chosen = self.items.values() if problem is None else [self.items[problem]]
        return any(
            0.8 * len(mine) <= len(words) <= len(mine) / 0.8 and _jaccard(mine, words) >= 0.8
            for pair in chosen
            for mine in pair
        )


def _hashed(text: str) -> int:
    return int(import_module("xxhash").xxh64_intdigest(text.encode("utf-8", "surrogatepass")))


class Datatrove:
    """datatrove's own n-gram decontamination (12 words), which flags a document for one n-gram of any item.

    Its indexer insists on lighteval, so its hashing is called directly; its word tokenizer on spaCy, in the
    place of which words are split at white space, in text that it has freed of punctuation: faster. Its
    option to index questions, too, is on. Its call of xxhash fails with xxhash 4, which wants bytes: they
    are given.
    """

    name = DATATROVE

    def __init__(self, problems: Sequence[Problem], folder: str) -> None:
        import numpy as np
        from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer
        from datatrove.utils.logging import logger
        from datatrove.utils.word_tokenizers import WordTokenizer

        class Words(WordTokenizer):  # type: ignore[misc]
            def word_tokenize(self, text: str) -> list[str]:
                return text.split()

            def sent_tokenize(self, text: str) -> list[str]:
                return [text]

            def span_tokenize(self, text: str) -> list[tuple[int, int]]:
                return [(0, len(text))]

        logger.remove()
        config = NGramsDecontConfig(find_query_ngrams=True)
        indexer = object.__new__(NGramsDecontIndexer)
        indexer.config, indexer.tokenizer = config, Words()
        indexer.hash_func = _hashed
        hashes: set[int] = set()
        for problem in problems:
            hashes.update(indexer.compute_hashes(problem.solution, problem.question))
        array = np.array(list(hashes), dtype=config.hash_config.np_descr)
        array.tofile(Path(folder) / "items.index.hashes")
        self.filter = NGramsDecontFilter(folder, config, language=Words())
        self.filter.hash_func = _hashed
        self.filter.load_index_hashes()

    def flags(self, text: str, problem: Problem | None) -> bool:
        from datatrove.data import Document

        return self.filter.filter(Document(text=text, id="")) is not True
