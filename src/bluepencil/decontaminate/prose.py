r"""Prose and mathematics as tokens: what remains of a text when only how it is written has changed.

The normaliser, all of it: characters fold (`folding`); a token is a run of letters, or one digit; everything
else only separates. `\frac`, `\left`, `\cdot` and the other commands of COMMANDS go, as does the name of an
environment; Greek commands are the letters; other commands lose their backslash. So `\dfrac12`,
`\frac{1}{2}` and `1/2` agree, `$x^2$` and `x²`, `1,000` and `1000`; `1/2` and `0.5`, or `xy` and `x y`, do
not. `<<48/2=24>>`, GSM8K's notes to a calculator, are passed over. In the loose stream neighbouring numbers,
also small ones in words, are one mark.
"""

import re
from functools import lru_cache

import numpy as np

from bluepencil.decontaminate.folding import BACKSLASH, Class, blocks
from bluepencil.decontaminate.hashing import (
    Flags,
    Hashes,
    Ints,
    WordTable,
    gram_hashes,
    run_hashes,
    word_hash,
)
from bluepencil.decontaminate.streams import Streams, joined

SIZE = 6
"""Tokens of an n-gram: a docstring of one sentence has several, and a changed word costs no more than six."""

# Structure, spacing, fonts, and operators that are also written as signs, which only separate.
COMMANDS = """
frac dfrac tfrac cfrac left right big Big bigg Bigg bigl bigr Bigl Bigr middle displaystyle textstyle text
textbf textit textrm mathrm mathbf mathit mathbb mathcal mathsf operatorname mbox hbox rm bf it quad qquad
hspace vspace hfill phantom cdot times div ast star bullet pm mp boxed fbox begin end label tag nonumber
hline cline sqrt sum int prod lim limits nolimits over atop le leq leqslant ge geq geqslant ne neq lt gt
approx equiv sim simeq cong mid parallel perp in notin subset subseteq cup cap to rightarrow leftarrow
Rightarrow Leftarrow implies iff longrightarrow mapsto ldots cdots dots vdots ddots dotsc dotsb circ degree
angle triangle langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert vert Vert overline underline
bar hat vec tilde overrightarrow widehat prime therefore because land lor neg forall exists infty partial
nabla emptyset stackrel overset underset newline par noindent item
"""
_GREEK = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon
phi chi psi omega
"""
_GREEK_LETTERS = "αβγδεζηθικλμνξοπρστυφχψω"
_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_LARGE = """
ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty
sixty seventy eighty ninety hundred thousand million half quarter twice thrice dozen
"""
_NOTE = re.compile(r"<<[^<>\n]{0,200}>>")
_DROPPED = 1


@lru_cache(maxsize=1)
def _commands() -> tuple[WordTable, WordTable, int]:
    letters = {name: word_hash(letter) for name, letter in zip(_GREEK.split(), _GREEK_LETTERS, strict=True)}
    letters["varepsilon"], letters["varphi"] = letters["epsilon"], letters["phi"]
    dropped = {name.casefold() for name in COMMANDS.split()}
    return WordTable(dict.fromkeys(dropped, _DROPPED) | letters), WordTable(["begin", "end"]), word_hash("#")


@lru_cache(maxsize=1)
def _numbers() -> WordTable:
    words = {word: word_hash(str(digit)) for digit, word in enumerate(_SMALL)}
    return WordTable(words | {word: word_hash(word) for word in _LARGE.split()})


def streams(text: str) -> Streams:
    """Return the n-grams of a text read as prose."""
    if "<<" in text:
        text = _NOTE.sub(lambda note: " " * len(note[0]), text)
    exact, starts, ends, numbers = _tokens(text)
    begins = np.ones(len(exact) + 1, np.bool_)
    begins[1:-1] = ~(numbers[1:] & numbers[:-1])
    first = np.flatnonzero(begins)
    loose, masked = exact[first[:-1]], numbers[first[:-1]]
    loose[masked] = np.uint64(_commands()[2])
    return Streams(SIZE, gram_hashes(loose, SIZE), exact, starts, ends, first, masked)


def _tokens(text: str) -> tuple[Hashes, Ints, Ints, Flags]:
    """Return hashes, first and last character, and which are numbers, of the tokens of a text."""
    hashes, starts, ends, numbers = [], [], [], []
    commands, environments, _ = _commands()
    words = _numbers()
    for block in blocks(text):
        classes = block.classes
        letter = classes == Class.LETTER
        single = classes > Class.LETTER
        before = np.empty_like(letter)
        before[0], before[1:] = False, letter[:-1]
        after = np.empty_like(letter)
        after[-1], after[:-1] = False, letter[1:]
        first = np.flatnonzero(single | (letter & ~before))
        last = np.flatnonzero(single | (letter & ~after))
        if not len(first):
            continue
        values = run_hashes(block.characters, first, last + 1)
        number = classes[first] == Class.DIGIT
        spelled = words.values(values)
        number |= spelled != 0
        values = np.where(spelled != 0, spelled, values)
        behind = block.characters[np.maximum(first - 1, 0)] == BACKSLASH
        if behind.any():
            kept, values = _without_commands(values, behind, commands, environments)
            first, last, number = first[kept], last[kept], number[kept]
        hashes.append(values)
        starts.append(block.places(first))
        ends.append(block.places(last) + 1)
        numbers.append(number)
    return (
        joined(hashes, np.uint64),
        joined(starts, np.int64),
        joined(ends, np.int64),
        joined(numbers, np.bool_),
    )


def _without_commands(
    values: Hashes, behind: Flags, commands: WordTable, environments: WordTable
) -> tuple[Flags, Hashes]:
    """Return which tokens stay, and what they are, where some stand behind a backslash."""
    meaning = np.where(behind, commands.values(values), np.uint64(0))
    dropped = meaning == np.uint64(_DROPPED)
    opened = behind & environments.holds(values)
    dropped[1:] |= opened[:-1]
    kept = ~dropped
    return kept, np.where(meaning > np.uint64(_DROPPED), meaning, values)[kept]
