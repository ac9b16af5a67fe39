"""What the constraint admits can be carried out; what the distiller writes is admitted."""

from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("transformers")

from bluepencil.distill import solve
from bluepencil.errors import OptionError
from bluepencil.programs import Chunk, Policy, Program, RemoveStr, ReplaceStr, check, parse, render
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_constraint import ProgramConstraint, ProgramMatcher
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_generate import Finish
from bluepencil.refiners.lm_once import Line
from bluepencil.refiners.lm_prompt import Encoder, PromptFormat
from bluepencil.refiners.lm_states import Lines, Number, Word, Words, fixed
from bluepencil.refiners.lm_transformers import LocalGenerator
from bluepencil.refiners.lm_vocabulary import Trie, token_bytes, trie_of
from refiners.lm_models import page, write_random

POLICY = Policy(max_deleted_share=1.0)
REPLACING = Policy(replacements=True, max_deleted_share=1.0)
# Few characters, so that strings occur again; every kind that is escaped, and of each length in UTF-8.
CHARACTERS = 'aab  "\\\t\u2028\x80é世😀n1'
LINES = st.text(alphabet=CHARACTERS, max_size=14)
TEXTS = st.lists(LINES, min_size=1, max_size=5).map("\n".join)


@cache
def tokenizer() -> Any:
    from bluepencil.train.lm_options import TinySize
    from bluepencil.train.lm_tiny import make_tokenizer

    size = TinySize(vocabulary=700)
    programs = [
        'remove_str(1, "aab")\nkeep_str(2, "a", "b")\nremove_lines(3, 14)',
        "keep_all()",
        "remove_all()",
    ]
    return make_tokenizer([page(number)[0] for number in range(50)] + programs * 9 + [CHARACTERS] * 9, size)


def chosen(matcher: ProgramMatcher) -> list[int]:
    bits = np.unpackbits(matcher.allowed().view(np.uint8), bitorder="little")
    return [int(token) for token in np.flatnonzero(bits)]


def is_carried_out(program: str, text: str, policy: Policy = POLICY) -> bool:
    parsed = parse(program)
    whole = not parsed.faults and not parsed.notes and render(parsed.program) == program
    return whole and not check(parsed.program, text, policy)


def walk(matcher: ProgramMatcher, chance: Random, ends: int, limit: int = 400) -> bytes | None:
    """Write tokens at random; None where the program is not ended in time."""
    spelled = matcher.trie.tokens
    written = b""
    for step in range(limit):
        allowed = chosen(matcher)
        assert allowed, f"a dead end after {written!r}"
        if ends in allowed and (step > limit // 2 or chance.random() < 0.2):
            return written
        token = chance.choice([token for token in allowed if token != ends] or [ends])
        if token == ends:
            return written
        written += spelled[token] or b""
        matcher.advance(token)
    return None


@settings(max_examples=250, deadline=None)
@given(TEXTS, st.integers(1, 120), st.booleans(), st.randoms(use_true_random=False))
def test_whatever_is_admitted_can_be_carried_out(
    text: str, first: int, replacements: bool, chance: Random
) -> None:
    constraint = ProgramConstraint(text, first, max_calls=6, replacements=replacements)
    written = walk(constraint.matcher(tokenizer()), chance, tokenizer().eos_token_id)
    if written is not None:
        program = parse(written.decode()).program
        policy = REPLACING if replacements else POLICY
        assert is_carried_out(render(program.shifted(1 - first)), text, policy), written
        assert render(program) == written.decode()


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.randoms(use_true_random=False))
def test_the_mask_is_what_single_tokens_say(text: str, chance: Random) -> None:
    """After a random beginning, a token is in the mask if and only if `advance` takes it."""
    matcher = ProgramConstraint(text, max_calls=4, replacements=True).matcher(tokenizer())
    for _ in range(chance.randint(0, 25)):
        allowed = [token for token in chosen(matcher) if token not in matcher.ends]
        if not allowed:
            break
        matcher.advance(chance.choice(allowed))
    is_what_single_tokens_say(matcher)


