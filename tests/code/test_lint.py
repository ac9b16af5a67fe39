import json
import os
import random
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bluepencil.code import lint, lint_system
from bluepencil.code.lint import Linter, LintFailure, LintOptions, LintReason, LintScore
from bluepencil.errors import OptionError, RunError

WRITTEN = [
    "x = 1\n",
    "from sys import argv\n\nscript, name = argv\nprint(script, name)\n",
    "from . import ball\nfrom .. import other\n\nprint(ball, other)\n",
    "import os, sys\n\n\nclass thing:\n    def method(this):\n        print(undefined)\n        return os\n",
    "import collections\n\ncollections.zzz = 1\n",
    "import collections\n\nprint(collections.zzz)\n",
    "# -*- coding: latin-1 -*-\nx = 'é'\n",
    "import shutil\n\ntry:\n    shutil.move('a', 'b')\nexcept OSError as e:\n    print(e.filename2.no)\n",
    "try:\n    pass\nexcept OSError as e:\n    print(e.filename2.no)\n",
    "import linted_file\n\nlinted_file.f()\n",
    "def f(x):\r\n\tif x:\r\n\t\treturn 1\r\n\telse:\r\n\t\treturn 2",
    "# pylint: disable=all\nimport os, sys\n",
    "import re\nimport unittest.mock\n\nprint(re.X, unittest.mock.nothing, type._mock_check_sig)\n",
    "print(type._mock_check_sig, type.nothing)\n",
]


def command_line(linter: Linter, text: str, folder: Path) -> float | None:
    """The score that pylint's own command line prints."""
    file = folder / "alone" / "linted_file.py"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text.encode())
    environment = {**os.environ, "PYLINTRC": os.devnull}
    root = str(Path(lint.__file__).parents[2])
    if linter.options.packages != "environment":
        environment["PYTHONPATH"] = root
    done = subprocess.run(
        linter.command(str(file)), capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    found = re.search(r"rated at (-?[\d.]+)/10", done.stdout)
    return float(found[1]) if found else None


def printed(result: LintScore | LintFailure) -> float | None:
    return round(result.raw, 2) if isinstance(result, LintScore) and result.raw is not None else None


@pytest.fixture(scope="module")
def linter() -> Iterator[Linter]:
    with Linter() as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("packages", ["environment", "standard-library"])
def test_scores_equal_the_command_line(packages: str, tmp_path: Path) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    real = [library / name for name in ("bisect.py", "shlex.py", "sched.py", "colorsys.py")]
    texts = [*WRITTEN, *(path.read_text(encoding="utf-8") for path in real)]
    with Linter(LintOptions(packages=packages)) as linter:
        ours = [printed(result) for result in linter.score_all(texts)]
        again = [printed(result) for result in linter.score_all(texts[::-1])][::-1]
        theirs = [command_line(linter, text, tmp_path) for text in texts]
    assert ours == theirs
    assert again == theirs
    assert sum(score is not None for score in theirs) > 15


@pytest.mark.slow
def test_no_score_depends_on_what_was_linted_before(linter: Linter) -> None:
    alone = {text: linter.score(text) for text in WRITTEN}
    assert alone[WRITTEN[4]] != alone[WRITTEN[5]]
    assert isinstance(alone[WRITTEN[5]], LintScore)
    assert alone[WRITTEN[5]].messages == {"no-member": 1}, "the attribute that another file sets is not there"
    generator = random.Random(2)
    for _ in range(3):
        texts = WRITTEN * 2
        generator.shuffle(texts)
        assert linter.score_all(texts) == [alone[text] for text in texts]


@pytest.mark.slow
def test_modules_on_the_shelf_change_nothing() -> None:
    with Linter(LintOptions(warm=False)) as cold, Linter() as warm:
        for _ in range(3):
            assert warm.score_all(WRITTEN) == cold.score_all(WRITTEN)


def test_several_at_once(linter: Linter) -> None:
    with Linter(LintOptions(processes=4)) as several:
        assert several.score_all(WRITTEN * 2) == linter.score_all(WRITTEN) * 2


def test_the_comment_penalty(linter: Linter) -> None:
    result = linter.score("# one\n# two\nx = 1\n")
    # Comments and their ends, then NAME OP NUMBER NEWLINE ENDMARKER: 2 of 9 tokens.
    assert isinstance(result, LintScore)
    assert result.comment_share == pytest.approx(2 / 9)
    assert result.score == pytest.approx(10 * 7 / 9)
    assert (result.raw, result.statements) == (10, 1)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n"])
def test_a_file_without_statements_has_no_raw_score(linter: Linter, text: str) -> None:
    result = linter.score(text)
    assert isinstance(result, LintScore)
    assert (result.raw, result.score, result.statements) == (None, 0, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = (", LintReason.CANNOT_PARSE),
        ("# coding: nonsense\n", LintReason.CANNOT_PARSE),
        ("# coding: ascii\nx = 'é'\n", LintReason.CANNOT_PARSE),
        ("x\0", LintReason.CANNOT_PARSE),
        ("# pylint: skip-file\nx = 1\n", LintReason.SKIPPED),
        ("x = '\ud800'\n", LintReason.NOT_ENCODABLE),
    ],
)
def test_files_without_a_score_say_why(linter: Linter, text: str, reason: LintReason) -> None:
    result = linter.score(text)
    assert isinstance(result, LintFailure)
    assert result.reason is reason
    assert result.detail


class Faulty(Linter):
    """A linter whose process does what a file says in its first comment."""

    def program(self) -> str:
        fault = (
            "from bluepencil.code import lint_server\n"
            "read = lint_server.read_instead\n"
            "def faulty(content):\n"
            "    import os, signal, time\n"
            "    read(content)\n"
            "    first = content.decode().split('\\n')[0]\n"
            "    if first.startswith('# fault: '): exec(first[9:], {**globals(), **locals()})\n"
            "lint_server.read_instead = faulty\n"
        )
        source = super().program()
        before, rest = source.split("served = ")
        return before + fault + "served = " + rest


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("time.sleep(60)", LintReason.TIMEOUT),
        ("any(False for _ in iter(int, 1))", LintReason.TIMEOUT),
        ("os.kill(os.getpid(), signal.SIGSEGV)", LintReason.CRASHED),
        ("os._exit(3)", LintReason.CRASHED),
        ("1 / 0", LintReason.CRASHED),
        ("bytearray(1 << 30)", LintReason.OUT_OF_MEMORY),
    ],
)
def test_what_ends_the_linter_costs_its_file_only(fault: str, reason: LintReason) -> None:
    with Faulty(LintOptions(seconds=0.5, memory_mb=256, processes=2)) as linter:
        good = linter.score("x = 1\n")
        results = linter.score_all(["x = 1\n", f"# fault: {fault}\nx = 1\n", "x = 1\n"])
    assert results[0] == results[2] == good
    assert isinstance(good, LintScore)
    assert isinstance(results[1], LintFailure)
    assert results[1].reason is reason, results[1]


