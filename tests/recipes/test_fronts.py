import json

import pytest
from click.testing import CliRunner

from bluepencil.cli import cli
from bluepencil.errors import OptionError
from bluepencil.recipes.fronts import code_recipe, guarded, math_recipe
from bluepencil.recipes.load import Entry, load_recipe
from conftest import ROOT

GOOD = '"""Adds numbers."""\n\n\ndef add(left, right):\n    """Return the sum."""\n    return left + right\n'
BENCHMARK = {
    "task_id": "Own/1",
    "prompt": 'def merge_sorted_ranges(ranges):\n    """Merge overlapping half-open ranges given in any '
    'order, and return them sorted by their start."""\n',
    "canonical_solution": "    merged = []\n    for start, end in sorted(ranges):\n"
    "        if merged and start <= merged[-1][1]:\n"
    "            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))\n"
    "        else:\n            merged.append((start, end))\n    return merged\n",
    "test": "assert merge_sorted_ranges([]) == []",
    "entry_point": "merge_sorted_ranges",
}


def test_steps_are_entries_in_the_order_named():
    recipe = code_recipe(["lint", "syntax"], {"lint": {"threshold": 5.0}, "sgcr": {"fallback": "drop"}})
    assert [(one.step, dict(one.options)) for one in recipe.steps] == [
        ("lint", {"threshold": 5.0}),
        ("syntax", {}),
    ]


def test_what_comes_after_a_score_is_for_the_medium():
    recipe = code_recipe(["sgcr", "score", "scor", "format"], {"scor": {"fallback": "drop"}})
    assert [dict(one.options) for one in recipe.steps] == [
        {},
        {},
        {"only": "medium", "fallback": "drop"},
        {},
    ]


@pytest.mark.parametrize("steps", [[], ["syntax", "syntax"], ["lnt"], ["refine"]])
def test_steps_that_cannot_be_are_refused(steps):
    with pytest.raises(OptionError, match="--steps"):
        code_recipe(steps, {})


def test_benchmarks_are_looked_for_before_the_first_rewrite_and_after_the_last():
    steps = [Entry(name, {}) for name in ("syntax", "sgcr", "scor", "format")]
    names = [one.step for one in guarded(steps, ["items.jsonl"], "index")]
    assert names == ["syntax", "decontaminate", "sgcr", "scor", "decontaminate", "format"]
    assert [one.step for one in guarded(steps[:1], ["items.jsonl"], "index")] == ["syntax", "decontaminate"]
    assert guarded(steps, [], "index") == tuple(steps)


def test_the_command_checks_files_and_finds_benchmark_items(tmp_path):
    copied = BENCHMARK["prompt"] + BENCHMARK["canonical_solution"]
    files = {"good": GOOD, "broken": "def f(:\n", "copied": f"import os\n\n{copied}\nprint(os.name)\n"}
    source, items = tmp_path / "files.jsonl", tmp_path / "items.jsonl"
    source.write_text("".join(json.dumps({"id": k, "text": v}) + "\n" for k, v in files.items()))
    items.write_text(json.dumps(BENCHMARK) + "\n")
    command = ["code", str(source), "-o", str(tmp_path / "out"), "--steps", "syntax", "--quiet"]
    ran = CliRunner().invoke(cli, [*command, "--against", f"{items}:humaneval"])
    assert ran.exit_code == 0, ran.output
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["totals"]["outcomes"] == {"unchanged": 1, "edited": 0, "dropped": 2, "failed": 0}
    assert manifest["totals"]["reasons"]["dropped:contaminated"] == 1


def test_pages_of_mathematics_are_stripped_and_rewritten():
    assert [one.step for one in math_recipe(strength=None).steps] == ["math"]
    refine, math = math_recipe(strength="strong", rewrite={"style": "qa"}).steps
    assert (refine.options["strength"], refine.options["keep_math"]) == ("strong", True)
    assert math.options == {"style": "qa"}
    names = [one.step for one in math_recipe(only_math=True, against=["items.jsonl"]).steps]
    assert names == ["math-pages", "refine", "decontaminate", "math", "decontaminate"]


def test_the_command_and_the_recipe_that_ships_do_the_same():
    shipped = load_recipe(ROOT / "recipes" / "swallow-math.toml")
    made = math_recipe(only_math=True, rewrite=shipped.steps[-1].options)
    assert [(one.step, dict(one.options)) for one in made.steps] == [
        (one.step, dict(one.options)) for one in shipped.steps
    ]


def test_the_command_explains_without_an_input_and_wants_one_otherwise():
    explained = CliRunner().invoke(cli, ["code", "--explain", "--steps", "syntax,lint", "--threshold", "8"])
    assert explained.exit_code == 0, explained.output
    assert "threshold" in explained.output
    assert "8.0" in explained.output
    assert CliRunner().invoke(cli, ["code", "--steps", "syntax"]).exit_code == 2
