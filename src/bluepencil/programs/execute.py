"""Program + text -> text: the edits of the program, guarded by a policy, applied in one pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from bluepencil.documents import Reason
from bluepencil.errors import OptionError
from bluepencil.programs.compile import Compiled, Edit, compile_program
from bluepencil.programs.faults import Cost, Fault, FaultCode
from bluepencil.programs.ops import KeepStr, Operation, Program, RemoveAll


@dataclass(frozen=True, slots=True)
class Policy:
    """What a program may do to a text.

    `max_deleted_share` is the largest share of the characters that the calls may delete together; the default
    is that of ProX (with 5 % left it is not an edit any more). An explicit remove_all() is not subject to it.
    Of `max_calls`, each string of keep_str() counts as a call: so long takes the search for it.
    """

    replacements: bool = False
    max_deleted_share: float = 0.95
    max_calls: int = 1000

    def __post_init__(self) -> None:
        if not 0 <= self.max_deleted_share <= 1:
            raise OptionError(f"max_deleted_share must be from 0 to 1, not {self.max_deleted_share}")
        if self.max_calls < 1:
            raise OptionError(f"max_calls must be 1 or more, not {self.max_calls}")


DEFAULT_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Execution:
    """What a program made of a text.

    `edits` are sorted, disjoint, and never touch each other; `apply_edits(source, edits) == text`. `faults`
    are the calls that were left out. With a `refusal` the text is the source and there are no edits.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    faults: tuple[Fault, ...] = ()
    refusal: Reason | None = None

    @property
    def deleted(self) -> int:
        """The number of source characters that the edits delete or replace."""
        return sum(edit.end - edit.start for edit in self.edits)


def check(program: Program, text: str, policy: Policy = DEFAULT_POLICY) -> tuple[Fault, ...]:
    """Return the faults that `execute` would report, without executing anything."""
    return _compile(program, text, policy).faults


def execute(
    program: Program, text: str, policy: Policy = DEFAULT_POLICY, cost: Cost = Cost.CALL
) -> Execution:
    """Carry out the program on the text it was written for.

    With Cost.CALL a faulty call is left out; with CHUNK or DOCUMENT any fault leaves the text as it is. So
    does a guard of the policy. With the default policy the result is a subsequence of the source.
    """
    if not program.operations:
        return Execution(text)
    edits, faults = _compile(program, text, policy)
    refusal = None
    if faults:
        if faults[0].code is FaultCode.TOO_MANY_CALLS:
            refusal = Reason.TOO_MANY_CALLS
        elif cost is not Cost.CALL:
            refusal = Reason.PROGRAM_FAULT
    if refusal is None and _deletes_too_much(program, text, edits, policy):
        refusal = Reason.TOO_MUCH_DELETED
    if refusal is not None:
        return Execution(text, (), faults, refusal)
    return Execution(apply_edits(text, edits), edits, faults)


def apply_edits(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """Return the text with sorted, disjoint edits `(start, end, new)` applied; offsets are in characters."""
    pieces = []
    at = 0
    for start, end, new in edits:
        pieces.append(text[at:start])
        if new:
            pieces.append(new)
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


def _compile(program: Program, text: str, policy: Policy) -> Compiled:
    calls = sum(map(_weight, program.operations))
    if calls > policy.max_calls:
        message = f"there are {calls} calls; the policy allows {policy.max_calls}"
        counted = accumulate(map(_weight, program.operations))
        call = next(call for call, total in enumerate(counted, 1) if total > policy.max_calls)
        return Compiled((), (Fault(FaultCode.TOO_MANY_CALLS, message, call, 1, call),))
    return compile_program(program, text, replacements=policy.replacements)


def _weight(operation: Operation) -> int:
    """Return as how many calls an operation counts: each string that has to be looked for is one."""
    return len(operation.texts) if type(operation) is KeepStr else 1


def _deletes_too_much(program: Program, text: str, edits: tuple[Edit, ...], policy: Policy) -> bool:
    deleted = 0
    for start, end, _ in edits:
        deleted += end - start
    if not deleted or deleted / len(text) <= policy.max_deleted_share:
        return False
    return not any(type(operation) is RemoveAll for operation in program.operations)
