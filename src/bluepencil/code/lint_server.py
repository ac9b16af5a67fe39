"""The process that lints: pylint's own command line, held where it would read its file, forked per file.

`main` runs the command line `pylint ARGUMENTS FILE` up to the point where options are parsed, checkers are
open and the file would be read. There it waits. Each request on standard input is a file: a fork goes on
where the command line stood, reads the request in the place of the file, and sends back what it would have
printed. A fork knows nothing of other files, so no score depends on what was linted before.

Request: a frame (`bluepencil.code.frames`) of UTF-8. Response: a frame of JSON with its number; number 0 says
that the process is ready.
The process ends when its standard input ends or its parent does. Nothing is ever written to disk.
"""

import gc
import io
import json
import os
import resource
import selectors
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from bluepencil.code import lint_shelf
from bluepencil.code.frames import frame, read_frame
from bluepencil.code.lint_system import address_space, end_with_parent, quiet, use_large_pages
from bluepencil.code.tokens import comment_share

MODULE = "linted_file"
# A folder that does not exist and is said to be empty: what lies beside a file must not decide its score.
FOLDER = f"{os.sep}nonexistent"
FILE = f"{FOLDER}{os.sep}{MODULE}.py"

_PARENT_CHECK_S = 2.0
# A process that waits for something instead of working is ended after this many times its processor seconds.
_WALL_FACTOR = 4
# Large pages are taken after so many forks, then after twice as many and so on, and at least so often: new
# modules lie in small ones, and what the process itself writes breaks large ones up.
_FIRST_ARRANGED = 32
_ARRANGED_EVERY = 512


class Forks:
    """The waiting process and its forks: one per request, read until its end."""

    def __init__(self, requests: int, responses: int, seconds: float, memory: int) -> None:
        self._requests, self._responses = requests, responses
        self._seconds, self._memory = seconds, memory
        self._parent = os.getppid()
        self._selector = selectors.DefaultSelector()
        self._selector.register(requests, selectors.EVENT_READ)
        self._outgoing = b""
        self._running: dict[int, tuple[int, int, list[bytes]]] = {}
        self._shelf: lint_shelf.Shelf | None = None
        self._result = -1
        self._forked = 0
        self._arrange_at = _FIRST_ARRANGED

    def wait(self, shelf: lint_shelf.Shelf | None) -> bytes:
        """Serve requests; return a request's content, in a fork. The process itself never returns."""
        self._shelf = shelf
        self._send(0, b"{}")
        while True:
            for key, events in self._selector.select(_PARENT_CHECK_S):
                if key.fd == self._requests:
                    content = self._fork()
                    if content is not None:
                        return content
                elif key.fd == self._responses and events & selectors.EVENT_WRITE:
                    self._write()
                else:
                    self._read(key.fd)
            if os.getppid() != self._parent:
                self._end()

    def _fork(self) -> bytes | None:
        request = read_frame(self._requests)
        if request is None:
            self._end()
        number, content = request
        self._arrange()
        read_end, write_end = os.pipe()
        parent = os.getpid()
        process = os.fork()
        if not process:
            self._result = write_end
            os.close(read_end)
            self._limit(parent)
            return content
        os.close(write_end)
        self._running[read_end] = (number, process, [])
        self._selector.register(read_end, selectors.EVENT_READ)
        return None

    def _arrange(self) -> None:
        """Make forks cheap again, now and then."""
        self._forked += 1
        if self._forked >= self._arrange_at:
            self._arrange_at = self._forked + min(self._forked, _ARRANGED_EVERY)
            use_large_pages()

    def _limit(self, parent: int) -> None:
        """Bind a fork to its limits, and to the life of the process that made it."""
        for descriptor in (self._requests, self._responses, *self._running):
            os.close(descriptor)
        end_with_parent()
        if os.getppid() != parent:  # it ended before the system was asked
            os._exit(1)
        signal.setitimer(signal.ITIMER_PROF, self._seconds)
        signal.setitimer(signal.ITIMER_REAL, self._seconds * _WALL_FACTOR)
        if self._memory and (used := address_space()):
            resource.setrlimit(resource.RLIMIT_AS, (used + self._memory, used + self._memory))

    def _read(self, descriptor: int) -> None:
        number, process, parts = self._running[descriptor]
        part = os.read(descriptor, 1 << 16)
        if part:
            parts.append(part)
            return
        self._selector.unregister(descriptor)
        os.close(descriptor)
        del self._running[descriptor]
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        said = json.loads(b"".join(parts)) if status == 0 and parts else {"answer": _ended(status)}
        self._send(number, json.dumps(said["answer"]).encode())
        if self._shelf is not None:
            self._shelf.learn(said.get("parsed", ()), parse_module)

    @property
    def forked(self) -> bool:
        """Whether this is a fork."""
        return self._result >= 0

    def finish(self, answer: dict[str, Any]) -> NoReturn:
        """Send the answer of a fork, with the modules it had to parse, and end it."""
        parsed = [name for name in self._shelf.parsed if name != MODULE] if self._shelf is not None else []
        said = json.dumps({"answer": answer, "parsed": parsed}).encode()
        while said:
            said = said[os.write(self._result, said) :]
        os._exit(0)

    def _send(self, number: int, payload: bytes) -> None:
        if not self._outgoing:
            os.set_blocking(self._responses, False)
            self._selector.register(self._responses, selectors.EVENT_WRITE)
        self._outgoing += frame(number, payload)
        self._write()

    def _write(self) -> None:
        """Write what the pipe takes: a reader that is itself busy writing must not be waited for."""
        try:
            written = os.write(self._responses, self._outgoing)
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._end()
        self._outgoing = self._outgoing[written:]
        if not self._outgoing:
            self._selector.unregister(self._responses)

    def _end(self) -> NoReturn:
        for _, process, _ in self._running.values():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        os._exit(0)


