"""The example pages: built, consistent, varied enough to be worth showing."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

KINDS = {
    "abstract",
    "all-noise",
    "blog",
    "clean",
    "code",
    "documentation",
    "encyclopedia",
    "event",
    "forum",
    "glued-ads",
    "interview",
    "job",
    "legal-footer",
    "list",
    "look-alike",
    "math",
    "mojibake",
    "news",
    "odd-characters",
    "one-line",
    "poem",
    "product",
    "qa",
    "recipe",
    "table",
}
LANGUAGES = {"ar", "de", "en", "es", "fr", "hi", "it", "ja", "pt", "ru", "zh"}
FIELDS = ["id", "url", "lang", "site", "date", "kind", "raw", "gold", "noise_spans"]
HEAD = "id: p\nurl: https://example.com/\nlang: en\nsite: example.com\ndate: 2024-01-01\nkind: news\n---\n"


def load_build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("examples_build", EXAMPLES / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


build = load_build()
PAGES = [json.loads(line) for line in (EXAMPLES / "pages.jsonl").read_bytes().decode().split("\n")[:-1]]


def page_ids(page: dict[str, Any]) -> str:
    return str(page["id"])


def is_subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(char in rest for char in short)


def test_the_built_file_is_up_to_date() -> None:
    assert build.BUILT.read_bytes() == build.to_jsonl(build.load_pages())


def test_there_are_enough_pages_sites_kinds_and_languages() -> None:
    assert len(PAGES) >= 30
    assert len({page["id"] for page in PAGES}) == len(PAGES)
    assert len({page["url"] for page in PAGES}) == len(PAGES)
    assert len({page["site"] for page in PAGES}) >= 25
    assert {page["kind"] for page in PAGES} == KINDS
    assert {page["lang"] for page in PAGES} == LANGUAGES


@pytest.mark.parametrize("page", PAGES, ids=page_ids)
def test_a_page_is_its_gold_and_its_noise(page: dict[str, Any]) -> None:
    raw, gold, spans = page["raw"], page["gold"], page["noise_spans"]
    assert list(page) == FIELDS
    assert is_subsequence(gold, raw)
    kept: list[str] = []
    at = 0
    for start, end in spans:
        assert start > at or not kept, "two spans touch or overlap"
        assert start < end <= len(raw)
        kept.append(raw[at:start])
        at = end
    assert "".join([*kept, raw[at:]]) == gold
    assert build.OPEN not in raw and build.CLOSE not in raw and "⟨U+" not in raw


@pytest.mark.parametrize("page", PAGES, ids=page_ids)
def test_a_page_stands_on_an_address_that_nobody_owns(page: dict[str, Any]) -> None:
    site = page["site"]
    assert site.endswith((".example.com", ".example.org", ".example.net"))
    assert page["url"].split("/")[2] == site


def test_noise_is_everything_for_some_pages_and_nothing_for_others() -> None:
    assert sum(page["gold"] == "" for page in PAGES) >= 3
    assert sum(page["gold"] == page["raw"] for page in PAGES) >= 3
    assert all((page["gold"] == "") == (page["kind"] == "all-noise") for page in PAGES)


def has_glued_noise(page: dict[str, Any]) -> bool:
    raw = page["raw"]
    return any(start > 0 and "\n" not in raw[start - 1 : start + 1] for start, _ in page["noise_spans"])


def test_some_noise_is_glued_into_lines() -> None:
    assert sum(has_glued_noise(page) for page in PAGES) >= 20


def test_only_line_feeds_end_a_line_and_odd_characters_survive() -> None:
    text = next(page["gold"] for page in PAGES if page["id"] == "steam-viaduct")
    assert {"\r", "\f", "\v", "\u2028", "\u0085", "\u00ad", "\u200b"} <= set(text)
    assert len(text.splitlines()) > len(text.split("\n"))


def built(body: str, blocks: dict[str, list[str]] | None = None) -> Any:
    return build.build_page(HEAD + body, blocks or {})


def test_marks_inside_a_line_leave_the_rest_of_it() -> None:
    page = built("One ⟦Advertisement ⟧two.\nThree.⟦ More⟧\n")
    assert page.raw == "One Advertisement two.\nThree. More"
    assert page.gold == "One two.\nThree."
    assert [page.raw[start:end] for start, end in page.noise_spans] == ["Advertisement ", " More"]


def test_a_struck_line_takes_its_line_break_along() -> None:
    page = built("⟦Menu⟧\nOne.\n\nTwo.\n⟦Share\nPrint⟧\n")
    assert page.raw == "Menu\nOne.\n\nTwo.\nShare\nPrint"
    assert page.gold == "One.\n\nTwo."
    assert [page.raw[start:end] for start, end in page.noise_spans] == ["Menu\n", "\nShare\nPrint"]


def test_a_block_of_the_site_is_struck() -> None:
    page = built("One.\n⟦@foot⟧\n", build.parse_site("=== foot ===\nTerms\nPrivacy\n"))
    assert (page.raw, page.gold) == ("One.\nTerms\nPrivacy", "One.")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("One ⟦two ⟦three⟧⟧", "does not fit"),
        ("One⟧ two", "does not fit"),
        ("One\n⟦two", "not closed"),
        ("One ⟦two\nthree⟧ four", "cover them as a whole"),
        ("One ⟦Ad⟧", "leaves a space"),
        ("One ⟦Ad⟧ two", "leaves a space"),
        ("⟦@nowhere⟧", "no block named nowhere"),
    ],
)
def test_a_page_that_is_written_wrongly_is_refused(body: str, message: str) -> None:
    with pytest.raises(build.PageError, match=message):
        built(body + "\n")


def test_a_head_that_lacks_a_field_is_refused() -> None:
    with pytest.raises(build.PageError, match="must have the fields"):
        build.build_page("id: p\n---\nText\n", {})


@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_the_command_prints_the_counts(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "pages.jsonl"
    target.write_bytes(build.BUILT.read_bytes())
    monkeypatch.setattr(build, "BUILT", target)
    monkeypatch.setattr(sys, "argv", ["build.py", *arguments])
    assert build.main() == 0
    assert f"{len(PAGES)} pages" in capsys.readouterr().out
    assert target.read_bytes() == (EXAMPLES / "pages.jsonl").read_bytes()


def test_check_notices_a_file_that_is_not_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "BUILT", tmp_path / "pages.jsonl")
    monkeypatch.setattr(sys, "argv", ["build.py", "--check"])
    assert build.main() == 1
    assert "not up to date" in capsys.readouterr().err
    assert not (tmp_path / "pages.jsonl").exists()