@pytest.mark.parametrize("written", ["remove_str(1,", 'remove_str(1, "', 'keep_str(1, "', 'remove_str(1, "a'])
@pytest.mark.parametrize("seed", range(4))
def test_the_mask_is_what_single_tokens_say_in_a_long_line(written: str, seed: int) -> None:
    """Where there are many places to go on from, these are followed together."""
    chance = Random(seed)
    words = [piece for number in range(9) for piece in page(number)[0].split()]
    alphabet = (words, [*words, '"', "\\", "é世"], list("ab "), ["aab ", "世"])[seed]
    text = "a" + "".join(chance.choice(alphabet) + chance.choice(["", " "]) for _ in range(400))
    matcher = ProgramConstraint(text).matcher(tokenizer())
    for token in segmented(written.encode(), chance):
        matcher.advance(token)
    is_what_single_tokens_say(matcher)


def is_what_single_tokens_say(matcher: ProgramMatcher) -> None:
    before = matcher.state
    allowed = chosen(matcher)
    for token in range(len(tokenizer())):
        matcher.state = before
        try:
            matcher.advance(token)
        except ValueError:
            assert token not in allowed
        else:
            assert token in allowed


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(1, 120), st.booleans(), st.randoms(use_true_random=False))
def test_what_the_distiller_writes_is_admitted(
    text: str, first: int, replacements: bool, chance: Random
) -> None:
    count = 2 * chance.randint(1, 4)
    marks = sorted(chance.randrange(len(text) + 1) for _ in range(count))
    spans = [(start, end) for start, end in zip(marks[::2], marks[1::2], strict=True) if start < end]
    spans = [span for number, span in enumerate(spans) if not number or spans[number - 1][1] < span[0]]
    program = render(solve(text, spans, replacements=replacements).program.shifted(first - 1))
    constraint = ProgramConstraint(text, first, replacements=replacements)
    ids = Encoder(tokenizer()).answer(program, "plain")
    for tokens in (ids, [*segmented(program.encode(), chance), tokenizer().eos_token_id]):
        matcher = constraint.matcher(tokenizer())
        for token in tokens:
            assert token in chosen(matcher), program
            matcher.advance(token)


@cache
def numbers() -> dict[bytes, int]:
    return {token: number for number, token in enumerate(trie_of(tokenizer()).tokens) if token}


def segmented(text: bytes, chance: Random) -> list[int]:
    """Return tokens that spell a text, of random lengths."""
    ids = []
    while text:
        length = chance.choice([size for size in range(1, 13) if text[:size] in numbers()])
        ids.append(numbers()[text[:length]])
        text = text[length:]
    return ids


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_what_occurs_once_is_found(text: str) -> None:
    line = Line(text)
    for start in range(len(text)):
        once = [end for end in range(start + 1, len(text) + 1) if occurrences(text, text[start:end]) == 1]
        assert int(line.once[start]) == min(once, default=len(text) + 1)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["a", "ab", "abcdefgh", "aaaaaaab", "é世a", "0123456789abcdef"]),
    st.integers(1, 120),
    LINES,
)
def test_what_occurs_once_is_found_in_repetitions(unit: str, times: int, end: str) -> None:
    for text in (unit * times + end, end + unit * times, unit * times + end + unit * times):
        once = Line(text).once.tolist()
        for start in range(0, len(text), 7):
            ends = [start + size for size in (1, 7, 8, 9, 16, 17, 63, 64, 65) if start + size <= len(text)]
            for stop in [*ends, len(text)]:
                assert (once[start] <= stop) is (occurrences(text, text[start:stop]) == 1)


@pytest.mark.parametrize("count", [200, 300, 70_000])
def test_a_line_of_many_different_characters(count: int) -> None:
    """Of up to 255 one fits a byte, of up to 65,535 two, and there are more."""
    every = [chr(code) for code in range(0x100, 0x20000) if not 0xD800 <= code < 0xE000][:count]
    line = Line("".join(every) + "".join(every[:9]))
    assert line.once[:11].tolist() == [*[10] * 9, 10, 11]


