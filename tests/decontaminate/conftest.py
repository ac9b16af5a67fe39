from pathlib import Path

import pytest

from bluepencil.decontaminate.build import prepare
from bluepencil.decontaminate.match import Index
from decontaminate.items_for_tests import benchmarks


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder: Path = tmp_path_factory.mktemp("benchmarks")
    return Index(prepare(benchmarks(folder), folder / "index"))
