r"""Where the TeX of a text stands, and whether it can be set: delimiters, braces, environments.

A dollar sign is also money. As in Pandoc, `$` opens a formula only before a character that is no space, and
closes one only after such a character and not before a digit; so "$5 and $10" holds no formula.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

_BLANKED = re.compile(
    r"\[asy\].*?(?:\[/asy\]|\Z)|^(`{3,}|~{3,}).*?(?:^\1|\Z)|`[^`\n]+`|https?://\S+|\\(?:label|tag|ref|eqref)\{[^{}]*\}",
    re.DOTALL | re.MULTILINE,
)
# Environments that are mathematics by themselves, without delimiters.
_MATH_ENVIRONMENTS = (
    "align|aligned|alignat|eqnarray|equation|gather|multline|displaymath|math|split|array|cases"
)
_OPENING = re.compile(
    rf"\\begin\{{((?:{_MATH_ENVIRONMENTS})\*?)\}}|\\\[|\\\(|\\\]|\\\)|\\.|\$\$|\$",
    re.DOTALL,
)
_BREAK = re.compile(r"\n[ \t]*\n")
_DOLLAR = re.compile(r"\\.|\$\$|\$", re.DOTALL)
_TEXT_COMMAND = re.compile(
    r"\\(?:text\w*|mbox|hbox|mathrm|mathbf|operatorname|mathit|intertext)\s*\{[^{}]*\}"
)
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}[,.;:]?(?: [A-Za-z]{2,}[,.;:]?){2,}")
_COMMANDS = re.compile(
    r"\\(?:d?frac|tfrac|cdot|times|div|sqrt|left|right|pm|mp|leq?|geq?|neq|approx|equiv|sum|int|prod|binom"
    r"|infty|circ|angle|triangle|overline|alpha|beta|gamma|theta|lambda|pi|sin|cos|tan|log|ln)(?![A-Za-z])"
)
_MONEY = re.compile(r"\$\s*[\d.]")
_ARGUMENTS = re.compile(r"\\([dtc]?frac|d?binom|sqrt)(?![A-Za-z])")
_TAKES = {"sqrt": 1}
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_COMMAND = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)
_OPTIONAL = re.compile(r"\s*\[[^\]]*\]")
_ENDS = {r"\[": r"\]", r"\(": r"\)", "$": "$", "$$": "$$"}


@dataclass(frozen=True, slots=True)
class Span:
    """A formula: `start` and `end` of the whole in the text, `tex` what stands between its delimiters."""

    start: int
    end: int
    tex: str


@dataclass(frozen=True, slots=True)
class Formulas:
    """The formulas of a text, and what is wrong with its TeX: one sentence each.

    `alone` are the dollar signs before a digit that have no partner: money, or a formula that is not closed.
    """

    spans: tuple[Span, ...]
    faults: tuple[str, ...]
    alone: tuple[str, ...] = ()

    @property
    def has_dollars(self) -> bool:
        """Whether single dollar signs stand around formulas, so that money has to be written differently."""
        return any(
            span.start + 1 + len(span.tex) == span.end - 1 and not _is_amount(span.tex) for span in self.spans
        )


def blanked(text: str) -> str:
    """Return the text with drawings, code, addresses and labels replaced by as many spaces."""
    return _BLANKED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def find_formulas(text: str) -> Formulas:
    """Return the formulas of a `blanked` text and the faults of its TeX; time is linear in the text."""
    spans: list[Span] = []
    faults: list[str] = []
    alone: list[tuple[str, bool]] = []
    dollars = _Dollars(text)
    position = 0
    while (match := _OPENING.search(text, position)) is not None:
        mark, position = match[0], match.end()
        if mark in (r"\]", r"\)"):
            faults.append(f"{mark} closes nothing")
        elif match[1] is not None:
            position = _environment(text, match, spans, faults)
        elif mark in _ENDS:
            end = dollars.end_of(match.start()) if mark[0] == "$" else _end_of(text, mark, position)
            if end is not None:
                spans.append(Span(match.start(), end + len(mark), text[position:end]))
                position = end + len(mark)
            else:
                shown = f"{mark} has no partner: {_shown(text, match.start())}"
                alone.append((shown, mark == "$" and _is_money(text, match.start())))
    faults += _outside(text, spans)
    faults += _environment_faults(text)
    for span in spans:
        faults += inside_faults(span.tex)
    found = Formulas(tuple(spans), tuple(faults), tuple(shown for shown, _ in alone))
    certain = [shown for shown, money in alone if not money and (found.has_dollars or shown.startswith("$$"))]
    return replace(found, faults=(*faults, *certain))


def _environment(text: str, match: re.Match[str], spans: list[Span], faults: list[str]) -> int:
    name = match[1]
    closing = f"\\end{{{name}}}"
    end = text.find(closing, match.end())
    if end < 0:
        faults.append(f"\\begin{{{name}}} is never ended")
        return match.end()
    spans.append(Span(match.start(), end + len(closing), text[match.end() : end]))
    return end + len(closing)


def _end_of(text: str, mark: str, start: int) -> int | None:
    """Return where the formula that begins with `mark` before `start` ends, or None."""
    end = text.find(_ENDS[mark], start)
    again = text.find(mark, start)
    while 0 <= again < end and text[again - 1] == "\\":  # the end of a row with its distance: \\[2ex]
        again = text.find(mark, again + 1)
    # A formula cannot begin inside another: then the first was not closed.
    return None if end < 0 or start <= again < end else end


def _is_money(text: str, position: int) -> bool:
    """Say whether a dollar sign can be money, or stands for itself: "$5", "= $"."""
    if _MONEY.match(text, position):
        return True
    before, after = text[position - 1 : position], text[position + 1 : position + 2]
    return (not before or before in "=+-*/x") and (not after or not after.isalnum())


def _is_amount(tex: str) -> bool:
    return re.fullmatch(r"[\d.,\s]*", tex) is not None


class _Dollars:
    """Pairs the dollar signs of a paragraph: in turn if that gives formulas only, else by Pandoc's rule."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.ends: dict[int, int] = {}
        self.known_to = -1

    def end_of(self, position: int) -> int | None:
        """Return where the formula ends that the dollar sign at `position` begins, or None."""
        if position > self.known_to:
            match = _BREAK.search(self.text, position)
            self.known_to = match.start() if match else len(self.text)
            marks = [one for one in _DOLLAR.finditer(self.text, position, self.known_to) if one[0][0] == "$"]
            self.ends |= self._one_by_one(marks) or self._by_spaces(marks)
        return self.ends.get(position)

    def _one_by_one(self, marks: list[re.Match[str]]) -> dict[int, int]:
        pairs = list(zip(marks[::2], marks[1::2], strict=False))
        if len(marks) % 2 or not all(one[0] == two[0] for one, two in pairs):
            return {}
        if not all(self._is_formula(one.end(), two.start()) for one, two in pairs):
            return {}
        return {one.start(): two.start() for one, two in pairs}

    def _by_spaces(self, marks: list[re.Match[str]]) -> dict[int, int]:
        ends: dict[int, int] = {}
        opening: re.Match[str] | None = None
        for mark in marks:
            before, after = self.text[mark.start() - 1 : mark.start()], self.text[mark.end() : mark.end() + 1]
            closes = opening is not None and mark[0] == opening[0] and not before.isspace()
            closes = closes and (mark[0] == "$$" or not after.isdigit())
            if closes and opening is not None and self._is_formula(opening.end(), mark.start()):
                ends[opening.start()] = mark.start()
                opening = None
                continue
            opening = mark if mark[0] == "$$" or (after and not after.isspace()) else opening
        return ends

    def _is_formula(self, start: int, end: int) -> bool:
        """Say whether what stands between two dollar signs can be a formula, where the first may be money."""
        content = self.text[start:end].strip()
        if not content or _prose_in(content):
            return False
        if not content[0].isdigit() and content[0] != ".":
            return True
        if re.search(r"[\\^_{}]", content):
            return True
        # "$5 and $10", "$20 - $8", "$3, $4": money on both sides.
        has_words = re.search(r"[A-Za-z]{3,}", content) is not None
        return (
            not has_words
            and re.search(r"(?:[-+*/=(×÷–]|\sx)$", content) is None
            and not self.text[end + 1 : end + 2].isdigit()
        )


