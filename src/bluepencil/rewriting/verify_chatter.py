"""Talk where code should be: refusals, remarks of an assistant about its own work, marks of Markdown.

It comes as lines that no compiler takes, as comments and docstrings, and as words that happen to be Python
(`Sure`, `Note: this`). What the original says too is not held against a rewrite. The phrases are English.
"""

import ast
import builtins
import re

from bluepencil.rewriting.names_undefined import undefined
from bluepencil.rewriting.verify_source import Source

# Each is something that people do not write about their own code, or not in the file itself.
_MADE = r"(?:improved|refactored|rewritten|revised|optimi[sz]ed)"
_PHRASES = (
    r"\b(?:sure|certainly|of course|absolutely|great question)[!,.:]? *"
    r"(?:here|i(?:'ll| will| can|'ve| have)\b|let(?:'s| me)\b|below)",
    r"\b(?:sure|certainly|of course)!",
    r"\bhere(?:'s| is| are|’s)(?: (?:the|an?|your|my|some))?(?: [\w-]+){0,3}"
    r" (?:code|version|implementation|script|rewrite|refactoring)\b(?=[^.\n]{0,60}(?::|$))",
    r"\b(?:below|following) is (?:the|an?|your)(?: [\w-]+){0,3} (?:code|version|implementation|script)\b",
    r"\bi(?:'m| am|’m) (?:sorry|afraid|unable|not able)\b",
    r"\bi apologi[sz]e\b|\bmy apologies\b",
    r"\bi (?:can(?:no|')t|can’t|won't|will not|must decline to)"
    r" (?:help|assist|provide|fulfil|rewrite|comply|do that)",
    r"\bas an? (?:ai|artificial intelligence|large language model|language model)\b",
    r"\bi(?:'ve| have|’ve) (?:refactored|rewritten|improved|optimi[sz]ed|updated|modified|cleaned up|renamed"
    r"|restructured|added)\b",
    r"^[#\s]*(?:key |main |summary of )?(?:the )?(?:changes|improvements|modifications|optimi[sz]ations)"
    r" (?:i )?(?:made|include|applied)[^.\n]{0,30}:",
    rf"\b(?:this|the) {_MADE} (?:code|version|script|implementation)\b",
    rf"\b{_MADE} (?:code|version) *:",
    r"\b(?:hope (?:this|that) helps|let me know if|feel free to (?:ask|modify|adjust|reach)|happy to help)\b",
)
_PHRASE = re.compile("|".join(f"(?:{phrase})" for phrase in _PHRASES), re.IGNORECASE | re.MULTILINE)
_HEADING = re.compile(
    r"^\s*#{2,4} *"
    r"(?:evaluation|suggestions?|improved code|explanation|changes made|improvements) *:?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[\w+-]*[ \t]*$", re.MULTILINE)
# Four words or more that start like a sentence and end like one.
_SENTENCE = re.compile(r"^[A-Z][\w'’,-]*(?: [\w'’,()/*`-]+){3,}[.:!?]$")
_EDGE_LINES = 4


def chatter(before: Source, after: Source) -> str:
    """Return the first remark that a rewrite holds and its original does not, or the empty string."""
    return _phrase(before.text, after) or _fence(before, after) or _stray(before, after)


def unparsed_chatter(after: str) -> str:
    """Return what shows that a text which does not compile is talk, or the empty string."""
    for pattern in (_FENCE, _HEADING, _PHRASE):
        if match := pattern.search(after):
            return match.group().strip()[:80]
    lines = [line.strip() for line in after.splitlines() if line.strip()]
    edges = lines[:_EDGE_LINES] + lines[-_EDGE_LINES:]
    return next((line[:80] for line in edges if _SENTENCE.match(line)), "")


def _phrase(before: str, after: Source) -> str:
    if not (_PHRASE.search(after.text) or _HEADING.search(after.text)):
        return ""
    known = before.lower()
    for part in after.prose:
        for match in _PHRASE.finditer(part):
            if match.group().lower() not in known:
                return match.group()[:80]
        for match in _HEADING.finditer(part):
            if match.group().strip().lower() not in known:
                return match.group().strip()[:80]
    # In a comment the number signs are those of the comment, so the text itself is looked at.
    for match in _HEADING.finditer(after.text):
        if match.group().strip().lower() not in known:
            return match.group().strip()[:80]
    return ""


def _fence(before: Source, after: Source) -> str:
    """Find a fence without its other half in a comment or docstring: what is left of an answer around it."""
    if _FENCE.search(before.text) or any(_FENCE.search(part) for part in before.prose):
        return ""
    for part in after.prose:
        fences = _FENCE.findall(part)
        if len(fences) % 2:
            return str(fences[0]).strip()
    return ""


def _stray(before: Source, after: Source) -> str:
    """Find words at the top that are Python by accident: names that nothing defines, read and thrown away."""
    suspects = [node for node in after.tree.body if _does_nothing(node)]
    if not suspects:
        return ""
    unknown = undefined(after) | _annotated(suspects)
    known = {ast.dump(node) for node in before.tree.body if _does_nothing(node)}
    for node in suspects:
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        if names & unknown and not names & set(dir(builtins)) and ast.dump(node) not in known:
            return (ast.get_source_segment(after.text, node) or "")[:80]
    return ""


def _annotated(nodes: list[ast.stmt]) -> set[str]:
    """Return the first words of `Word: other`, which Python reads as a variable that is declared."""
    return {
        node.target.id
        for node in nodes
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.istitle()
    }


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    return isinstance(node, ast.Expr) and isinstance(
        node.value, ast.Name | ast.Tuple | ast.Attribute | ast.Compare | ast.BinOp | ast.BoolOp
    )
