"""Steps for the engine's tests: importable, because workers load them by name."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluepencil.documents import Document, Outcome, Status, text_hash


@dataclass(frozen=True)
class Shorten:
    """Cuts texts at the first full stop; drops those that start with DROP; can misbehave on demand.

    A text that holds one of the words does what the word says: RAISE, NO-MEMORY, KILL, HANG.
    """

    seconds: float = 0.0
    name: str = "shorten"
    fields: tuple[str, ...] = ()
    row_columns: None = None
    kill_once: str = ""

    def describe(self) -> Mapping[str, Any]:
        return {"seconds": self.seconds}

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        return [self._one(document) for document in documents]

    def _one(self, document: Document) -> Outcome:
        text = document.text
        time.sleep(self.seconds)
        if "RAISE" in text:
            raise ValueError("asked to raise")
        if "NO-MEMORY" in text:
            raise MemoryError
        if "KILL" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "HANG" in text:
            time.sleep(3600)
        if "ONCE" in text and self.kill_once and not Path(self.kill_once).exists():
            Path(self.kill_once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if text.startswith("DROP"):
            return Outcome(Status.DROPPED, reason="asked")
        cut, _, rest = text.partition(".")
        if not rest:
            return Outcome(Status.UNCHANGED)
        return Outcome(Status.EDITED, text=cut + ".", program=f"cut({len(cut) + 1})")


@dataclass(frozen=True)
class Toy:
    """Does to a text what its hash says: keep, rewrite, strike a line, drop, fail or raise.

    `never` are the things that it does not do. A text with KILL-NAME ends the worker.
    """

    name: str
    never: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    row_columns: None = None
    seconds: float = 0.0

    def describe(self) -> Mapping[str, Any]:
        return {"never": list(self.never)}

    def deed(self, text: str) -> str:
        deeds = ["keep", "rewrite", "strike", "keep", "rewrite", "drop", "fail", "raise"]
        deed = deeds[int(text_hash(self.name + text), 16) % len(deeds)]
        return "keep" if deed in self.never else deed

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        return [self.one(document) for document in documents]

    def one(self, document: Document) -> Outcome:
        text = document.text
        time.sleep(self.seconds)
        if f"KILL-{self.name}" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        deed = self.deed(text)
        notes = {"tokens_in": 3, "tokens_out": 2, "score": len(text) / 7, "prompt_hash": f"p-{self.name}"}
        if deed == "raise":
            raise ValueError(f"{self.name} was asked to raise")
        if deed == "drop":
            return Outcome(Status.DROPPED, reason=f"{self.name}-drops", annotations=notes)
        if deed == "fail":
            return Outcome(Status.FAILED, reason=f"{self.name}-fails", annotations=notes)
        if deed == "rewrite":
            rewritten = f"{text}\nand {self.name}"
            return Outcome(Status.EDITED, text=rewritten, annotations=notes, reason="added")
        if deed == "strike" and "\n" in text:
            rest = text.partition("\n")[2]
            return Outcome(Status.EDITED, text=rest, program="remove_lines(1, 1)")
        return Outcome(Status.UNCHANGED, reason="liked" if len(text) % 2 else "")


@dataclass(frozen=True)
class Explode:
    """Writes a row per line, and drops the empty."""

    name: str = "explode"
    fields: tuple[str, ...] = ()

    @property
    def row_columns(self) -> Mapping[str, str]:
        return {"line": "text"}

    def describe(self) -> Mapping[str, Any]:
        return {}

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        return [
            Outcome(Status.EDITED, rows=[{"line": line} for line in document.text.split("\n")])
            for document in documents
        ]
