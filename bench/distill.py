"""Pairs to programs: exactness, length and speed, beside the published ways of doing it.

    python -m bench.distill [--quick]

Pairs are the labelled pages of ../shared/data/web (raw -> gold_proj, the best text that deletions can reach)
and spans_dev (raw -> raw without its noise spans). Rivals, written for this from their descriptions:

paper       RefineX (arXiv 2507.03253): difflib's opcodes on characters, `delete` spans mapped to lines; with
            difflib's heuristic (`paper_junk`) and without. Read kindly: a span across a line end is split
            there, where the paper's words would make one string of it that is in no line.
ultrax      the idea of UltraX (arXiv 2607.08646): each line compared with each by difflib, three lines of
            context on both sides, matched greedily; replace_str and add_line for what differs.

They are slow, so they run on a sample of pages of at most 12,000 characters (the window of RefineX);
`tokens_per_program` of ours is on that sample.

exact       the share of pairs whose program, executed, gives the refined text, white space at line ends and
            blank lines aside: the same rule for all. Pairs whose refined text is not made by deletions, by
            that rule, are left out and counted (`not_deletions`). Ours may use replace_str, as UltraX does;
            `exact_deletions_only` and `tokens_per_program_deletions_only` do without.
tokens      by a stand-in for a byte-pair tokenizer, the same for all: words with the space before them in
            pieces of 6 letters, digits one by one, signs in pairs, 2 bytes of other scripts. A rival that
            fails may write less than there is to do: `right_tokens_RIVAL` and `right_tokens_against_RIVAL`
            (ours) are means over the pages that the rival reproduces.
dialects    of all pairs, those that each dialect has examples of (`said`), and the chunks it cannot say.
docs_per_s  of CPU time on one core, align and solve; the best of three passes for ours, because what else
            runs on the machine only ever makes a pass slower.
"""

import argparse
import gzip
import json
import re
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from functools import partial
from itertools import compress, groupby, pairwise
from pathlib import Path
from typing import NamedTuple

from bluepencil.distill import Alignment, Distilled, Options, Solution, align, examples, solve
from bluepencil.distill.lines import cheapest_edit
from bluepencil.programs import (
    InsertLine,
    KeepStr,
    Operation,
    Policy,
    Program,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    execute,
    render,
)
from bluepencil.programs.dialects.languages import LANGUAGES

WEB = Path(__file__).resolve().parents[2] / "shared" / "data" / "web"
SETS = (
    "scrapinghub",
    "trafilatura_silver",
    "readability_silver",
    "dragnet_dev",
    "cleaneval_dev",
    "spans_dev",
)
UNGUARDED = Policy(replacements=True, max_deleted_share=1.0, max_calls=10**9)
WINDOW = 12_000
# The least share of a line's characters that another must have to be compared further.
ALIKE = 0.6

TOKEN = re.compile(r" ?[^\W\d_]{1,6}|\d| ?[^\w\s]{1,2}|_|\s+")


class Pair(NamedTuple):
    """A page and what is left of it."""

    raw: str
    refined: str


