from pathlib import Path

import pytest
from click.testing import CliRunner

from bluepencil.cli.dedup import dedup
from conftest import write_rows

pytest.importorskip("datasketch", reason="near duplicates need the extra `dedup`")

TEXT = "def area(radius):\n    return 3.14159 * radius * radius\n" * 3


def test_the_command_drops_duplicates_and_says_how_many(tmp_path: Path) -> None:
    rows = [{"id": "a", "text": TEXT}, {"id": "b", "text": TEXT + "# b\n"}, {"id": "c", "text": "x = 1"}]
    source = write_rows(tmp_path / "in.jsonl", rows)
    near = [str(source), "-o", str(tmp_path / "near"), "--workers", "1", "--threshold", "0.5"]
    done = CliRunner().invoke(dedup, near)
    assert done.exit_code == 0, done.output
    assert "near-duplicate" in done.output
    assert "3 records" in done.output
    exact = [str(source), "-o", str(tmp_path / "exact"), "--workers", "1", "--exact", "--quiet"]
    done = CliRunner().invoke(dedup, exact)
    assert done.exit_code == 0, done.output
    assert "duplicate" not in done.output


def test_options_are_checked(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", [{"id": "a", "text": TEXT}])
    done = CliRunner().invoke(dedup, [str(source), "-o", str(tmp_path / "out"), "--threshold", "0"])
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()
