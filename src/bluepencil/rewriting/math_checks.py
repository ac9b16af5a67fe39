"""The options of the math verifier and its codes."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bluepencil.errors import OptionError


class MathReason(StrEnum):
    """Why a rewritten text is rejected."""

    UNFINISHED = "math-unfinished"
    REPETITIVE = "math-repetitive"
    TALK = "math-talk"
    ECHO = "math-prompt-echoed"
    ANSWER_MISSING = "math-answer-missing"
    ANSWER_CHANGED = "math-answer-changed"
    ARITHMETIC = "math-arithmetic"
    NUMBER_CHANGED = "math-number-changed"
    NUMBER_UNFOUNDED = "math-number-unfounded"
    QUESTION_LOST = "math-question-lost"
    STEP_LOST = "math-step-lost"
    LATEX = "math-latex"
    LANGUAGE = "math-language"
    TOO_SHORT = "math-too-short"
    TOO_LONG = "math-too-long"


@dataclass(frozen=True, slots=True, kw_only=True)
class MathChecks:
    """What a rewritten text has to pass; every limit is a share, a count or characters.

    answer: the final answers of the source, or of the field `answer`, are stated again, and no others.
    answer_marked: it has to be marked again, by a box, "####", "Answer:" or "The answer is", as the prompts
        that ship ask for; else it may stand anywhere in the last 300 characters.
    answer_seconds: the limit of one comparison by math-verify, which is used where writing and numbers do not
        decide; 0 never asks it.
    arithmetic: every step that is computed is right.
    changed_numbers: numbers that stand in the context of another one of the source, at most.
    unfounded_numbers: numbers that are neither in the source nor derived nor constants, at most.
    lost_steps: results that the source derives and the rewrite does not, at most.
    source_equations: the share of the equations of a solution that are found again, at least, in whatever
        notation; a solution is a source that states its answer. 0.9 lets one of ten go.
    solution_length: characters; longer sources are collections, of which a rewrite may take what it needs.
    question_numbers, question_formulas: the share of the distinct numbers and formulas of the question that
        are found again, at least; where the question cannot be told from the rest, this is not checked.
    latex, finished, talk, repetition, language: those checks.
    instructions: the words of the prompt, to notice where they come back.
    shortest, shortest_share, longest_times, longest_extra: the length of the rewrite in characters: at least
        `shortest` and this share of the source, at most so many times the source and `longest_extra` more.
    """

    answer: bool = True
    answer_marked: bool = True
    answer_seconds: float = 5.0
    arithmetic: bool = True
    changed_numbers: int = 0
    unfounded_numbers: int = 0
    lost_steps: int = 0
    source_equations: float = 1.0
    solution_length: int = 6000
    question_numbers: float = 0.8
    question_formulas: float = 0.5
    latex: bool = True
    finished: bool = True
    talk: bool = True
    repetition: bool = True
    language: bool = True
    instructions: str = ""
    shortest: int = 51
    shortest_share: float = 0.02
    longest_times: float = 4.0
    longest_extra: int = 4000

    def __post_init__(self) -> None:
        for name in ("question_numbers", "question_formulas", "source_equations", "shortest_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"{name} is a share from 0 to 1, not {getattr(self, name)}")
        counts = (
            "changed_numbers",
            "unfounded_numbers",
            "lost_steps",
            "shortest",
            "longest_extra",
            "solution_length",
        )
        for name in (*counts, "answer_seconds", "longest_times"):
            if getattr(self, name) < 0:
                raise OptionError(f"{name} must not be negative")

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON values."""
        return asdict(self)
