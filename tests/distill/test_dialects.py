"""Examples in other systems' dialects: shown as their refiners see a text, and saying the same."""

import gzip
import json
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bluepencil.distill import Distilled, Options, Rejected, examples, solve
from bluepencil.distill.dataset import program_of_chunk
from bluepencil.distill.dialects import DialectReason
from bluepencil.distill.shortest import without
from bluepencil.distill.steps import Distill
from bluepencil.errors import OptionError
from bluepencil.programs import Chunk, KeepStr, execute
from bluepencil.programs.dialects.languages import LANGUAGES, language_named
from bluepencil.refiners.dialects_prox import CHUNKS, DOCUMENTS, ProxC, ProxD
from bluepencil.refiners.dialects_rescraper import ReScraper
from bluepencil.refiners.dialects_ultrax import UltraX
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_prompt import PromptFormat

from .oracle import UNGUARDED, cheapest, deleted, lines_that_count, removals_of

SYSTEM = "Clean this page."
OF_CHUNKS = ("native", "prox-c", "ultrax")
EDITING = (*OF_CHUNKS, "rescraper")
WAYS = [(name, flag) for name in EDITING for flag in (False, True) if LANGUAGES[name].replaces or not flag]
# Released refiners, asked as `refiners.dialects` asks them.
REFINERS = {
    "prox-d": ProxD(),
    "prox-c": ProxC(),
    "ultrax": UltraX(PromptFormat("chat", system=SYSTEM, numbering="document")),
    "rescraper": ReScraper(PromptFormat("chat", system=SYSTEM, numbering="document")),
}


def lines_of(raw, one):
    """Return the chunk of an example, cut out of its text."""
    lines = raw.split("\n")
    before = "\n".join([*lines[: one.first_line - 1], ""])
    return "\n".join(lines[one.first_line - 1 : one.last_line]), len(before)


def check(raw, distilled, options):
    """Check the law of an editing dialect for every example; return how many there are."""
    language = options.language
    for one in distilled.examples:
        text, start = lines_of(raw, one)
        first = 1 if options.numbers == "chunk" else one.first_line
        parsed = language.parse(one.program, text, first)
        assert parsed.faults == ()
        assert not parsed.notes
        done = execute(parsed.program.shifted(1 - first), text, UNGUARDED)
        assert done.faults == ()
        chunk = Chunk(one.first_line, one.last_line, start, start + len(text))
        meant = program_of_chunk(distilled.solution.program, chunk, raw).shifted(1 - one.first_line)
        wanted = execute(meant, text, UNGUARDED).text
        if language.name in ("native", "prox-c"):
            assert done.text == wanted
        assert lines_that_count(done.text) == lines_that_count(wanted)
        assert language.bare(one.text)[0] == first
        check_parity(raw, one, chunk, options)
    return len(distilled.examples)


def check_parity(raw, one, chunk, options):
    """Check that the refiner of the dialect is asked in these words and reads this program in them."""
    if options.dialect not in REFINERS:
        dialect = Native(PromptFormat(numbering=options.numbers))
        assert dialect.prompt(raw, chunk).text == one.text
        return
    dialect = REFINERS[options.dialect]
    system = SYSTEM if options.language.published else ""
    row = Distill(Options(dialect=options.dialect), system=system)._row(one)
    asked = dialect.prompt(raw, chunk)
    assert one.text in asked.contents
    if asked.messages:
        assert row["messages"] == [*asked.chat(), {"role": "assistant", "content": one.program}]
    else:
        assert (row["prompt"], row["completion"]) == (asked.text, one.program)
    read = dialect.read(one.program, raw, chunk)
    assert read.faults == ()
    if options.language.edits:
        again = options.language.parse(one.program, raw[chunk.start : chunk.end], one.first_line)
        results = [
            execute(program.shifted(1 - one.first_line), raw[chunk.start : chunk.end], UNGUARDED).text
            for program in (read.program, again.program)
        ]
        assert results[0] == results[1]


