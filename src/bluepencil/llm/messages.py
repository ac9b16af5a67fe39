"""What is asked of a language model, and what comes back.

A `Request` goes in; an `Answer` or a `Failure` comes out, never an exception for one record alone. The key of
a request is what the cache is addressed by: everything that decides the answer, and nothing else.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from bluepencil.documents import Reason
from bluepencil.errors import OptionError

# Parameters that servers take but that do not decide the text: they are sent and not part of the key.
NOT_IN_KEY = frozenset({"user", "metadata", "store", "service_tier", "priority", "safety_identifier"})
# Parameters that would change how an answer arrives; the client takes one whole answer per request.
FORBIDDEN = frozenset({"model", "messages", "prompt", "stream", "stream_options", "n", "best_of"})
# Reasons to finish that mean "the model was done". "stop" is the documented one, the others are what
# text-generation-inference, older llama.cpp builds and gateways to other vendors say for the same.
WHOLE = ("stop", "eos", "eos_token", "stop_sequence", "end_turn")
# The server gave up on its own: asking again is right, keeping the answer is not.
ABORTED = frozenset({"abort", "error", "cancelled"})
KEY_FORMAT = 1


class AskReason(StrEnum):
    """Why a request has no answer that may be used."""

    CUT_OFF = "answer-cut-off"
    FILTERED = "content-filtered"
    EMPTY = "answer-empty"
    FINISH_UNKNOWN = "finish-unknown"
    MALFORMED = "answer-malformed"
    REFUSED = "request-refused"
    TOO_LONG = "prompt-too-long"
    SERVER_ERROR = "server-error"
    BUSY = "server-busy"
    TIMED_OUT = "timed-out"
    CONNECTION_LOST = "connection-lost"
    BAD_ENCODING = Reason.BAD_ENCODING.value


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt with its decoding parameters: either chat `messages` or a plain `prompt`.

    `params` are sent as they are (`temperature`, `max_tokens`, `seed`, a grammar, ...). `sample` tells
    otherwise equal requests apart, for asking the same thing several times: part of the key, and not sent.
    """

    messages: Sequence[Mapping[str, Any]] = ()
    prompt: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    sample: int = 0

    def __post_init__(self) -> None:
        """Refuse what could not be asked."""
        if bool(self.messages) == (self.prompt is not None):
            raise OptionError("a request holds either messages or a prompt")
        forbidden = sorted(FORBIDDEN & set(self.params))
        if forbidden:
            raise OptionError(f"not a parameter of a request here: {', '.join(forbidden)}")

    @property
    def endpoint(self) -> str:
        """The path below the server's base address."""
        return "completions" if self.prompt is not None else "chat/completions"

    @property
    def characters(self) -> str:
        """All text of the prompt in one string, to count tokens by."""
        if self.prompt is not None:
            return self.prompt
        return "\n".join(str(message.get("content", "")) for message in self.messages)

    def content(self) -> dict[str, Any]:
        """Return the messages or the prompt as the server takes them."""
        if self.prompt is not None:
            return {"prompt": self.prompt}
        return {"messages": [dict(message) for message in self.messages]}

    def body(self, model: str) -> bytes:
        """Return the body of the HTTP request, as JSON; lone surrogates raise UnicodeEncodeError."""
        return msgspec.json.encode({"model": model, **self.content(), **self.params})

    def key(self, model: str) -> bytes:
        """Return the 32 bytes that the answer is stored under: SHA-256 over what decides the answer.

        The address of the server is not part of it. Numbers that are equal have one form, so 1 and 1.0 are
        the same temperature. Lone surrogates raise UnicodeEncodeError.
        """
        decisive = {name: value for name, value in self.params.items() if name not in NOT_IN_KEY}
        parts = [KEY_FORMAT, model, self.content(), _one_form(decisive), self.sample]
        text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).digest()


def _one_form(value: Any) -> Any:
    """Give equal numbers one spelling, at any depth."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _one_form(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_one_form(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `cached` says that it was paid for before, so it cost nothing now."""

    text: str
    finish_reason: str
    tokens_in: int
    tokens_out: int
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable answer. The tokens are those that were paid for all the same (an answer cut off)."""

    reason: AskReason
    detail: str
    tokens_in: int = 0
    tokens_out: int = 0
    cached: bool = False


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """An answer as the server gave it and as the cache keeps it, judged again at every use."""

    text: str
    finish_reason: str
    tokens_in: int
    tokens_out: int


def judge(stored: Stored, whole: Sequence[str] = WHOLE, *, cached: bool = False) -> Answer | Failure:
    """Say whether an answer is whole; one that is cut off, filtered or empty is never used as if it were."""
    tokens = stored.tokens_in, stored.tokens_out
    finish = stored.finish_reason
    if finish == "length":
        detail = f"the answer was cut off after {stored.tokens_out} tokens; raise max_tokens or the context"
        return Failure(AskReason.CUT_OFF, detail, *tokens, cached)
    if finish == "content_filter":
        return Failure(AskReason.FILTERED, "the server's content filter withheld the answer", *tokens, cached)
    if finish not in whole:
        detail = (
            f"the server ended the answer with finish_reason {finish!r}, which does not say that it is whole"
        )
        return Failure(AskReason.FINISH_UNKNOWN, detail, *tokens, cached)
    if not stored.text.strip():
        return Failure(AskReason.EMPTY, "the answer is empty", *tokens, cached)
    return Answer(stored.text, finish, *tokens, cached)
