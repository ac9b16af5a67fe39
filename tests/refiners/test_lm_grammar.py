"""What servers are sent: grammars that take what the distiller writes, and no program without a form.

They are read by llguidance, one of the libraries that servers read them with.
"""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("llguidance")
pytest.importorskip("transformers")

from bluepencil.distill import solve
from bluepencil.errors import OptionError
from bluepencil.llm import ClientOptions
from bluepencil.programs import Chunk, parse, render
from bluepencil.refiners.lm_card import Card
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_grammar import DETAILS, LIMIT, grammar, numbers_between, parameters
from bluepencil.refiners.lm_prompt import PromptFormat
from bluepencil.refiners.lm_server import ServerGenerator
from bluepencil.refiners.registry import make_refiner
from refiners.test_lm_constraint import TEXTS, tokenizer

TEXT = 'Home | "News"\n\nRain\\é is\tlikely.\n(c) 2010-[x]^'


@cache
def reader() -> Any:
    import llguidance.hf

    return llguidance.hf.from_tokenizer(tokenizer())


def accepts(rules: str, answer: str) -> bool:
    from llguidance import LLMatcher, grammar_from

    matcher = LLMatcher(reader(), grammar_from("grammar", rules))
    assert not matcher.is_error(), matcher.get_error()
    tokens = tokenizer()(answer, add_special_tokens=False)["input_ids"]
    return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()


@settings(max_examples=120, deadline=None)
@given(
    TEXTS, st.integers(1, 1200), st.sampled_from(DETAILS), st.booleans(), st.randoms(use_true_random=False)
)
def test_what_the_distiller_writes_is_accepted(
    text: str, first: int, detail: str, replacements: bool, chance: Random
) -> None:
    count = 2 * chance.randint(1, 4)
    marks = sorted(chance.randrange(len(text) + 1) for _ in range(count))
    spans = [(start, end) for start, end in zip(marks[::2], marks[1::2], strict=True) if start < end]
    spans = [span for number, span in enumerate(spans) if not number or spans[number - 1][1] < span[0]]
    program = render(solve(text, spans, replacements=replacements).program.shifted(first - 1))
    for limit in (LIMIT, 1):
        assert accepts(grammar(text, first, detail, limit, replacements=replacements), program)


ALWAYS_WRONG = [
    "junk",
    "",
    "keep_all()\nkeep_all()",
    "remove_lines(1, 1)\n",
    "remove_lines(1, 5)",
    "remove_lines(0, 1)",
    "remove_lines(01, 2)",
    "remove_lines(1,2)",
    'remove_str(1, "z")',
    'remove_str(5, "Home")',
    'remove_str(1, "")',
    'remove_str(1, "a" )',
    'remove_str(1, "\n")',
    'remove_str(1, "News"")',
    'replace_str(1, "Home", "")',
]
# What the grammars of a detail refuse, beside what those before it do.
WRONG = {
    "chunk": ["remove_lines(2, 1)", 'remove_str(2, "a")'],
    "line": ['remove_str(1, "x")', 'keep_str(1, "Home", "likely")'],
    "piece": ['remove_str(1, "emoH")', 'keep_str(3, "Rain", "likelylikely")'],
}
RIGHT = [
    "keep_all()",
    "remove_all()",
    "remove_lines(1, 4)\nremove_lines(4, 4)",
    'remove_str(1, "\\"News\\"")',
    'keep_str(3, "Rain\\\\é", "\\tlikely")\nremove_str(4, "[x]^")',
]


@pytest.mark.parametrize("detail", [*DETAILS, "coarse"])
def test_what_has_no_form_is_refused(detail: str) -> None:
    rules = grammar(TEXT, 1, "piece", limit=1) if detail == "coarse" else grammar(TEXT, 1, detail)
    for answer in RIGHT:
        assert accepts(rules, answer), answer
    for answer in ALWAYS_WRONG:
        assert not accepts(rules, answer), answer
    refused = DETAILS[: DETAILS.index(detail) + 1] if detail in DETAILS else ()
    for name, answers in WRONG.items():
        for answer in answers:
            assert accepts(rules, answer) is (name not in refused), (name, answer)


def test_an_escape_is_never_cut_in_pieces() -> None:
    rules = grammar("a\\n\tt", detail="piece")
    assert accepts(rules, 'remove_str(1, "\\\\n\\t")')
    assert not accepts(rules, 'remove_str(1, "\\n")')


@given(st.integers(1, 5000), st.integers(0, 5000))
def test_numbers_are_those_between_two(low: int, more: int) -> None:
    expression = re.compile(numbers_between(low, low + more).replace('"', "").replace(" ", ""))
    near = [*range(max(0, low - 30), low + 30), *range(low + more - 30, low + more + 31), 10 * low]
    for number in near:
        assert bool(expression.fullmatch(str(number))) is (low <= number <= low + more)
        assert not expression.fullmatch(f"0{number}")


