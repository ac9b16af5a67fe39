"""Program -> text, in the form of RefineX, one call per line. `parse` is its inverse."""

import re

from bluepencil.programs.ops import (
    InsertLine,
    KeepStr,
    Operation,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
)

# What would end the string or the line, cannot be seen, or cannot be written as UTF-8 (lone surrogates).
_ESCAPED = re.compile('[\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render(program: Program) -> str:
    """Return the text of a program: `keep_all()`, or one call per line without a final line end.

    The result always encodes to UTF-8, and `parse` gives the same program back.
    """
    if not program.operations:
        return "keep_all()"
    return "\n".join(map(_call, program.operations))


def _call(operation: Operation) -> str:
    match operation:
        case RemoveLines(start, end):
            return f"remove_lines({start:d}, {end:d})"
        case RemoveStr(line, text):
            return f"remove_str({line:d}, {_quoted(text)})"
        case KeepStr(line, texts):
            return f"keep_str({line:d}, {', '.join(map(_quoted, texts))})"
        case RemoveAll():
            return "remove_all()"
        case ReplaceStr(line, old, new):
            return f"replace_str({line:d}, {_quoted(old)}, {_quoted(new)})"
        case InsertLine(after, text):
            return f"insert_line({after:d}, {_quoted(text)})"


def _quoted(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    short = _SHORT.get(character)
    if short is not None:
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
