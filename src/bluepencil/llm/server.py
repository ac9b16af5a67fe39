"""Starts a local server, keeps it running while it is needed, and stops it.

    with LocalServer(ServerOptions(command="vllm serve MODEL --port {port}", log="server.log")) as server:
        client = Client(ClientOptions(server=server.address, model="MODEL", cache="answers"))

The command runs under `guard.py`, so that it ends with this program however this program ends.
"""

import http.client
import shlex
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bluepencil.errors import OptionError, OutputError, RunError
from bluepencil.llm import guard

PROBE_S = 10.0
POLL_S = 0.5
LOG_LINES = 15
# A server that ran for so long has got over its trouble: its restarts are counted anew.
STEADY_S = 600.0
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """How to run a local server.

    command: the command line; {port} stands for `port`, or for a free one. It is not given to a shell.
    log: file that its output is appended to.
    address: where it answers; by default http://127.0.0.1:PORT.
    ready_s: seconds it may take to be ready (a large model loads for minutes).
    check_s, unhealthy_s: seconds between health checks, and of failing ones after which it is restarted.
    restarts: how often in a row it is started again.
    stop_s: seconds between asking it to stop and killing it.
    """

    command: str
    log: str
    address: str | None = None
    port: int | None = None
    ready_s: float = 900.0
    check_s: float = 10.0
    unhealthy_s: float = 300.0
    restarts: int = 5
    stop_s: float = 20.0

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise OptionError(f"the server's command cannot be split into words: {error}") from error
        if not words:
            raise OptionError("the server's command is empty")
        if self.address is None and self.port is None and "{port}" not in self.command:
            raise OptionError("say where the server answers: its address, its port, or {port} in the command")
        if self.restarts < 0 or min(self.ready_s, self.check_s, self.unhealthy_s, self.stop_s) <= 0:
            raise OptionError("the times of a server must be more than 0, and its restarts not negative")


class LocalServer:
    """A server process with its supervision; use it in a `with` block."""

    def __init__(self, options: ServerOptions) -> None:
        """Choose the port; nothing is started."""
        self._options = options
        port = options.port or _free_port()
        self.address = (options.address or f"http://127.0.0.1:{port}").rstrip("/")
        self._words = [word.replace("{port}", str(port)) for word in shlex.split(options.command)]
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._watch: threading.Thread | None = None
        self._error: RunError | None = None
        self.restarted = 0

    def __enter__(self) -> "LocalServer":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and return when it is ready.

        Raises RunError with the end of its log when it exits or is not ready in time, and OptionError for a
        command that cannot be found.
        """
        if is_healthy(self.address):
            raise RunError(f"something answers at {self.address} already; choose another port")
        try:
            self._launch()
            self._await_ready()
        except BaseException:
            self.stop()
            raise
        self._watch = threading.Thread(target=self._supervise, name="bluepencil-server", daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """Stop the server, with everything it started; harmless when it is stopped already."""
        self._ending.set()
        if self._watch is not None:
            self._watch.join()
            self._watch = None
        self._end_process()

    def check(self) -> None:
        """Raise RunError if the server has died more often than it may be started again."""
        if self._error is not None:
            raise self._error

    def _launch(self) -> None:
        options = self._options
        try:
            with Path(options.log).open("ab") as log:
                log.write(f"\n=== {time.strftime('%Y-%m-%d %H:%M:%S')} {shlex.join(self._words)}\n".encode())
                log.flush()
                # In a session of its own, so that Ctrl-C reaches this program alone, which then stops it.
                self._process = subprocess.Popen(
                    [sys.executable, "-I", guard.__file__, str(options.stop_s), *self._words],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise OutputError(f"the server's log cannot be written: {options.log}: {error}") from error

    def _await_ready(self) -> None:
        end = time.monotonic() + self._options.ready_s
        while not is_healthy(self.address):
            if not self._runs():
                raise self._failed("ended before it was ready")
            if time.monotonic() > end:
                raise self._failed(f"was not ready after {self._options.ready_s:g} s")
            if self._ending.wait(POLL_S):
                raise RunError("the server was stopped before it was ready")

    def _supervise(self) -> None:
        """Look after the server: start it again when it ends or does not answer any more."""
        well = started = looked = time.monotonic()
        in_a_row = 0
        while not self._ending.wait(min(POLL_S, self._options.check_s)):
            if self._runs():
                if time.monotonic() - looked < self._options.check_s:
                    continue
                looked = time.monotonic()
                if is_healthy(self.address, min(PROBE_S, self._options.unhealthy_s)):
                    well = looked
                if looked - well < self._options.unhealthy_s:
                    continue
            in_a_row = 0 if well - started > STEADY_S else in_a_row
            try:
                self._restart(in_a_row)
            except (RunError, OutputError) as error:
                self._error = error if isinstance(error, RunError) else RunError(str(error))
                return
            in_a_row += 1
            well = started = looked = time.monotonic()

    def _restart(self, in_a_row: int) -> None:
        """Start the server again after a pause; RunError when that was too often or it does not get ready."""
        what = "does not answer any more" if self._runs() else "ended by itself"
        self._end_process()
        if in_a_row >= self._options.restarts:
            raise self._failed(f"{what} and was started again {in_a_row} times already")
        if self._ending.wait(min(LONGEST_PAUSE_S, 2.0**in_a_row - 1)):
            return
        self.restarted += 1
        self._launch()
        self._await_ready()

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # what the guard waits for
        try:
            process.wait(self._options.stop_s + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _failed(self, what: str) -> RunError:
        lines = Path(self._options.log).read_text("utf-8", "replace").splitlines()[-LOG_LINES:]
        return RunError(
            f"the server {what}: {shlex.join(self._words)}\nthe end of {self._options.log}:\n"
            + "\n".join(lines)
        )


def is_healthy(address: str, timeout_s: float = PROBE_S) -> bool:
    """Say whether a server is ready: GET /health (or, where there is none, GET /v1/models) answers 200."""
    parts = urlsplit(address)
    root = parts.path.rstrip("/").removesuffix("/v1")
    status = _get(address, f"{root}/health", timeout_s)
    if status in (404, 405, 501):
        status = _get(address, f"{root}/v1/models", timeout_s)
    return status == 200


def _get(address: str, path: str, timeout_s: float) -> int:
    """Return the HTTP status, 0 when there is no connection or no answer in time."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