@settings(deadline=None)
@given(st.sets(st.integers(1, 2300), min_size=1), st.integers(0, 3), st.randoms(use_true_random=False))
def test_numbers_that_go_on_to_a_line(numbers: set[int], digits: int, chance: Random) -> None:
    number = chance.choice(sorted(numbers))
    typed, least = int(str(number)[:digits] or 0), chance.randint(1, number)
    lines = Lines(sorted(numbers))
    place = Number(lines, least, ord(","), lambda number: Words(fixed(Word(b" ", b"")), []), typed)
    trie = trie_of(tokenizer())
    written = str(typed) if typed else ""
    bits = np.unpackbits(place.mask(trie, ()).view(np.uint8), bitorder="little")
    possible = [f"{number}," for number in sorted(numbers) if number >= least]
    for token in range(len(tokenizer())):
        spelled = (trie.tokens[token] or b"\0").decode("latin-1")
        fits = any(text.startswith(written + spelled) for text in possible)
        assert bool(bits[token]) is fits, spelled


def occurrences(text: str, part: str) -> int:
    return sum(text.startswith(part, at) for at in range(len(text)))


@pytest.mark.parametrize(
    "program",
    [
        "remove_lines(1, 4)",
        "remove_lines(2, 1)",
        "remove_lines(01, 2)",
        "remove_lines(2, 2)\nremove_lines(1, 1)",
        "keep_all()\nremove_lines(1, 1)",
        'remove_str(1, "")',
        'remove_str(1, "x")',
        'remove_str(1, "a")',
        'remove_str(3, "n")',
        'remove_str(1, "ba")\nremove_str(1, "ab")',
        'remove_str(1, "b")\nkeep_str(1, "ba")',
        'remove_str(1, "b")\nremove_lines(1, 1)',
        'keep_str(1, "b")\nremove_str(1, "aa")',
        'keep_str(1, "b", "a")',
        'replace_str(1, "b", "c")',
    ],
)
def test_what_cannot_be_carried_out_is_not_admitted(program: str) -> None:
    matcher = ProgramConstraint("aaba\n\n\n".removesuffix("\n")).matcher(tokenizer())
    with pytest.raises(ValueError, match=r"go on|not whole"):
        for token in Encoder(tokenizer()).answer(program, "plain"):
            matcher.advance(token)


def test_an_escape_is_never_cut() -> None:
    """The n of an escaped line end is no n of the line."""
    text = "a\\n\tt"
    good, bad = 'remove_str(1, "\\\\n")', 'remove_str(1, "n\\tt")'
    for program in (good, bad):
        matcher = ProgramConstraint(text).matcher(tokenizer())
        for token in Encoder(tokenizer()).answer(program, "plain"):
            matcher.advance(token)
    matcher = ProgramConstraint(text).matcher(tokenizer())
    with pytest.raises(ValueError, match="go on"):
        for token in segmented(b'remove_str(1, "\\n")', Random(1)):
            matcher.advance(token)


TEXTS_OF_ALL_KINDS = [
    "",
    'a "b" \\ c',
    "\x00\x1f\t\r\n\x7f\x80\x9f\xa0",
    "é世😀\u2027\u2028\u2029\u202a\ue000\ufffd\U0010ffff",
]


@pytest.mark.parametrize("new", TEXTS_OF_ALL_KINDS)
def test_a_string_is_replaced_by_any_text(new: str) -> None:
    program = render(Program((ReplaceStr(1, "b", new), RemoveStr(1, "c"))))
    for seed in range(5):
        matcher = ProgramConstraint("abc", replacements=True).matcher(tokenizer())
        for token in segmented(program.encode(), Random(seed)):
            assert token in chosen(matcher)
            matcher.advance(token)
        assert matcher.is_final


