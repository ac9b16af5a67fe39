from pathlib import Path

import pytest

from bluepencil.recipes import registry
from recipes.steps import KINDS


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the kinds of the tests beside the real ones."""
    for name, kind in KINDS.items():
        monkeypatch.setitem(registry.KINDS, name, kind)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return tmp_path / "r.toml"
