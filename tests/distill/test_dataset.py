import gzip
import json
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluepencil.distill import Distilled, Options, Rejected, examples
from bluepencil.distill.dataset import site_of, split_of
from bluepencil.errors import OptionError
from bluepencil.programs import Program, RemoveAll, RemoveLines, execute, number_lines, parse

from .oracle import UNGUARDED, lines_that_count

RAW = "Home | News\nIt rains again. Read more\nIt stops.\nContact"
REFINED = "It rains again.\nIt stops."


def parsed(example):
    result = parse(example.program)
    assert not result.faults
    return result.program


def carried_over(distilled, numbering="chunk"):
    """Put the programs of the chunks together to one for the document, as whoever runs a refiner does."""
    operations = []
    for example in distilled.examples:
        program = parsed(example)
        if numbering == "chunk":
            program = program.shifted(example.first_line - 1)
        operations += program.operations
    removed = sorted(
        {
            line
            for operation in operations
            if isinstance(operation, RemoveLines)
            for line in range(operation.start, operation.end + 1)
        }
    )
    ranges = [
        [line for _, line in group] for _, group in groupby(enumerate(removed), lambda at: at[1] - at[0])
    ]
    others = [operation for operation in dict.fromkeys(operations) if not isinstance(operation, RemoveLines)]
    return Program((*others, *(RemoveLines(lines[0], lines[-1]) for lines in ranges)))


def test_one_chunk():
    distilled = examples("p1", RAW, REFINED, url="https://www.example.com/a")
    assert isinstance(distilled, Distilled)
    (example,) = distilled.examples
    assert example.row() == {
        "id": "p1",
        "chunk": [1, 4],
        "text": "[1] Home | News\n[2] It rains again. Read more\n[3] It stops.\n[4] Contact",
        "program": 'remove_lines(1, 1)\nremove_str(2, " Read more")\nremove_lines(4, 4)',
        "split": "train",
    }
    assert example.calls == 3


def test_renderings():
    (example,) = examples("p1", RAW, REFINED).examples
    pair = example.prompt_completion("Do it:\n")
    assert pair == {"prompt": f"Do it:\n{example.text}\n\n", "completion": example.program}
    (question, answer) = example.messages("Do it:\n")["messages"]
    assert question == {"role": "user", "content": f"Do it:\n{example.text}"}
    assert answer == {"role": "assistant", "content": example.program}


def test_a_rejected_pair_says_why():
    rejected = examples("p1", RAW, RAW)
    assert isinstance(rejected, Rejected)
    assert rejected.reasons == ("few-deletions",)


texts = st.lists(st.text("ab ", max_size=12), min_size=1, max_size=30).map("\n".join).filter(str.strip)


@pytest.mark.parametrize("raw", ["", " ", "\n \n"])
def test_a_text_with_nothing_to_see_is_no_example(raw):
    rejected = examples("p1", raw, "", Options(screen="none"))
    assert isinstance(rejected, Rejected)
    assert rejected.reasons == ("nothing-shown",)


@settings(max_examples=500, deadline=None)
@given(
    texts,
    st.data(),
    st.integers(8, 80),
    st.integers(0, 7),
    st.sampled_from(["chunk", "document"]),
)
def test_programs_of_chunks_carry_over_to_the_document(raw, data, window, overlap, numbering):
    kept = data.draw(st.lists(st.booleans(), min_size=raw.count("\n") + 1, max_size=raw.count("\n") + 1))
    lines = [line for line, flag in zip(raw.split("\n"), kept, strict=True) if flag]
    refined = "\n".join(line[:-1] if data.draw(st.booleans()) else line for line in lines)
    options = Options(screen="none", replacements=True, window=window, overlap=overlap, numbering=numbering)
    distilled = examples("p", raw, refined, options)
    assert isinstance(distilled, Distilled)
    seen = {
        line for example in distilled.examples for line in range(example.first_line, example.last_line + 1)
    }
    count = raw.count("\n") + 1
    assert seen | set(distilled.passed_over) == set(range(1, count + 1))
    for example in distilled.examples:
        shown = raw.split("\n")[example.first_line - 1 : example.last_line]
        first = 1 if numbering == "chunk" else example.first_line
        assert example.text == number_lines("\n".join(shown), first)
        assert len("\n".join(shown)) <= window
    if not distilled.passed_over:
        program = carried_over(distilled, numbering)
        assert execute(program, raw, UNGUARDED).text == distilled.alignment.target


