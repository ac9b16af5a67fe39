"""What a program costs a language model that has to write it: the model by which programs are compared."""

from bluepencil.programs import InsertLine, Operation, Program, RemoveAll, RemoveLines, RemoveStr, ReplaceStr

# In quarter tokens. `remove_lines(103, 118)` is 12 tokens for a tokenizer that takes digits one by one
# (Qwen3), 8 for one that takes three at a time; `remove_str(104, "")` 9 or 7. A page has 100 to 200 lines.
CALL = 40
# English text has about four characters to a token.
CHARACTER = 1
WHOLE = 12


def cost(program: Program) -> int:
    """Return the cost in quarter tokens: 40 for each call, 1 for each character of its strings.

    `keep_all()` and `remove_all()` cost 12. Line numbers cost the same whatever their digits. Programs with
    the same result delete the same number of characters from the lines that they keep in part, so that
    between two ways of editing the same lines the one with fewer calls is the cheaper one.
    """
    if program.keeps_all:
        return WHOLE
    return sum(map(_cost, program.operations))


def _cost(operation: Operation) -> int:
    match operation:
        case RemoveAll():
            return WHOLE
        case RemoveLines():
            return CALL
        case RemoveStr(_, text) | InsertLine(_, text):
            return CALL + CHARACTER * len(text)
        case ReplaceStr(_, old, new):
            return CALL + CHARACTER * (len(old) + len(new))
