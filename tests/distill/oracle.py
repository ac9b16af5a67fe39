"""Slow, obvious answers for small texts."""

from functools import cache
from itertools import combinations, product

from bluepencil.distill.cost import CALL, STRING, WHOLE, weight
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    KeepStr,
    Policy,
    Program,
    RemoveLines,
    RemoveStr,
    check,
    execute,
)

UNGUARDED = Policy(replacements=True, max_deleted_share=1.0, max_calls=10**9)
IMPOSSIBLE = 10**9


def lines_that_count(text):
    """What the rule of align() compares: lines that are not blank, without white space at their ends."""
    return [line.strip() for line in text.split("\n") if line.strip()]


def deleted(text, kept):
    """Return the spans of the characters whose flag is 0."""
    return [(place, place + 1) for place, flag in enumerate(kept) if not flag]


def spans_that_occur_once(line):
    return [
        (start, end)
        for start in range(len(line))
        for end in range(start + 1, len(line) + 1)
        if sum(line.startswith(line[start:end], at) for at in range(len(line))) == 1
    ]


@cache
def strings_of(line):
    """Return what deleting strings that occur once can leave of a line, with the least number of strings."""
    spans = spans_that_occur_once(line)
    best = {}

    def delete(at, kept, calls):
        result = kept + line[at:]
        best[result] = min(best.get(result, IMPOSSIBLE), calls)
        for start, end in spans:
            if start >= at:
                delete(end, kept + line[at:start], calls + 1)

    delete(0, "", 0)
    return best


@cache
def pieces_of(line):
    """Return what keeping strings that occur once can leave of a line, with the least number of strings."""
    spans = spans_that_occur_once(line)
    best = {}

    def keep(at, kept, pieces):
        if pieces:
            best[kept] = min(best.get(kept, IMPOSSIBLE), pieces)
        for start, end in spans:
            if start >= at:
                keep(end, kept + line[start:end], pieces + 1)

    keep(0, "", 0)
    return best


def removals_of(line):
    """Return what removing strings can leave of a line, with the cost of the cheapest way."""
    return {left: CALL * calls + weight(line) - weight(left) for left, calls in strings_of(line).items()}


@cache
def edits_of(line):
    """Return what the calls on one line can leave of it, with the cost of the cheapest way."""
    spans = spans_that_occur_once(line)
    best = removals_of(line)

    def remove(cost, windows, at, left):
        """Remove strings from the windows, of which those before `at` are done and left `left`."""
        if not windows:
            best[left] = min(best.get(left, IMPOSSIBLE), cost)
            return
        first, last = windows[0]
        first = max(first, at)
        remove(cost, windows[1:], last, left + line[first:last])
        for start, end in spans:
            if first <= start and end <= last:
                more = CALL + weight(line[start:end])
                remove(cost + more, windows, end, left + line[first:start])

    def keep(cost, windows, at):
        if windows:
            remove(cost, windows, 0, "")
        for start, end in spans:
            if start >= at:
                more = (STRING if windows else CALL) + weight(line[start:end])
                keep(cost + more, [*windows, (start, end)], end)

    keep(0, [], 0)
    return best


def cheapest(text, edits_of=edits_of):
    """Return every text that a program can make of this one, with the cost of the cheapest such program."""
    lines = text.split("\n")
    results = {}
    for kept in product((False, True), repeat=len(lines)):
        ranges = sum(not flag and (place == 0 or kept[place - 1]) for place, flag in enumerate(kept))
        ways = [edits_of(line).items() for line, flag in zip(lines, kept, strict=True) if flag]
        for way in product(*ways):
            result = "\n".join(line for line, _ in way)
            cost = CALL * ranges + sum(cost for _, cost in way)
            results[result] = min(results.get(result, IMPOSSIBLE), cost)
    return results | {"": WHOLE, text: WHOLE}


def every_program(text):
    """Yield every faultless program of line ranges and strings for a text, as it is really executed.

    Of strings to keep, at most three in a call.
    """
    lines = text.split("\n")
    calls = [
        RemoveStr(number, line[start:end])
        for number, line in enumerate(lines, 1)
        for start in range(len(line))
        for end in range(start + 1, len(line) + 1)
    ]
    for number, line in enumerate(lines, 1):
        strings = [line[start:end] for start, end in spans_that_occur_once(line)]
        for count in (1, 2, 3):
            calls += [KeepStr(number, texts) for texts in combinations(strings, count)]
    numbers = range(1, len(lines) + 1)
    calls += [RemoveLines(start, end) for start in numbers for end in numbers if start <= end]
    yield KEEP_ALL
    yield REMOVE_ALL

    def longer(program, first):
        for place in range(first, len(calls)):
            more = Program((*program.operations, calls[place]))
            if not check(more, text, UNGUARDED):
                yield more
                yield from longer(more, place + 1)

    for program in longer(KEEP_ALL, 0):
        yield program, execute(program, text, UNGUARDED).text


def cost_of_lines(source, left):
    """Return the least cost of keeping source lines as the lines `left`, by trying all; deletions only."""
    none = [IMPOSSIBLE, IMPOSSIBLE]
    # For each number of lines found so far: the cost with the last source line kept, and removed.
    now = [[0, IMPOSSIBLE], *[none] * len(left)]
    for line in source:
        after = [list(none) for _ in now]
        for found, (kept, removed) in enumerate(now):
            after[found][1] = min(after[found][1], kept + CALL, removed)
            if found < len(left) and left[found] in edits_of(line):
                cost = edits_of(line)[left[found]]
                after[found + 1][0] = min(after[found + 1][0], min(kept, removed) + cost)
        now = after
    return min(now[-1])
