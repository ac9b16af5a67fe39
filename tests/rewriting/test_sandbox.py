"""The sandbox under code that means harm: nothing of it may reach this machine, and it has to end."""

import os
import shutil
import socket
import time
from pathlib import Path

import pytest

from bluepencil.errors import OptionError
from bluepencil.rewriting import sandbox as sandboxes
from bluepencil.rewriting.sandbox import Ended, Limits, Sandbox

# Small, so that what runs until its limit does not take long; no test looks at how long.
LIMITS = Limits(seconds=10, cpu_seconds=2, memory_mb=256, file_mb=1, processes=16, output_bytes=1000)


def available(isolation: str) -> bool:
    try:
        return Sandbox(LIMITS, isolation).in_effect == isolation
    except OptionError:
        return False


@pytest.fixture(params=["bwrap", "unshare", "rlimits"])
def isolation(request):
    if not available(request.param):
        pytest.skip(f"{request.param} does not work on this machine")
    return request.param


def run(isolation: str, program: str, **files: str) -> Ended:
    return Sandbox(LIMITS, isolation).run(program, files)


def test_a_program_runs_and_says_so(isolation):
    ended = run(isolation, "import sys; print(6 * 7); print('oh', file=sys.stderr); sys.exit(3)")
    assert (ended.exit_code, ended.stdout, ended.stderr) == (3, b"42\n", b"oh\n")
    assert (ended.timed_out, ended.clipped, ended.isolation) == (False, False, isolation)


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import os; os._exit(7)", 7),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("def f(: pass", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import ctypes; ctypes.string_at(0)", 139),
    ],
)
def test_exit_codes(isolation, program, code):
    if isolation == "unshare" and "SIGKILL" in program:
        pytest.skip("the first process of a name space cannot kill itself")
    assert run(isolation, program).exit_code == code


def test_an_endless_loop_ends(isolation):
    ended = run(isolation, "while True: pass")
    assert ended.exit_code != 0


def test_sleeping_ends(isolation):
    ended = Sandbox(Limits(seconds=1), isolation).run("import time; time.sleep(600)")
    assert ended.timed_out


def test_memory_has_an_end(isolation):
    ended = run(isolation, "x = []\nwhile True: x.append(bytearray(10_000_000))")
    assert ended.exit_code != 0
    assert b"MemoryError" in ended.stderr


def test_output_is_clipped_and_the_program_goes_on(isolation):
    ended = run(isolation, "import sys\nfor _ in range(20_000): print('x' * 99)\nsys.exit(5)")
    assert (ended.exit_code, ended.clipped, len(ended.stdout)) == (5, True, LIMITS.output_bytes)


