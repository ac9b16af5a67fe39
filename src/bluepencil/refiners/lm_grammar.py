"""The programs for a chunk as a grammar in GBNF, which is what servers constrain their answers by.

It says: `keep_all()`, `remove_all()`, or calls, one per line; lines that exist; ranges that do not reverse;
remove_str and keep_str with strings of which the characters are those of the chunk, or of the line, or which
are pieces of the line, by `detail`. It does not say that a string occurs once, nor that no call claims what
another did: that takes a grammar too long to send. Where it is longer than `limit` bytes the next coarser
detail is taken, and in the end ranges of any two lines, and strings on any line, empty ones among them.

What a server does with a grammar costs it more than sending it: xgrammar goes through its vocabulary for each
place where a string may go on, so that "line" and "piece" take it seconds. docs/lm.md has figures.

Sources: the guide to GBNF of llama.cpp (grammars/README.md); the structured outputs of vLLM and SGLang, which
take the same format.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bluepencil.errors import OptionError
from bluepencil.refiners.lm_once import quoted

LIMIT = 60_000
DETAILS = ("chunk", "line", "piece")
NONE = "none"
_PARAMETERS = {
    # https://docs.vllm.ai/en/latest/features/structured_outputs: from 0.12 on, and before.
    "vllm": ("structured_outputs", "grammar"),
    "vllm-old": ("guided_grammar",),
    # https://docs.sglang.io/advanced_features/structured_outputs.html; its back end outlines knows none.
    "sglang": ("ebnf",),
    # tools/server/README.md of llama.cpp.
    "llama.cpp": ("grammar",),
}
SERVERS = (NONE, *_PARAMETERS)
"""The servers that can be told, by how they take a grammar; `none` is told nothing."""
_ANY = 'any ::= "\\"" ([^"\\\\\\n\\r\\t] | "\\\\" escape)* "\\""'
_ESCAPE = 'escape ::= ["\\\\nrt] | "x" hex hex | "u" hex hex hex hex\nhex ::= [0-9a-f]'
# What stands for itself in a set of characters, wherever it stands.
_PLAIN = frozenset(" !#$%&'()*+,./0123456789:;<=>?@_`{|}~")


def parameters(server: str, grammar: str) -> dict[str, Any]:
    """Return a grammar as the parameter of a request; raises OptionError for a server that is not known."""
    if server not in _PARAMETERS:
        raise OptionError(f"there is no kind of server {server!r}; there are: {', '.join(SERVERS)}")
    value: Any = grammar
    for name in reversed(_PARAMETERS[server]):
        value = {name: value}
    found: dict[str, Any] = value
    return found


def grammar(
    text: str, first: int = 1, detail: str = "chunk", limit: int = LIMIT, *, replacements: bool = False
) -> str:
    """Return the grammar of the programs for the lines of a chunk, of which the first has number `first`.

    Where even the coarsest is longer than `limit` bytes, as for a chunk with tens of thousands of different
    characters, that one is returned. replacements: whether replace_str may come, with any text. Raises
    OptionError for a detail that is not known.
    """
    if detail not in DETAILS:
        raise OptionError(f"the detail of a grammar is one of {', '.join(DETAILS)}, not {detail!r}")
    lines = dict(enumerate(text.split("\n"), first))
    filled = {number: line for number, line in lines.items() if line}
    ranges = _ranges(lines)
    for strings in DETAILS[: DETAILS.index(detail) + 1][::-1]:
        # What is far too long need not be written first: each character takes 20 bytes in pieces.
        if strings != "piece" or 20 * len(text) < limit:
            made = _program(ranges, _calls(filled, strings, replacements))
            if len(made.encode()) <= limit:
                return made
    number = numbers_between(first, max(lines))
    coarse = [f"range ::= number {_literal(', ')} number", f"number ::= {number}"]
    return _program(coarse, _calls(filled, "coarse", replacements))


def _calls(filled: Mapping[int, str], strings: str, replacements: bool) -> list[str]:
    """Return the rules of the calls with strings, by line number; none where all lines are empty."""
    if not filled:
        return []
    replace = [_ANY, _ESCAPE] if replacements else []
    if strings in ("chunk", "coarse"):
        replace += ['replace ::= "replace_str(" line ", " string ", " any ")"'] if replacements else []
        numbers = " | ".join(f'"{number}"' for number in filled)
        return [
            *replace,
            'remove ::= "remove_str(" line ", " string ")"',
            'keep ::= "keep_str(" line (", " string)+ ")"',
            f"line ::= {numbers if strings == 'chunk' else numbers_between(min(filled), max(filled))}",
            f'string ::= "\\"" {_characters(set().union(*filled.values()))} "\\""',
        ]
    one = " | ".join(f'"{number}, " q{number}' for number in filled)
    several = " | ".join(f'"{number}, " q{number} (", " q{number})*' for number in filled)
    replace += [f'replace ::= "replace_str(" ({one}) ", " any ")"'] if replacements else []
    rules = [*replace, f'remove ::= "remove_str(" ({one}) ")"', f'keep ::= "keep_str(" ({several}) ")"']
    rules += [f'q{number} ::= "\\"" s{number} "\\""' for number in filled]
    for number, text in filled.items():
        if strings == "line":
            rules.append(f"s{number} ::= {_characters(set(text))}")
        else:
            rules += _pieces(number, text)
    return rules


def _program(ranges: Sequence[str], calls: Sequence[str]) -> str:
    kinds = ["lines", *(name for name in ("remove", "keep", "replace") if f"{name} ::=" in "\n".join(calls))]
    rules = [
        # A decoder may drop a space at the beginning of an answer; it means nothing.
        'root ::= " "? ("keep_all()" | "remove_all()" | call ("\\n" call)*)',
        f"call ::= {' | '.join(kinds)}",
        'lines ::= "remove_lines(" range ")"',
        *ranges,
        *calls,
    ]
    return "\n".join(rules) + "\n"


def _ranges(lines: Mapping[int, str]) -> list[str]:
    last = max(lines)
    pairs = " | ".join(f'"{number}, " ({numbers_between(number, last)})' for number in lines)
    return [f"range ::= {pairs}"]


def _pieces(number: int, text: str) -> Iterable[str]:
    """Yield the rules of any piece of a line: each character, and perhaps what follows it."""
    names = [f"c{number}x{place}" for place in range(len(text))]
    yield f"s{number} ::= {' | '.join(names)}"
    for place, character in enumerate(text):
        following = f" {names[place + 1]}?" if place + 1 < len(text) else ""
        yield f"{names[place]} ::= {_literal(quoted(character))}{following}"


def _characters(characters: set[str]) -> str:
    """Return the rule of any string of some characters, as programs spell them."""
    plain: list[str] = []
    others: list[str] = []
    for character in sorted(characters):
        is_plain = character in _PLAIN or character.isalnum() or character > "\x9f"
        is_plain = is_plain and quoted(character) == character
        (plain if is_plain else others).append(character)
    options = [f"[{''.join(plain)}]"] if plain else []
    options += [_literal(quoted(character)) for character in others]
    return f"({' | '.join(options)})+"


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def numbers_between(low: int, high: int) -> str:
    """Return the numbers from one to another, digit by digit."""
    options: list[str] = []
    while len(str(low)) < len(str(high)):
        longest = 10 ** len(str(low)) - 1
        options += _same_length(str(low), str(longest))
        low = longest + 1
    return " | ".join(options + _same_length(str(low), str(high)))


def _same_length(low: str, high: str) -> list[str]:
    """Return the digits between two numbers that have as many."""
    if len(low) == 1:
        return [_digit(low, high)]
    rest = len(low) - 1
    least, most = "0" * rest, "9" * rest
    if low[0] == high[0]:
        if (low[1:], high[1:]) == (least, most):
            return [" ".join([_digit(low[0], high[0])] + ["[0-9]"] * rest)]
        return [f"{_digit(low[0], low[0])} ({' | '.join(_same_length(low[1:], high[1:]))})"]
    options = []
    first, last = int(low[0]), int(high[0])
    if low[1:] != least:
        options += _same_length(low, low[0] + most)
        first += 1
    ending = []
    if high[1:] != most:
        ending = _same_length(high[0] + least, high)
        last -= 1
    if first <= last:
        options.append(" ".join([_digit(str(first), str(last))] + ["[0-9]"] * rest))
    return options + ending


def _digit(low: str, high: str) -> str:
    return f'"{low}"' if low == high else f"[{low}-{high}]"
