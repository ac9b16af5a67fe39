"""What people read of a run: the funnel, the page, the changes step by step."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bluepencil.api import run_step, run_steps
from bluepencil.engine.results import read_results
from bluepencil.engine.state import read_manifest
from bluepencil.errors import OptionError
from bluepencil.report.difference import MOST_LINES, difference
from bluepencil.report.distributions import SAMPLE, Numbers, OfStep, distributions
from bluepencil.report.documents import shown, stage_numbers
from bluepencil.report.funnel import funnel
from bluepencil.report.histogram import Series, histogram
from bluepencil.report.page import write_page
from bluepencil.report.summary import summary
from conftest import write_rows
from engine.steps import Toy

STEPS = [Toy("<b>a</b>", never=("raise",)), Toy("b"), Toy("c")]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    rows = [{"id": f"d{i}", "text": f"Title {i}\nA body.\n{i * 7919}"} for i in range(200)]
    write_rows(tmp_path / "a.jsonl", [*rows, {"no": "text"}])
    about = {"recipe": "toys & <i>games</i>", "description": "", "file": "toys.toml"}
    run_steps(STEPS, tmp_path / "a.jsonl", tmp_path / "out", about=about)
    return tmp_path / "out"


def test_the_funnel_narrows_by_its_reasons(run: Path) -> None:
    manifest = read_manifest(run)
    rows = funnel(manifest)
    assert [row.name for row in rows] == ["came in", "<b>a</b>", "b", "c"]
    assert rows[0].documents == 200
    assert rows[0].reasons == {"failed:text-missing": 1}
    for one, following in pairwise(rows):
        assert one.documents - sum(following.reasons.values()) == following.documents
    said = summary(manifest, str(run))
    assert f"{rows[1].others['unchanged:liked']} unchanged: liked" in said
    assert re.search(rf"^2\. b +{rows[2].documents:,} +{rows[2].documents / 200:.1%}", said, re.MULTILINE)
    assert "more are written as they came in, since they failed" in said


def test_a_step_alone_is_a_funnel_of_one(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", [{"text": f"Title {i}"} for i in range(40)])
    manifest = run_step(Toy("a"), tmp_path / "a.jsonl", tmp_path / "out")
    rows = funnel(manifest)
    assert [row.documents for row in rows] == [40, 40 - sum(rows[1].reasons.values())]
    write_page(tmp_path / "out", tmp_path / "page.html")
    assert "<svg" in (tmp_path / "page.html").read_text()


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_escapes_and_loads_nothing(run: Path, tmp_path: Path) -> None:
    write_page(run, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    found = Tags()
    found.feed(page)
    assert not {"script", "link", "img"} & set(found.tags)
    assert found.addresses == []
    assert "url(" not in page
    assert "toys &amp; &lt;i&gt;games&lt;/i&gt;" in page
    assert "&lt;b&gt;a&lt;/b&gt;" in page
    assert "<b>a</b>" not in page
    assert found.tags.count("svg") == 4
    assert "<b>score</b>" in page


def test_the_ledger_is_gathered_by_step(run: Path) -> None:
    found = distributions(run, 3)
    stages = read_manifest(run)["stages"]
    kept = stages[2]["outcomes"]["unchanged"] + stages[2]["outcomes"]["edited"]
    assert found.after.count == kept
    rows = [result.row for result in read_results(run) if result.row["stages"]]
    for number, step in enumerate(found.steps):
        entries = [row["stages"][number] for row in rows if len(row["stages"]) > number]
        assert step.numbers["score"].count == sum("score" in (e["annotations"] or "") for e in entries)


def test_tables_in_annotations_are_scores_or_counts() -> None:
    step = OfStep()
    for after, new in ((9.5, {"unused-import": 2}), (10.0, {"unused-import": 1, "reimported": 1})):
        step.note({"lint": {"before": 10.0, "after": after, "new": new}, "empty": {}})
    assert {name: numbers.values for name, numbers in step.numbers.items()} == {
        "lint.before": [10.0, 10.0],
        "lint.after": [9.5, 10.0],
    }
    assert step.verdicts() == {"lint.new": {"unused-import": 3, "reimported": 1}}


def test_one_bar_alone_does_not_fill_the_picture() -> None:
    (width,) = re.findall(r'<rect [^>]*width="([\d.]+)"', histogram([Series("x", [6.0] * 9)]))
    assert float(width) < 100


def test_a_long_row_of_numbers_is_sampled() -> None:
    numbers = Numbers()
    for value in range(SAMPLE + 5000):
        numbers.add(float(value))
    assert (numbers.count, len(numbers.values)) == (SAMPLE + 5000, SAMPLE)
    assert max(numbers.values) >= SAMPLE


@pytest.mark.parametrize("values", [[], [float("nan")], [3.0], [0.0, 1.0, 10.0], [1e-9, 1e12], [5, 5, 5]])
def test_any_numbers_can_be_drawn(values: list[float]) -> None:
    for logarithmic in (False, True):
        drawn = histogram([Series("x", values)], logarithmic=logarithmic)
        finite = [value for value in values if value == value]
        assert bool(drawn) == bool(finite)
        counts = [int(n.replace(",", "")) for n in re.findall(r"<title>x: ([\d,]+) from", drawn)]
        assert sum(counts) == len(finite)


def test_show_has_a_line_and_the_changes_of_each_step(run: Path) -> None:
    results = list(
        read_results(run, wanted=lambda row: row["status"] == "edited" and len(row["stages"]) == 3)
    )
    rewritten = next(r for r in results if any(s["text"] for s in r.row["stages"]))
    said = shown(rewritten, None, color=False)
    for number, stage in enumerate(rewritten.row["stages"], 1):
        assert f"\n{number}. {stage['step']}: {stage['status']}" in said
        if stage["text"]:
            assert f"\n+and {stage['step']}" in said
    number = next(n for n, s in enumerate(rewritten.row["stages"], 1) if s["text"])
    only = shown(rewritten, None, color=False, stages={number})
    assert [line[:2] for line in only.split("\n") if re.match(r"\d\. ", line)] == [f"{number}."]
    assert "@@ -" in only


def test_a_document_that_did_not_come_to_a_step_says_so(run: Path) -> None:
    stopped = next(read_results(run, wanted=lambda row: row["stages"] and len(row["stages"]) == 1))
    assert "did not come to this step" in shown(stopped, None, color=False, stages={3})


def test_a_step_is_named_or_numbered(run: Path) -> None:
    manifest = read_manifest(run)
    assert stage_numbers(manifest, "2") == stage_numbers(manifest, "b") == {2}
    with pytest.raises(OptionError, match=r"no step 'x'.*1 <b>a</b>, 2 b, 3 c"):
        stage_numbers(manifest, "x")


def test_a_difference_is_what_differs_with_some_lines_around() -> None:
    before = "\n".join(map(str, range(20)))
    after = before.replace("10", "ten")
    said = difference(before, after, color=False).split("\n")
    assert said == ["@@ -8,7 +8,7 @@", " 7", " 8", " 9", "-10", "+ten", " 11", " 12", " 13"]
    assert difference("a", "a\x1b[31mb", color=False).endswith("+a\\x1b[31mb")
    assert "\x1b[32m+b" in difference("a", "b", color=True)


def test_a_difference_of_long_texts_is_not_worked_out() -> None:
    before = "\n".join(f"a{i}" for i in range(MOST_LINES + 10))
    assert "too many to compare" in difference(before, before.replace("a", "b"), color=False)
    # What is the same at both ends does not count.
    assert "+changed" in difference(f"{before}\nx\n{before}", f"{before}\nchanged\n{before}", color=False)


def test_report_writes_the_page(run: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bluepencil", "report", str(run)]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "p.html")], capture_output=True, text=True, check=True
    )
    assert "p.html" in done.stdout
    assert (tmp_path / "p.html").read_text().startswith("<!doctype html>")
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "came in" in table
    nowhere = subprocess.run([*command, "-o", "/proc/no/p.html"], capture_output=True, text=True, check=False)
    assert nowhere.returncode == 2
    assert "cannot be written" in nowhere.stderr
