import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bluepencil.errors import OptionError, OutputError, RunError
from bluepencil.llm import LocalServer, ServerOptions
from bluepencil.llm.server import is_healthy
from llm.server import FakeServer, reply
from processes import running

PROGRAM = Path(__file__).parent / "server.py"


def options(tmp_path: Path, arguments: str = "", **values: object) -> ServerOptions:
    command = f"{sys.executable} {PROGRAM} {{port}} {arguments}"
    quick = {"check_s": 0.2, "unhealthy_s": 1.0, "stop_s": 2.0, "ready_s": 60.0}
    return ServerOptions(**{"command": command, "log": str(tmp_path / "log"), **quick, **values})  # type: ignore[arg-type]


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def is_running(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def child_in(log: Path) -> int:
    (line,) = [line for line in log.read_text().splitlines() if line.startswith("child ")]
    return int(line.split()[1])


def test_a_server_runs_while_it_is_needed(tmp_path: Path) -> None:
    with LocalServer(options(tmp_path)) as server:
        assert is_healthy(server.address)
        server.check()
    assert not is_healthy(server.address)
    assert "serving on" in (tmp_path / "log").read_text()
    server.stop()


def test_what_a_server_leaves_behind_is_stopped_with_it(tmp_path: Path) -> None:
    with LocalServer(options(tmp_path, "1000 child", stop_s=0.5)):
        child = child_in(tmp_path / "log")
        assert is_running(child)
    until(lambda: not is_running(child))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_the_program_that_started_it(how: signal.Signals, tmp_path: Path) -> None:
    code = f"""
        import time
        from bluepencil.llm import LocalServer, ServerOptions
        command = "{sys.executable} {PROGRAM} {{port}} 1000 child"
        with LocalServer(ServerOptions(command=command, log={str(tmp_path / "log")!r}, stop_s=0.5)) as server:
            print(server.address, flush=True)
            time.sleep(600)
    """
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    address = program.stdout.readline().strip()
    assert is_healthy(address)
    child = child_in(tmp_path / "log")
    program.send_signal(how)
    program.communicate()
    until(lambda: not is_healthy(address) and not is_running(child))


def test_a_server_that_dies_is_started_again(tmp_path: Path) -> None:
    with LocalServer(options(tmp_path, "1.5")) as server:
        until(lambda: server.restarted >= 2)
        server.check()
    assert (tmp_path / "log").read_text().count("=== ") >= 3


def test_a_server_that_keeps_dying_is_given_up(tmp_path: Path) -> None:
    with LocalServer(options(tmp_path, "0.7", restarts=1)) as server:

        def has_failed() -> bool:
            try:
                server.check()
            except RunError as error:
                return "ended by itself and was started again 1 times already" in str(error)
            return False

        until(has_failed)
        assert server.restarted == 1


def test_a_server_that_hangs_is_started_again(tmp_path: Path) -> None:
    with LocalServer(options(tmp_path)) as server:
        (pid,) = running([sys.executable, str(PROGRAM), server.address.rpartition(":")[2]])
        os.kill(pid, signal.SIGSTOP)
        until(lambda: server.restarted == 1 and is_healthy(server.address))


def test_a_server_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    broken = options(tmp_path, command=f"{sys.executable} -c 'raise SystemExit(\"no such model\")'", port=9)
    with pytest.raises(RunError, match=r"ended before it was ready.*\n.*\n(.*\n)*no such model"):
        LocalServer(broken).start()


def test_a_command_that_does_not_exist_says_so_in_the_log(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="No such file or directory: 'no-such-server'"):
        LocalServer(options(tmp_path, command="no-such-server --port {port}")).start()


def test_a_server_that_is_never_ready(tmp_path: Path) -> None:
    slow = options(
        tmp_path, command=f"{sys.executable} -c 'import time; time.sleep(600)'", port=9, ready_s=0.5
    )
    with pytest.raises(RunError, match=r"was not ready after 0\.5 s"):
        LocalServer(slow).start()


def test_another_server_at_the_address_is_not_taken_for_ours(tmp_path: Path) -> None:
    with FakeServer(lambda seen: reply("x")) as other:
        with pytest.raises(RunError, match="something answers at"):
            LocalServer(options(tmp_path, port=other.port)).start()
        assert is_healthy(other.address)


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="log cannot be written"):
        LocalServer(options(tmp_path, log=str(tmp_path / "none" / "log"))).start()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"command": " "}, "empty"),
        ({"command": "serve 'x"}, "split into words"),
        ({"command": "serve"}, "where the server answers"),
        ({"command": "serve {port}", "restarts": -1}, "restarts"),
    ],
)
def test_options_that_cannot_work_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ServerOptions(**{"log": "log", **values})  # type: ignore[arg-type]
