"""The step that rewrites pages of mathematics into questions with solutions.

The method is SwallowMath's (arXiv 2505.02881): a mathematics tutor keeps the question, restores its context
and writes a concise solution (version 1), or fills in a fixed form; the other styles are those of version 2.
The wording of the prompts, `prompts/math-*.md`, is our own; every text is checked by `MathVerifier`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from bluepencil.errors import InputError
from bluepencil.llm import ClientOptions, Prompt
from bluepencil.rewriting.answers import AnswerError, AnswerReason, Parsed
from bluepencil.rewriting.ask import PROMPTS
from bluepencil.rewriting.math_checks import MathChecks
from bluepencil.rewriting.math_verifier import MathVerifier
from bluepencil.rewriting.step import Rewrite, RewriteOptions
from bluepencil.rewriting.verdict import Verifier

STYLES = ("tutor", "structured", "qa", "textbook", "planning", "socratic", "several")
_THINKING = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"\s*(`{3,}|~{3,})\w*[ \t]*\n(.*)\n[ \t]*\1\s*\Z", re.DOTALL)
_MARKS = re.compile(r"\s*\[page\]\s*\n(.*)\n\s*\[/page\]\s*\Z", re.DOTALL)
_NO_MATH = re.compile(r"\W*no\W?math\w*\W*", re.IGNORECASE)


class MathAnswer(StrEnum):
    """Why an answer holds no text."""

    NO_MATH = "math-no-content"


@dataclass(frozen=True, slots=True)
class MathText:
    """Takes the whole answer as the text, without thinking, a fence or the prompt's marks around it."""

    def describe(self) -> Mapping[str, Any]:
        """Name the form of the answer."""
        return {"form": "whole answer"}

    def parse(self, answer: str, before: str) -> Parsed:
        """Return the text; AnswerError where thinking has no end, or the model found no mathematics."""
        thinking = _THINKING.match(answer)
        if thinking is None and answer.lstrip().startswith("<think>"):
            raise AnswerError(AnswerReason.UNCLOSED, "the answer ends inside <think>")
        text = answer[thinking.end() :] if thinking else answer
        for wrapping, group in ((_FENCE, 2), (_MARKS, 1)):
            match = wrapping.match(text)
            if match is not None:
                text = match[group]
        if _NO_MATH.fullmatch(text):
            raise AnswerError(MathAnswer.NO_MATH, "the model found no mathematics in the text")
        return Parsed(text.strip())


def rewrite_math(
    client: ClientOptions,
    *,
    style: str = "tutor",
    checks: MathChecks | None = None,
    verifier: Verifier | Literal["default"] | None = "default",
    **options: Any,
) -> Rewrite:
    """Return the step of rewriting mathematics.

    `style` is one of `STYLES`, or a prompt file as `bluepencil.llm.prompts` says. `checks` are the options
    of the default verifier, which also looks for the words of the prompt; another `verifier` takes its place,
    None checks no more than the length. `options` are fields of `RewriteOptions`, by default the paper's:
    temperature 0.2, top_p 0.7, 8,192 new tokens; longer texts than 102,688 characters are not sent, and
    answers of 50 characters or fewer not used. Raises InputError where there is no such style or file.
    """
    _prompt_file(style)
    prompt = f"math-{style}" if style in STYLES else style
    if verifier == "default":
        verifier = math_verifier(style, checks)
    # From the paper: 9.6 billion tokens became 2.3. What the refiner leaves is shorter: the share is larger.
    given = {"answer_ratio": 0.5, "answer_extra": 150, "repetition": False, **options}
    return Rewrite("math", RewriteOptions(client=client, prompt=prompt, **given), MathText(), verifier)


def math_verifier(style: str = "tutor", checks: MathChecks | None = None) -> MathVerifier:
    """Return the default verifier for a style: it knows the words of its prompt."""
    chosen = checks or MathChecks()
    if not chosen.instructions:
        chosen = replace(chosen, instructions=_instructions(style))
    return MathVerifier(chosen)


def _instructions(style: str) -> str:
    """Return what a prompt says before its examples."""
    prompt = Prompt.load(_prompt_file(style))
    return "\n".join(content for speaker, content in prompt.parts if speaker == "system")


def _prompt_file(style: str) -> Path:
    path = PROMPTS / f"math-{style}.md" if style in STYLES else Path(style)
    if not path.is_file():
        raise InputError(f"there is no style and no prompt file {style!r}; styles are {', '.join(STYLES)}")
    return path
