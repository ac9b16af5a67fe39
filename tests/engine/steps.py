"""Steps for the engine's tests: importable, because workers load them by name."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluepencil.documents import Document, Outcome, Status


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
