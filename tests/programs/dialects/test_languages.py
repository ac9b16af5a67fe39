"""How each dialect shows a text, and whether its lines come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.errors import OptionError, ProgramError
from bluepencil.programs import KEEP_ALL, REMOVE_ALL, Program, RemoveLines, RemoveStr, number_lines
from bluepencil.programs.dialects.languages import LANGUAGES, language_named
from bluepencil.programs.dialects.rescraper import read_rescraper, write_rescraper
from bluepencil.programs.faults import FaultCode

TEXT = "  Home \r\n\nIt rains.\n"
lines = st.lists(st.text("ab1<]:> \t\r\x0c\u2028", max_size=8), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("native", "[7]   Home \r\n[8] \n[9] It rains.\n[10] "),
        ("prox-d", TEXT),
        ("prox-c", "[006]  Home \r\n[007]\n[008]It rains.\n[009]"),
        ("ultrax", "<lid:7>  Home \n<lid:8>\n<lid:9>It rains.\n<lid:10>"),
        ("rescraper", "<lid:7> Home\n<lid:8> It rains."),
    ],
)
def test_a_text_is_shown(name: str, shown: str) -> None:
    assert language_named(name).show(TEXT, 7) == shown


@given(lines, st.integers(1, 2000), st.sampled_from(sorted(LANGUAGES)))
def test_numbers_come_off_again(lines: list[str], first: int, name: str) -> None:
    language = LANGUAGES[name]
    text = "\n".join(lines)
    shown = [line for line in map(language.seen, lines) if line or language.blank_lines]
    bare_first, bare = language.bare(language.show(text, first))
    assert bare == "\n".join(shown)
    if language.mark and shown:
        assert bare_first == first
    assert language.as_seen(text).count("\n") == text.count("\n")
    if name == "native":
        assert language.show(text, first) == number_lines(text, first)


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_each_language_says_that_all_stays_and_reads_it(name: str) -> None:
    language = LANGUAGES[name]
    assert language.parse(language.render(KEEP_ALL, TEXT, 1), TEXT, 1).program == KEEP_ALL
    if language.removes_all:
        assert language.parse(language.render(REMOVE_ALL, TEXT, 1), TEXT, 1).program == REMOVE_ALL
    else:
        with pytest.raises(ProgramError):
            language.render(REMOVE_ALL, TEXT, 1)


def test_rescraper_counts_the_lines_that_it_shows() -> None:
    text = "\nHome\n\nNews\nIt rains."
    program = Program((RemoveLines(2, 4), RemoveStr(5, " rains")))
    answer = write_rescraper(program, text)
    assert answer.split("\n")[3:] == ["rm 1-2", 'sub 3: " rains"']
    assert read_rescraper(answer, text).program == program
    assert read_rescraper(answer, text, 11).program == program.shifted(10)
    with pytest.raises(ProgramError, match="line 1 is blank"):
        write_rescraper(Program((RemoveLines(1, 2),)), text)
    beyond = read_rescraper('<edit>\n<extract>\nrm 3-4\n<edit>\nrm 1\nsub 4: "a"', text)
    assert beyond.program == Program((RemoveLines(2, 2),))
    assert [fault.code for fault in beyond.faults] == [FaultCode.LINE_MISSING] * 2


def test_a_language_that_does_not_exist() -> None:
    with pytest.raises(OptionError, match="rescraper"):
        language_named("prox")
