"""Texts, programs and program texts to test with, made to meet: strings are cut from the text, and so on."""

from hypothesis import strategies as st

from bluepencil.programs import (
    InsertLine,
    KeepStr,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    render,
)

# What other tools take for a line end, what cannot be encoded, what ends strings, what looks like an escape.
AWKWARD = "\n\r\x00\x0b\x0c\x1c\x85\u2028\u2029\ud800\udfff\"'\\(),=;# é中\U0001f600\ufeff"

any_text = st.text(st.characters(exclude_categories=()), max_size=60)
awkward_text = st.text(st.sampled_from(AWKWARD + "ab"), max_size=40)
repetitive_text = st.text(st.sampled_from("aab\n"), max_size=40)
texts = any_text | awkward_text | repetitive_text
strings = texts.filter(bool)
line_texts = texts.map(lambda text: text.replace("\n", ""))
numbers = st.integers(1, 10**18 - 1) | st.integers(1, 9)


@st.composite
def ranges(draw):
    start, end = sorted((draw(numbers), draw(numbers)))
    return RemoveLines(start, end)


operations = (
    st.just(RemoveAll())
    | ranges()
    | st.builds(RemoveStr, numbers, strings)
    | st.builds(KeepStr, numbers, st.lists(strings, min_size=1, max_size=4).map(tuple))
    | st.builds(ReplaceStr, numbers, strings, texts)
    | st.builds(InsertLine, st.just(0) | numbers, line_texts)
)
programs = st.lists(operations, max_size=8).map(lambda ops: Program(tuple(ops)))


@st.composite
def _fitting(draw, text: str, deletions_only: bool):
    """Draw an operation that mostly fits the text: lines that exist, strings that are there."""
    lines = text.split("\n")
    last = len(lines) + (draw(st.integers(0, 9)) == 0)
    line = draw(st.integers(1, last))
    deletions = ("lines", "string", "keep")
    kind = draw(st.sampled_from(deletions if deletions_only else (*deletions, "new", "insert")))
    if kind == "lines":
        return RemoveLines(line, draw(st.integers(line, min(line + 2, last))))
    if kind == "insert":
        return InsertLine(draw(st.integers(0, last)), draw(line_texts))
    content = lines[line - 1] if line <= len(lines) else ""

    def piece() -> str:
        start = draw(st.integers(0, len(content)))
        return content[start : draw(st.integers(start, len(content)))] or draw(strings)

    if kind == "keep":
        return KeepStr(line, tuple(piece() for _ in range(draw(st.integers(1, 3)))))
    string = piece()
    return RemoveStr(line, string) if kind == "string" else ReplaceStr(line, string, draw(texts))


@st.composite
def edits_of_texts(draw, deletions_only: bool = False):
    """Draw (program, text): most calls can be carried out, some overlap, some do not fit."""
    text = draw(texts)
    fitting = _fitting(text, deletions_only)
    drawn = draw(st.lists(fitting | fitting | fitting | operations, max_size=8))
    return Program(tuple(drawn)), text


FRAGMENTS = [
    *("keep_all", "remove_all", "remove_lines", "remove_str", "keep_str", "replace_str", "insert_line", "f"),
    *("(", ")", ",", ", ", ";", "\n", " ", "\r\n", "\t", "\u2028", "'", '"', "\\", "\\n", "\\x41", "\\ud800"),
    *(
        "\\U0010ffff",
        "\\U00110000",
        "\\d",
        "0",
        "1",
        "2",
        "12",
        "-1",
        "9" * 19,
        "٣",
        "=",
        "start=",
        "# c",
        "a",
    ),
    *("()", "(1, 2)", '(1, "a")', "(2, 'b', \"c\")", "keep_all()", "remove_lines(1, 2)", "```"),
]
fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)


@st.composite
def damaged(draw):
    """Draw a rendered program with a piece cut out and another put in."""
    source = render(draw(programs))
    start = draw(st.integers(0, len(source)))
    end = draw(st.integers(start, min(len(source), start + 6)))
    return source[:start] + draw(st.sampled_from(FRAGMENTS) | st.just("")) + source[end:]


def _spelled(character: str, quote: str, way: int) -> str:
    """Spell a character of a string in one of the ways that there are."""
    code = ord(character)
    ways = [f"\\U{code:08X}"]
    if code < 0x10000:
        ways.append(f"\\u{code:04x}")
    if code < 0x100:
        ways.append(f"\\x{code:02X}")
    if character in "\n\r\t":
        ways.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character])
    ways.append(f"\\{character}" if character in "\"'\\" else character)
    if character in "\"'" and character != quote:
        ways.append(character)
    return ways[way % len(ways)]


@st.composite
def loosely_written(draw):
    """Draw (program, source): the program spelled in other ways than by `render`."""
    program = draw(programs)
    spaces = st.text(st.sampled_from(" \n\t\r\u2028\xa0"), max_size=2)

    def string(text: str) -> str:
        quote = draw(st.sampled_from("\"'"))
        ways = draw(st.lists(st.integers(0, 59), min_size=len(text), max_size=len(text)))
        return quote + "".join(map(_spelled, text, quote * len(text), ways)) + quote

    def call(name: str, *arguments: str) -> str:
        inside = ",".join(draw(spaces) + argument + draw(spaces) for argument in arguments)
        return f"{draw(spaces)}{name}{draw(spaces)}({inside}{draw(spaces)}){draw(spaces)}"

    calls = []
    for operation in program.operations:
        match operation:
            case RemoveLines(start, end):
                calls.append(call("remove_lines", f"00{start}"[-18:], str(end)))
            case RemoveStr(line, text):
                calls.append(call("remove_str", str(line), string(text)))
            case KeepStr(line, named):
                calls.append(call("keep_str", str(line), *map(string, named)))
            case ReplaceStr(line, old, new):
                calls.append(call("replace_str", str(line), string(old), string(new)))
            case InsertLine(after, text):
                calls.append(call("insert_line", str(after), string(text)))
            case RemoveAll():
                calls.append(call("remove_all"))
    separator = draw(st.sampled_from(["", ";", "\n", " ;; "]))
    return program, separator.join(calls) or call("keep_all")


sources = any_text | awkward_text | fragments | damaged()
