import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.code.comments import count_scripts, script, scripts_of

ENGLISH = (
    "# café naïve Ångström ﬁne\n"
    "x = '“quoted” ‘single’ … — – → ⇒ ≤ × • ™ ©'  # ｆｕｌｌ，width。 punctuation！\n"
    "y = '🎉 👩‍💻 e\u0301'  # combining é, µs, Ω, 𝑥, a π here\n"
)


def test_latin_text_with_all_its_signs_is_latin() -> None:
    scripts = scripts_of(ENGLISH)
    assert set(scripts.letters) == {"latin"}
    assert scripts.outside(["latin"]) == 0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("комментарий", "cyrillic"),
        ("注释内容", "han"),
        ("ひらがな", "hiragana"),
        ("カタカナ", "katakana"),
        ("ｶﾀｶﾅ", "katakana"),
        ("한국어", "hangul"),
        ("تعليق", "arabic"),
        ("הערה", "hebrew"),
        ("टिप्पणी", "devanagari"),
        ("ελληνικά", "greek"),
        ("ความเห็น", "thai"),
        ("Ｆｕｌｌｗｉｄｔｈ", "latin"),
    ],
)
def test_scripts_by_name(text: str, name: str) -> None:
    assert set(count_scripts([text]).letters) == {name}


def test_japanese_allows_chinese_characters_beside_kana_only() -> None:
    japanese = count_scripts(["設定ファイルを読む"])
    chinese = count_scripts(["读取设置文件"])
    assert japanese.outside(["latin", "japanese"]) == 0
    assert chinese.outside(["latin", "japanese"]) == 1
    assert chinese.outside(["latin", "han"]) == 0


def test_only_comments_and_strings_count() -> None:
    text = "переменная = 1  # a comment\n"
    assert scripts_of(text).outside(["latin"]) == 0
    assert scripts_of("x = 1  # комментарий\n").outside(["latin"]) == 1
    assert scripts_of("x = f'привет {x}'\n").outside(["latin"]) > 0.5
    assert scripts_of("x = 1\n").outside(["latin"]) == 0, "no letters, nothing outside"


def test_other_languages_have_comments_and_strings_too() -> None:
    for name, text in {
        "c": "int x; /* комментарий */ // привет",
        "javascript": "let x = `привет ${y}`; // привет",
        "go": 'package a\nvar x = "привет"\n// привет',
        "rust": 'fn a() { let x = "привет"; /* привет */ }',
        "bash": "echo 'привет' # привет",
        "java": 'class A { String x = "привет"; /** привет */ }',
        "typescript": "const x: string = 'привет'; // привет",
        "c++": 'auto x = R"(привет)"; // привет',
        "tsx": "const x = 'привет'; // привет",
    }.items():
        assert scripts_of(text, name).letters.get("cyrillic", 0) >= 11, name


@given(st.text(max_size=50))
def test_counts_are_of_letters_and_do_not_depend_on_composition(text: str) -> None:
    counted = count_scripts([text])
    letters = sum(unicodedata.category(c).startswith("L") for c in unicodedata.normalize("NFC", text))
    assert 0 <= counted.total <= letters or text.isascii()
    assert counted == count_scripts([unicodedata.normalize("NFC", text)])
    assert 0 <= counted.outside(["latin"]) <= 1


@given(st.characters())
def test_every_character_has_an_answer(character: str) -> None:
    found = script(character)
    assert found == found.lower()
    if not unicodedata.category(character).startswith("L"):
        assert found == ""
