"""The edit language: programs of line and string edits, parsed, rendered, checked and executed.

Standard library only. Reference: docs/programs.md.
"""

from bluepencil.programs.chunks import Chunk, join_programs, number_lines, split_chunks
from bluepencil.programs.compile import Edit
from bluepencil.programs.execute import Execution, Policy, apply_edits, check, execute
from bluepencil.programs.faults import Cost, Fault, FaultCode, Note
from bluepencil.programs.lines import LineIndex
from bluepencil.programs.ops import (
    KEEP_ALL,
    REMOVE_ALL,
    InsertLine,
    KeepStr,
    Operation,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
)
from bluepencil.programs.parse import Limits, Parsed, parse
from bluepencil.programs.render import render

__all__ = [
    "KEEP_ALL",
    "REMOVE_ALL",
    "Chunk",
    "Cost",
    "Edit",
    "Execution",
    "Fault",
    "FaultCode",
    "InsertLine",
    "KeepStr",
    "Limits",
    "LineIndex",
    "Note",
    "Operation",
    "Parsed",
    "Policy",
    "Program",
    "RemoveAll",
    "RemoveLines",
    "RemoveStr",
    "ReplaceStr",
    "apply_edits",
    "check",
    "execute",
    "join_programs",
    "number_lines",
    "parse",
    "render",
    "split_chunks",
]