characters = st.sampled_from(["a", "b", " ", "ab ", "\t", '"', "\\", "é", "(", "1", "\u2028"])
texts = st.lists(
    st.lists(characters, max_size=8).map("".join) | st.sampled_from(["", "  ", "menu", "a b a", "x\r"]),
    min_size=1,
    max_size=12,
).map("\n".join)


@st.composite
def pairs(draw):
    """Draw a text and what an expert might leave of it: lines without some characters, and some more."""
    raw = draw(texts)
    kept = []
    for line in raw.split("\n"):
        if draw(st.booleans()):
            start = draw(st.integers(0, len(line)))
            end = draw(st.integers(start, len(line)))
            kept.append(line[:start] + line[end:])
    return raw, "\n".join(kept)


@settings(max_examples=1_000)
@given(pairs(), st.sampled_from(WAYS), st.integers(6, 60), st.integers(0, 5))
@example(("a b a\nx", "a \nx"), ("prox-c", True), 40, 0)
@example(("  menu a\nb", "a\nb"), ("rescraper", False), 40, 0)
def test_every_example_says_what_the_pair_says(pair, way, window, overlap):
    raw, refined = pair
    dialect, replacements = way
    whole = dialect == "rescraper"
    options = Options(
        "none",
        dialect=dialect,
        replacements=replacements,
        window=None if whole else window,
        overlap=None if whole else overlap,
    )
    made = examples("p", raw, refined, options)
    if isinstance(made, Distilled):
        check(raw, made, options)
        assert dialect == "native" or not made.unsaid or made.examples
    else:
        assert dialect != "native" or not raw.strip()
        assert set(made.reasons) <= {"unreachable", *DialectReason}


@settings(max_examples=100)
@given(pairs())
def test_a_decision_is_to_drop_what_nothing_is_left_of(pair):
    raw, refined = pair
    made = examples("p", raw, refined, Options("none", dialect="prox-d"))
    if isinstance(made, Rejected):
        assert not raw.strip()
        assert made.reasons == (DialectReason.NOTHING_SHOWN,)
        return
    (one,) = made.examples
    assert one.text == raw.lstrip()
    assert one.program == ("keep_doc()" if made.alignment.target.strip() else "drop_doc()")
    start = len(raw) - len(one.text)
    check_parity(raw, one, Chunk(1, 1, start, len(raw)), Options(dialect="prox-d"))


@settings(max_examples=200)
@given(st.text("ab\n", max_size=7) | st.text("a\n", max_size=8) | st.text("abc1\n", max_size=6))
def test_without_keep_str_every_result_has_the_cheapest_program_or_none_exists(text):
    best = cheapest(text, removals_of)
    for kept in product((False, True), repeat=len(text)):
        spans = deleted(text, kept)
        target = without(text, spans)
        solution = solve(text, spans, keep_str=False)
        assert solution.optimal
        assert solution.reachable == (target in best)
        assert not any(isinstance(one, KeepStr) for one in solution.program.operations)
        if solution.reachable:
            assert solution.cost == best[target]
            done = execute(solution.program, text, UNGUARDED)
            assert (done.text, done.faults) == (target, ())


RAW = "Home\nIt rains. Share\nIt stops. Share\n\nContact"
REFINED = "It rains.\nIt stops."


def only(dialect, raw=RAW, refined=REFINED, **options):
    made = examples("p", raw, refined, Options("none", dialect=dialect, **options))
    assert isinstance(made, Distilled), made.reasons
    (one,) = made.examples
    return one


def test_ultrax():
    one = only("ultrax")
    assert one.text == "<lid:1>Home\n<lid:2>It rains. Share\n<lid:3>It stops. Share\n<lid:4>\n<lid:5>Contact"
    assert one.program == (
        'remove_lines(1, 1)\nreplace_str(2, " Share", "")\nreplace_str(3, " Share", "")\nremove_lines(4, 5)'
    )
    assert only("ultrax", raw=RAW, refined=RAW).program == "keep_all()"
    assert only("ultrax", refined="").program == "remove_all()"
    twice = only("ultrax", "ha ha ha ha", "ha ha ha", replacements=True)
    assert twice.program == 'replace_str(1, " ha ha ha", " ha ha")'


