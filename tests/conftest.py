"""What several tests share: where the real data is, and files written in every format."""

import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

# A shared machine says nothing about time; CI tries the same examples each time, people's runs new ones.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# Workers load the steps of the tests by name.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def web_data() -> Path:
    """Return the folder of real web pages, or skip."""
    folder = SHARED_DATA / "web"
    if not folder.is_dir():
        pytest.skip("the real web pages (../shared/data/web) are not here")
    return folder


def write_lines(path: Path, lines: list[bytes]) -> Path:
    data = b"".join(line + b"\n" for line in lines)
    if path.name.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    elif path.name.endswith(".zst"):
        data = pa.compress(data, "zstd", asbytes=True)
    path.write_bytes(data)
    return path


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    return write_lines(path, [json.dumps(row).encode() for row in rows])
