"""Checks sizes: files of at most 400 lines, functions of at most 60, README of at most 150.

The base install is measured by tests/test_package.py.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE_LINES, FUNCTION_LINES, README_LINES = 400, 60, 150
FORBIDDEN = {"utils", "common", "helpers", "misc"}


def faults(path: Path) -> list[str]:
    source = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    found = []
    if source.count("\n") > FILE_LINES:
        found.append(f"{name}: {source.count(chr(10))} lines; at most {FILE_LINES}")
    if path.stem in FORBIDDEN:
        found.append(f"{name}: a module is named after what it holds")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                found.append(
                    f"{name}:{node.lineno}: {node.name} has {length} lines; at most {FUNCTION_LINES}"
                )
    return found


def main() -> int:
    found = [
        fault
        for folder in ("src", "bench")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for fault in faults(path)
    ]
    if (ROOT / "README.md").read_text(encoding="utf-8").count("\n") > README_LINES:
        found.append(f"README.md: at most {README_LINES} lines")
    print("\n".join(found) or "sizes: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
