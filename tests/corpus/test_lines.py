import gzip
from itertools import takewhile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bluepencil.corpus.block import BadRecord
from bluepencil.corpus.lines import LineReader
from bluepencil.corpus.paths import resolve
from conftest import write_lines

BIG = 1 << 30
bodies = st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"")), max_size=30)


def expected(data: bytes) -> list[tuple[int, bytes]]:
    lines, offset = [], 0
    for line in data.split(b"\n"):
        if line and not line.isspace():
            lines.append((offset, line))
        offset += len(line) + 1
    return lines


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(lines=bodies, size=st.integers(1, 40), suffix=st.sampled_from(["", ".gz", ".zst"]), end=st.booleans())
def test_every_line_is_in_exactly_one_range(
    tmp_path: Path, lines: list[bytes], size: int, suffix: str, end: bool
) -> None:
    data = b"\n".join(lines) + (b"\n" if end else b"")
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(
        gzip.compress(data)
        if suffix == ".gz"
        else pa.compress(data, "zstd", asbytes=True)
        if suffix
        else data
    )
    (source,) = resolve([path])
    read = []
    for start in range(0, len(data) + 1, size):
        stop = start + size
        read += list(takewhile(lambda line, stop=stop: line[0] < stop, LineReader(source, start, BIG)))
    assert read == expected(data)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("last_newline", [True, False])
def test_a_line_over_the_limit_costs_only_itself(tmp_path: Path, suffix: str, last_newline: bool) -> None:
    long = b"x" * 3_000_000
    lines = [b"one", long, b"two", long] if last_newline else [b"one", long, b"two"]
    (source,) = resolve([write_lines(tmp_path / f"a.jsonl{suffix}", lines)])
    read = list(LineReader(source, 0, 1000))
    assert [item.reason if isinstance(item, BadRecord) else item for _, item in read] == [
        "record-too-large" if line is long else line for line in lines
    ]
    assert [offset for offset, _ in read][:3] == [0, 4, 4 + len(long) + 1]
    bad = next(item for _, item in read if isinstance(item, BadRecord))
    assert "3000000 bytes" in bad.detail


def test_concatenated_members_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"one\ntw") + gzip.compress(b"o\nthree\n"))
    (source,) = resolve([path])
    assert [line for _, line in LineReader(source, 0, BIG)] == [b"one", b"two", b"three"]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_file_gives_all_sound_lines_and_one_failure(tmp_path: Path, suffix: str) -> None:
    lines = [b"%d %s" % (i, bytes(str(hash((i, "salt"))), "ascii") * 5) for i in range(20_000)]
    path = write_lines(tmp_path / f"a.jsonl{suffix}", lines)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    (source,) = resolve([path])
    *sound, (_, damage) = LineReader(source, 0, BIG)
    assert [line for _, line in sound] == lines[: len(sound)]
    assert len(sound) > 8_000
    assert isinstance(damage, BadRecord)
    assert damage.reason == "truncated-input"


def test_garbage_in_a_compressed_file_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(b"this is not gzip")
    (source,) = resolve([path])
    ((_, damage),) = LineReader(source, 0, BIG)
    assert isinstance(damage, BadRecord)
    assert damage.reason == "unreadable-input"