def _prose_in(tex: str) -> bool:
    return _PROSE.search(_TEXT_COMMAND.sub(" ", tex)) is not None


def _environment_faults(text: str) -> Iterator[str]:
    """Yield the environments that are not ended, or not begun."""
    open_names: list[str] = []
    for match in re.finditer(r"\\(begin|end)\s*\{([^{}]*)\}", text):
        if match[1] == "begin":
            open_names.append(match[2])
        elif not open_names or open_names.pop() != match[2]:
            yield f"\\end{{{match[2]}}} ends nothing"
    for name in open_names:
        yield f"\\begin{{{name}}} is never ended"


def _outside(text: str, spans: list[Span]) -> Iterator[str]:
    """Yield the commands of mathematics that stand outside of every formula, in a text that has formulas."""
    if not spans:
        return
    position = 0
    for span in [*spans, Span(len(text), len(text), "")]:
        for match in _COMMANDS.finditer(text, position, span.start):
            yield f"{match[0]} stands outside of a formula: {_shown(text, match.start())}"
        position = span.end


def inside_faults(tex: str) -> list[str]:
    """Return what is wrong with the TeX of one formula."""
    faults = _brace_faults(tex)
    left, right = len(re.findall(r"\\left(?![A-Za-z])", tex)), len(re.findall(r"\\right(?![A-Za-z])", tex))
    if left != right:
        faults.append(f"{left} \\left and {right} \\right in: {tex[:60]}")
    closings = _closings(tex)
    for match in _ARGUMENTS.finditer(tex):
        if not _has_arguments(tex, match.end(), _TAKES.get(match[1], 2), closings):
            faults.append(f"\\{match[1]} lacks an argument: {tex[match.start() : match.start() + 40]}")
    if _prose_in(tex) and not re.search(r"\\(?:text|mbox|hbox|begin\{tabular)", tex):
        faults.append(f"prose inside a formula: {tex.strip()[:60]}")
    return faults


