"""Which language a file is in: by a field that says so, by its path, by its content, in that order."""

import ast
import re
import warnings
from pathlib import PurePosixPath

_NAMES = {
    "python": "python", "python3": "python", "py": "python", "cpython": "python",
    "c": "c", "c++": "c++", "cpp": "c++", "cxx": "c++", "java": "java",
    "javascript": "javascript", "js": "javascript", "jsx": "javascript", "node": "javascript",
    "typescript": "typescript", "ts": "typescript", "tsx": "tsx",
    "go": "go", "golang": "go", "rust": "rust", "rs": "rust",
    "bash": "bash", "shell": "bash", "sh": "bash", "shellscript": "bash",
}  # fmt: skip
"""What fields call the languages that have a gate; other names are kept in lower case."""

_EXTENSIONS = {
    ".py": "python", ".pyi": "python", ".pyw": "python",
    ".c": "c", ".cc": "c++", ".cpp": "c++", ".cxx": "c++", ".hh": "c++", ".hpp": "c++", ".hxx": "c++",
    ".java": "java", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx",
    ".go": "go", ".rs": "rust", ".sh": "bash", ".bash": "bash",
}  # fmt: skip

_SHEBANG = re.compile(r"#!\s*\S*?(?:/env(?:\s+-\S+)*\s+|/)?(python|node|bash|sh|dash|zsh)[\d.]*(?:\s|$)")
_INTERPRETERS = {"python": "python", "node": "javascript"}

# Lines that only one of the languages has; what has most of them wins.
_CONTENT = {
    "python": r"^(?:\s*(?:(?:def \w+\(|class |elif |except).*:|from \S+ import .+)|import [\w., ]+)\s*$",
    "c": r"^\s*#\s*(?:include\s*[<\"][\w./]+\.h[>\"]|ifndef|define)|\bstruct \w* ?\{|^int main\(",
    "c++": r"^\s*#\s*include\s*<\w+>|\bstd::|^\s*(?:namespace \w|template\s*<|using )|\bclass \w+[^;]*\{$",
    "java": r"^\s*(?:import [\w.*]+;|package [\w.]+;|(?:public|private|protected) .*[{;])\s*$",
    "javascript": r"^\s*(?:const|let|var) .*=|\bfunction\s*\w*\(.*\{|=>\s*[{(]|\brequire\(|^module\.exports",
    "typescript": r"^\s*(?:export )?(?:interface|type|enum) \w+|:\s*(?:string|number|boolean|void)\b",
    "go": r"^\s*(?:package \w+$|func [\w(]|import \($)|:=",
    "rust": r"^\s*(?:pub )?(?:fn|impl|mod|use|trait) .*[{;]$|\blet mut\b|^#\[",
    "bash": r"^\s*(?:if \[|fi$|done$|esac$|echo |export \w+=)|\$\{\w+",
}  # fmt: skip
_PATTERNS = {name: re.compile(pattern, re.MULTILINE) for name, pattern in _CONTENT.items()}
_READ_CHARACTERS = 20_000
_MIN_HITS = 2
# Statements that nothing but a program has. An assignment does not tell: settings files have them, too.
_PYTHON = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Call, ast.For,
    ast.While, ast.If, ast.With, ast.Try, ast.Raise, ast.Assert, ast.Delete, ast.Lambda, ast.AugAssign,
)  # fmt: skip


def detect(text: str, field: object = None, path: object = None) -> str:
    """Return the language of a file in lower case, "" where nothing tells.

    `field` is what a data set calls the language, `path` a file name or address; either may be None. A header
    file, `.h`, is C unless it has lines that only C++ has.
    """
    if isinstance(field, str) and field.strip():
        name = field.strip().lower()
        return _NAMES.get(name, name)
    if isinstance(path, str):
        suffix = PurePosixPath(path.partition("?")[0]).suffix.lower()
        if suffix == ".h":
            return "c++" if _PATTERNS["c++"].search(text[:_READ_CHARACTERS]) else "c"
        if suffix in _EXTENSIONS:
            return _EXTENSIONS[suffix]
    return by_content(text)


def by_content(text: str) -> str:
    """Return the language that a text's first line, its most telling lines or its syntax name; else "".

    A text of up to 20,000 characters that Python parses, and that holds a call, a definition, a loop or the
    like, is Python: those lines are rare in short scripts.
    """
    if shebang := _SHEBANG.match(text):
        return _INTERPRETERS.get(shebang[1], "bash")
    head = text[:_READ_CHARACTERS]
    hits = {name: sum(1 for _ in pattern.finditer(head)) for name, pattern in _PATTERNS.items()}
    # What reads like JavaScript and has types is TypeScript; what reads like C and has classes is C++.
    for smaller, larger in (("javascript", "typescript"), ("c", "c++")):
        if hits[larger] >= _MIN_HITS:
            hits[larger] += hits[smaller]
    best = max(hits, key=lambda name: hits[name])
    if best == "python" and hits[best] >= _MIN_HITS:
        return best
    open_question = hits["python"] or hits[best] < _MIN_HITS
    if open_question and len(text) <= _READ_CHARACTERS and _is_python(text):
        return "python"
    return best if hits[best] >= _MIN_HITS else ""


def _is_python(text: str) -> bool:
    """Whether Python parses a text, and it is more than values; short enough not to nest too deeply."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, _PYTHON) for node in ast.walk(tree))