def test_what_is_not_shown_is_not_named():
    windows = only("ultrax", "menu text\r\nmore\r\n", "text\nmore")
    assert windows.text == "<lid:1>menu text\n<lid:2>more\n<lid:3>"
    ended = only("ultrax", "text menu\r\nmore", "text\nmore")
    assert ended.program == 'replace_str(1, " menu", "")'
    page = only("rescraper", "   menu text   \n\n\nmore", "text\nmore")
    assert page.text == "<lid:1> menu text\n<lid:2> more"
    assert page.program == '<edit>\n<extract>\n<edit>\nsub 1: "menu "'
    spaces = examples("p", " a b", "ab", Options("none", dialect="rescraper"))
    assert isinstance(spaces, Rejected)
    assert spaces.reasons == ("string-repeated",)


def test_rescraper_goes_from_one_line_that_it_sees_to_another():
    raw = "Home\n\nNews\n\nIt rains.\n\nContact\n"
    one = only("rescraper", raw, "It rains.")
    assert one.text == "<lid:1> Home\n<lid:2> News\n<lid:3> It rains.\n<lid:4> Contact"
    assert one.program == "<edit>\n<extract>\n<edit>\nrm 1-2\nrm 4"
    assert only("rescraper", raw, raw).program == "<keep>\n<extract>\n<keep>"
    assert only("rescraper", raw, "").program == "<delete>\n<extract>\n<delete>"
    long = examples("p", raw, "It rains.", Options("none", dialect="rescraper", window=20))
    assert isinstance(long, Rejected)
    assert long.reasons == ("page-too-long",)
    blank = examples("p", " \n", "", Options("none", dialect="rescraper"))
    assert isinstance(blank, Rejected)
    assert blank.reasons == ("nothing-shown",)


def test_prox_c_needs_strings_that_stand_in_their_chunk_once():
    repeated = examples("p", RAW, REFINED, Options("none", dialect="prox-c"))
    assert isinstance(repeated, Rejected)
    assert repeated.reasons == ("string-repeated",)
    widened = only("prox-c", replacements=True)
    assert widened.text == "[000]Home\n[001]It rains. Share\n[002]It stops. Share\n[003]\n[004]Contact"
    assert widened.program.split("\n") == [
        "remove_lines(start=0, end=0)",
        'normalize(source_str="ns. Share", target_str="ns.")',
        'normalize(source_str="ps. Share", target_str="ps.")',
        "remove_lines(start=3, end=4)",
    ]
    in_chunks = examples("p", RAW, REFINED, Options("none", dialect="prox-c", window=21))
    assert isinstance(in_chunks, Distilled)
    assert [one.program for one in in_chunks.examples] == [
        'remove_lines(start=0, end=0)\nnormalize(source_str=" Share", target_str="")',
        'normalize(source_str=" Share", target_str="")\nremove_lines(start=3, end=3)',
        "remove_lines(start=4, end=4)",
    ]
    assert only("prox-c", refined="").program == "remove_lines(start=0, end=4)"
    assert only("prox-c", refined=RAW).program == "keep_chunk()"


def test_chunks_that_cannot_be_said_are_counted_and_the_others_are_kept():
    raw = f"{RAW}\n{'x' * 30}\nmenu"
    made = examples(
        "p", raw, f"{REFINED}\n{'x' * 30}", Options("none", dialect="prox-c", window=50, overlap=0)
    )
    assert isinstance(made, Distilled)
    assert [one.program for one in made.examples] == ["remove_lines(start=6, end=6)"]
    assert made.unsaid == {DialectReason.STRING_REPEATED: 1}