def test_lines_beyond_the_window_are_passed_over_and_named():
    raw = "\n".join(["nav", "x" * 50, "body " * 4, "foot"])
    distilled = examples(
        "p", raw, "\n".join(raw.split("\n")[1:3]), Options(screen="none", window=40, overlap=0)
    )
    assert distilled.passed_over == (2,)
    assert [(example.first_line, example.last_line) for example in distilled.examples] == [(1, 1), (3, 4)]


def test_remove_all_is_said_of_whole_documents_only():
    raw = "\n".join(["nav " * 5] * 6)
    whole = examples("p", raw, "", Options(screen="none"))
    assert parsed(whole.examples[0]).operations == (RemoveAll(),)
    parts = examples("p", raw, "", Options(screen="none", window=50, overlap=0))
    assert len(parts.examples) == 3
    assert {example.program for example in parts.examples} == {"remove_lines(1, 2)"}
    lines = examples("p", raw, "", Options(screen="none", remove_all=False))
    assert lines.examples[0].program == "remove_lines(1, 6)"


def test_windows_can_be_counted_in_tokens():
    raw = "\n".join(["one two three"] * 10)
    options = Options(screen="none", window=8, overlap=0, size=lambda line: len(line.split()))
    assert [example.last_line for example in examples("p", raw, raw, options).examples] == [2, 4, 6, 8, 10]


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.example.com/page?q=1", "example.com"),
        ("http://News.Example.com:8080/", "example.com"),
        ("https://a.b.co.uk/x", "b.co.uk"),
        ("example.org/page", "example.org"),
        ("http://192.168.0.1/x", "192.168.0.1"),
        ("http://[::1]/x", "::1"),
        ("http://[broken/x", ""),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_sites(url, site):
    assert site_of(url) == site


def test_all_pages_of_a_site_are_in_one_split_and_shares_hold():
    options = Options(validation_share=0.3)
    splits = {}
    for number in range(2000):
        site = number % 500
        split = split_of(f"id{number}", f"https://sub{number}.site{site}.com/{number}", options)
        assert splits.setdefault(site, split) == split
    assert 0.2 < list(splits.values()).count("validation") / 500 < 0.4
    by_id = [split_of(f"id{number}", "", options) for number in range(2000)]
    assert 0.25 < by_id.count("validation") / 2000 < 0.35
    assert by_id != [
        split_of(f"id{number}", "", Options(validation_share=0.3, seed=1)) for number in range(2000)
    ]
    one_site = Options(validation_share=0.5, split_by="id")
    assert len({split_of(str(number), "http://a.com", one_site) for number in range(50)}) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"screen": "x"},
        {"window": 0},
        {"overlap": 20_000},
        {"validation_share": 2},
        {"numbering": "x"},
        {"split_by": "x"},
        {"blank_lines": "x"},
    ],
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(OptionError):
        Options(**wrong)


def test_real_pages_give_examples_that_carry_over(web_data):
    options = Options(screen="none", replacements=True, window=3000, overlap=300)
    with gzip.open(web_data / "scrapinghub.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    chunks = 0
    for row in rows:
        distilled = examples(row["id"], row["raw"], row["gold_proj"], options, url=row["url"])
        chunks += len(distilled.examples)
        if not distilled.passed_over:
            result = execute(carried_over(distilled), row["raw"], UNGUARDED).text
            assert lines_that_count(result) == lines_that_count(row["gold_proj"])
    assert chunks > 2 * len(rows)
