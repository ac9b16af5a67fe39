"""Prompts as files that a person can review and replace.

A prompt file is plain text (Markdown, mostly) in parts, each begun by a line that names the speaker:

    --- system ---
    What to do.
    --- user ---
    A worked example.
    --- assistant ---
    Its answer.
    --- user ---
    {{text}}

The last part is the user's and holds the place of the text. A file without such lines is a system message,
and the text alone follows as the user's. White space around a part is not part of it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bluepencil.errors import InputError, OptionError

SPEAKERS = ("system", "user", "assistant")
_PART = re.compile(r"^--- (\w+) ---[ \t]*\n", re.MULTILINE)
_PLACE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation with places to fill in: (speaker, content) pairs."""

    parts: tuple[tuple[str, str], ...]

    @classmethod
    def load(cls, path: str | Path) -> "Prompt":
        """Read a prompt file; InputError when it cannot be read, OptionError when it cannot be a prompt."""
        try:
            return cls.parse(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the prompt file cannot be read: {path}: {error}") from error
        except OptionError as error:
            raise OptionError(f"{path}: {error}") from error

    @classmethod
    def parse(cls, source: str) -> "Prompt":
        """Split the text of a prompt file into its parts."""
        pieces = _PART.split(source)
        if len(pieces) == 1:
            return cls((("system", source.strip()), ("user", "{{text}}")))
        if pieces[0].strip():
            raise OptionError("there is text before the first '--- system ---' or '--- user ---' line")
        speakers, contents = pieces[1::2], pieces[2::2]
        prompt = cls(tuple(zip(speakers, map(str.strip, contents), strict=True)))
        prompt._check()
        return prompt

    def _check(self) -> None:
        for speaker, content in self.parts:
            if speaker not in SPEAKERS:
                raise OptionError(f"no such speaker: {speaker!r}; there are {', '.join(SPEAKERS)}")
            if not content:
                raise OptionError(f"a part of the {speaker} is empty")
        if self.parts[-1][0] != "user" or not _PLACE.search(self.parts[-1][1]):
            raise OptionError("the last part must be the user's and hold a place such as {{text}}")

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that change with any word of the prompt."""
        return hashlib.sha256(repr(self.parts).encode("utf-8")).hexdigest()[:16]

    def messages(self, values: Mapping[str, str]) -> list[dict[str, str]]:
        """Return the chat messages with the last part filled in.

        What is filled in is not looked through for places again. OptionError for a place without a value.
        """

        def fill(place: re.Match[str]) -> str:
            if place[1] not in values:
                raise OptionError(f"the prompt has a place {place[0]} that nothing is known for")
            return values[place[1]]

        messages = [{"role": speaker, "content": content} for speaker, content in self.parts]
        messages[-1]["content"] = _PLACE.sub(fill, messages[-1]["content"])
        return messages
