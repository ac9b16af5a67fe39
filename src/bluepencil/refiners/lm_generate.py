"""What every back end for language models has in common: what comes back, when to stop, how to constrain."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from bluepencil.documents import Reason
from bluepencil.llm import AskReason
from bluepencil.refiners.lm_prompt import Prompt

REPEATS = 3
"""A whole line that a program says so often is a loop: no call does anything the second time."""
_TAIL, _LONGEST_PERIOD = 400, 40
"""Characters at the end that are looked at for a cycle inside a line, and the longest cycle looked for."""


class Finish(StrEnum):
    """Why an answer ended. Only `STOP` is a whole one; AskReason has what else can happen on a server."""

    STOP = "stop"
    CUT_OFF = AskReason.CUT_OFF.value
    TOO_LONG = AskReason.TOO_LONG.value
    REPEATS = "answer-repeats"
    TOO_MANY_CALLS = Reason.TOO_MANY_CALLS.value
    CONTROL_TOKEN = "control-token-in-text"
    NOT_TEXT = AskReason.BAD_ENCODING.value


@dataclass(frozen=True, slots=True)
class Generation:
    """An answer, as far as it went; `finish_reason` is a `Finish` or an `AskReason`."""

    text: str
    finish_reason: StrEnum = Finish.STOP
    tokens_in: int = 0
    tokens_out: int = 0
    detail: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the model was done."""
        return self.finish_reason is Finish.STOP


class Matcher(Protocol):
    """A constraint at work on one answer."""

    def allowed(self) -> Any:
        """Return the tokens that may come next: a NumPy bit mask, lowest bit first, one bit per token."""
        ...

    def advance(self, token: int) -> None:
        """Take note of the token that was chosen."""
        ...


class Constraint(Protocol):
    """What the answer to one prompt may be, made from the lines of its chunk."""

    def matcher(self, tokenizer: Any) -> Matcher:
        """Return the constraint for one answer in this process; `tokenizer` is that of transformers."""
        ...

    def request(self, server: str, detail: str) -> Mapping[str, Any]:
        """Return the parameters by which a kind of server is told; see `refiners.lm_grammar`."""
        ...


class Generator(Protocol):
    """Answers prompts, greedily. It is pickled into workers, so what is heavy is loaded on first use."""

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the answers, as JSON values."""
        ...

    def generate(
        self, prompts: Sequence[Prompt], constraints: Sequence[Constraint | None] = ()
    ) -> list[Generation]:
        """Return one answer per prompt, in order; `constraints` is empty, or has one entry per prompt."""
        ...


def loops(text: str, max_calls: int) -> Finish | None:
    """Say whether a program that is being written is better ended, and why.

    It repeats itself if a line that is complete stands in it `REPEATS` times, or its last `_TAIL` characters
    are a cycle; and it may have `max_calls` lines.
    """
    lines = [line.strip() for line in text.split("\n")[:-1]]
    counts = Counter(line for line in lines if line)
    if counts and counts.most_common(1)[0][1] >= REPEATS:
        return Finish.REPEATS
    if counts.total() >= max_calls:
        return Finish.TOO_MANY_CALLS
    tail = text[-_TAIL:]
    if len(tail) == _TAIL and any(
        tail[period:] == tail[:-period] for period in range(1, _LONGEST_PERIOD + 1)
    ):
        return Finish.REPEATS
    return None
