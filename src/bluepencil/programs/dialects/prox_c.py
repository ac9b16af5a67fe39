"""ProX-C: lines and strings of a chunk, in lines counted from 0.

`remove_lines(start, end)`, `normalize(source_str, target_str)`, and `keep_chunk()` or `untouch_doc()`.
`normalize` names no line. Here it means the one place in its chunk where the string stands; where there is
none or more than one, that is a fault. Source: ProX (arXiv 2409.17115).
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
from bluepencil.programs.faults import FaultCode
from bluepencil.programs.lines import LineIndex
from bluepencil.programs.ops import Operation, Program, RemoveLines, RemoveStr, ReplaceStr
from bluepencil.programs.parse import DEFAULT_LIMITS, Limits, Parsed
from bluepencil.programs.tokens import CallError

_LINES = (Parameter(False, ("start", "line_start")), Parameter(False, ("end", "line_end")))
_STRINGS = (Parameter(True, ("source_str",)), Parameter(True, ("target_str",), optional=True))
_SIGNATURES: Signatures = {
    "remove_lines": _LINES,
    "normalize": _STRINGS,
    "keep_chunk": (),
    "untouch_doc": (),
}
_KEEP = frozenset({"keep_chunk", "untouch_doc"})


def parse_prox_c(source: str, text: str, first_line: int = 1, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the program for a chunk, in lines of its document counted from 1.

    `text` is the chunk; its first line is the line `first_line` of the document, shown as `first_line - 1`.
    A range is not checked against the text: whoever knows the chunk's last line does that.
    """
    lines = LineIndex(text)

    def build(call: Call) -> Operation:
        if call.name == "remove_lines":
            return RemoveLines(*line_range(call.numbers[0], call.numbers[1], first=0))
        old, new = (*call.texts, "")[:2]
        line = first_line - 1 + _only_line(lines, old)
        return ReplaceStr(line, old, new) if new else RemoveStr(line, old)

    return parse_calls(source, _SIGNATURES, _KEEP, build, limits)


def render_prox_c(program: Program, text: str, first_line: int = 1) -> str:
    """Return the program of a chunk as calls; ProgramError for what ProX-C cannot say of this text."""
    if program.keeps_all:
        return "keep_chunk()"
    lines = LineIndex(text)
    return "\n".join(_rendered(operation, lines, first_line) for operation in program.operations)


def _rendered(operation: Operation, lines: LineIndex, first_line: int) -> str:
    match operation:
        case RemoveLines(start, end):
            return f"remove_lines(start={start - 1:d}, end={end - 1:d})"
        case RemoveStr(line, old):
            new = ""
        case ReplaceStr(line, old, new) if new:
            pass
        case _:
            raise ProgramError(f"ProX-C has no call for {type(operation).__name__}")
    try:
        only = _only_line(lines, old)
    except CallError as error:
        raise ProgramError(f"normalize() names no line, and {error.message}") from error
    if only + first_line - 1 != line:
        raise ProgramError(f"normalize() names no line, and the string does not stand in line {line}")
    return f"normalize(source_str={quoted(old)}, target_str={quoted(new)})"


def _only_line(lines: LineIndex, string: str) -> int:
    """Return the line of the only place where a string stands; a place may overlap another."""
    if not string:
        raise CallError(FaultCode.WRONG_ARGUMENT, "there is no text to replace")
    at = lines.text.find(string)
    if at < 0 or "\n" in string:
        raise CallError(FaultCode.STRING_MISSING, "no line of the chunk contains the string")
    if lines.text.find(string, at + 1) >= 0:
        raise CallError(FaultCode.STRING_REPEATED, "the chunk contains the string more than once")
    return lines.locate(at)[0]
