import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.errors import OutputError
from bluepencil.llm import Cache, cache
from bluepencil.llm.messages import Stored
from bluepencil.llm.segments import MAGIC, Reader, Writer, pack, unpack


def key(number: int) -> bytes:
    return number.to_bytes(4, "little") * 8


def answer(number: int) -> Stored:
    return Stored(f"answer {number} " * (number % 50), "stop", number, 2 * number)


def fill(folder: Path, numbers: range, group: int = 7) -> None:
    one = Cache(folder)
    for start in range(numbers.start, numbers.stop, group):
        one.add([(key(n), answer(n)) for n in range(start, min(start + group, numbers.stop))])
    one.close()


def segment(folder: Path, suffix: str) -> Path:
    (path,) = folder.glob(f"*{suffix}")
    return path


def known(folder: Path, numbers: range) -> list[int]:
    opened = Cache(folder)
    found = [n for n in numbers if opened.get(key(n)) is not None]
    assert all(opened.get(key(n)) == answer(n) for n in found)
    return found


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.binary(max_size=40))
def test_a_record_is_read_back_or_known_to_be_damaged(name: bytes, payload: bytes, rest: bytes) -> None:
    record = pack(name, payload)
    assert unpack(record + rest) == (name, payload)
    assert unpack(record[:-1]) is None
    place = len(payload) % len(record)
    damaged = record[:place] + bytes([record[place] ^ 0x40]) + record[place + 1 :]
    assert unpack(damaged) is None


def test_answers_are_found_again(tmp_path: Path) -> None:
    fill(tmp_path, range(100))
    assert known(tmp_path, range(120)) == list(range(100))
    assert len(Cache(tmp_path)) == 100


def test_what_one_cache_adds_another_finds_after_a_refresh(tmp_path: Path) -> None:
    mine, theirs = Cache(tmp_path), Cache(tmp_path)
    mine.add([(key(1), answer(1))])
    assert mine.get(key(1)) == answer(1)
    assert theirs.get(key(1)) is None
    theirs.refresh()
    assert theirs.get(key(1)) == answer(1)
    mine.add([(key(2), answer(2)), (key(3), answer(3))])
    theirs.add([(key(4), answer(4))])
    theirs.refresh()
    mine.refresh()
    assert all(one.get(key(n)) == answer(n) for one in (mine, theirs) for n in (1, 2, 3, 4))
    assert len(mine) == len(theirs) == 4


def test_a_torn_tail_costs_the_torn_record_and_nothing_else(tmp_path: Path) -> None:
    fill(tmp_path, range(1, 6))
    path, index = segment(tmp_path, ".answers"), segment(tmp_path, ".index")
    whole, entries = path.read_bytes(), index.read_bytes()
    ends = [len(MAGIC)]
    while ends[-1] < len(whole):
        record = unpack(whole[ends[-1] :])
        assert record is not None
        ends.append(ends[-1] + len(pack(*record)))
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        expected = [n for n in range(1, 6) if ends[n] <= size]
        for covered in {0, len(expected) * 20, len(expected) * 20 + 7, len(entries)}:
            index.write_bytes(entries[:covered])
            assert known(tmp_path, range(7)) == expected, (size, covered)


def test_a_missing_or_lying_index_is_not_believed(tmp_path: Path) -> None:
    fill(tmp_path, range(50))
    index = segment(tmp_path, ".index")
    entries = index.read_bytes()
    for wrong in (entries[20:], entries[:100] + bytes(200), bytes(1000), os.urandom(1000), entries[:41]):
        index.write_bytes(wrong)
        assert known(tmp_path, range(50)) == list(range(50))
    index.unlink()
    assert known(tmp_path, range(50)) == list(range(50))


def test_a_damaged_record_is_asked_again_and_counted(tmp_path: Path) -> None:
    fill(tmp_path, range(20))
    path = segment(tmp_path, ".answers")
    data = bytearray(path.read_bytes())
    data[len(MAGIC) + 45] ^= 1  # in the payload of the first
    path.write_bytes(data)
    opened = Cache(tmp_path)
    assert [n for n in range(20) if opened.get(key(n)) is None] == [0]
    assert opened.damaged == 1


