"""Recipes: what is read, what is refused and how that is said, what is set from outside."""

import importlib.metadata
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.code import steps as code_steps
from bluepencil.errors import BluepencilError, InputError, MissingExtraError, OptionError
from bluepencil.recipes.explain import explain_recipe
from bluepencil.recipes.load import build, load_recipe, with_settings
from bluepencil.recipes.registry import KINDS
from bluepencil.recipes.run import prepared
from bluepencil.recipes.values import convert, make
from conftest import ROOT
from recipes.steps import Colour, Gate, Inner

RECIPES = sorted((ROOT / "recipes").glob("*.toml"))


def built(path: Path, *settings: str, **asking: Any) -> Any:
    ready = prepared(path, settings, asking)
    return build(ready, ready.server, path.parent / "out")


GATE = """
[[steps]]
step = "gate"
word = "spam"
most = 3
share = 1
loud = true
limit = 4
colour = "blue"
side = "right"
pair = [2, "y"]
weights = {a = 1, b = 0.5}
languages = ["de", "fr"]
inner = {depth = 2, names = ["n"]}
place = "here"
"""


def test_every_type_of_option_is_read(toys: None, recipe: Path) -> None:
    recipe.write_text(GATE)
    (one,) = built(recipe)
    inner = Inner(2, ("n",))
    assert one.step == Gate(
        "spam",
        3,
        1.0,
        True,
        4,
        Colour.BLUE,
        "right",
        (2, "y"),
        {"a": 1.0, "b": 0.5},
        frozenset({"de", "fr"}),
        inner,
        Path("here"),
    )
    assert type(one.step.share) is float
    assert {shown.name for shown in one.options if shown.given} == {
        line.split(" = ")[0] for line in GATE.split("\n") if " = " in line and not line.startswith("step")
    }


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "there is no step; each is a table"),
        ("steps = []", "there is no step; each is a table"),
        ("steps = 3", "there is no step; each is a table"),
        ("[[steps]]", 'step 1: a step is a table with step = "KIND"'),
        ("[[steps]\nx", "is not TOML"),
        ('nmae = "x"\n[[steps]]\nstep = "gate"', "there is no key 'nmae'; did you mean 'name'?"),
        ('name = 3\n[[steps]]\nstep = "gate"', "name must be text, not 3"),
        ('input = 3\n[[steps]]\nstep = "gate"', "input must be a table, not 3"),
        ('[[steps]]\nstep = "gaet"', r"step 1: there is no step 'gaet'; did you mean 'gate'\?"),
        ('[[steps]]\nstep = "zzzz"', r"there is no step 'zzzz'\. There are: refine, "),
        (
            '[[steps]]\nstep = "gate"\nwrod = "x"',
            r"step 1 \(gate\): there is no option 'wrod'; did you mean 'word'",
        ),
        ('[[steps]]\nstep = "gate"\nmeasure = "x"', "there is no option 'measure'"),
        ('[[steps]]\nstep = "gate"\nmost = "3"', r"step 1 \(gate\): most must be a whole number, not '3'"),
        ('[[steps]]\nstep = "gate"\nmost = true', "most must be a whole number, not True"),
        ('[[steps]]\nstep = "gate"\nmost = -1', r"step 1 \(gate\): most must not be negative, not -1"),
        ('[[steps]]\nstep = "gate"\nshare = "x"', "share must be a number, not 'x'"),
        ('[[steps]]\nstep = "gate"\nloud = 1', "loud must be true or false, not 1"),
        ('[[steps]]\nstep = "gate"\nlimit = "x"', "limit must be a whole number, not 'x'"),
        ('[[steps]]\nstep = "gate"\ncolour = "pink"', "colour must be one of red, blue, not 'pink'"),
        ('[[steps]]\nstep = "gate"\nside = "up"', "side must be one of left, right, not 'up'"),
        ('[[steps]]\nstep = "gate"\npair = [1]', r"pair must be a list of 2, .*, not \[1\]"),
        ('[[steps]]\nstep = "gate"\npair = [1, 2]', r"pair\[1\] must be text, not 2"),
        ('[[steps]]\nstep = "gate"\nweights = {a = "x"}', r"weights\.a must be a number"),
        ('[[steps]]\nstep = "gate"\nweights = 3', "weights must be a table, not 3"),
        ('[[steps]]\nstep = "gate"\nlanguages = "en"', "languages must be a list, each text, not 'en'"),
        (
            '[[steps]]\nstep = "gate"\ninner = {dept = 1}',
            "inner: there is no option 'dept'; did you mean 'depth'",
        ),
        ('[[steps]]\nstep = "gate"\ninner = {depth = "x"}', "inner: depth must be a whole number"),
        (
            '[[steps]]\nstep = "gate"\n[[steps]]\nstep = "needing"',
            r"step 2 \(needing\): the option word is missing",
        ),
        ('[[steps]]\nstep = "gate"\nword = "missing"', r"step 1 \(gate\): there is no such word"),
        (
            '[[steps]]\nstep = "made"\nthird = "x"',
            r"step 1 \(made\): there is no option 'third'.*: first, second",
        ),
        (
            '[output]\nformat = "csv"\n[[steps]]\nstep = "gate"',
            r"\[output\]: format must be one of parquet, jsonl",
        ),
        (
            '[input]\ntext = "x"\n[[steps]]\nstep = "gate"',
            r"\[input\]: there is no option 'text'; did you mean 'text_f",
        ),
        (
            '[server]\nmodle = "x"\n[[steps]]\nstep = "gate"',
            r"\[server\]: there is no option 'modle'; did you mean 'mod",
        ),
        ('[server]\nprice = 3\n[[steps]]\nstep = "gate"', r"\[server\]: price must be a list of 2"),
        ('[[steps]]\nstep = "expert"', r"step 1 \(expert\): a model is asked, and none is named"),
        ('[server]\nmodel = "m"\n[[steps]]\nstep = "expert"', r"step 1 \(expert\): name a --server"),
        (
            '[server]\nmodel = "m"\nserver = "nowhere"\n[[steps]]\nstep = "expert"',
            r"step 1 \(expert\): not the address of a server",
        ),
        (
            '[server]\nmodel = "m"\nserver = "http://h"\n[[steps]]\nstep = "expert"\nprompt = "no.md"',
            r"step 1 \(expert\): the prompt file cannot be read: no\.md",
        ),
        (
            '[[steps]]\nstep = "distill"\n[[steps]]\nstep = "gate"',
            r"step 1 \(distill.*writes rows.*only be the last",
        ),
        ('[[steps]]\nstep = "refine"\nrefiner = "magic"', r"step 1 \(refine\): there is no refiner 'magic'"),
        ('[[steps]]\nstep = "refine"\nstrength = "huge"', "strength must be one of light, normal, strong"),
        ('[[steps]]\nstep = "decontaminate"\nindex = "no"', r"step 1 \(decontaminate\): no is no index"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(toys: None, recipe: Path, written: str, message: str) -> None:
    recipe.write_text(written)
    with pytest.raises(BluepencilError, match=message) as caught:
        built(recipe)
    assert isinstance(caught.value, OptionError | InputError)
    assert str(caught.value).startswith((str(recipe), "the recipe"))


def test_duplicates_are_what_the_recipe_says(toys: None, recipe: Path) -> None:
    recipe.write_text('[dedup]\nthreshold = 0.7\n[[steps]]\nstep = "gate"')
    read = load_recipe(recipe)
    assert read.dedup is not None
    assert (read.dedup.threshold, read.dedup.unit) == (0.7, "tokens")
    assert "then      drops duplicates (those of which 70% of 5 tokens" in explain_recipe(recipe)
    assert "datasketch" in explain_recipe(recipe)
    for written, message in (
        ("[dedup]\nthreshold = 2", r"\[dedup\]: the threshold must lie between 0 and 1"),
        ("[dedup]\ntreshold = 1", r"\[dedup\]: there is no option 'treshold'; did you mean 'threshold'"),
        ("dedup = 3", "dedup must be a table, not 3"),
    ):
        recipe.write_text(f'{written}\n[[steps]]\nstep = "gate"')
        with pytest.raises(OptionError, match=message):
            load_recipe(recipe)
    recipe.write_text('[dedup]\nnear = false\n[[steps]]\nstep = "distill"')
    with pytest.raises(OptionError, match=r"\[dedup\] compares documents"):
        built(recipe)


def test_a_recipe_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the recipe cannot be read"):
        load_recipe(tmp_path / "none.toml")


def test_a_missing_package_is_said_before_anything_starts(toys: None, recipe: Path) -> None:
    recipe.write_text('[[steps]]\nstep = "extra"')
    with pytest.raises(MissingExtraError, match=r"bluepencil\[code\]"):
        built(recipe)
    assert "NOT INSTALLED: pip install 'bluepencil[code]'" in explain_recipe(recipe)


@pytest.mark.parametrize(("chosen", "other"), [("pylint", "ruff"), ("ruff", "pylint")])
def test_linting_needs_the_chosen_linter_only(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, chosen: str, other: str
) -> None:
    find_spec = importlib.util.find_spec
    gone = {other}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in gone else find_spec(name))
    monkeypatch.setattr(code_steps, "_scorers", {})
    recipe.write_text(f'[[steps]]\nstep = "lint"\nlinter = "{chosen}"')
    (step,) = built(recipe)
    assert step.step.describe()["linter"] == chosen
    assert f"{chosen} {importlib.metadata.version(chosen)} (extra: code)" in explain_recipe(recipe)
    assert f"{other} {importlib.metadata.version(other)}" not in explain_recipe(recipe)