@pytest.mark.parametrize("detail", DETAILS)
def test_a_grammar_stays_small(detail: str) -> None:
    for lines in (1, 300, 3000):
        text = "\n".join(f"line {number} of a page" for number in range(lines))
        rules = grammar(text, 1, detail)
        assert len(rules.encode()) <= LIMIT
        if lines < 3000:
            assert accepts(rules, f'remove_lines(1, {lines})\nremove_str({lines}, "line {lines - 1}")')
            assert not accepts(rules, f"remove_lines(1, {lines + 1})")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_character_can_be_said(text: str) -> None:
    line = text.replace("\n", " ")
    program = (
        render(parse(f"remove_lines({1}, 1)").program) if not line else f"remove_str(1, {_quoted(line)})"
    )
    for detail in DETAILS:
        assert accepts(grammar(line, 1, detail), program)


def _quoted(text: str) -> str:
    from bluepencil.refiners.lm_once import quoted

    return f'"{quoted(text)}"'


@pytest.mark.parametrize("detail", DETAILS)
def test_replacements_are_by_any_text(detail: str) -> None:
    rules = grammar(TEXT, 1, detail, replacements=True)
    for new in ("", "z", 'a \\"b\\" \\\\', "\\u2028\\x00世"):
        assert accepts(rules, f'replace_str(1, "Home", "{new}")\nremove_lines(3, 3)'), new
    for wrong in ('replace_str(1, "Home")', 'replace_str(1, "Home", "a"b")', 'replace_str(5, "Home", "a")'):
        assert not accepts(rules, wrong), wrong


def test_empty_lines_have_no_strings() -> None:
    assert accepts(grammar("\n\n"), "remove_lines(2, 3)")
    assert not accepts(grammar("\n\n"), 'remove_str(1, "a")')


@pytest.mark.parametrize(
    ("server", "parameter"),
    [
        ("vllm", {"structured_outputs": {"grammar": "G"}}),
        ("vllm-old", {"guided_grammar": "G"}),
        ("sglang", {"ebnf": "G"}),
        ("llama.cpp", {"grammar": "G"}),
    ],
)
def test_each_server_is_told_in_its_own_way(server: str, parameter: Any) -> None:
    assert parameters(server, "G") == parameter
    client = ClientOptions(server="http://127.0.0.1:1", model="m")
    constraint = Native(PromptFormat()).constraint(TEXT, Chunk(1, 4, 0, len(TEXT)))
    assert constraint is not None
    dialect = Native(PromptFormat())
    prompt = dialect.prompt(TEXT, Chunk(1, 4, 0, len(TEXT)))
    plain = ServerGenerator(client).request(prompt, constraint)
    told = ServerGenerator(client, grammar=server, detail="line").request(prompt, constraint)
    assert told.params == {**plain.params, **parameters(server, grammar(TEXT, 1, "line"))}
    # It changes the answer, and so the place of that in the cache.
    assert told.key("m") != plain.key("m")


def test_only_servers_of_models_of_our_own_are_told(tmp_path: Path) -> None:
    card = Card(prompt=PromptFormat(), window=600, overlap=100, max_new_tokens=64)
    client = ClientOptions(server="http://127.0.0.1:1", model="m")
    card.write(tmp_path)
    made = make_refiner(f"lm:{tmp_path}", None, {"client": client, "server_grammar": "vllm"})
    assert made.describe()["generator"]["grammar"] == "vllm, chunk"
    assert "replacements" not in made.describe()["dialect"]
    replace(card, replacements=True).write(tmp_path)
    taught = make_refiner(f"lm:{tmp_path}")
    assert taught.describe()["dialect"]["replacements"] is True
    with pytest.raises(OptionError, match="by itself"):
        make_refiner(f"lm:{tmp_path}", None, {"server_grammar": "vllm"})
    with pytest.raises(OptionError, match="ultrax"):
        make_refiner("ultrax:m@file", None, {"client": client, "server_grammar": "vllm"})
    replace(card, dialect="ultrax").write(tmp_path)
    with pytest.raises(OptionError, match="dialect ultrax"):
        make_refiner(f"lm:{tmp_path}", None, {"client": client, "server_grammar": "vllm"})


def test_what_is_not_known_is_refused() -> None:
    client = ClientOptions(server="http://127.0.0.1:1", model="m")
    for wrong in ({"grammar": "tgi"}, {"detail": "word"}):
        with pytest.raises(OptionError, match="must be one of"):
            ServerGenerator(client, **wrong)
    with pytest.raises(OptionError, match="tgi"):
        parameters("tgi", "G")
    with pytest.raises(OptionError, match="word"):
        grammar("a", detail="word")
