import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.documents import Document, Status
from bluepencil.errors import OptionError
from bluepencil.evaluate.edits import Page, evaluate
from bluepencil.programs import KEEP_ALL, REMOVE_ALL, Program, RemoveLines, execute
from bluepencil.refiners.base import Refine
from bluepencil.refiners.rules import DEFAULT_SETS, SETS, Rules

BODY = [
    "The old lighthouse on the point was built by masons who had come from three villages along the coast.",
    "They worked through two winters, because the stone had to be brought over the ice, which was not safe.",
    "What they earned",
    "Nobody grew rich. The pay book, which a clerk kept in a clear hand, shows four coins a week, and bread.",
    "When the lamp was lit for the first time, in October, the whole harbour came out to see it. Some wept.",
]
BEFORE = [
    "The Harbour Gazette",
    "Home",
    "News",
    "Weather",
    "Search",
    "Boats for sale",
    "Contact us",
    "Log in",
]
AFTER = [
    "Share this article",
    "Facebook",
    "Comments (2)",
    "Ann says:",
    "My grandfather was one of them, and he told me about the ice more than once when I was small. Thanks.",
    "Reply",
    "More stories",
    "Ferry to sail again in May",
    "Mayor opens new fish market",
    "© 2021 The Harbour Gazette",
]


def kept(lines: list[str], *sets: str) -> list[str]:
    text = "\n".join(lines)
    program = Rules(sets or DEFAULT_SETS).propose([text])[0].program
    return execute(program, text).text.split("\n")


def test_context_keeps_the_article_with_its_heading_and_nothing_else() -> None:
    assert kept(BEFORE + BODY + AFTER) == BODY


def test_clean_text_is_left_alone() -> None:
    assert kept(BODY) == BODY
    assert kept([*BODY, "Share this article"]) == BODY


def test_a_lone_paragraph_in_the_footer_goes() -> None:
    about = (
        "The Harbour Gazette has been printed on the quay since the year of the great storm, six days a week."
    )
    assert kept(BEFORE + BODY + AFTER[:-1] + ["Ferry", "Fish", "Ice", "Moorings", about, AFTER[-1]]) == BODY


def test_a_list_after_a_colon_stays() -> None:
    listed = [
        "They brought with them:",
        "two saws",
        "a forge",
        "bread",
        "five mules",
        "rope",
        "a fiddle",
        "lime",
    ]
    article = BODY[:2] + listed + BODY[3:]
    assert kept(BEFORE + article + AFTER) == article


def test_a_code_block_stays() -> None:
    code = [
        "def light(lamp):",
        "    if lamp.oil > 0:",
        "        lamp.flame = True",
        "    return lamp",
        "",
        "lamps = []",
    ]
    article = BODY[:2] + code + BODY[3:]
    assert kept(BEFORE + article + AFTER) == article


def test_hard_line_breaks_do_not_hurt() -> None:
    wrapped = [
        "The old lighthouse on the point was built by masons who had",
        "come from three villages along the coast. They worked through",
        "two winters, because the stone had to be brought over the ice,",
        "and the ice was not safe in spring. The pay book, which a clerk",
        "kept in a clear hand, shows four coins a week, and bread.",
    ]
    assert kept(BEFORE + wrapped + AFTER) == wrapped


def test_a_chinese_page_keeps_its_paragraphs() -> None:
    body = [
        "海边的老灯塔是由三个村子的石匠建成的，他们在冰上运石头，干了整整两个冬天，到了春天冰就不安全了。",
        "没有人因此发财。账本上写着，每个人一个星期只有四个铜钱和一些面包，字迹十分工整。",
        "十月里灯第一次点亮的时候，全港的人都出来观看，有人流下了眼泪，老人们至今还记得那个晚上。",
    ]
    page = [
        "首页",
        "新闻",
        "登录",
        "注册",
        "联系我们",
        *body,
        "分享到",
        "微信",
        "相关阅读",
        "渔市新开张",
        "版权所有",
    ]
    assert kept(page) == body
    assert kept(page, "c4") == body


def test_a_page_of_furniture_is_noise_throughout() -> None:
    text = "\n".join(
        ["Home", "Search", "", "Log in", "Boats", "Contact us", "© 2021 The Harbour Gazette", ""]
    )
    assert Rules().propose([text])[0].program == REMOVE_ALL


def test_a_table_without_prose_is_not_taken_for_noise() -> None:
    table = [f"{hour}:40 | {hour + 1}:15 | pier {hour % 3}" for hour in range(6, 20)]
    assert kept(["Home", "Print", *table]) == table


def test_phrases_go_where_context_leaves_the_text_alone() -> None:
    assert kept(["Advertisement", "One line.", "Nothing else."]) == ["One line.", "Nothing else."]


def test_a_set_strikes_only_its_own() -> None:
    page = ["Home", "Facebook", "Some text."]
    assert kept(page, "navigation") == ["Facebook", "Some text."]
    assert kept(page, "share", "navigation") == ["Some text."]