def test_a_missing_linter_is_said_before_anything_starts(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(code_steps, "_scorers", {})
    recipe.write_text('[[steps]]\nstep = "lint"')
    with pytest.raises(MissingExtraError, match=r"pylint.*bluepencil\[code\]"):
        built(recipe)


def test_options_are_set_from_outside(toys: None, recipe: Path) -> None:
    recipe.write_text(
        '[[steps]]\nstep = "gate"\n[[steps]]\nstep = "made"\n[[steps]]\nstep = "gate"\nmost = 5'
    )
    one, two, three = built(
        recipe,
        "1.word=spam",
        "made.first=x",
        "3.inner.depth=7",
        '3.languages=["a"]',
        "1.loud=true",
        "1.limit=2",
    )
    assert (one.step.word, one.step.loud, one.step.limit) == ("spam", True, 2)
    assert two.step.word == "xb"
    assert (three.step.most, three.step.inner.depth, three.step.languages) == (5, 7, frozenset({"a"}))
    for setting, message in (
        ("gate.most=1", r"gate stands 2 times; say its number: 1 gate, 2 made, 3 gate"),
        ("other.most=1", "has no step 'other'"),
        ("9.most=1", "has no step '9'"),
        ("most=1", r"expected STEP\.OPTION=VALUE"),
        ("1.most", r"expected STEP\.OPTION=VALUE"),
        ("1.mots=1", "there is no option 'mots'; did you mean 'most'"),
    ):
        with pytest.raises(OptionError, match=message):
            built(recipe, setting)


def test_a_file_beside_the_recipe_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mine.md").write_text("Improve this.\n")
    path = tmp_path / "sub" / "r.toml"
    path.write_text(
        '[server]\nserver = "http://h"\nmodel = "m"\n[[steps]]\nstep = "expert"\nprompt = "mine.md"'
    )
    monkeypatch.chdir(tmp_path)
    (one,) = built(path)
    assert one.step.options.prompt == str(tmp_path / "sub" / "mine.md")
    assert one.step.prompt.parts[0][1] == "Improve this."


def test_decoding_parameters_are_laid_over_those_of_the_step(recipe: Path) -> None:
    recipe.write_text(
        '[server]\nserver = "http://h"\nmodel = "m"\nin_flight = 5\nprice = [1, 2.5]\nbudget = 3\n'
        '[[steps]]\nstep = "expert"\ntemperature = 0.5\nparams = {seed = 3}\nmodel = "big"\ntimeout_s = 9'
    )
    (one,) = built(recipe)
    options = one.step.options
    assert options.params == {"temperature": 0.5, "max_tokens": 8192, "seed": 3}
    client = options.client
    assert (client.model, client.server, client.in_flight, client.timeout_s) == ("big", "http://h", 5, 9)
    assert (client.price.output_per_million, client.budget.money) == (2.5, 3)
    assert client.run == str((recipe.parent / "out").resolve())
    (other,) = built(recipe, server="http://elsewhere", in_flight=2)
    assert (other.step.options.client.server, other.step.options.client.in_flight) == ("http://elsewhere", 2)
    assert other.step.describe() == one.step.describe()


@pytest.mark.parametrize("kind", ["sgcr", "scor", "score"])
def test_the_steps_of_rewriting_are_built(recipe: Path, kind: str) -> None:
    recipe.write_text(
        f'[server]\nserver = "http://h"\nmodel = "m"\n[[steps]]\nstep = "{kind}"\nlongest = 99\ntop_p = 0.5'
    )
    (one,) = built(recipe)
    assert one.step.options.longest == 99
    assert one.step.options.params["top_p"] == 0.5
    assert one.calls == 1
    assert one.step.name == f"{kind}:m"


def test_rewrites_for_some_scores_alone(recipe: Path) -> None:
    recipe.write_text(
        '[server]\nserver = "http://h"\nmodel = "m"\n[[steps]]\nstep = "score"\nmodel = "small"\nlow = 2\n'
        '[[steps]]\nstep = "sgcr"\nonly = "medium"\nverify = {names = "record", limits = {seconds = 3}}\n'
        '[[steps]]\nstep = "scor"\nonly = "medium"\nprice = [1, 2]'
    )
    scored, styled, alone = built(recipe)
    assert (scored.step.low, scored.step.high, scored.step.name) == (2.0, 7.0, "score:small")
    assert (styled.step.band, styled.step.name, styled.calls) == ("medium", "sgcr:m", 1)
    assert styled.step.step.verifier.checks.limits.seconds == 3
    assert alone.clients[0].price.output_per_million == 2
    (_, off, _) = built(recipe, "sgcr.verify=false", "sgcr.only=all")
    assert off.step.verifier is None
    with pytest.raises(OptionError, match=r"\(sgcr\): only must be one of all, medium, high, not 'low'"):
        built(recipe, "sgcr.only=low")
    recipe.write_text(recipe.read_text().replace('"score"', '"sgcr"').replace("low = 2\n", ""))
    with pytest.raises(OptionError, match=r"step 2 \(sgcr\): only goes by a score, and no step before"):
        built(recipe)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_each_recipe_of_ours_can_be_explained(path: Path) -> None:
    said = explain_recipe(path, asking={"model": "m"})
    recipe = load_recipe(path)
    assert recipe.description
    assert said.startswith(f"{recipe.name}  (")
    for number, entry in enumerate(recipe.steps, 1):
        assert f"\n{number}. {entry.step}: {KINDS[entry.step].summary}\n" in said
    ready = prepared(path, (), {"model": "m", "server": "http://h"})
    assert len(build(ready, ready.server, Path("out"))) == len(recipe.steps)


def test_there_are_recipes() -> None:
    assert RECIPES


def test_an_explanation_tells_defaults_prompts_and_calls(toys: None, recipe: Path) -> None:
    recipe.write_text(
        'name = "mixed"\n[server]\nmodel = "m"\n[[steps]]\nstep = "gate"\nword = "x"\n'
        '[[steps]]\nstep = "expert"'
    )
    said = explain_recipe(recipe, text_field="content", on_failure="drop")
    assert re.search(r"^     word +x$", said, re.MULTILINE)
    assert re.search(r"^     most +10   \(default\)$", said, re.MULTILINE)
    assert "the text in `content`" in said
    assert "a document that fails is left out" in said
    assert "m: at most 1 call per document" in said
    assert re.search(r"prompts +step 2: refinex, hash [0-9a-f]{16}", said)
    assert re.search(r"aiohttp [\d.]+ \(extra: llm\)", said)


simple = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5))