def test_a_killed_process_is_replaced(linter: Linter) -> None:
    before = linter.score(WRITTEN[3])
    assert linter._child is not None
    os.kill(linter._child.process_id, signal.SIGKILL)
    assert linter.score_all([WRITTEN[3], "x = 1\n"])[0] == before


def test_a_file_that_kills_the_process_twice_is_left() -> None:
    with Faulty() as linter:
        results = linter.score_all(["# fault: os.kill(os.getppid(), signal.SIGKILL)\n", "x = 1\n"])
    assert isinstance(results[0], LintFailure)
    assert results[0].reason is LintReason.CRASHED
    assert isinstance(results[1], LintScore)


def children(process: int) -> list[int]:
    return [int(found) for found in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(processes: list[int]) -> None:
    until = time.monotonic() + 60
    while not all(map(gone, processes)):
        assert time.monotonic() < until, "a process was left behind"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_kill_9_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    """The user of the linter is killed while a fork sleeps; then the linter's process is."""
    script = (
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_lint import Faulty\n"
        "print('up', flush=True)\n"
        "Faulty().score('# fault: time.sleep(600)\\nx = 1\\n')\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    for victim in ("user", "server"):
        user = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment)
        assert user.stdout is not None
        user.stdout.readline()
        until = time.monotonic() + 60
        forks: list[int] = []
        while not forks:
            assert time.monotonic() < until, "the file was not begun"
            time.sleep(0.05)
            servers = children(user.pid)
            forks = children(servers[0]) if servers else []
        os.kill(user.pid if victim == "user" else servers[0], signal.SIGKILL)
        wait_until_gone([servers[0], *forks])
        user.kill()
        user.wait()
        user.stdout.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_to_disk(linter: Linter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PYLINTHOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pylintrc").write_text("[MAIN]\ndisable=all\n")
    with Linter() as here:
        assert here.score(WRITTEN[3]) == linter.score(WRITTEN[3]), "a user's settings are not read"
    assert [path.name for path in tmp_path.iterdir()] == ["pylintrc"]


def test_options_are_checked_and_recorded() -> None:
    for wrong in (
        {"packages": "all"},
        {"processes": 0},
        {"seconds": 0},
        {"memory_mb": -1},
        {"disable": ("a,b --load-plugins=x",)},
    ):
        with pytest.raises(OptionError):
            LintOptions(**wrong)  # type: ignore[arg-type]
    described = Linter(LintOptions(packages="standard-library")).describe()
    assert described["linter"] == "pylint"
    assert re.fullmatch(r"\d+\.\d+.*", described["version"])
    assert json.loads(json.dumps(described)) == described
    assert Linter().describe()["installed"]


def test_a_linter_that_does_not_start_says_so() -> None:
    class Broken(Linter):
        def program(self) -> str:
            return "raise SystemExit('no pylint today')"

    with pytest.raises(RunError, match="no pylint today"):
        Broken().score("x = 1\n")


def test_packages_are_hidden_on_request() -> None:
    text = "import pylint\n\nprint(pylint.nothing_of_this_name)\n"
    with Linter(LintOptions(packages="standard-library")) as hidden, Linter() as seen:
        results = [hidden.score(text), seen.score(text)]
    assert [getattr(result, "messages", None) for result in results] == [{}, {"no-member": 1}]


def test_large_pages_lie_within_memory_of_ones_own() -> None:
    large = 2 << 20
    lines = [
        f"{large + 1:x}-{4 * large:x} rw-p 00000000 00:00 0 ",
        f"{8 * large:x}-{10 * large:x} rw-p 00000000 00:00 0                          [heap]",
        f"{12 * large:x}-{14 * large:x} rw-p 00000000 fe:00 1234                       /lib/a name.so",
        f"{15 * large:x}-{16 * large:x} r--p 00000000 00:00 0 ",
        f"{17 * large:x}-{18 * large - 4096:x} rw-p 00000000 00:00 0 ",
        f"{20 * large:x}-{21 * large:x} rw-p 00000000 00:00 0                          [stack]",
    ]
    assert list(lint_system.large_pages(lines)) == [place * large for place in (2, 3, 8, 9)]


def test_large_pages_change_no_byte() -> None:
    memory = bytearray(random.Random(0).randbytes(9 << 20))
    before = bytes(memory)
    assert lint_system.use_large_pages() >= 0
    assert memory == before
