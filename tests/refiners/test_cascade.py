"""The cascade by cases: what is sent, who decides, what the ledger says, what goes wrong."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from bluepencil.documents import Document, Reason, Status
from bluepencil.errors import OptionError
from bluepencil.llm import AskReason
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    Cost,
    InsertLine,
    KeepStr,
    Policy,
    Program,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    execute,
)
from bluepencil.refiners.base import Proposal, Refine
from bluepencil.refiners.cascade import Cascade
from bluepencil.refiners.cascade_lines import ranges
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_generate import Finish, Generation
from bluepencil.refiners.registry import NAMES, is_language_model, make_refiner, stages
from bluepencil.refiners.tagger import Tagger
from bluepencil.refiners.tagger_decide import Span
from refiners.cascade_parts import (
    FORMAT,
    GOES,
    GOES_PERHAPS,
    LIMITS,
    STAYS,
    STAYS_PERHAPS,
    Answer,
    Fixed,
    Scripted,
    cascade,
    scores,
)

TEXT = "\n".join(["Home", "News", "By Ann Lee", "The first sentence.", "The second one.", "Related", "Terms"])
LINES = [GOES, GOES, GOES_PERHAPS, STAYS, STAYS, STAYS_PERHAPS, GOES]


def propose(
    answer: Answer,
    text: str = TEXT,
    lines: list[int] = LINES,
    spans: tuple[Span, ...] = (),
    **options: Any,
) -> tuple[Proposal, list[str]]:
    given = {"sure": 0.9, "context": 0, **options}
    refiner, model = cascade({text: scores(text, lines, spans)}, answer, **given)
    (proposal,) = refiner.propose([text])
    return proposal, model.asked


def keep(numbered: str) -> str:
    return "keep_all()"


def codes(proposal: Proposal) -> list[str]:
    return [fault.code.value for fault in proposal.faults]


def test_only_lines_that_the_tagger_is_not_sure_of_are_sent() -> None:
    proposal, asked = propose(lambda numbered: "remove_all()" if "Related" in numbered else "keep_all()")
    assert asked == ["[1] By Ann Lee", "[1] Related"]
    # The byline stays and the teaser goes, both against the tagger.
    assert proposal.program == Program((RemoveLines(1, 2), RemoveLines(6, 7)))
    assert proposal.annotations["by_model"] == "3 6"
    # Nothing was said of lines that were not shown.
    assert "left_out_lines" not in proposal.annotations


def test_lines_around_them_are_shown_and_windows_that_touch_are_one() -> None:
    _, asked = propose(keep, context=1)
    assert asked == [
        "[1] News\n[2] By Ann Lee\n[3] The first sentence.\n[4] The second one.\n[5] Related\n[6] Terms"
    ]
    text = TEXT.replace("\n", "\n\n")
    lines = [score for one in LINES for score in (one, 0)][:-1]
    proposal, asked = propose(lambda numbered: "remove_lines(1, 11)", text, lines, context=1)
    # Lines without words are no context; they are shown where they stand between others.
    assert len(asked) == 1
    assert asked[0].startswith("[1] News\n[2] \n[3] By Ann Lee\n")
    assert asked[0].endswith("[11] Terms")
    assert proposal.annotations["by_model"] == "5 11"
    assert proposal.annotations["left_out_lines"] == 2


def test_what_the_model_says_of_other_lines_is_left_out_and_counted() -> None:
    proposal, _ = propose(lambda numbered: "remove_lines(1, 6)", context=1)
    # It struck out both sentences, too, of which the tagger is sure; "News" and "Terms" go anyway.
    assert proposal.program == Program((RemoveLines(1, 3), RemoveLines(6, 7)))
    assert proposal.annotations["left_out_lines"] == 2
    assert not proposal.faults
    proposal, _ = propose(lambda numbered: 'remove_str(3, "first")\nremove_str(2, "By ")', context=1)
    assert proposal.program.operations == (RemoveLines(1, 2), RemoveStr(3, "By "), RemoveLines(7, 7))
    assert proposal.annotations["left_out_lines"] == 1


def test_a_line_is_decided_by_one_of_both_as_a_whole() -> None:
    text = "Share The mill\nShare The dam"
    spans = (Span(1, 0, 6, 10), Span(2, 0, 6, 90))
    proposal, asked = propose(lambda numbered: 'remove_str(1, " dam")', text, [STAYS, STAYS], spans)
    # The span of the second line is what the tagger is unsure of.
    assert asked == ["[1] Share The dam"]
    assert proposal.program == Program((RemoveStr(1, "Share "), RemoveStr(2, " dam")))


def test_nothing_is_asked_where_the_tagger_is_sure_or_has_to_be_of_nothing() -> None:
    tagger = Program((RemoveLines(1, 3), RemoveLines(7, 7)))
    for options in ({"sure": 0.0}, {"sure": 0.5}):
        proposal, asked = propose(keep, **options)
        assert proposal.program == tagger
        assert not asked
        notes = proposal.annotations
        assert (notes["tokens_in"], notes["chunks"], notes["characters_sent"]) == (0, 0, 0)
        assert (notes["by_model"], notes["sent_share"]) == ("", 0.0)


def test_with_sure_1_all_of_it_is_asked_as_the_model_alone_would() -> None:
    text = f"\n{TEXT}\n\n"
    proposal, asked = propose(lambda numbered: "remove_lines(2, 3)", text, [0, *LINES, 0, 0], sure=1.0)
    alone = Scripted(lambda numbered: "remove_lines(2, 3)")
    (other,) = LanguageModel(Native(FORMAT), alone, overlap=0).propose([text])
    assert asked == alone.asked
    assert proposal.program == other.program
    assert proposal.annotations["by_model"] == "1-10"
    assert proposal.annotations["sent_share"] == 1.0


def test_windows_longer_than_the_models_are_chunks() -> None:
    proposal, asked = propose(lambda numbered: "remove_lines(1, 1)", sure=1.0, window=30, overlap=0)
    assert [one.count("\n") + 1 for one in asked] == [3, 1, 3]
    assert proposal.program.operations == (RemoveLines(1, 1), RemoveLines(4, 4), RemoveLines(5, 5))
    # Of a long window, only the chunks with lines to decide are sent.
    _, asked = propose(keep, context=2, window=30, overlap=0)
    assert not any("first" in one for one in asked)


@pytest.mark.parametrize("reason", [Finish.CUT_OFF, Finish.REPEATS, AskReason.REFUSED, AskReason.TIMED_OUT])
def test_without_an_answer_the_tagger_decides(reason: Any) -> None:
    def answer(numbered: str) -> str | Generation:
        if "Related" in numbered:
            return Generation("remove_lines(1, 1)\nremo", reason, 9, 2, "because")
        return "keep_all()"

    proposal, _ = propose(answer)
    assert proposal.program == Program((RemoveLines(1, 2), RemoveLines(7, 7)))
    assert codes(proposal) == [reason.value]
    assert str(proposal.faults[0]) == f"lines 6 to 6 are decided by the tagger: {reason.value}: because"
    notes = proposal.annotations
    assert (notes["by_model"], notes["undecided_chunks"], notes["tokens_in"]) == ("3", 1, 18)


def test_an_answer_with_nothing_but_faults_is_none() -> None:
    proposal, _ = propose(lambda numbered: "I would remove the byline.")
    assert proposal.program == Program((RemoveLines(1, 3), RemoveLines(7, 7)))
    assert codes(proposal) == ["no-call", "no-call"]
    assert proposal.annotations["undecided_chunks"] == 2
    proposal, _ = propose(lambda numbered: "remove_lines(9, 9)")
    assert codes(proposal) == ["line-missing", "line-missing"]
    assert proposal.annotations["by_model"] == ""


def test_a_line_that_does_not_fit_the_window_is_the_taggers() -> None:
    text = f"Home\n{'long ' * 20}\nRelated"
    proposal, asked = propose(
        lambda numbered: "remove_all()", text, [GOES, GOES_PERHAPS, STAYS_PERHAPS], window=50
    )
    assert asked == ["[1] Related"]
    assert codes(proposal) == ["line-too-long"]
    assert proposal.annotations["by_model"] == "3"
    # Where it is only context, it is no fault.
    proposal, _ = propose(keep, text, [GOES, STAYS, STAYS_PERHAPS], window=50, context=2)
    assert not proposal.faults


def test_faulty_calls_are_left_out_before_both_are_merged() -> None:
    said = 'remove_str(1, "Ann")\nremove_lines(1, 1)\nremove_str(1, "absent")'
    proposal, _ = propose(lambda numbered: said if "Ann" in numbered else "keep_all()")
    assert proposal.program.operations == (RemoveLines(1, 2), RemoveStr(3, "Ann"), RemoveLines(7, 7))
    assert codes(proposal) == ["overlap", "string-missing"]
    assert not execute(proposal.program, TEXT).faults


def test_what_a_faulty_call_costs() -> None:
    said = 'remove_str(1, "absent")\nremove_lines(1, 1)'
    proposal, _ = propose(lambda numbered: said, native={"cost": Cost.CHUNK})
    # Both chunks are given up, so the tagger decides them.
    assert proposal.program == Program((RemoveLines(1, 3), RemoveLines(7, 7)))
    assert proposal.annotations["by_model"] == ""
    refiner, _ = cascade({TEXT: scores(TEXT, LINES)}, lambda numbered: said, context=0)
    (outcome,) = Refine(refiner, cost=Cost.DOCUMENT).run([Document("a", TEXT)])
    assert (outcome.status, outcome.reason) == (Status.FAILED, Reason.PROGRAM_FAULT)


def test_every_kind_of_call_comes_through() -> None:
    said = 'keep_str(1, "By", "Lee")\nreplace_str(1, "By", "From")\ninsert_line(1, "new")'
    proposal, _ = propose(lambda numbered: said if "Ann" in numbered else "keep_all()")
    assert proposal.program.operations[1:4] == (
        KeepStr(3, ("By", "Lee")),
        ReplaceStr(3, "By", "From"),
        InsertLine(3, "new"),
    )
    done = execute(proposal.program, TEXT, Policy(replacements=True))
    assert done.text.startswith("FromLee\nnew\nThe first")
    assert not done.faults


def test_a_page_of_which_everything_would_go() -> None:
    text, lines = "Home\nNews\nBy Ann Lee", [0, 0, GOES_PERHAPS]
    gone, _ = propose(lambda numbered: "remove_all()", text, lines)
    assert gone.program == REMOVE_ALL
    stays, _ = propose(keep, text, lines)
    assert stays.program == Program((RemoveLines(1, 2),))
    # Of a page that goes as a whole the tagger wants to be surer than of a line.
    kept, _ = propose(lambda numbered: "remove_all()", text, [20, 20, GOES_PERHAPS])
    assert kept.program == KEEP_ALL


def test_lines_without_words_go_with_those_around_them() -> None:
    text = "Home\n\nBy Ann Lee\n\nRelated\n\nThe end."
    lines = [GOES, 0, GOES_PERHAPS, 0, STAYS_PERHAPS, 0, STAYS]
    proposal, asked = propose(lambda numbered: "remove_lines(1, 1)\nremove_lines(3, 3)", text, lines)
    assert asked == ["[1] By Ann Lee\n[2] \n[3] Related"]
    # The one between both is the model's, and it kept it; the others follow.
    assert proposal.annotations["by_model"] == "3-5"
    assert execute(proposal.program, text).text == "\nThe end."


def test_a_text_without_words_is_not_asked_about() -> None:
    proposal, asked = propose(keep, "\n \n", [0, 0, 0], sure=1.0)
    assert (proposal.program, asked) == (KEEP_ALL, [])


def test_all_windows_of_all_texts_are_one_batch() -> None:
    other = TEXT.replace("Ann", "Bea")
    known = {text: scores(text, LINES) for text in (TEXT, other)}
    refiner, model = cascade(known, keep, context=0)
    both = refiner.propose([TEXT, other])
    assert (model.batches, len(model.asked)) == (1, 4)
    assert [*refiner.propose([TEXT]), *refiner.propose([other])] == list(both)


def test_the_ledger_is_told_who_decided_and_what_it_cost() -> None:
    proposal, _ = propose(keep, context=1)
    notes = dict(proposal.annotations)
    assert notes.pop("line_scores") == bytes(LINES)
    assert notes.pop("span_scores") == ""
    assert notes == {
        "prompt_hash": FORMAT.hash,
        "tokens_in": 9,
        "tokens_out": 2,
        "chunks": 1,
        "by_model": "3 6",
        "characters_sent": len(TEXT) - len("Home\n"),
        "sent_share": round(1 - len("Home\n") / len(TEXT), 4),
    }


def test_ranges_of_lines() -> None:
    assert ranges([True, True, False, True, False]) == "1-2 4"
    assert ranges([False]) == ""


def test_names_and_options() -> None:
    refiner = Cascade(Tagger(), LanguageModel(Native(FORMAT), Scripted(keep), model="1a2b3c4d5e"), 0.8, 3)
    assert refiner.name == f"cascade:{Tagger().name},lm:1a2b3c4d"
    said = refiner.describe()
    assert (said["refiner"], said["sure"], said["context"]) == ("cascade", 0.8, 3)
    assert said["first"] == Tagger().describe()
    assert said["second"]["refiner"] == "lm"
    for values in ({"sure": 1.1}, {"sure": -0.1}, {"context": -1}):
        with pytest.raises(OptionError, match=next(iter(values))):
            Cascade(Fixed({}), refiner.second, **values)


def test_made_by_name() -> None:
    refiner = make_refiner("cascade:tagger,prox-c:m", "strong", {"sure": 0.8, "window": 500, "context": None})
    assert isinstance(refiner, Cascade)
    assert (refiner.sure, refiner.context, refiner.second.window) == (0.8, 1, 500)
    assert refiner.first == Tagger(strength="strong")
    assert pickle.loads(pickle.dumps(refiner)) == refiner
    assert is_language_model("cascade:tagger,prox-c:m")
    assert "cascade:tagger,MODEL" in NAMES
    assert stages("cascade:tagger:a,b.npz,lm:c,d") == ("tagger:a,b.npz", "lm:c,d")
    assert stages("rules:c4,share") == ("rules:c4,share",)


@pytest.mark.parametrize("spec", ["cascade:", "cascade:tagger", "cascade:rules,lm:x", "cascade:lm:x,tagger"])
def test_what_is_no_cascade_is_said(spec: str) -> None:
    with pytest.raises(OptionError, match="is no cascade"):
        make_refiner(spec)


def test_what_does_not_go_together_is_said(tmp_path: Path) -> None:
    (tmp_path / "system").write_text("Decide.")
    for model in ("prox-d:m", f"rescraper:m@{tmp_path / 'system'}"):
        with pytest.raises(OptionError, match="whole documents"):
            make_refiner(f"cascade:tagger,{model}")
    for spec in ("tagger", "rules", "prox-c:m"):
        with pytest.raises(OptionError, match="has no context, sure; a cascade has"):
            make_refiner(spec, None, {"sure": 0.5, "context": 1})
    from bluepencil.refiners.dialects_prox import Thresholds

    with pytest.raises(OptionError, match="whole documents"):
        make_refiner("cascade:tagger,prox-c:m", None, {"thresholds": Thresholds()})
    with pytest.raises(OptionError, match="prox-c has"):
        make_refiner(f"lm:{tmp_path}", None, {"thresholds": Thresholds()})


def test_what_the_thresholds_are_for_the_case() -> None:
    # The lines of these tests are as far from the thresholds as their names say.
    assert GOES < GOES_PERHAPS < LIMITS.lines < STAYS_PERHAPS < STAYS
