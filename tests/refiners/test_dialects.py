"""Released refiners end to end: a scripted server answers in each dialect, and `refine` carries it out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from bluepencil import api
from bluepencil.documents import Document, Status
from bluepencil.engine.results import read_results
from bluepencil.errors import InputError, OptionError
from bluepencil.programs import Cost, Policy, Program, RemoveLines, RemoveStr, ReplaceStr
from bluepencil.refiners.base import Refine
from bluepencil.refiners.dialects import RELEASED, SYSTEMS, released
from bluepencil.refiners.dialects_prox import Thresholds, words
from bluepencil.refiners.dialects_read import settled
from bluepencil.refiners.registry import NAMES, is_language_model, make_refiner
from llm.clients import options
from llm.server import FakeServer, Seen, reply

PAGE = "Home | News\n\nThe lake is deep [Share] and brown.\fNew page\u2028here\n\n(c) 2010 ACME, Inc."
SYSTEM = "Clean this page."


@pytest.fixture
def system(tmp_path: Path) -> str:
    path = tmp_path / "system-message.txt"
    path.write_text(f"{SYSTEM}\n", encoding="utf-8")
    return str(path)


def outcome(spec: str, answer: str | Callable[[Seen], str], text: str = PAGE, **given: Any) -> Any:
    """Return what becomes of a text, and what the server was asked."""
    policy = given.pop("policy", Policy())
    say = answer if callable(answer) else lambda seen: answer
    with FakeServer(lambda seen: reply(say(seen))) as server:
        refiner = make_refiner(spec, None, {"client": options(server), **given})
        step = Refine(refiner, policy, given.get("cost", Cost.CALL))
        (result,) = step.run([Document("1", text)])
        return result, server.seen


def test_prox_d_keeps_or_drops_and_sees_the_beginning() -> None:
    kept, (seen,) = outcome("prox-d:m", "keep_doc()")
    assert kept.status is Status.UNCHANGED
    assert seen.path == "/v1/completions"
    assert seen.text.startswith(
        "[INST] <<SYS>>\nYou are a helpful, respectful and honest assistant.\n<</SYS>>\n\n"
    )
    assert seen.text.endswith(f"{PAGE} [/INST]")
    dropped, (seen,) = outcome("prox-d:m", " drop_doc()", "word\n" * 5_000)
    assert dropped.status is Status.DROPPED
    assert seen.text.count("word") == 6_000 / 5
    unclear, _ = outcome("prox-d:m", "I would drop_doc")
    assert (unclear.status, unclear.faults) == (Status.UNCHANGED, ("no-call",))


def test_prox_c_numbers_from_0_and_runs_on_through_the_document() -> None:
    def answer(seen: Seen) -> str:
        return "remove_lines(start=2, end=2)" if "[002]" in seen.text else "keep_chunk()"

    edited, seen = outcome("prox-c:m", answer, "aaaa\n\nmenu\nbbbb", window=7)
    assert edited.text == "aaaa\n\nbbbb"
    assert [one.text for one in seen] == [
        "[doc]\n[000]aaaa\n[001]\n[/doc]",
        "[doc]\n[002]menu\n[/doc]",
        "[doc]\n[003]bbbb\n[/doc]",
    ]
    assert seen[0].body["messages"][0]["content"] == "You are a helpful, respectful and honest assistant."
    assert seen[0].body["max_tokens"] == 256


def test_prox_c_edits_its_own_chunk_only_and_reads_strings_as_they_are() -> None:
    edited, _ = outcome("prox-c:m", 'remove_lines(0, 0)\nnormalize(source_str="(c) 2010 ACME, Inc.")')
    assert edited.text == PAGE.replace("Home | News\n", "").replace("(c) 2010 ACME, Inc.", "")
    chunked, _ = outcome("prox-c:m", 'normalize(source_str="x")', "x a\nb x", window=4)
    assert chunked.text == " a\nb "
    outside, _ = outcome("prox-c:m", "remove_lines(0, 30000000)")
    assert (outside.status, outside.faults) == (Status.UNCHANGED, ("line-missing",))
    blank, seen = outcome("prox-c:m", "remove_lines(0, 0)", " \n ")
    assert (blank.status, seen) == (Status.UNCHANGED, [])


def test_overlapping_ranges_are_one_set_and_a_removed_line_needs_no_other_edit() -> None:
    edited, _ = outcome("prox-c:m", 'normalize("News")\nremove_lines(0, 1)\nremove_lines(1, 1)')
    assert edited.faults == ()
    assert edited.text == PAGE.removeprefix("Home | News\n\n")


def test_the_thresholds_of_prox_c_are_a_policy() -> None:
    text = "\n".join(f"this is line number {n} of the text" for n in range(40))
    cut = "remove_lines(0, 38)"
    assert outcome("prox-c:m", cut, text)[0].reason == "too-much-deleted"
    assert outcome("prox-c:m", cut, text, thresholds=Thresholds())[0].status is Status.DROPPED
    # Two errors: the chunk stays, and nothing is dropped for it.
    wrong = "f()\ng()\nremove_lines(0, 38)"
    stays, _ = outcome("prox-c:m", wrong, text, thresholds=Thresholds())
    assert stays.status is Status.UNCHANGED
    assert stays.faults == ("unknown-call", "unknown-call", "too-many-errors")
    assert (
        outcome("prox-c:m", "keep_chunk()", "nine words only", thresholds=Thresholds())[0].status
        is Status.DROPPED
    )


def test_two_errors_in_one_chunk_leave_the_other_chunks_their_edits() -> None:
    def answer(seen: Seen) -> str:
        return "f()\ng()" if "[000]" in seen.text else "remove_lines(2, 2)"

    text = "a line of several words here\nb\nmenu\nand a line of several more words at the end of it"
    edited, seen = outcome("prox-c:m", answer, text, window=31, thresholds=Thresholds())
    assert len(seen) > 1
    assert edited.text == text.replace("menu\n", "")
    assert "too-many-errors" in edited.faults


def test_a_chinese_text_has_words() -> None:
    text = "湖水很深，岸边有许多芦苇。" * 200
    assert words(text) > 2_000
    assert words("two words") == 2
    assert words("湖 lake") == 2
    kept, _ = outcome("prox-c:m", "keep_chunk()", text, thresholds=Thresholds())
    assert kept.status is Status.UNCHANGED


def test_ultrax_marks_lines_as_it_counts_them(system: str) -> None:
    edited, (seen,) = outcome(f"ultrax:m@{system}", "remove_lines(1, 1)\nremove_lines(5, 5)")
    # A form feed and U+2028 are characters of a line, and blank lines are lines.
    assert edited.text == "\nThe lake is deep [Share] and brown.\fNew page\u2028here\n"
    assert seen.text.split("\n")[:2] == ["<lid:1>Home | News", "<lid:2>"]
    assert seen.body["messages"][0] == {"role": "system", "content": SYSTEM}
    assert seen.body["chat_template_kwargs"] == {"enable_thinking": False}
    assert outcome(f"ultrax:m@{system}", "keep_all()", "a\r\nb")[1][0].text == "<lid:1>a\n<lid:2>b"


def test_ultrax_deletes_by_replacing_and_never_adds(system: str) -> None:
    spec = f"ultrax:m@{system}"
    deleted, _ = outcome(spec, "replace_str(3, 'deep [Share] and', 'deep and')")
    assert (deleted.text, deleted.faults) == (PAGE.replace("[Share] ", ""), ())
    replaced = "replace_str(3, 'brown', 'blue')"
    assert outcome(spec, replaced)[0].faults == ("not-allowed",)
    allowed, _ = outcome(spec, replaced, policy=Policy(replacements=True))
    assert allowed.text == PAGE.replace("brown", "blue")
    added, _ = outcome(spec, "add_line(1, 1, 'mine')\nremove_lines(1, 1)")
    assert added.faults == ("adds-text",)
    assert added.text == PAGE.removeprefix("Home | News\n")
    strict, _ = outcome(spec, "add_line(1, 1, 'mine')\nremove_lines(1, 1)", cost=Cost.CHUNK)
    assert strict.status is Status.UNCHANGED
    assert outcome(spec, "remove_all()")[0].status is Status.DROPPED


def test_thinking_is_not_read(system: str) -> None:
    edited, _ = outcome(f"ultrax:m@{system}", "<think>\nremove_all()\n</think>\n\nremove_lines(1, 2)")
    assert edited.text == PAGE.removeprefix("Home | News\n\n")
    endless, _ = outcome(f"rescraper:m@{system}", "<think>\n<extract>\nrm 1\n<keep>")
    assert endless.status is Status.UNCHANGED
    assert endless.faults == ("unfinished-thinking",)


def test_rescraper_reads_a_whole_page_without_its_blank_lines(system: str) -> None:
    spec = f"rescraper:m@{system}"
    answer = '<edit>\n<extract>\nrm 1\nrm 3\n<edit>\nsub 2: " [Share]"'
    edited, (seen,) = outcome(spec, answer)
    assert seen.text.split("\n") == [
        "<lid:1> Home | News",
        "<lid:2> The lake is deep [Share] and brown.\fNew page\u2028here",
        "<lid:3> (c) 2010 ACME, Inc.",
    ]
    assert edited.text == "\nThe lake is deep and brown.\fNew page\u2028here\n"
    both, _ = outcome(spec, "<extract>\nrm 1-2\n<keep>")
    assert both.text == "\n(c) 2010 ACME, Inc."
    assert outcome(spec, "<delete>\n<extract>\n<delete>")[0].status is Status.DROPPED
    outside, _ = outcome(spec, "<extract>\nrm 3-4\n<keep>")
    assert (outside.status, outside.faults) == (Status.UNCHANGED, ("line-missing",))


def test_a_rewrite_is_counted_and_what_was_extracted_stays_so(system: str) -> None:
    answer = "<rewrite>\n<extract>\nrm 1\n<rewrite>\nA lake, paraphrased."
    edited, _ = outcome(f"rescraper:m@{system}", answer)
    assert edited.text == PAGE.removeprefix("Home | News\n")
    assert edited.faults == ("rewrites-text",)


def test_a_page_that_is_too_long_is_not_asked_about(system: str) -> None:
    stays, seen = outcome(f"rescraper:m@{system}", "<delete>\n<extract>\n<delete>", window=20)
    assert (stays.status, stays.faults, seen) == (Status.UNCHANGED, ("page-too-long",), [])
    assert stays.annotations["undecided_chunks"] == 1


def test_settled_programs() -> None:
    def piece(old: str, new: str, text: str) -> Any:
        return settled(Program((ReplaceStr(1, old, new),)), text).operations[0]

    assert piece("a [x] b", "a b", "a [x] b c") == RemoveStr(1, "[x] ")
    assert piece("a x b", "a b", "a x b x c") == ReplaceStr(1, "a x b", "a b")
    assert piece("abc", "axc", "abc") == ReplaceStr(1, "abc", "axc")
    assert piece("abcd", "dc", "abcd") == ReplaceStr(1, "abcd", "dc")
    assert piece("ab", "a", "no") == ReplaceStr(1, "ab", "a")
    ranges = Program((RemoveLines(4, 9), RemoveLines(1, 2), RemoveLines(3, 5), RemoveStr(9, "x")))
    assert settled(ranges, "x\n" * 9).operations == (RemoveLines(1, 9),)


ANSWERS = {
    "prox-d": "drop_doc()",
    "prox-c": "remove_lines(0, 0)",
    "ultrax": "remove_lines(1, 1)",
    "rescraper": "<keep>\n<extract>\nrm 1\n<keep>",
}


@pytest.mark.parametrize("name", RELEASED)
def test_refine_runs_each_over_a_corpus(name: str, system: str, tmp_path: Path) -> None:
    source = tmp_path / "pages.jsonl"
    rows = [{"id": str(n), "text": f"menu {n}\nthe text of page {n}"} for n in range(3)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    spec = f"{name}:{RELEASED[name].model}" + (f"@{system}" if name in SYSTEMS else "")
    with FakeServer(lambda seen: reply(ANSWERS[name])) as server:
        manifest = api.refine(
            source, tmp_path / "out", refiner=spec, model_options={"client": options(server)}, workers=1
        )
    assert manifest["options"]["step_options"]["refiner"]["dialect"]["dialect"] == name
    assert RELEASED[name].model in manifest["options"]["step"]
    totals = manifest["totals"]
    assert totals["rows"] == 3
    assert totals["faults"] == {}
    assert totals["outcomes"]["dropped" if name == "prox-d" else "edited"] == 3
    texts = [None] * 3 if name == "prox-d" else [f"the text of page {n}" for n in range(3)]
    assert [result.output for result in read_results(tmp_path / "out")] == texts


def test_what_does_not_go_together_is_said(system: str, tmp_path: Path) -> None:
    for name in RELEASED:
        assert is_language_model(f"{name}:m")
        assert f"{name}:MODEL" in NAMES
        with pytest.raises(OptionError, match=RELEASED[name].model):
            make_refiner(f"{name}:")
        with pytest.raises(OptionError, match="no strength"):
            make_refiner(f"{name}:m", "light")
    for name, where in SYSTEMS.items():
        with pytest.raises(InputError, match=where.rsplit(" ", 1)[1]):
            make_refiner(f"{name}:m")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(InputError, match="is empty"):
        make_refiner(f"ultrax:m@{tmp_path / 'empty'}")
    with pytest.raises(OptionError, match="leave out"):
        make_refiner(f"prox-c:m@{system}")
    with pytest.raises(OptionError, match="thresholds"):
        released("ultrax", f"m@{system}", thresholds=Thresholds())
    with pytest.raises(OptionError, match="no overlap"):
        released("rescraper", f"m@{system}", overlap=5)
    with pytest.raises(OptionError):
        Thresholds(least_share=2)


def test_the_message_may_lie_in_the_models_folder(tmp_path: Path) -> None:
    (tmp_path / "system.txt").write_text(SYSTEM)
    (tmp_path / "tokenizer.json").write_text("{}")
    refiner = make_refiner(f"ultrax:{tmp_path}")
    said: Any = refiner.describe()
    assert said["dialect"]["prompt"]["system"] == SYSTEM
    assert (said["window"], said["overlap"], len(said["model"])) == (48_000, 9_600, 64)
    assert said["generator"]["max_new_tokens"] == 4_096
    assert refiner.name.startswith("ultrax:")


def test_a_model_in_this_process_is_asked_in_the_same_words(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from refiners.lm_models import write_random

    refiner = make_refiner(
        f"prox-d:{write_random(tmp_path, 1024)}", None, {"device": "cpu", "max_new_tokens": 8}
    )
    (proposal,) = refiner.propose([PAGE])
    # Its weights are random: whatever it says, nothing happens to the page.
    assert proposal.program == Program()
    assert proposal.faults
    assert proposal.annotations["tokens_in"] > 50
