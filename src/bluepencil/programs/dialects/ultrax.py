"""UltraX: keep_all, remove_all, remove_lines, replace_str, add_line, in lines counted from 1.

`replace_str` with nothing in the place of the string is a removal. `add_line` puts text of the model's own
into a page, which no program here does: it is a fault, `adds-text`. Source: UltraX (arXiv 2607.08646).
"""

from bluepencil.errors import ProgramError
from bluepencil.programs.dialects.calls import (
    Call,
    Parameter,
    Signatures,
    line_range,
    parse_calls,
    quoted,
)
from bluepencil.programs.dialects.faults import DialectFault
from bluepencil.programs.ops import Operation, Program, RemoveAll, RemoveLines, RemoveStr, ReplaceStr
from bluepencil.programs.parse import DEFAULT_LIMITS, Limits, Parsed
from bluepencil.programs.tokens import CallError

_NUMBER, _TEXT = Parameter(False), Parameter(True)
_SIGNATURES: Signatures = {
    "keep_all": (),
    "remove_all": (),
    "remove_lines": (_NUMBER, _NUMBER),
    "replace_str": (_NUMBER, _TEXT, _TEXT),
    "add_line": (_NUMBER, _NUMBER, _TEXT),
}


def parse_ultrax(source: str, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the program of an answer, and what is wrong with it. Lines are those that the answer names."""
    return parse_calls(source, _SIGNATURES, frozenset({"keep_all"}), _build, limits)


def render_ultrax(program: Program) -> str:
    """Return a program as calls of UltraX; ProgramError for keep_str() and insert_line()."""
    if program.keeps_all:
        return "keep_all()"
    return "\n".join(map(_rendered, program.operations))


def _build(call: Call) -> Operation:
    if call.name == "remove_all":
        return RemoveAll()
    if call.name == "remove_lines":
        return RemoveLines(*line_range(call.numbers[0], call.numbers[1]))
    if call.name == "add_line":
        raise CallError(DialectFault.ADDS_TEXT, "add_line() adds text, which is not carried out")
    line, _ = line_range(call.numbers[0], call.numbers[0])
    old, new = call.texts
    return ReplaceStr(line, old, new) if new else RemoveStr(line, old)


def _rendered(operation: Operation) -> str:
    match operation:
        case RemoveAll():
            return "remove_all()"
        case RemoveLines(start, end):
            return f"remove_lines({start:d}, {end:d})"
        case RemoveStr(line, text):
            return f"replace_str({line:d}, {quoted(text)}, {quoted('')})"
        case ReplaceStr(line, old, new) if new:
            return f"replace_str({line:d}, {quoted(old)}, {quoted(new)})"
        case _:
            raise ProgramError(f"UltraX has no call for {type(operation).__name__}")
