"""What a trained model is worth: the programs it writes for validation examples, against the expert's."""

from collections.abc import Callable, Sequence
from random import Random

from bluepencil.evaluate.programs import Case, ProgramReport, score_programs
from bluepencil.programs import KEEP_ALL, Chunk
from bluepencil.programs.dialects.languages import NATIVE, language_named
from bluepencil.refiners.lm import dialect_named
from bluepencil.refiners.lm_generate import Constraint, Generator
from bluepencil.refiners.lm_prompt import PromptFormat
from bluepencil.train.lm_examples import TrainingExample


def sample(examples: Sequence[TrainingExample], count: int, seed: int) -> list[TrainingExample]:
    """Return so many of the validation examples, always the same for the same seed, in their order."""
    held_out = [one for one in examples if one.split == "validation"]
    if len(held_out) <= count:
        return held_out
    return [held_out[place] for place in sorted(Random(seed).sample(range(len(held_out)), count))]


def validate(
    examples: Sequence[TrainingExample],
    prompt_format: PromptFormat,
    generator: Generator,
    size: Callable[[str], int] = len,
    constraints: Sequence[Constraint | None] = (),
    dialect: str = "native",
) -> ProgramReport:
    """Have programs written for the examples and score them; `size` counts the tokens of a text.

    Line numbers of the examples may count in the chunk or in the document. What a dialect does not show of a
    text, such as blank lines, is not part of what is scored.
    """
    answers = generator.generate([prompt_format.prompt(one.text) for one in examples], constraints)
    language, reader = language_named(dialect), dialect_named(dialect, prompt_format)
    cases = []
    for one, answer in zip(examples, answers, strict=True):
        first, text = language.bare(one.text)
        chunk = Chunk(first, first + text.count("\n"), 0, len(text))
        nothing = language.render(KEEP_ALL, text, first)
        written = reader.read(answer.text if answer.is_whole else nothing, text, chunk)
        cases.append(
            Case(
                text,
                language.parse(one.program, text, first).program.shifted(1 - first),
                written.program.shifted(1 - first),
                written.faults,
                answer.is_whole,
                answer.tokens_in,
                answer.tokens_out,
            )
        )
    return score_programs(cases, size)


def without_numbers(numbered: str) -> tuple[int, str]:
    """Return the number of the first line, and the lines without their numbers: undoes `number_lines`."""
    return NATIVE.bare(numbered)
