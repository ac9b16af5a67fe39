"""Writes MathML that comes without its TeX as one line that a person can read: `(a + b)/2`, `x_1^2`."""

import re
from collections.abc import Callable
from typing import Any

# Deeper formulas than this do not occur; below, the text of the elements stands without structure.
_MAX_DEPTH = 60

# Spaces stand around these where something stands on their left.
_INFIX = frozenset("=≠≈≡<>≤≥≪≫+-−±∓×÷→←↔⇒⇐⇔↦∈∉∋⊂⊃⊆⊇∪∩∧∨∼≃≅∝∣∥⊥")
_AFTER = frozenset(",;:")
_INVISIBLE = re.compile("[\u2061-\u2064]")
_PRIMES = frozenset("′″‴'")
_ACCENTS = {
    **dict.fromkeys("¯‾―", "\u0304"),
    **dict.fromkeys("^ˆ", "\u0302"),
    **dict.fromkeys("~˜", "\u0303"),
    **dict.fromkeys("→⃗", "\u20d7"),
    **dict.fromkeys(".˙", "\u0307"),
    "¨": "\u0308",
}
# What needs no brackets as one side of a fraction, and as the base of a power.
_FACTOR = re.compile(r"[\d.]+|\([^()]*\)|\S", re.DOTALL)
_BASE = re.compile(rf"{_FACTOR.pattern}|[^\W\d_]+", re.DOTALL)
_IGNORED = frozenset({"annotation", "annotation-xml", "mphantom", "none", "mprescripts", "-comment"})


def linear(node: Any) -> str:
    """Return a `<math>` element (or any part of one) as a line of text.

    `node` is a LexborNode. Symbols stay as they are, two-dimensional layout becomes `_`, `^`, `/`, `√` and
    `[a, b; c, d]` for tables.
    """
    return " ".join(_written(node, 0).split())


def _written(node: Any, depth: int) -> str:
    name = node.tag or ""
    if depth > _MAX_DEPTH:
        return _INVISIBLE.sub("", node.text())
    if name == "-text":
        return _INVISIBLE.sub("", " ".join((node.text_content or "").split()))
    if name in _IGNORED:
        return ""
    if name == "mtext":
        return _INVISIBLE.sub("", node.text())
    if name == "mspace":
        return " "
    write = _LAYOUTS.get(name)
    if write is None:
        return _row(node, depth)
    # The parts of a layout are elements; the space between them is not.
    return write(node, [_written(part, depth + 1) for part in node.iter()])


def _row(node: Any, depth: int) -> str:
    """Join what stands side by side, with spaces where two words or an operator would run together."""
    line = last = ""
    for part in node.iter(include_text=True):
        piece = _written(part, depth + 1)
        if not piece:
            continue
        if part.tag == "mo" and piece in _INFIX:
            left = line.rstrip()[-1:]
            line += f" {piece} " if left and left not in _INFIX and left not in "([{,|" else piece
        elif part.tag == "mo" and piece in _AFTER:
            line += piece + " "
        else:
            line += f" {piece}" if _run_together(last, piece) else piece
        last = piece
    return line


def _run_together(left: str, right: str) -> bool:
    if len(left) + len(right) <= 2 or left.isdigit():
        return False
    return left[-1:].isalnum() and right[:1].isalnum()


def _group(text: str, simple: re.Pattern[str] = _BASE) -> str:
    text = text.strip()
    return text if simple.fullmatch(text) else f"({text})"


def _script(mark: str, text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    return text if set(text) <= _PRIMES else mark + _group(text)


def _with_scripts(*marks: str) -> Callable[[Any, list[str]], str]:
    def write(_node: Any, parts: list[str]) -> str:
        if not parts:
            return ""
        scripts = [_script(mark, part) for mark, part in zip(marks, parts[1:], strict=False)]
        return _group(parts[0]) + "".join(scripts) if any(scripts) else parts[0]

    return write


def _over(node: Any, parts: list[str]) -> str:
    if len(parts) == 2 and len(parts[0].strip()) == 1 and parts[1].strip() in _ACCENTS:
        return parts[0].strip() + _ACCENTS[parts[1].strip()]
    return _with_scripts("^")(node, parts)


def _fraction(node: Any, parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    if (node.attributes.get("linethickness") or "").startswith("0"):
        return f"({parts[0].strip()} choose {parts[1].strip()})"
    return f"{_group(parts[0], _FACTOR)}/{_group(parts[1], _FACTOR)}"


def _root(_node: Any, parts: list[str]) -> str:
    index = f"[{parts[1].strip()}]" if len(parts) > 1 else ""
    return f"√{index}{_group(parts[0])}" if parts else ""


def _square_root(node: Any, _parts: list[str]) -> str:
    return "√" + _group(_row(node, 1))


def _fenced(node: Any, parts: list[str]) -> str:
    attributes = node.attributes
    opening, closing = attributes.get("open", "("), attributes.get("close", ")")
    separator = (attributes.get("separators", ",") or "")[:1]
    return f"{opening or ''}{(separator + ' ').join(parts)}{closing or ''}"


def _multiscripts(node: Any, parts: list[str]) -> str:
    names = [part.tag for part in node.iter()]
    middle = names.index("mprescripts") if "mprescripts" in names else len(parts)
    after = _pairs(parts[1:middle])
    return f"{_pairs(parts[middle + 1 :])}{parts[0] if parts else ''}{after}"


def _pairs(parts: list[str]) -> str:
    return "".join(_script("_^"[number % 2], part) for number, part in enumerate(parts))


_LAYOUTS: dict[str, Callable[[Any, list[str]], str]] = {
    "semantics": lambda _node, parts: parts[0] if parts else "",
    "maction": lambda _node, parts: parts[0] if parts else "",
    "mfrac": _fraction,
    "msup": _with_scripts("^"),
    "msub": _with_scripts("_"),
    "msubsup": _with_scripts("_", "^"),
    "munder": _with_scripts("_"),
    "munderover": _with_scripts("_", "^"),
    "mover": _over,
    "msqrt": _square_root,
    "mroot": _root,
    "mfenced": _fenced,
    "mmultiscripts": _multiscripts,
    "mtable": lambda _node, rows: f"[{'; '.join(rows)}]",
    "mtr": lambda _node, cells: ", ".join(cell.strip() for cell in cells),
    "mlabeledtr": lambda _node, cells: ", ".join(cell.strip() for cell in cells[1:]),
}
