"""What holds for every cascade: programs that merge, lines that stay with the one that is sure of them."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.programs import (
    KEEP_ALL,
    Operation,
    Policy,
    Program,
    RemoveAll,
    RemoveLines,
    execute,
    parse,
    render,
)
from bluepencil.refiners.base import Proposal
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_generate import Finish, Generation
from bluepencil.refiners.tagger_decide import NO_WORDS, Span, decide
from bluepencil.refiners.tagger_model import Scores
from refiners.cascade_parts import FORMAT, LIMITS, Scripted, cascade, scores

NUMBERED = replace(FORMAT, numbering="document")
EVERYTHING = Policy(replacements=True, max_deleted_share=1.0)
BYTES = [0, 2, 20, 90, 99, 100, 125, 150, 230, 249, 250]
Case = tuple[str, Scores]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a text and what a tagger might think of it."""
    words = st.sampled_from(["Home", "a b a", "Share The mill", "The end.", "x"])
    lines = draw(st.lists(words | st.sampled_from(["", " "]), min_size=1, max_size=14))
    spans = []
    for number, line in enumerate(lines, 1):
        if len(line) > 3 and draw(st.integers(0, 3)) == 0:
            start = draw(st.integers(0, len(line) - 1))
            end = draw(st.integers(start + 1, len(line)))
            spans.append(Span(number, start, end, draw(st.sampled_from([0, 60, 99, 110]))))
    given = [draw(st.sampled_from(BYTES)) for _ in lines]
    text = "\n".join(lines)
    return text, scores(text, given, spans)


def answer(seed: int, numbered: str, *, always: bool) -> str | Generation:
    """Return what a model might say of these lines, the same each time: calls, some faulty, or a failure."""
    random = Random(f"{seed} {numbered}")
    lines = {int(line[1:].partition("]")[0]): line.partition("] ")[2] for line in numbered.split("\n")}
    last = max(lines)
    if not always and random.random() < 0.15:
        return random.choice([Generation("remove_al", Finish.CUT_OFF), "no call at all"])
    if random.random() < 0.1:
        return random.choice(["keep_all()", "remove_all()"])
    calls = []
    for _ in range(random.randint(1, 4)):
        line = random.choice(list(lines)) + (not always and random.random() < 0.05)
        content = lines.get(line, "x")
        start = random.randint(0, len(content))
        piece = content[start : random.randint(start, len(content))] or "The"
        calls.append(
            random.choice(
                [
                    f"remove_lines({line}, {random.randint(line, max(line, last))})",
                    f'remove_str({line}, "{piece}")',
                    f'keep_str({line}, "{piece}")',
                    f'replace_str({line}, "{piece}", "new")',
                    f'insert_line({line}, "new")',
                ]
            )
        )
    return "\n".join(calls)


def fate(program: Program, count: int) -> list[set[str]]:
    """Return what a program does to each line: "goes", and the calls on it alone."""
    found: list[set[str]] = [set() for _ in range(count)]
    for operation in program.operations:
        if isinstance(operation, RemoveAll | RemoveLines):
            start, end = (1, count) if isinstance(operation, RemoveAll) else (operation.start, operation.end)
            for line in found[start - 1 : end]:
                line.add("goes")
        else:
            found[_line(operation) - 1].add(str(operation))
    return found


def _line(operation: Operation) -> int:
    return operation.after if hasattr(operation, "after") else operation.line  # type: ignore[union-attr]


def run(case: Case, seed: int, *, always: bool = False, **options: Any) -> tuple[Proposal, Scripted]:
    text, known = case
    refiner, model = cascade(
        {text: known}, lambda lines: answer(seed, lines, always=always), numbering="document", **options
    )
    (proposal,) = refiner.propose([text])
    return proposal, model


options_given = st.fixed_dictionaries(
    {
        "sure": st.sampled_from([0.3, 0.6, 0.9, 0.97, 0.999]),
        "context": st.integers(0, 3),
        "window": st.sampled_from([18, 40, 12_000]),
        "overlap": st.sampled_from([0, 15]),
    }
)
settled = settings(deadline=None, max_examples=300)


@settled
@given(cases(), st.integers(0, 10**6), options_given)
def test_the_program_can_be_written_read_and_carried_out(
    case: Case, seed: int, options: dict[str, Any]
) -> None:
    proposal, _ = run(case, seed, **options)
    assert parse(render(proposal.program)).program == proposal.program
    assert not execute(proposal.program, case[0], EVERYTHING).faults


@settled
@given(cases(), st.integers(0, 10**6), options_given)
def test_lines_that_the_tagger_is_sure_of_are_as_it_says(
    case: Case, seed: int, options: dict[str, Any]
) -> None:
    text, known = case
    proposal, _ = run(case, seed, **options)
    lines = text.split("\n")
    model = marked(proposal, len(lines))
    worded = [place for place, score in enumerate(known.lines) if score != NO_WORDS]
    is_sure = [surely(known, place, options["sure"]) for place in range(len(lines))]
    assert not any(model[place] and is_sure[place] for place in worded)
    found = fate(proposal.program, len(lines))
    judged = [judged_alone(text, known, place) for place in range(len(lines))]
    if proposal.program == KEEP_ALL:
        # Either nothing was to go, or all of it, of which the tagger was not sure enough.
        gone = ["goes" in judged[place] for place in worded if not model[place]]
        assert not any(gone) or all(gone)
        return
    if isinstance(proposal.program.operations[0], RemoveAll):
        return
    for place in worded:
        if not model[place]:
            assert found[place] == judged[place]


