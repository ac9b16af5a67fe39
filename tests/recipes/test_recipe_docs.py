"""What docs/recipes.md shows is what there is."""

import re
from pathlib import Path

from bluepencil.recipes.explain import explain_recipe
from bluepencil.recipes.registry import KINDS
from conftest import ROOT

TEXT = (ROOT / "docs" / "recipes.md").read_text()


def test_the_recipe_shown_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "shown.toml").write_text(block)
    said = explain_recipe(tmp_path / "shown.toml")
    assert "Qwen3-235B: at most 1 call per document" in said
    assert re.search(r"max_deleted_share +0\.9$", said, re.MULTILINE)


def test_every_kind_is_in_the_table() -> None:
    rows = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert KINDS.keys() <= named