def _brace_faults(tex: str) -> list[str]:
    opened = 0
    for match in _BRACES.finditer(tex):
        opened += {"{": 1, "}": -1}.get(match[0], 0)
        if opened < 0:
            return [f"}} without {{ in: {tex[:60]}"]
    return [f"{{ without }} in: {tex[:60]}"] if opened else []


def _closings(tex: str) -> dict[int, int]:
    """Return where what each brace opens ends, found once for all that are nested."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACES.finditer(tex):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] == "}" and opened:
            found[opened.pop()] = match.end()
    return found


def _has_arguments(tex: str, position: int, number: int, closings: Mapping[int, int]) -> bool:
    optional = _OPTIONAL.match(tex, position)
    if number == 1 and optional:
        position = optional.end()
    for _ in range(number):
        while position < len(tex) and tex[position].isspace():
            position += 1
        end = _argument_end(tex, position, closings)
        if end is None:
            return False
        position = end
    return True


def _argument_end(tex: str, position: int, closings: Mapping[int, int]) -> int | None:
    """Return where the argument that begins at `position` ends; None where there is none."""
    if position >= len(tex) or tex[position] in "}&=+<>,;":
        return None
    if tex[position] == "\\":
        name = _COMMAND.match(tex, position)
        return name.end() if name else None
    return closings.get(position) if tex[position] == "{" else position + 1


def _shown(text: str, position: int) -> str:
    return " ".join(text[position : position + 40].split())
