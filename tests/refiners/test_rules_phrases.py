import tomllib
from importlib.resources import files

import pytest

from bluepencil.refiners.rules_phrases import PHRASE_SETS, phrase_index

TABLES = {
    name: tomllib.loads((files("bluepencil.refiners") / "phrases" / f"{name}.toml").read_text("utf-8"))
    for name in PHRASE_SETS
}
ALL = phrase_index(PHRASE_SETS)


def kinds(text: str) -> list[str | None]:
    return [hit.kind if hit else None for hit in ALL.find(text)]


@pytest.mark.parametrize("name", PHRASE_SETS)
def test_every_phrase_of_every_list_is_found(name: str) -> None:
    index = phrase_index((name,))
    examples = {
        "whole": str,
        "ends": str,
        "start": lambda phrase: phrase + "x",
        "inside": lambda phrase: "some words " + " and ".join(phrase.split(" & ")) + " at the end",
    }
    for kind, by_language in TABLES[name].items():
        for phrases in by_language.values():
            for phrase in phrases:
                assert phrase == phrase.lower()
                hit = index.find(examples[kind](phrase))[0]
                assert hit is not None, (kind, phrase)
                assert hit.rule == name


@pytest.mark.parametrize("name", PHRASE_SETS)
def test_no_list_holds_a_phrase_twice(name: str) -> None:
    for kind, by_language in TABLES[name].items():
        phrases = [phrase for language in by_language.values() for phrase in language]
        assert len(phrases) == len(set(phrases)), kind


@pytest.mark.parametrize("name", [name for name in PHRASE_SETS if name != "related"])
def test_the_main_languages_are_there(name: str) -> None:
    covered = {language for by_language in TABLES[name].values() for language in by_language}
    assert covered >= {"en", "de", "fr", "es", "it", "nl", "pt", "zh"}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("  Home", "navigation"),
        ("» CONTACT US «", "navigation"),
        ("[3] Comments", "comments-end"),
        ("Kommentare (12)", "comments-end"),
        ("Comments: 5 so far", "comments-end-start"),
        ("Das könnte Sie auch interessieren:", "related-end"),
        ("Related: a story about ships", "related-end-start"),
        ("Related work is discussed below", None),
        ("You may also like these stories", "related-end-start"),
        ("© 2019 The Harbour Gazette", "copyright-inside"),
        ("Copyright (c) 2001 by the authors", "copyright-inside"),
        ("We use cookies on this website to count visits.", "cookies-inside"),
        ("Cookies with oats taste best warm.", None),
        ("分享到", "share"),
        ("版权所有 未经许可不得使用", "copyright"),
        ("Home is where the heart is.", None),
        ("menu()", None),
        ("print(", None),
        ("Sign up for our letters", "navigation"),
        ("Sign up for a course before you travel.", None),
        ("2019", None),
        ("", None),
        ("   ", None),
    ],
)
def test_what_is_found(line: str, kind: str | None) -> None:
    assert kinds(line) == [kind]


def test_long_lines_are_not_judged_by_a_phrase() -> None:
    assert kinds("skip to " + "the next chapter of the book " * 4) == [None]
    assert kinds("This website uses cookies. " + "And a lot more happened that day. " * 12) == [None]


def test_only_line_feeds_end_lines() -> None:
    assert kinds("Home\rSearch\u2028Login\nHome\r") == [None, "navigation"]


def test_a_selection_finds_nothing_else() -> None:
    assert [hit and hit.rule for hit in phrase_index(("share",)).find("Home\nFacebook")] == [None, "share"]


def test_the_digest_follows_the_selection() -> None:
    assert phrase_index(("share",)).digest != phrase_index(("ads",)).digest