def test_equal_lines_cannot_be_told_apart_by_prox_c():
    raw = "say it again\nsay it again"
    made = examples("p", raw, "say it\nsay it", Options("none", dialect="prox-c", replacements=True))
    assert isinstance(made, Rejected)
    assert made.reasons == ("string-repeated",)


def test_prox_d_sees_the_beginning():
    one = only("prox-d", "\n\n  Home\n" + "word\n" * 5_000, "word")
    assert (one.first_line, len(one.text), one.program) == (3, 6_000, "keep_doc()")
    assert one.last_line == 3 + one.text.count("\n")
    assert only("prox-d", refined="").program == "drop_doc()"


def test_what_only_keep_str_can_say_is_out_of_reach_of_the_others():
    line = "a b c a b d a b"
    for dialect in ("prox-c", "ultrax", "rescraper"):
        made = examples("p", line, "c a b d", Options("none", dialect=dialect))
        assert isinstance(made, Rejected)
        assert made.reasons == ("unreachable",)
    assert only("native", line, "c a b d").program.startswith("keep_str")


@pytest.mark.parametrize("style", ["plain", "chat"])
@pytest.mark.parametrize("name", LANGUAGES)
def test_both_styles_hold_the_text_and_the_system_message(name, style):
    language = language_named(name)
    system = SYSTEM if language.published else ""
    step = Distill(Options("none", dialect=name), style=style, system=system)
    one = only(name, "Home\nIt rains.", "It rains.")
    row = step._row(one)
    if style == "plain":
        asked, answer = row["prompt"], row["completion"]
        said = asked
    else:
        *first, question, answer_message = row["messages"]
        assert [message["role"] for message in first] == (["system"] if name != "native" else [])
        asked, answer = question["content"], answer_message["content"]
        said = "".join(message["content"] for message in first) + asked
    assert one.text in asked
    assert answer == one.program
    assert (language.words.system or system) in said
    assert step.describe()["style"] == style
    assert step.row_columns.keys() == row.keys()


def test_the_formats_of_the_released_refiners_are_those_of_their_languages():
    assert DOCUMENTS.before.startswith("[INST] <<SYS>>\nYou are a helpful")
    assert (CHUNKS.before, CHUNKS.after, CHUNKS.style) == ("[doc]\n", "\n[/doc]", "chat")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"dialect": "x"}, "no dialect"),
        ({"dialect": "rescraper", "replacements": True}, "no call that replaces"),
        ({"dialect": "prox-d", "replacements": True}, "no call that replaces"),
        ({"dialect": "rescraper", "overlap": 10}, "no overlap"),
        ({"dialect": "rescraper", "blank_lines": "follow"}, "blank lines"),
    ],
)
def test_options_that_do_not_go_together(wrong, says):
    with pytest.raises(OptionError, match=says):
        Options(**wrong)


def test_the_system_message_is_asked_for_where_it_is_not_here():
    with pytest.raises(OptionError, match="openbmb/UltraX"):
        Distill(Options(dialect="ultrax"))
    with pytest.raises(OptionError, match="leave out the system message"):
        Distill(Options(dialect="prox-c"), system=SYSTEM)
    described = Distill(Options(dialect="ultrax"), system=SYSTEM).describe()
    assert described["system"] == SYSTEM
    assert (described["window"], described["overlap"], described["numbering"]) == (48_000, 9_600, "document")


@pytest.mark.parametrize(("dialect", "replacements"), WAYS)
def test_real_pages(web_data, dialect, replacements):
    options = Options("none", dialect=dialect, replacements=replacements)
    made = total = 0
    for name in ("scrapinghub", "cleaneval_dev"):
        with gzip.open(web_data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        for row in rows[::3]:
            total += 1
            found = examples(row["id"], row["raw"], row["gold_proj"], options)
            if isinstance(found, Distilled):
                made += check(row["raw"], found, options) > 0
    assert made > 0.9 * total