@given(st.dictionaries(st.sampled_from(["word", "most", "share", "loud", "limit"]), simple))
def test_values_have_the_types_that_are_asked_for_or_are_refused(table: dict[str, Any]) -> None:
    wanted = {"word": str, "most": int, "share": float, "loud": bool, "limit": int}
    fits = all(
        type(value) is wanted[name] or (name == "share" and type(value) is int)
        for name, value in table.items()
    )
    valid = fits and table.get("most", 0) >= 0 and table.get("word") != "missing"
    try:
        gate = make(Gate, table, "here")
    except (OptionError, InputError) as error:
        assert not valid
        assert str(error).startswith("here: ")
    else:
        assert valid
        assert all(type(getattr(gate, name)) is wanted[name] for name in table)


def test_any_and_lists_pass() -> None:
    assert convert(Any, {"a": [1]}, "x") == {"a": [1]}
    assert convert(list[int], [1, 2], "x") == [1, 2]
    assert convert(str | list[str], ["a"], "x") == ["a"]
    assert convert(str | list[str], "a", "x") == "a"


def test_settings_leave_the_recipe_as_it_is(toys: None, recipe: Path) -> None:
    recipe.write_text('[[steps]]\nstep = "gate"')
    loaded = load_recipe(recipe)
    assert with_settings(loaded, ["gate.word=x"]) != loaded == load_recipe(recipe)