def test_context_alone_strikes_no_phrase_inside_the_article() -> None:
    article = [*BODY[:2], "Advertisement", *BODY[3:]]
    assert kept(BEFORE + article + AFTER, "context") == article
    assert kept(BEFORE + article + AFTER) == BODY[:2] + BODY[3:]


def test_blank_lines_do_not_pile_up() -> None:
    page = [BODY[0], "", "Advertisement", "", BODY[1], "Advertisement", "", BODY[3]]
    assert kept(page) == [BODY[0], "", BODY[1], "", BODY[3]]


def test_runs_become_one_call_and_are_counted() -> None:
    text = "\n".join(["Home", "Search", BODY[0], "Facebook", BODY[1]])
    proposal = Rules(("navigation", "share")).propose([text])[0]
    assert proposal.program == Program((RemoveLines(1, 2), RemoveLines(4, 4)))
    assert proposal.annotations == {"struck": {"navigation": 2, "share": 1}}


def test_c4_keeps_sentences_of_five_words() -> None:
    page = [
        "Home",
        "",
        "Four words are few.",
        "But five words are enough.",
        "Not a sentence at all",
        "Please enable Javascript in your browser now.",
    ]
    assert kept(page, "c4") == ["But five words are enough."]


def test_c4_page_drops_a_page_with_a_bracket() -> None:
    page = ["This line has a { in it."]
    assert Rules(("c4-page",)).propose(["\n".join(page)])[0].program == REMOVE_ALL
    assert Rules(("c4",)).propose(["\n".join(page)])[0].program == KEEP_ALL


@pytest.mark.parametrize("sets", [("navigation", "c5"), (), ("c4", "c4")])
def test_bad_selections_are_refused(sets: tuple[str, ...]) -> None:
    with pytest.raises(OptionError):
        Rules(sets)


def test_names_and_descriptions() -> None:
    assert Rules().name == "rules"
    assert Rules(("c4", "share")).name == "rules:c4,share"
    assert json.loads(json.dumps(Rules().describe()))["sets"] == list(DEFAULT_SETS)
    assert Rules(("c4",)).describe()["phrases"] == ""
    assert Rules(("share",)).describe()["phrases"]


web_lines = st.one_of(
    st.sampled_from([*BEFORE, *BODY, *AFTER, "", " ", "\r", "a | b | c | d", "x = 1;", "而且。", "•", "..."]),
    st.text(max_size=30),
)


@given(st.lists(web_lines, max_size=40), st.sampled_from([DEFAULT_SETS, *[(name,) for name in SETS]]))
def test_any_program_is_sound(page: list[str], sets: tuple[str, ...]) -> None:
    text = "\n".join(page)
    program = Rules(sets).propose([text])[0].program
    execution = execute(program, text)
    assert not execution.faults
    starts_and_ends = [(call.start, call.end) for call in program.operations if isinstance(call, RemoveLines)]
    assert all(end + 1 < start for (_, end), (start, _) in pairwise(starts_and_ends))
    left = execution.text
    if program == REMOVE_ALL:
        assert text.strip() != ""
        assert left == ""
    else:
        assert left.strip() or not text.strip() or execution.refusal


@given(st.lists(web_lines, max_size=20), st.lists(web_lines, max_size=20))
def test_a_proposal_does_not_depend_on_the_other_texts(first: list[str], second: list[str]) -> None:
    texts = ["\n".join(first), "\n".join(second)]
    assert Rules().propose(texts) == [Rules().propose([text])[0] for text in texts]


# What the data's README says of a C4-like rule, and for cleaneval what doing nothing scores there.
FLOORS = {
    "scrapinghub": 0.88,
    "trafilatura_silver": 0.85,
    "readability_silver": 0.88,
    "dragnet_dev": 0.75,
    "cleaneval_dev": 0.899,
}


@pytest.mark.parametrize("name", FLOORS)
def test_real_pages_reach_the_floor(name: str, web_data: Path) -> None:
    with gzip.open(web_data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    outcomes = Refine(Rules()).run([Document(row["id"], row["raw"]) for row in rows])
    pages = (
        Page(
            row["id"],
            name,
            row["raw"],
            None if outcome.status is Status.DROPPED else outcome.text or row["raw"],
            row["gold"],
        )
        for row, outcome in zip(rows, outcomes, strict=True)
    )
    report = evaluate(pages, resamples=10).overall
    assert report.f1 >= FLOORS[name]
    assert report.f1 >= report.f1_do_nothing


def test_real_gold_loses_almost_nothing(web_data: Path) -> None:
    with gzip.open(web_data / "scrapinghub.jsonl.gz", "rt", encoding="utf-8") as lines:
        gold = [json.loads(line)["gold"] for line in lines]
    left = [
        execute(proposal.program, text).text
        for text, proposal in zip(gold, Rules().propose(gold), strict=True)
    ]
    assert sum(map(len, left)) >= 0.98 * sum(map(len, gold))