def tokens(program: Program) -> int:
    """Count the tokens of a program as the stand-in for a tokenizer does."""
    return sum(
        max(1, (len(piece.strip().encode()) + 1) // 2 if not piece.isascii() else 1)
        for piece in TOKEN.findall(render(program))
    )


def read(name: str, step: int) -> list[Pair]:
    pairs = []
    with gzip.open(WEB / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number % step:
                continue
            row = json.loads(line)
            if "noise_spans" in row:
                raw, at, kept = row["raw"], 0, ""
                for start, end in row["noise_spans"]:
                    kept += raw[at:start]
                    at = end
                pairs.append(Pair(raw, kept + raw[at:]))
            else:
                pairs.append(Pair(row["raw"], row["gold_proj"]))
    return pairs


def reproduces(program: Program, pair: Pair) -> bool:
    """Say whether the executed program gives the refined text, by the rule that is the same for all."""
    return counted(execute(program, pair.raw, UNGUARDED).text) == counted(pair.refined)


def counted(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


# The paper


def paper(pair: Pair, *, autojunk: bool) -> Program:
    """Return the program of RefineX: each `delete` span, line by line."""
    matcher = SequenceMatcher(None, pair.raw, pair.refined, autojunk=autojunk)
    spans = [(code[1], code[2]) for code in matcher.get_opcodes() if code[0] == "delete"]
    calls: list[Operation] = []
    removed: list[int] = []
    start, first = 0, 0
    for number, line in enumerate(pair.raw.split("\n"), 1):
        end = start + len(line)
        while first < len(spans) and spans[first][1] < start:
            first += 1
        for low, high in spans[first:]:
            if low > end:
                break
            if low <= start and high >= end:
                removed.append(number)
                break
            if max(low, start) < min(high, end):
                calls.append(RemoveStr(number, pair.raw[max(low, start) : min(high, end)]))
        start = end + 1
    return Program((*ranges(removed), *calls))


def ranges(numbers: list[int]) -> Iterator[RemoveLines]:
    for _, group in groupby(enumerate(numbers), lambda item: item[1] - item[0]):
        members = [number for _, number in group]
        yield RemoveLines(members[0], members[-1])


# UltraX


def ultrax(pair: Pair) -> Program:
    """Return a program by lines matched greedily; blank lines are lost, as they are there."""
    raw, refined = pair.raw.split("\n"), counted(pair.refined)
    matches = match_lines([line.strip() for line in raw], refined)
    removed = [number for number, _ in enumerate(raw, 1) if number - 1 not in matches]
    calls: list[Operation] = list(ranges(removed))
    for place, row in matches.items():
        old, new = raw[place].strip(), refined[row]
        if old != new:
            calls.append(replace(place + 1, old, new))
    found = {row: place for place, row in matches.items()}
    after = 0
    for row, line in enumerate(refined):
        after = found[row] + 1 if row in found else after
        if row not in found:
            calls.append(InsertLine(after, line))
    return Program(tuple(calls))


def match_lines(raw: list[str], refined: list[str]) -> dict[int, int]:
    """Match the most alike lines first, never crossing."""
    scores = []
    matcher = SequenceMatcher(autojunk=False)
    around = SequenceMatcher(autojunk=False)
    for row, line in enumerate(refined):
        matcher.set_seq2(line)
        around.set_seq2("\n".join(refined[max(row - 3, 0) : row + 4]))
        for place, other in enumerate(raw):
            matcher.set_seq1(other)
            if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
                continue
            ratio = matcher.ratio()
            if ratio >= ALIKE:
                around.set_seq1("\n".join(raw[max(place - 3, 0) : place + 4]))
                scores.append((ratio + around.quick_ratio(), -place, -row))
    matches: dict[int, int] = {}
    for _, place, row in sorted(scores, reverse=True):
        if all((here + place) * (there + row) > 0 for here, there in matches.items()):
            matches[-place] = -row
    return matches


def replace(number: int, old: str, new: str) -> ReplaceStr:
    """Return the replacement of the words that differ, or of the whole line where these occur twice."""
    before, after = old.split(" "), new.split(" ")
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    # A word on each side, so that there is something to replace.
    start, end = max(start - 1, 0), max(end - 1, 0)
    text = " ".join(before[start : len(before) - end])
    if not text or old.count(text) != 1:
        return ReplaceStr(number, old, new)
    return ReplaceStr(number, text, " ".join(after[start : len(after) - end]))


# Measuring


class Own(NamedTuple):
    """What this project makes of some pairs."""

    alignments: list[Alignment]
    solutions: list[Solution]
    docs_per_s: float


def own(pairs: list[Pair], *, replacements: bool, passes: int) -> Own:
    best = float("inf")
    for _ in range(passes):
        cheapest_edit.cache_clear()
        start = time.process_time()
        alignments = [align(pair.raw, pair.refined) for pair in pairs]
        solutions = [
            solve(pair.raw, alignment.deletions, replacements=replacements)
            for pair, alignment in zip(pairs, alignments, strict=True)
        ]
        best = min(best, time.process_time() - start)
    return Own(alignments, solutions, len(pairs) / best)


def rival(
    name: str, pairs: list[Pair], programs: list[Program], method: Callable[[Pair], Program]
) -> dict[str, float]:
    """Return the figures of a rival, beside `programs`, which are ours for the same pairs."""
    start = time.process_time()
    theirs = [method(pair) for pair in pairs]
    seconds = time.process_time() - start
    right = [reproduces(program, pair) for program, pair in zip(theirs, pairs, strict=True)]
    return {
        f"exact_{name}": share(right),
        f"docs_per_s_{name}": round(len(pairs) / seconds, 2),
        f"tokens_per_program_{name}": mean(map(tokens, theirs)),
        f"right_tokens_{name}": mean(map(tokens, compress(theirs, right))),
        f"right_tokens_against_{name}": mean(map(tokens, compress(programs, right))),
    }


def share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return round(sum(values) / len(values), 4)


def mean(counts: Iterable[int]) -> float:
    values = list(counts)
    return round(sum(values) / max(len(values), 1), 1)


def measure(name: str, step: int, sampled: int) -> dict[str, float]:
    """Return the figures of one set; the rivals run on `sampled` pages at most."""
    every = read(name, step)
    pairs = [pair for pair in every if align(pair.raw, pair.refined).exact]
    strict = own(pairs, replacements=False, passes=3)
    full = own(pairs, replacements=True, passes=1)
    programs = [solution.program for solution in full.solutions]
    calls = [call for solution in strict.solutions for call in solution.program.operations]
    # One after the other in the program: a string is kept, and something removed from it.
    mixed = [
        one.line
        for one, two in pairwise(calls)
        if isinstance(one, KeepStr) and isinstance(two, RemoveStr) and one.line == two.line
    ]
    short = [number for number, pair in enumerate(pairs) if len(pair.raw) <= WINDOW]
    sample = short[:: max(len(short) // sampled, 1)][:sampled]
    figures: dict[str, float] = {
        "pairs": len(pairs),
        "not_deletions": len(every) - len(pairs),
        "exact": share(map(reproduces, programs, pairs)),
        "exact_deletions_only": share(
            reproduces(solution.program, pair) for solution, pair in zip(strict.solutions, pairs, strict=True)
        ),
        "optimal": share(solution.optimal for solution in strict.solutions),
        "docs_per_s": round(strict.docs_per_s),
        "tokens_per_program": mean(tokens(programs[number]) for number in sample),
        "tokens_per_program_deletions_only": mean(
            tokens(strict.solutions[number].program) for number in sample
        ),
        "tokens_per_program_all_pages": mean(map(tokens, programs)),
        "lines_kept_by_string": sum(type(call) is KeepStr for call in calls),
        "lines_mixed": len(mixed),
        "calls_per_program": mean(len(program.operations) for program in programs),
        "sample": len(sample),
    }
    rivals: list[tuple[str, list[int], Callable[[Pair], Program]]] = [
        ("paper", sample, partial(paper, autojunk=False)),
        ("paper_junk", sample, partial(paper, autojunk=True)),
        ("ultrax", sample, ultrax),
    ]
    for rival_name, numbers, method in rivals:
        some = [pairs[number] for number in numbers]
        figures |= rival(rival_name, some, [programs[number] for number in numbers], method)
    print(name, json.dumps(figures), flush=True)
    return figures


def megabyte() -> dict[str, float]:
    """Measure a page of 1 MB: real pages, one after the other."""
    pieces: list[Pair] = []
    for pair in read("scrapinghub", 1):
        pieces.append(pair)
        if sum(len(piece.raw) for piece in pieces) > 1_000_000:
            break
    page = Pair("\n".join(piece.raw for piece in pieces), "\n".join(piece.refined for piece in pieces))
    start = time.process_time()
    solution = solve(page.raw, align(page.raw, page.refined).deletions, replacements=True)
    seconds = time.process_time() - start
    return {
        "megabyte_page_s": round(seconds, 3),
        "megabyte_page_exact": float(reproduces(solution.program, page)),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def dialects(step: int) -> dict[str, dict[str, float]]:
    """Return for each dialect how many pairs of all sets it can say, and how many of their chunks not."""
    pairs = [pair for name in SETS for pair in read(name, step)]
    figures = {}
    for name in ("prox-c", "ultrax", "rescraper"):
        for replacements in (False, True) if LANGUAGES[name].replaces else (False,):
            options = Options("none", dialect=name, replacements=replacements)
            made = [examples(str(number), *pair, options) for number, pair in enumerate(pairs)]
            kept = [one for one in made if isinstance(one, Distilled)]
            figures[f"{name}{'_replacements' * replacements}"] = {
                "pairs": len(pairs),
                "said": share(isinstance(one, Distilled) for one in made),
                "examples": sum(len(one.examples) for one in kept),
                "chunks_left_out": sum(sum(one.unsaid.values()) for one in kept),
            }
    print("dialects", json.dumps(figures), flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="every tenth pair, four pages for the rivals")
    options = parser.parse_args()
    if not WEB.is_dir():
        print(f"skipped: no data at {WEB}")
        print(json.dumps({"skipped": "no data"}))
        return
    step, sampled = (10, 4) if options.quick else (1, 40)
    sets = {name: measure(name, step, sampled) for name in SETS}
    print(json.dumps(megabyte() | {"sets": sets, "dialects": dialects(step)}))


if __name__ == "__main__":
    main()
