"""What a program costs a language model that has to write it: the model by which programs are compared."""

from bluepencil.programs import (
    InsertLine,
    KeepStr,
    Operation,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
)

# In quarter tokens. `remove_lines(103, 118)` is 12 tokens for a tokenizer that takes digits one by one
# (Qwen3), 8 for one that takes three at a time; `remove_str(104, "")` 9 or 7. A page has 100 to 200 lines.
CALL = 40
# The least that a character costs; see `weight`.
CHARACTER = 1
# A quarter token for a byte: English text has about four characters to a token, other alphabets two, Chinese
# one and a third. Digits are tokens of their own for many tokenizers.
DIGIT = 4
# `, ""`: what another string adds to a call.
STRING = 8
WHOLE = 12


def weight(text: str) -> int:
    """Return the cost of a string in quarter tokens: 4 for each digit, 1 for each byte of anything else."""
    return len(text.encode("utf-8", "surrogatepass")) + (DIGIT - 1) * sum(map(text.count, "0123456789"))


def cost(program: Program) -> int:
    """Return the cost in quarter tokens: 40 for each call, and the weight of its strings.

    Each further string of keep_str() costs 8 beside its weight; `keep_all()` and `remove_all()` cost 12.
    Line numbers cost the same whatever their digits. Of two ways to delete the same from a line by
    remove_str(), the one with fewer calls is the cheaper one; of two to keep the same by keep_str(), the one
    with fewer strings.
    """
    if program.keeps_all:
        return WHOLE
    return sum(map(_cost, program.operations))


def least_cost(line: int, left: int) -> int:
    """Return the least that it can cost to leave of a line of some weight another one of less weight."""
    return CALL + (min(line - left, left) if left else line)


def _cost(operation: Operation) -> int:
    match operation:
        case RemoveAll():
            return WHOLE
        case RemoveLines():
            return CALL
        case RemoveStr(_, text) | InsertLine(_, text):
            return CALL + weight(text)
        case KeepStr(_, texts):
            return CALL + STRING * (len(texts) - 1) + sum(map(weight, texts))
        case ReplaceStr(_, old, new):
            return CALL + weight(old) + weight(new)
