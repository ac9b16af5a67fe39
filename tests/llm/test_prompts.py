from pathlib import Path

import pytest

from bluepencil.errors import InputError, OptionError
from bluepencil.llm import Prompt

TALK = """--- system ---
Be good.

--- user ---
A {{text}}
--- assistant ---
B
--- user ---
[{{text}}] {{more}}
"""


def test_a_prompt_is_split_by_speaker_and_its_last_part_filled_in() -> None:
    messages = Prompt.parse(TALK).messages({"text": "x {{more}} \\1", "more": "y"})
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[0]["content"] == "Be good."
    assert messages[1]["content"] == "A {{text}}"
    assert messages[3]["content"] == "[x {{more}} \\1] y"


def test_a_file_without_speakers_is_the_system_message() -> None:
    assert Prompt.parse("Shout.\n").messages({"text": "hi"}) == [
        {"role": "system", "content": "Shout."},
        {"role": "user", "content": "hi"},
    ]


def test_the_hash_follows_every_word() -> None:
    assert Prompt.parse(TALK).hash == Prompt.parse(TALK + "\n").hash
    assert Prompt.parse(TALK).hash != Prompt.parse(TALK.replace("good", "bad")).hash
    assert len(Prompt.parse(TALK).hash) == 16


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("Hello\n--- user ---\n{{text}}", "text before the first"),
        ("--- robot ---\nx\n--- user ---\n{{text}}", "no such speaker: 'robot'"),
        ("--- system ---\n\n--- user ---\n{{text}}", "a part of the system is empty"),
        ("--- user ---\nno place", "last part"),
        ("--- user ---\n{{text}}\n--- assistant ---\nx", "last part"),
    ],
)
def test_what_cannot_be_a_prompt_is_refused(source: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text(source)
    with pytest.raises(OptionError, match=message):
        Prompt.load(tmp_path / "p.md")


def test_a_prompt_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Prompt.load(tmp_path / "none.md")


def test_a_place_without_a_value() -> None:
    with pytest.raises(OptionError, match=r"\{\{more\}\}"):
        Prompt.parse(TALK).messages({"text": "x"})
