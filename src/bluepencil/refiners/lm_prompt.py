"""What a language model is asked about a chunk, and as which tokens: the same in training and in use.

Text of a page is never read as control tokens: where it holds the name of one, such as `<|im_end|>`, that is
written with ordinary tokens.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

from bluepencil.errors import InputError, OptionError

Style = Literal["plain", "chat"]
Numbering = Literal["chunk", "document"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question: plain `text` to go on from, or a chat of `messages` as (speaker, content).

    `variables` are those of the model's chat template, such as ("enable_thinking", False).
    """

    text: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if bool(self.text) == bool(self.messages):
            raise OptionError("a prompt is either plain text or a chat")

    @property
    def contents(self) -> str:
        """All that is said, in one string."""
        return self.text or "\n".join(content for _, content in self.messages)

    def chat(self) -> list[dict[str, str]]:
        """Return the messages as chat templates and servers take them."""
        return [{"role": speaker, "content": content} for speaker, content in self.messages]


@dataclass(frozen=True, slots=True)
class PromptFormat:
    """How numbered lines become a prompt: what stands before and after them, plain or as a chat."""

    style: Style = "plain"
    before: str = ""
    after: str = ""
    system: str = ""
    numbering: Numbering = "chunk"

    def __post_init__(self) -> None:
        if self.style not in ("plain", "chat"):
            raise OptionError(f"the style must be plain or chat, not {self.style!r}")
        if self.numbering not in ("chunk", "document"):
            raise OptionError(f"the numbering must be chunk or document, not {self.numbering!r}")
        if self.style == "plain" and self.system:
            raise OptionError("a plain prompt has no system message")

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that change with any part of the format."""
        return sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()[:16]

    def prompt(self, numbered: str) -> Prompt:
        """Return what is asked about numbered lines."""
        asked = f"{self.before}{numbered}{self.after}"
        if self.style == "plain":
            return Prompt(text=asked)
        system = (("system", self.system),) if self.system else ()
        return Prompt(messages=(*system, ("user", asked)))


def format_of(row: Mapping[str, Any], numbering: Numbering = "chunk") -> tuple[PromptFormat, str]:
    """Return the format that a training example was written in, and its answer.

    `row` has `text`, and `prompt` and `completion`, or `messages`. Raises InputError where the text does not
    stand in what is asked, or the chat is not one question and one answer.
    """
    text = row["text"]
    if row.get("messages"):
        speakers = [message["role"] for message in row["messages"]]
        if speakers[-2:] != ["user", "assistant"] or speakers[:-2] not in ([], ["system"]):
            raise InputError(f"an example is a question and its answer, not {', '.join(speakers)}")
        *first, asked, answer = row["messages"]
        before, after = _around(text, asked["content"])
        system = first[0]["content"] if first else ""
        return PromptFormat("chat", before, after, system, numbering), answer["content"]
    before, after = _around(text, row["prompt"])
    return PromptFormat("plain", before, after, "", numbering), row["completion"]


def _around(text: str, asked: str) -> tuple[str, str]:
    at = asked.rfind(text)
    if at < 0:
        raise InputError("the text of an example does not stand in its prompt")
    return asked[:at], asked[at + len(text) :]


class Encoder:
    """Prompts and answers -> tokens of one tokenizer (a fast one of transformers)."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        names = sorted(tokenizer.get_added_vocab(), key=len, reverse=True)
        self.control_tokens = tuple(name for name in names if len(name) > 1)
        self._control = re.compile("|".join(map(re.escape, self.control_tokens)) or r"(?!)")

    def prompt(self, prompt: Prompt) -> list[int]:
        """Return the tokens of a prompt, as far as the answer begins.

        Unless the text holds names of control tokens these are the tokens that servers make of it.
        """
        if not prompt.messages:
            return [*self._start, *self.text(prompt.text)]
        return self._chat(prompt)

    def text(self, text: str) -> list[int]:
        """Return the tokens of a text, all of them ordinary ones."""
        ids: list[int] = []
        at = 0
        for match in self._control.finditer(text):
            # Cut inside its name, a control token is not found; any place inside will do.
            ids += self._plain(text[at : match.start() + 1])
            at = match.start() + 1
        return ids + self._plain(text[at:])

    def answer(self, text: str, style: Style) -> list[int]:
        """Return the tokens of an answer, with the one that ends it."""
        return [*self.text(text), self.end(style)]

    def end(self, style: Style) -> int:
        """Return the token that ends an answer; in a chat, the one by which its template ends a turn."""
        return self._turn_end if style == "chat" else int(self._known(self.tokenizer.eos_token_id))

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of an answer's tokens."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _plain(self, text: str) -> list[int]:
        return (
            list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]) if text else []
        )

    @cached_property
    def _start(self) -> list[int]:
        bos = self.tokenizer.bos_token_id
        return (
            [bos]
            if bos is not None and bos in self.tokenizer("", add_special_tokens=True)["input_ids"]
            else []
        )

    @cached_property
    def _turn_end(self) -> int:
        mark = "\ue000answer\ue001"
        chat = [{"role": "user", "content": "?"}, {"role": "assistant", "content": mark}]
        _, found, rest = str(self.tokenizer.apply_chat_template(chat, tokenize=False)).rpartition(mark)
        match = self._control.search(rest) if found else None
        if match is None:
            return int(self._known(self.tokenizer.eos_token_id))
        return int(self.tokenizer.convert_tokens_to_ids(match[0]))

    def _known(self, token: Any) -> Any:
        if token is None:
            raise OptionError("the tokenizer has no token that ends a text")
        return token

    def _chat(self, prompt: Prompt) -> list[int]:
        rendered = self._rendered(prompt.chat(), prompt.variables)
        if not self._control.search(prompt.contents):
            return self._plain(rendered)
        marks = [f"\ue000{number}\ue001" for number in range(len(prompt.messages))]
        marked = [
            {"role": speaker, "content": mark}
            for mark, (speaker, _) in zip(marks, prompt.messages, strict=True)
        ]
        template = self._rendered(marked, prompt.variables)
        contents = [content for _, content in prompt.messages]
        for said in (contents, [content.strip() for content in contents]):
            ids, written = self._filled(template, marks, said)
            if written == rendered:
                return ids
        raise OptionError("the chat template of the model changes what it is given")

    def _filled(self, template: str, marks: list[str], contents: list[str]) -> tuple[list[int], str]:
        """Return tokens and text of a template with the contents in the places of the marks."""
        ids: list[int] = []
        written = ""
        for mark, content in zip(marks, contents, strict=True):
            before, _, template = template.partition(mark)
            ids += self._plain(before) + self.text(content)
            written += before + content
        return ids + self._plain(template), written + template

    def _rendered(self, chat: list[dict[str, str]], variables: Sequence[tuple[str, Any]]) -> str:
        if not self.tokenizer.chat_template:
            raise OptionError("the model has no chat template; its prompts must be plain")
        return str(
            self.tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=True, **dict(variables)
            )
        )
