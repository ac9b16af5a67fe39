"""A Python process of our own that answers requests, seen from the process that asks."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from bluepencil.code.frames import HEAD, frame
from bluepencil.errors import RunError

_SAID_BYTES = 500


class ChildDiedError(Exception):
    """The process ended."""


class ChildTimeoutError(ChildDiedError):
    """The process did not answer in time."""


def program(module: str) -> str:
    """Return the Python program that runs `main` of a module of this package with the settings it is given.

    The search path of the process is that of any script: neither the current folder nor, where it was not
    there anyway, this package's folder is on it.
    """
    root = str(Path(__file__).parents[2])
    return (
        "import importlib, json, sys\n"
        "if sys.path[0] == '': del sys.path[0]\n"
        f"sys.path.insert(0, {root!r})\n"
        f"served = importlib.import_module({module!r})\n"
        f"sys.path.remove({root!r})\n"
        "served.main(json.loads(sys.argv[1]))\n"
    )


class Child:
    """A running process that answers frames with frames, in any order; `name` is for messages.

    `patience` is how long it may be silent, in seconds. It says that it is ready with an answer of number 0.
    Raises RunError where it does not start.
    """

    def __init__(
        self, name: str, source: str, settings: Mapping[str, Any], patience: float, start: float = 300.0
    ) -> None:
        self.owner = os.getpid()
        self._name, self._patience = name, patience
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-c", source, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._responses = self._process.stdin, self._process.stdout
        os.set_blocking(self._requests.fileno(), False)
        self._buffer = b""
        try:
            self._receive(start)
        except ChildDiedError as error:
            self.close()
            raise RunError(f"{name} does not start: {error}") from None

    @property
    def process_id(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def ours(self) -> bool:
        """Whether this process started it; a fork must leave its parent's processes alone."""
        return self.owner == os.getpid()

    def close(self) -> None:
        """End the process, where it is ours."""
        if self.ours:
            self._process.kill()
            self._process.wait()
        for stream in (self._requests, self._responses, self._errors):
            stream.close()

    def send(self, number: int, payload: bytes) -> None:
        """Send a request; answers that arrive meanwhile are kept."""
        rest = memoryview(frame(number, payload))
        with selectors.DefaultSelector() as selector:
            selector.register(self._requests, selectors.EVENT_WRITE)
            selector.register(self._responses, selectors.EVENT_READ)
            while rest:
                for key, _ in self._select(selector, self._patience):
                    if key.fileobj is self._requests:
                        rest = rest[self._write(rest) :]
                    else:
                        self._fill()

    def receive(self) -> tuple[int, bytes]:
        """Return the number of a request and its answer: the next that arrives."""
        return self._receive(self._patience)

    def _receive(self, patience: float) -> tuple[int, bytes]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._responses, selectors.EVENT_READ)
            while (taken := self._take()) is None:
                self._select(selector, patience)
                self._fill()
        return taken

    def _take(self) -> tuple[int, bytes] | None:
        if len(self._buffer) < HEAD.size:
            return None
        number, length = HEAD.unpack_from(self._buffer)
        end = HEAD.size + length
        if len(self._buffer) < end:
            return None
        payload, self._buffer = self._buffer[HEAD.size : end], self._buffer[end:]
        return number, payload

    def _select(
        self, selector: selectors.BaseSelector, patience: float
    ) -> list[tuple[selectors.SelectorKey, int]]:
        ready = selector.select(patience)
        if not ready:
            raise ChildTimeoutError(f"{self._name} did not answer for {patience:.0f} seconds")
        return ready

    def _write(self, rest: memoryview) -> int:
        try:
            return os.write(self._requests.fileno(), rest)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            raise ChildDiedError(self._last_words()) from None

    def _fill(self) -> None:
        part = os.read(self._responses.fileno(), 1 << 16)
        if not part:
            raise ChildDiedError(self._last_words())
        self._buffer += part

    def _last_words(self) -> str:
        """Return how the process ended, with the end of what it wrote to standard error."""
        # Its end of the pipe is closed: it has ended, or it never will.
        self._process.kill()
        status = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()[-_SAID_BYTES:]
        return f"{self._name} ended with status {status}" + (f": {said}" if said else "")