def _ended(status: int) -> dict[str, str]:
    if -status in (signal.SIGPROF, signal.SIGALRM):
        return {"reason": "linter-timeout", "detail": f"ended by {signal.Signals(-status).name}"}
    how = signal.Signals(-status).name if status < 0 else f"status {status}"
    return {"reason": "linter-crashed", "detail": f"the linter's process ended with {how}"}


class Crashes(list[BaseException]):
    """The exceptions that pylint reports as its own crashes, in the place of its report file."""

    def record(self, error: BaseException, *_: object) -> Path:
        """Take an exception; pylint calls this where it would write a file."""
        self.append(error)
        return Path("crash")

    def failure(self) -> dict[str, str] | None:
        """Return what became of the file, if anything crashed."""
        if not self:
            return None
        chain = list(_chain(self[0]))
        if any(isinstance(error, MemoryError) for error in chain):
            return {"reason": "linter-out-of-memory", "detail": "the memory limit was reached"}
        return {"reason": "linter-crashed", "detail": f"{type(chain[-1]).__name__}: {chain[-1]}"[:500]}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def read_instead(content: bytes) -> None:
    """Let this process find the file with this content in its folder, and nothing else there.

    Astroid and pylint read the file by two functions and no other. Whether the folder is there decides what a
    relative import can be.
    """
    import tokenize

    import astroid.builder
    from astroid import nodes

    module_type: Any = nodes.Module
    builder: Any = astroid.builder
    paths: Any = os.path
    on_disk, opened = module_type._get_stream, builder.open_source_file

    def open_source_file(name: str) -> Any:
        if name != FILE:
            return opened(name)
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        stream = io.TextIOWrapper(io.BytesIO(content), encoding, newline=None)
        return stream, encoding, stream.read()

    def stream_of(module: Any) -> Any:
        return io.BytesIO(content) if module.file == FILE else on_disk(module)

    builder.open_source_file = open_source_file
    module_type._get_stream = stream_of
    folder = {FOLDER, FOLDER + os.sep}
    paths.isfile = also(paths.isfile, {FILE})
    paths.isdir = also(paths.isdir, folder)
    paths.exists = also(paths.exists, folder | {FILE})


def also(test: Callable[[Any], bool], paths: set[str]) -> Callable[[Any], bool]:
    """Return a test of paths that holds for these as well."""
    return lambda path: path in paths or test(path)


def parse_module(name: str) -> None:
    """Parse a module as astroid does for an import."""
    from astroid.manager import AstroidManager

    AstroidManager().ast_from_module_name(name)


def held_linter(forks: Forks, warm: bool) -> type:
    """Return the class of a linter that waits for its file."""
    import isort
    from astroid.builder import AstroidBuilder
    from astroid.manager import AstroidManager
    from pylint.lint.pylinter import PyLinter
    from pylint.typing import FileItem

    class Held(PyLinter):
        """The linter of the command line, which forks where it would read its file."""

        def _iterate_file_descrs(self, *_: object, **__: object) -> Iterator[Any]:
            yield FileItem(MODULE, FILE, MODULE)

        def _get_asts(self, fileitems: Any, data: Any, progress_reporter: Any) -> Any:
            # Every file needs Python's builtins, which the first builder parses, and most need isort.
            AstroidBuilder(AstroidManager())
            isort.place_module("os")
            shelf = lint_shelf.install() if warm else None
            content = forks.wait(shelf)
            quiet(1, 2)
            read_instead(content)
            self.content = content
            return super()._get_asts(fileitems, data, progress_reporter)

    return Held


def result(linter: Any, crashes: Crashes) -> dict[str, Any]:
    """Return what the command line would have printed."""
    failure = crashes.failure()
    if failure is not None:
        return failure
    stats = linter.stats
    messages = dict(stats.by_msg)
    if not stats.statement and linter._ignore_file:
        return {"reason": "linter-told-to-skip", "detail": "a comment in the file tells pylint to skip it"}
    if not stats.statement and (stats.error or stats.fatal):
        return {"reason": "linter-cannot-parse", "detail": ", ".join(sorted(messages))}
    return {
        "raw": stats.global_note if stats.statement else None,
        "statements": stats.statement,
        "messages": messages,
        "comment_share": comment_share(linter.content.decode()),
    }


def main(options: dict[str, Any]) -> NoReturn:
    """Run until standard input ends; `options` are arguments, seconds, memory and warm."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The collector's marks would copy every page of memory that a fork shares; a fork is short.
    gc.disable()
    requests, responses = os.dup(0), os.dup(1)
    quiet(0, 1)
    # Astroid looks at the living `sys`: what pylint says of `script, name = argv` depends on its arguments.
    sys.argv = ["pylint", *options["arguments"], FILE]
    sys.orig_argv = [sys.executable, "-m", *sys.argv]
    from pylint.lint import pylinter
    from pylint.lint.run import Run

    crashes = Crashes()
    linting: Any = pylinter
    linting.prepare_crash_report = crashes.record
    forks = Forks(requests, responses, options["seconds"], options["memory"])
    command: Any = Run
    command.LinterClass = held_linter(forks, options["warm"])
    try:
        run = command([f"--rcfile={os.devnull}", *options["arguments"], FILE], exit=False)
        answer = result(run.linter, crashes)
    except BaseException as error:
        if not forks.forked:
            raise
        crashes.record(error)
        answer = crashes.failure() or {}
    forks.finish(answer)