@pytest.mark.parametrize(
    "new",
    [b"\x80", b"\xc2\x80", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\xc3\xc3", b"\\q", b"\\x0a", b"\\x20"],
)
def test_what_no_text_is_spelled_as_is_not_admitted(new: bytes) -> None:
    matcher = ProgramConstraint("abc", replacements=True).matcher(tokenizer())
    with pytest.raises(ValueError, match="go on"):
        for token in segmented(b'replace_str(1, "b", "' + new, Random(1)):
            matcher.advance(token)


def test_a_program_has_so_many_calls_and_no_more() -> None:
    text = "\n".join("ab" for _ in range(9))
    matcher = ProgramConstraint(text, max_calls=2).matcher(tokenizer())
    for token in Encoder(tokenizer()).answer("remove_lines(1, 1)\nremove_lines(3, 3)", "plain")[:-1]:
        matcher.advance(token)
    assert chosen(matcher) == [tokenizer().eos_token_id]


def test_a_vocabulary_that_cannot_spell_everything_is_refused() -> None:
    with pytest.raises(OptionError, match="0x0a"):
        Trie([b"a", b"bc"])


def test_tokens_of_sentencepiece_with_bytes() -> None:
    """A decoder as of Llama 2: `\u2581` is a space, and the first of a text goes."""
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    names = [
        "<unk>",
        "</s>",
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "\u2581keep",
        "_all",
        "()",
        "\u2581",
    ]
    backend = Tokenizer(
        models.BPE(
            {name: number for number, name in enumerate(names)}, [], unk_token="<unk>", byte_fallback=True
        )
    )
    backend.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    made = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="</s>", unk_token="<unk>")
    tokens, leading_space = token_bytes(made)
    assert leading_space
    assert tokens[:3] == [None, None, b"\0"]
    assert tokens[258:] == [b" keep", b"_all", b"()", b" "]
    matcher = ProgramConstraint("a").matcher(made)
    for token in (258, 259, 260, 1):
        assert token in chosen(matcher)
        matcher.advance(token)
    assert made.decode([258, 259, 260, 1], skip_special_tokens=True) == "keep_all()"


def test_a_model_that_knows_nothing_writes_valid_programs(tmp_path: Any) -> None:
    pytest.importorskip("torch")
    folder = str(write_random(tmp_path / "random", 512))
    dialect = Native(PromptFormat(before="Edit:\n"))
    texts = [page(number)[0] for number in range(24)]
    chunks = [Chunk(1, text.count("\n") + 1, 0, len(text)) for text in texts]
    prompts = [dialect.prompt(text, chunk) for text, chunk in zip(texts, chunks, strict=True)]
    constraints = [dialect.constraint(text, chunk) for text, chunk in zip(texts, chunks, strict=True)]
    generator = LocalGenerator(folder, 300, device="cpu")
    answers = generator.generate(prompts, constraints)
    whole = [(answer.text, text) for answer, text in zip(answers, texts, strict=True) if answer.is_whole]
    assert len(whole) > len(texts) // 2
    assert {answer.finish_reason for answer in answers} <= {Finish.STOP, Finish.CUT_OFF}
    assert all(is_carried_out(program, text) for program, text in whole)
    free = generator.generate(prompts)
    assert not any(is_carried_out(answer.text, text) for answer, text in zip(free, texts, strict=True))


def test_constraints_can_be_left_out() -> None:
    class Asked:
        def __init__(self) -> None:
            self.constraints: list[Any] = []

        def describe(self) -> dict[str, Any]:
            return {}

        def generate(self, prompts: Any, constraints: Any = ()) -> list[Any]:
            from bluepencil.refiners.lm_generate import Generation

            self.constraints.append(list(constraints))
            return [Generation("keep_all()") for _ in prompts]

    asked = Asked()
    dialect = Native(PromptFormat(before="Edit:\n", numbering="document"))
    for constrained in (True, False):
        LanguageModel(dialect, asked, 8, 0, constrained=constrained).propose(["aaa\nbbb\nccc"])
    assert asked.constraints == [[ProgramConstraint("aaa\nbbb", 1), ProgramConstraint("ccc", 3)], []]
