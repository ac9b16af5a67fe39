"""Programs that each dialect can express, and texts that are nearly programs."""

from hypothesis import strategies as st

from bluepencil.programs import KEEP_ALL, REMOVE_ALL, Program, RemoveStr, ReplaceStr

from ..strategies import any_text, awkward_text, numbers, ranges, strings, texts

replaced = texts.filter(bool)
ultrax_programs = st.lists(
    ranges() | st.builds(RemoveStr, numbers, strings) | st.builds(ReplaceStr, numbers, strings, replaced),
    max_size=8,
).map(lambda ops: Program(tuple(ops))) | st.just(REMOVE_ALL)
unicode_strings = strings.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))
rescraper_programs = st.lists(
    ranges() | st.builds(RemoveStr, numbers, unicode_strings), min_size=1, max_size=8
).map(lambda ops: Program(tuple(ops))) | st.sampled_from([KEEP_ALL, REMOVE_ALL])


@st.composite
def prox_c_programs(draw):
    """Draw (program, text, first line): strings stand in the text once."""
    text = draw(texts)
    first = draw(st.integers(1, 2000))
    lines = text.split("\n")
    operations = draw(st.lists(ranges(), max_size=3))
    for _ in range(draw(st.integers(0, 4))):
        line = draw(st.integers(1, len(lines)))
        content = lines[line - 1]
        start = draw(st.integers(0, len(content)))
        piece = content[start : draw(st.integers(start, len(content)))]
        if piece and text.find(piece, text.find(piece) + 1) < 0:
            new = draw(texts)
            number = line + first - 1
            operations.append(ReplaceStr(number, piece, new) if new else RemoveStr(number, piece))
    return Program(tuple(operations)), text, first


FRAGMENTS = [
    *("keep_doc", "drop_doc", "keep_chunk", "untouch_doc", "remove_lines", "normalize", "add_line", "f"),
    *(
        "keep_all()",
        "remove_all()",
        "replace_str",
        "source_str=",
        "target_str=",
        "start=",
        "end=",
        "line_end=",
    ),
    *(
        "<keep>",
        "<delete>",
        "<edit>",
        "<rewrite>",
        "<extract>",
        "rm 1",
        "rm 2-4",
        "rm 4-2",
        "sub 1: ",
        "rm",
        "-",
    ),
    *("(", ")", ",", ", ", ";", "\n", " ", "\r\n", "\f", "\u2028", "'", '"', "\\", "\\n", "\\d", "\\ud800"),
    *("0", "1", "-1", "9" * 19, "9" * 18, "٣", "=", "#", "()", "(1, 2)", '"a"', "(1, 'a', 'b')", "<think>"),
]
fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=16).map("".join)


@st.composite
def damaged(draw, rendered):
    """Draw the text of a program with a piece cut out and another put in."""
    source = draw(rendered)
    start = draw(st.integers(0, len(source)))
    end = draw(st.integers(start, min(len(source), start + 6)))
    return source[:start] + draw(st.sampled_from(FRAGMENTS) | st.just("")) + source[end:]


sources = any_text | awkward_text | fragments
