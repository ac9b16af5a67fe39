"""ProX-D: `keep_doc()` or `drop_doc()`, the decision on a whole document.

Source: ProX (arXiv 2409.17115). Its own reader drops a document where the answer holds "drop" anywhere.
"""

from bluepencil.errors import ProgramError
from bluepencil.programs.dialects.calls import Call, Signatures, parse_calls
from bluepencil.programs.ops import KEEP_ALL, REMOVE_ALL, Operation, Program, RemoveAll
from bluepencil.programs.parse import DEFAULT_LIMITS, Limits, Parsed

_SIGNATURES: Signatures = {"keep_doc": (), "drop_doc": ()}


def parse_prox_d(source: str, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return `REMOVE_ALL` or `KEEP_ALL`, and what is wrong with the answer; both calls together keep."""
    parsed = parse_calls(source, _SIGNATURES, frozenset({"keep_doc"}), _build, limits)
    program = REMOVE_ALL if parsed.program.operations else KEEP_ALL
    return Parsed(program, parsed.faults, parsed.notes)


def render_prox_d(program: Program) -> str:
    """Return the call for a program that keeps or removes everything; ProgramError for any other."""
    if program == REMOVE_ALL:
        return "drop_doc()"
    if program == KEEP_ALL:
        return "keep_doc()"
    raise ProgramError("ProX-D has no call that edits a document")


def _build(call: Call) -> Operation:
    return RemoveAll()
