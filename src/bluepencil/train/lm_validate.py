"""What a trained model is worth: the programs it writes for validation examples, against the expert's."""

from collections.abc import Callable, Sequence
from random import Random

from bluepencil.evaluate.programs import Case, ProgramReport, score_programs
from bluepencil.programs import Chunk, parse
from bluepencil.refiners.lm_dialect import Native
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
) -> ProgramReport:
    """Have programs written for the examples and score them; `size` counts the tokens of a text.

    Line numbers of the examples may count in the chunk or in the document.
    """
    answers = generator.generate([prompt_format.prompt(one.text) for one in examples], constraints)
    dialect = Native(prompt_format)
    cases = []
    for one, answer in zip(examples, answers, strict=True):
        first, text = without_numbers(one.text)
        chunk = Chunk(first, first + text.count("\n"), 0, len(text))
        written = dialect.read(answer.text if answer.is_whole else "keep_all()", text, chunk)
        cases.append(
            Case(
                text,
                parse(one.program).program.shifted(1 - first),
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
    lines = numbered.split("\n")
    first = int(lines[0][1 : lines[0].index("]")])
    bare = [line[len(f"[{number}] ") :] for number, line in enumerate(lines, first)]
    return first, "\n".join(bare)