def marked(proposal: Proposal, count: int) -> list[bool]:
    found = [False] * count
    for one in proposal.annotations["by_model"].split():
        first, _, last = one.partition("-")
        for line in range(int(first), int(last or first) + 1):
            found[line - 1] = True
    return found


def surely(known: Scores, place: int, sure: float) -> bool:
    """Say by the definition whether the tagger is sure of a line."""
    score = known.lines[place]
    chances = [1 - score / 250 if score < LIMITS.lines else score / 250]
    if score >= LIMITS.lines:
        spans = [span.score for span in known.spans if span.line == place + 1]
        chances += [1 - one / 250 if one < LIMITS.spans else one / 250 for one in spans]
    return min(chances) >= sure


def judged_alone(text: str, known: Scores, place: int) -> set[str]:
    """Return the tagger's verdict on one line, made as if every other line stayed."""
    lines = text.split("\n")
    others = bytes(score if at == place else 250 for at, score in enumerate(known.lines))
    spans = [span for span in known.spans if span.line == place + 1]
    # One more line with words, so that not all of it can go.
    program = decide(f"{text}\nThe end.", others + bytes([250]), spans, LIMITS)
    return fate(program, len(lines) + 1)[place]


@settled
@given(cases(), st.integers(0, 10**6), options_given)
def test_lines_of_the_model_are_as_it_says(case: Case, seed: int, options: dict[str, Any]) -> None:
    text, _ = case
    count = text.count("\n") + 1
    proposal, model = run(case, seed, **{**options, "window": 12_000, "overlap": 0})
    by_model = marked(proposal, count)
    if proposal.program == KEEP_ALL or RemoveAll() in proposal.program.operations:
        return
    found = fate(proposal.program, count)
    shown = [False] * count
    for numbered in model.asked:
        numbers = [int(line[1:].partition("]")[0]) for line in numbered.split("\n")]
        said = answer(seed, numbered, always=False)
        program = KEEP_ALL if isinstance(said, Generation) else parse(said).program
        is_answered = program != KEEP_ALL or said == "keep_all()"
        for number in numbers:
            shown[number - 1] = is_answered
        if is_answered and not execute(program, text, EVERYTHING).faults:
            expected = fate(program, count)
            for number in numbers:
                if by_model[number - 1]:
                    assert found[number - 1] == expected[number - 1]
    assert not any(one and not seen for one, seen in zip(by_model, shown, strict=True))


@settled
@given(cases(), st.integers(0, 10**6), options_given)
def test_with_sure_0_it_is_the_tagger(case: Case, seed: int, options: dict[str, Any]) -> None:
    proposal, model = run(case, seed, **{**options, "sure": 0.0})
    assert proposal.program == decide(case[0], case[1].lines, case[1].spans, LIMITS)
    assert not model.asked
    assert proposal.annotations["by_model"] == ""


@settled
@given(cases(), st.integers(0, 10**6), options_given)
def test_with_sure_1_it_is_the_model(case: Case, seed: int, options: dict[str, Any]) -> None:
    text = case[0]
    if not text.strip():
        return
    options = {**options, "sure": 1.0, "window": 40}
    proposal, model = run(case, seed, always=True, **options)
    alone = Scripted(lambda lines: answer(seed, lines, always=True))
    refiner = LanguageModel(Native(NUMBERED), alone, 40, options["overlap"], constrained=False)
    (other,) = refiner.propose([text])
    assert model.asked == alone.asked
    ours, theirs = (execute(one.program, text, EVERYTHING) for one in (proposal, other))
    assert ours.text == theirs.text
    assert [fault.code for fault in proposal.faults] == [
        fault.code for fault in (*other.faults, *theirs.faults)
    ]


@settled
@given(cases(), options_given)
def test_every_line_in_doubt_is_shown_with_its_context(case: Case, options: dict[str, Any]) -> None:
    text, known = case
    proposal, model = run(case, 0, always=True, **{**options, "window": 12_000, "overlap": 0})
    lines = text.split("\n")
    worded = [place for place, score in enumerate(known.lines) if score != NO_WORDS]
    unsure = [place for place in worded if not surely(known, place, options["sure"])]
    near = {
        other
        for number, place in enumerate(worded)
        if place in unsure
        for other in worded[max(0, number - options["context"]) : number + options["context"] + 1]
    }
    asked = [line.partition("] ")[2] for numbered in model.asked for line in numbered.split("\n")]
    assert [one for one in asked if one.strip()] == [lines[place] for place in sorted(near)]
    assert bool(model.asked) == bool(unsure)
    assert proposal.annotations["chunks"] == len(model.asked)
