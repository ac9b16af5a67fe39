"""Scores programs that a model wrote against those of an expert, chunk by chunk.

ProX reports a line-F1 over chunks of 75.2 for its refiner of 0.3 B parameters, and 23.2 % of the tokens
kept; `lines` and `kept_ratio` are the figures to set beside these. How ProX averages is not said: `lines`
counts the lines of all chunks together, `chunk_line_f1` is the mean over chunks. Another corpus has another
share of noise, so compare `kept_ratio` with `kept_ratio_expert` first. Nothing here reads files.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bluepencil.programs import (
    KEEP_ALL,
    Fault,
    LineIndex,
    Operation,
    Policy,
    Program,
    RemoveAll,
    RemoveLines,
    check,
    execute,
)

_UNGUARDED = Policy(replacements=True, max_deleted_share=1.0)
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Case:
    """One chunk: its lines without numbers, the expert's program, and what the model wrote.

    `faults` are what reading the answer found; with `is_whole` false the answer was cut off, refused, or
    ended for repeating itself, and `written` counts as keeping everything. Line numbers count in the chunk.
    """

    text: str
    expert: Program
    written: Program = KEEP_ALL
    faults: Sequence[Fault] = ()
    is_whole: bool = True
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well two sets agree; where both are empty they do (1.0), where one is they do not (0.0)."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class OperationScore:
    """One kind of operation: how often the expert and the model use it, and how well they agree."""

    expert: int
    written: int
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class ProgramReport:
    """Scores over all chunks; shares are 0 to 1.

    valid_share: programs that parse and of which every call can be carried out. whole_share: answers that
    ended by themselves. exact_share: the expert's program to the letter; same_result_share: its result.
    lines: lines removed as a whole. spans: characters removed. chunk_line_f1: the mean over chunks, with what
    doing nothing reaches beside it, since in a chunk where nothing goes doing nothing is right.
    kept_ratio: of the tokens of the chunks, the share that remains. tokens_out_per_in: of the model.
    operations: remove_lines by lines, string calls by line and text, keep_all and remove_all by chunks.
    """

    n: int
    valid_share: float
    whole_share: float
    exact_share: float
    same_result_share: float
    lines: Agreement
    spans: Agreement
    chunk_line_f1: float
    chunk_line_f1_do_nothing: float
    kept_ratio: float
    kept_ratio_expert: float
    tokens_out_per_in: float
    faults: dict[str, int] = field(default_factory=dict)
    operations: dict[str, OperationScore] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; shares are rounded to four decimals."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, _DECIMALS) if isinstance(value, float) else value


def score_programs(cases: Iterable[Case], size: Callable[[str], int] = len) -> ProgramReport:
    """Return the scores of all cases; `size` counts a text's tokens for `kept_ratio` (default: characters).

    Replacements are carried out; what they delete counts in `spans`. With no case at all every share is 0.
    """
    sums = _Sums(size)
    for case in cases:
        sums.add(case)
    return sums.report()


def agreement(common: int, written: int, expert: int) -> Agreement:
    """Return precision, recall and F1 from the sizes of two sets and of what they share."""
    if not written and not expert:
        return Agreement(1.0, 1.0, 1.0)
    precision = common / written if written else 0.0
    recall = common / expert if expert else 0.0
    return Agreement(precision, recall, 2 * common / (written + expert))


def removed_lines(program: Program, text: str) -> set[int]:
    """Return the lines of a text that a program removes as a whole, by remove_lines or remove_all."""
    count = LineIndex(text).count
    lines: set[int] = set()
    for operation in program.operations:
        if isinstance(operation, RemoveAll):
            lines.update(range(1, count + 1))
        elif isinstance(operation, RemoveLines):
            lines.update(range(operation.start, min(operation.end, count) + 1))
    return lines


def deleted_spans(program: Program, text: str) -> list[tuple[int, int]]:
    """Return the characters of a text that a program deletes, as disjoint spans [start, end) in order."""
    return [(start, end) for start, end, _ in execute(program, text, _UNGUARDED).edits if end > start]


def common_characters(left: Sequence[tuple[int, int]], right: Sequence[tuple[int, int]]) -> int:
    """Return how many characters are in both of two lists of disjoint spans, each in order."""
    common = at = 0
    for start, end in left:
        while at < len(right) and right[at][1] <= start:
            at += 1
        place = at
        while place < len(right) and right[place][0] < end:
            common += min(end, right[place][1]) - max(start, right[place][0])
            place += 1
    return common


class _Sums:
    """What all cases come to."""

    def __init__(self, size: Callable[[str], int]) -> None:
        self.size = size
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.chunk_f1 = 0.0
        self.operations: dict[str, list[int]] = {}

    def add(self, case: Case) -> None:
        written = case.written if case.is_whole else KEEP_ALL
        faults = [*case.faults, *check(written, case.text, _UNGUARDED)]
        self.faults.update(fault.code.value for fault in faults)
        expert_result = execute(case.expert, case.text, _UNGUARDED).text
        result = execute(written, case.text, _UNGUARDED).text
        counts = self.counts
        counts["n"] += 1
        counts["whole"] += case.is_whole
        counts["valid"] += case.is_whole and not faults
        counts["exact"] += case.is_whole and not case.faults and written == case.expert
        counts["same_result"] += case.is_whole and result == expert_result
        counts["tokens_in"] += case.tokens_in
        counts["tokens_out"] += case.tokens_out
        counts["size"] += self.size(case.text)
        counts["size_expert"] += self.size(expert_result)
        counts["size_written"] += self.size(result)
        self._lines(case, written)
        self._spans(case, written)
        self._operations(case, written)

    def _lines(self, case: Case, written: Program) -> None:
        expert, found = removed_lines(case.expert, case.text), removed_lines(written, case.text)
        self.counts["lines_expert"] += len(expert)
        self.counts["lines_written"] += len(found)
        self.counts["lines_common"] += len(expert & found)
        self.counts["nothing_to_do"] += not expert
        self.chunk_f1 += agreement(len(expert & found), len(found), len(expert)).f1
        self._count("remove_lines", len(expert), len(found), len(expert & found))

    def _spans(self, case: Case, written: Program) -> None:
        expert, found = deleted_spans(case.expert, case.text), deleted_spans(written, case.text)
        self.counts["spans_expert"] += sum(end - start for start, end in expert)
        self.counts["spans_written"] += sum(end - start for start, end in found)
        self.counts["spans_common"] += common_characters(expert, found)

    def _operations(self, case: Case, written: Program) -> None:
        expert, found = _calls(case.expert), _calls(written)
        for name in expert.keys() | found.keys():
            ours, theirs = found.get(name, Counter()), expert.get(name, Counter())
            self._count(name, theirs.total(), ours.total(), (ours & theirs).total())

    def _count(self, name: str, expert: int, written: int, common: int) -> None:
        sums = self.operations.setdefault(name, [0, 0, 0])
        for place, value in enumerate((expert, written, common)):
            sums[place] += value

    def report(self) -> ProgramReport:
        counts = self.counts
        n = counts["n"]
        return ProgramReport(
            n=n,
            valid_share=_share(counts["valid"], n),
            whole_share=_share(counts["whole"], n),
            exact_share=_share(counts["exact"], n),
            same_result_share=_share(counts["same_result"], n),
            lines=self._agreement("lines"),
            spans=self._agreement("spans"),
            chunk_line_f1=self.chunk_f1 / n if n else 0.0,
            chunk_line_f1_do_nothing=_share(counts["nothing_to_do"], n),
            kept_ratio=_share(counts["size_written"], counts["size"]),
            kept_ratio_expert=_share(counts["size_expert"], counts["size"]),
            tokens_out_per_in=_share(counts["tokens_out"], counts["tokens_in"]),
            faults=dict(self.faults.most_common()),
            operations={
                name: OperationScore(expert, written, agreement(common, written, expert))
                for name, (expert, written, common) in sorted(self.operations.items())
                if expert or written
            },
        )

    def _agreement(self, what: str) -> Agreement:
        counts = self.counts
        if not counts["n"]:
            return Agreement(0.0, 0.0, 0.0)
        return agreement(counts[f"{what}_common"], counts[f"{what}_written"], counts[f"{what}_expert"])


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _calls(program: Program) -> dict[str, Counter[Operation | None]]:
    """Return the calls of a program by kind, except remove_lines, which is counted by lines."""
    if program.keeps_all:
        return {"keep_all": Counter([None])}
    calls: dict[str, Counter[Operation | None]] = {}
    for operation in program.operations:
        if not isinstance(operation, RemoveLines):
            calls.setdefault(_name(operation), Counter())[operation] += 1
    return calls


def _name(operation: Operation) -> str:
    """Return the name of a call: `remove_str` for RemoveStr."""
    name = type(operation).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