def test_a_file_that_is_not_ours_is_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, range(5))
    (tmp_path / "0.answers").write_bytes(b"something else" * 99)
    (tmp_path / "1.answers").write_bytes(b"")
    assert known(tmp_path, range(5)) == list(range(5))


def test_keys_that_share_their_first_bytes_are_told_apart(tmp_path: Path) -> None:
    one, two = b"same8888" + b"a" * 24, b"same8888" + b"b" * 24
    opened = Cache(tmp_path)
    opened.add([(one, answer(1))])
    assert opened.get(two) is None
    opened.add([(two, answer(2))])
    assert (opened.get(one), opened.get(two)) == (answer(1), answer(2))


def test_many_answers_are_merged_into_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MERGE_AT", 10)
    mine, theirs = Cache(tmp_path), Cache(tmp_path)
    for n in range(95):
        mine.add([(key(n), answer(n))])
        if n % 17 == 0:
            theirs.refresh()
    theirs.refresh()
    assert len(mine) == len(theirs) == 95
    assert all(one.get(key(n)) == answer(n) for one in (mine, theirs, Cache(tmp_path)) for n in range(95))


def test_a_group_that_does_not_fit_leaves_the_segment_usable(tmp_path: Path) -> None:
    code = """
        import resource, signal, sys
        from pathlib import Path
        from bluepencil.llm.segments import Writer, pack
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        writer = Writer(Path(sys.argv[1]) / "s")
        writer.append([(b"a" * 32, pack(b"a" * 32, b"first"))])
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        try:
            writer.append([(b"b" * 32, pack(b"b" * 32, b"fits")), (b"c" * 32, pack(b"c" * 32, bytes(5000)))])
        except OSError:
            writer.append([(b"d" * 32, pack(b"d" * 32, b"last"))])
            print("refused")
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "refused\n"
    reader = Reader(tmp_path / "s")
    records = [reader.read(int(entry["offset"]), int(entry["length"])) for entry in reader.news()]
    assert records == [(b"a" * 32, b"first"), (b"d" * 32, b"last")]


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be made"):
        Cache(tmp_path / "file" / "cache")
    opened = Cache(tmp_path / "cache")
    (tmp_path / "cache").rmdir()
    with pytest.raises(OutputError, match="cannot be written"):
        opened.add([(key(1), answer(1))])


def test_threads_may_share_a_cache(tmp_path: Path) -> None:
    opened = Cache(tmp_path)
    wrong = []

    def read() -> None:
        for _ in range(300):
            n = random.randrange(40)
            stored = opened.get(key(n))
            if stored is not None and stored != answer(n):
                wrong.append(n)
            opened.refresh()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(40):
        opened.add([(key(n), answer(n))])
    for reader in readers:
        reader.join()
    assert wrong == []
    assert len(opened) == 40


WRITER = """
    import itertools, sys
    from bluepencil.llm import Cache
    from bluepencil.llm.messages import Stored
    first, step = int(sys.argv[2]), int(sys.argv[3])
    opened = Cache(sys.argv[1])
    for n in itertools.count(first, step):
        opened.add([(n.to_bytes(4, "little") * 8, Stored(f"answer {n} " * (n % 50), "stop", n, 2 * n))])
        print(n, flush=True)
"""


def test_what_was_stored_survives_kill_9_in_several_processes(tmp_path: Path) -> None:
    follower = Cache(tmp_path)
    said: list[int] = []
    for _ in range(2):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path), str(first), "3"],
                stdout=subprocess.PIPE,
                text=True,
            )
            for first in range(3)
        ]
        for writer in writers:
            assert writer.stdout is not None
            said.append(int(writer.stdout.readline()))
        time.sleep(random.uniform(0.05, 0.3))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        said += [int(line) for writer in writers for line in writer.communicate()[0].splitlines()]
        follower.refresh()
    assert len(said) > 6
    assert all(follower.get(key(n)) == answer(n) for n in said)
    assert all(Cache(tmp_path).get(key(n)) == answer(n) for n in said)


def test_a_writer_never_takes_over_a_segment(tmp_path: Path) -> None:
    Writer(tmp_path / "s").close()
    with pytest.raises(FileExistsError):
        Writer(tmp_path / "s")