def test_there_is_no_input_and_an_empty_environment(isolation, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_TEST", "1")
    ended = run(
        isolation, "import os, sys; print(sys.stdin.read() == '', 'SECRET_OF_THE_TEST' in os.environ)"
    )
    assert ended.stdout == b"True False\n"


def test_its_folder_is_empty_can_be_written_to_and_goes(isolation):
    program = (
        "import os; print(os.listdir('.')); open('a', 'w').write('b'); print(open('a').read(), os.getcwd())"
    )
    ended = run(isolation, program)
    assert ended.exit_code == 0, ended.stderr
    listed, said = ended.stdout.decode().splitlines()
    assert listed == "[]"
    assert said.split()[0] == "b"
    if isolation != "bwrap":
        assert not Path(said.split()[1]).exists()


@pytest.mark.parametrize(
    "attack",
    [
        "open({path!r}, 'w')",
        "open({path!r}, 'a')",
        "import os; os.remove({path!r})",
        "import os; os.rename({path!r}, {path!r} + '2')",
        "import os; os.rename('/dev/null', {path!r})",
        "import os; os.chmod({path!r}, 0)",
        "import os; os.truncate({path!r}, 0)",
        "import shutil; shutil.rmtree({folder!r})",
        "import os; os.mkdir({folder!r} + '/new')",
        "import os; d = os.open({folder!r}, 0); os.remove('file', dir_fd=d)",
        "import os; d = os.open({folder!r}, 0); os.open('file', os.O_WRONLY | os.O_TRUNC, dir_fd=d)",
        "import os; d = os.open({folder!r}, 0); os.rename('file', 'new', src_dir_fd=d, dst_dir_fd=d)",
        "import os; d = os.open({path!r}, os.O_RDONLY); os.fchmod(d, 0)",
        "import os; os.symlink({folder!r}, 'link'); open('link/file', 'w')",
        "import os; os.chdir({folder!r}); open('file', 'w')",
        "import sqlite3; sqlite3.connect({path!r} + '.db').execute('create table t (x)')",
    ],
)
def test_files_outside_stay_as_they_are(isolation, attack, tmp_path):
    path = tmp_path / "file"
    path.write_text("precious")
    path.chmod(0o666)
    tmp_path.chmod(0o777)
    ended = run(isolation, attack.format(path=str(path), folder=str(tmp_path)))
    assert ended.exit_code != 0
    assert path.read_text() == "precious"
    assert path.stat().st_mode & 0o777 == 0o666
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_files_of_the_user_cannot_be_seen_with_bubblewrap(tmp_path):
    if not available("bwrap"):
        pytest.skip("bubblewrap does not work on this machine")
    (tmp_path / "file").write_text("secret")
    assert run("bwrap", f"open({str(tmp_path / 'file')!r})").exit_code != 0


def test_files_have_a_size(isolation):
    ended = run(isolation, "open('big', 'wb').write(bytes(50_000_000))")
    assert ended.exit_code != 0


@pytest.mark.parametrize(
    "attack",
    [
        "import socket; socket.create_connection(('127.0.0.1', {port}), 3).send(b'x')",
        "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(b'x', ('127.0.0.1', {port}))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}', timeout=3)",
    ],
)
def test_nothing_gets_onto_the_network(isolation, attack):
    kind = socket.SOCK_DGRAM if "DGRAM" in attack else socket.SOCK_STREAM
    with socket.socket(type=kind) as server:
        server.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            server.listen()
        server.settimeout(0.2)
        run(isolation, attack.format(port=server.getsockname()[1]))
        with pytest.raises(TimeoutError):
            server.recv(1) if kind == socket.SOCK_DGRAM else server.accept()


def marked(mark: str) -> list[int]:
    """Return the processes of this machine whose command line holds a mark."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if mark.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def gone(mark: str) -> bool:
    """Wait for processes to be reaped by whoever inherits them; say whether they are."""
    for _ in range(100):
        if not marked(mark):
            return True
        time.sleep(0.05)
    return False


FORK_BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"


def test_a_fork_bomb_stays_small_and_ends(isolation):
    # Each process of the bomb has the arguments of the first, the mark among them.
    mark = f"bomb-{isolation}-{os.getpid()}"
    limits = Limits(seconds=2, cpu_seconds=1, memory_mb=256, processes=16)
    ended = Sandbox(limits, isolation).run(FORK_BOMB, {}, [mark])
    assert ended.exit_code != 0
    assert gone(mark)


def test_a_fork_bomb_does_not_get_beyond_its_processes(isolation):
    program = (
        "import os, time\nmade = 0\n"
        "try:\n    while made < 200:\n        if os.fork() == 0:\n            time.sleep(60)\n"
        "            os._exit(0)\n        made += 1\n"
        "except OSError:\n    pass\nos.write(1, str(made).encode())\n"
    )
    ended = run(isolation, program)
    assert int(ended.stdout) <= LIMITS.processes


@pytest.mark.parametrize("leave", ["os.setsid()", "os.setsid(); os.fork() and os._exit(0)", "None"])
def test_children_left_behind_are_gone(isolation, leave):
    mark = f"daemon-{isolation}-{os.getpid()}"
    program = (
        f"import os, time\nif os.fork() == 0:\n    {leave}\n    time.sleep(600)\n"
        "time.sleep(0.3)\nprint('left', flush=True)\nos._exit(0)\n"
    )
    sandbox = Sandbox(LIMITS, isolation)
    ended = sandbox.run(program, {}, [mark])
    if "processes" in sandboxes._way(isolation).forbidden:
        assert b"PermissionError" in ended.stderr
    else:
        assert ended.stdout == b"left\n"
    assert gone(mark)


@pytest.mark.parametrize(
    "attack",
    [
        "os.killpg(0, signal.SIGKILL)",
        "os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)",
        "os.kill(os.getppid(), signal.SIGKILL)",
        f"os.kill({os.getpid()}, signal.SIGKILL)",
    ],
)
def test_signals_do_not_reach_this_process(isolation, attack):
    ended = run(isolation, f"import os, signal\n{attack}\n")
    # That this line is reached is what counts; the program may have hit itself.
    assert isinstance(ended.exit_code, int)


@pytest.mark.parametrize(
    "attack",
    [
        "import os; os.system('true')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.execv('/bin/true', ['true'])",
    ],
)
def test_without_namespaces_no_program_is_started(attack):
    if not available("rlimits"):
        pytest.skip("limits do not work on this machine")
    # With room for the whole traceback.
    ended = Sandbox(Limits(seconds=10), "rlimits").run(attack)
    assert ended.exit_code == 1
    assert b"PermissionError" in ended.stderr


def test_the_limits_cannot_be_raised(isolation):
    program = (
        "import resource\n"
        "for name in ('RLIMIT_AS', 'RLIMIT_CPU', 'RLIMIT_FSIZE'):\n"
        "    try:\n"
        "        resource.setrlimit(getattr(resource, name), (1 << 40, 1 << 40))\n"
        "        print('raised', name)\n"
        "    except (ValueError, OSError):\n"
        "        pass\n"
    )
    ended = run(isolation, program)
    forbidden_root = os.geteuid() == 0 and isolation == "rlimits"
    assert ended.stdout == b"" or forbidden_root


def test_files_that_are_given_can_be_read(isolation):
    ended = Sandbox(LIMITS, isolation).run(
        "import sys; print(open(sys.argv[1]).read())", {"a.txt": "given"}, ["{given}/a.txt"]
    )
    assert ended.stdout == b"given\n"


def test_nothing_is_left_in_the_folder_for_temporary_files(isolation, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tmp_path.chmod(0o755)
    run(isolation, "open('a', 'w').write('b')")
    run(isolation, "import os; os.kill(os.getpid(), 9)")
    assert list(tmp_path.iterdir()) == []


def test_auto_takes_what_there_is(monkeypatch):
    best = next((one for one in sandboxes.ISOLATIONS[1:] if available(one)), None)
    if best is None:
        pytest.skip("no isolation works on this machine")
    assert Sandbox().in_effect == best
    assert Sandbox().run("print(1)").isolation == best


def test_what_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    sandboxes._way.cache_clear()
    try:
        with pytest.raises(OptionError, match="bwrap does not work"):
            Sandbox(LIMITS, "bwrap").run("print(1)")
        assert Sandbox(LIMITS, "auto").in_effect == "rlimits"
    finally:
        sandboxes._way.cache_clear()


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"memory_mb": -1}, {"open_files": 3}, {"file_mb": -1}])
def test_limits_that_cannot_work_are_refused(wrong):
    with pytest.raises(OptionError):
        Limits(**wrong)
