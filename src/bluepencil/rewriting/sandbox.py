"""A sandbox for code that nobody has read: run Python in a process of its own that cannot do harm.

What holds, by isolation, best first. `auto` takes the first that works here; every result says which it was.

    bwrap     bubblewrap: an own file system (system folders and this Python read-only, a small one in memory
              to write to), own processes, no network; nothing of the user's files can be seen
    unshare   own processes and no network by the kernel; files can be read, and writing outside the folder
              is forbidden by an audit hook, which native code goes around
    rlimits   network, processes and writing outside the folder are forbidden by the audit hook alone

Always: limits on time, memory, file size, open files and output; an empty environment, no input, an own
session that is killed whole. As root the code runs as a user of its own where that user can read this Python,
always so with bwrap; where it stays root it may not start processes. Linux only. Memory is limited per
process.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO

from bluepencil.errors import OptionError

ISOLATIONS = ("auto", "bwrap", "unshare", "rlimits")
_INSIDE = Path(__file__).with_name("sandbox_inside.py")
# Inside bubblewrap; names that no folder of a Python has, which would be seen there.
_HOME, _GIVEN = "/bluepencil-home", "/bluepencil-given"
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/alternatives",
)
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    # A limit on memory counts the stacks that these would reserve for every core.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_NUMBERS = count()
_FIRST_USER = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What code in the sandbox may use: seconds of wall clock and CPU, MB, counts, bytes of each output."""

    seconds: float = 20.0
    cpu_seconds: int = 5
    memory_mb: int = 1024
    file_mb: int = 16
    processes: int = 32
    open_files: int = 128
    output_bytes: int = 65536

    def __post_init__(self) -> None:
        if min(self.seconds, self.cpu_seconds, self.memory_mb, self.processes, self.output_bytes) <= 0:
            raise OptionError("limits of the sandbox must be above 0")
        if self.file_mb < 0 or self.open_files < 16:
            raise OptionError("the sandbox needs file_mb of 0 or more and 16 open files or more")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program in the sandbox ended. A signal that killed it is 128 + its number in `exit_code`.

    `clipped`: there was more output than is kept. `isolation` is what was in effect.
    """

    exit_code: int
    timed_out: bool
    stdout: bytes
    stderr: bytes
    clipped: bool
    isolation: str


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to start a program: the isolation, and whether it runs as a user of its own."""

    isolation: str
    own_user: bool

    @property
    def forbidden(self) -> list[str]:
        """What the audit hook has to stop, because nothing else does."""
        found = []
        if self.isolation == "rlimits" or (os.geteuid() == 0 and not self.own_user):
            found.append("processes")
        if self.isolation == "rlimits":
            found += ["network", "signals"]
        if self.isolation != "bwrap":
            found.append("files")
        return found


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Runs Python programs apart. Raises OptionError where the isolation asked for does not work here."""

    limits: Limits = field(default_factory=Limits)
    isolation: str = "auto"

    def __post_init__(self) -> None:
        if self.isolation not in ISOLATIONS:
            raise OptionError(f"isolation must be one of {', '.join(ISOLATIONS)}, not {self.isolation!r}")

    @property
    def in_effect(self) -> str:
        """The isolation that runs here get."""
        return _way(self.isolation).isolation

    def run(
        self, program: str, files: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
    ) -> Ended:
        """Run a Python program in an empty folder that is gone afterwards.

        It finds `files` (texts by plain name) where an argument such as `{given}/NAME` says.
        """
        return _run(_way(self.isolation), self.limits, program, dict(files or {}), arguments)


@cache
def _way(isolation: str) -> _Way:
    """Return the best way that works here; each is tried once per process with an empty program."""
    if not sys.platform.startswith("linux"):
        raise OptionError("running code apart works on Linux only; leave execute off")
    root = os.geteuid() == 0
    wanted = ISOLATIONS[1:] if isolation == "auto" else (isolation,)
    for one in wanted:
        for own_user in (True, False) if root and one != "unshare" else (False,):
            way = _Way(one, own_user)
            if (one == "rlimits" or shutil.which(one)) and _works(way):
                return way
    raise OptionError(f"isolation {isolation} does not work on this machine; install bubblewrap, or use auto")


def _works(way: _Way) -> bool:
    ended = _run(way, Limits(seconds=20), "import json, random; print(6 * 7)", {}, ())
    return ended.exit_code == 0 and ended.stdout.strip() == b"42"


def _run(way: _Way, limits: Limits, program: str, files: dict[str, str], arguments: Sequence[str]) -> Ended:
    with _folders(way) as (given, work, user):
        texts = {"program.py": program, "inside.py": _INSIDE.read_text(encoding="utf-8"), **files}
        for name, text in texts.items():
            # Surrogates cannot be written; such a text does not compile and never comes here with a meaning.
            (given / name).write_text(text, encoding="utf-8", errors="surrogatepass")
        seen = Path(_GIVEN) if way.isolation == "bwrap" else given
        settings = {
            "program": f"{seen}/program.py",
            "arguments": [argument.replace("{given}", str(seen)) for argument in arguments],
            "limits": _limits(way, limits),
            "user": user,
            "forbid": way.forbidden,
        }
        python = [sys.executable, "-s", "-P", "-B", f"{seen}/inside.py", json.dumps(settings)]
        command = [*_wrapper(way, given, limits), *python]
        home = _HOME if way.isolation == "bwrap" else str(work)
        return _supervise(command, work, {**_ENVIRONMENT, "HOME": home}, limits, way.isolation)


@contextmanager
def _folders(way: _Way) -> Iterator[tuple[Path, Path, int]]:
    """Make the folder of what is given and the one to work in; both are gone afterwards."""
    user = 0
    top = Path(tempfile.mkdtemp(prefix="bluepencil-sandbox-"))
    try:
        given, work = top / "given", top / "work"
        given.mkdir()
        work.mkdir()
        if way.own_user:
            user = _own(work)
            for folder in (top, given):
                folder.chmod(0o755)
        yield given, work, user
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _own(folder: Path) -> int:
    """Give a folder to a user whom no other process has, and return that user."""
    user = _FIRST_USER | (os.getpid() & 0x3FFFFF) << 8 | next(_NUMBERS) & 0xFF
    try:
        os.chown(folder, user, user)
    except OSError:
        # Inside a user namespace of few users: the one that is nobody, shared with other sandboxes.
        user = 65534
        os.chown(folder, user, user)
    return user


def _limits(way: _Way, limits: Limits) -> dict[str, int]:
    found = {
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_AS": limits.memory_mb << 20,
        "RLIMIT_FSIZE": limits.file_mb << 20,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_CORE": 0,
    }
    if "processes" not in way.forbidden:
        found["RLIMIT_NPROC"] = limits.processes
    return found


def _wrapper(way: _Way, given: Path, limits: Limits) -> list[str]:
    """Return the command that isolates what comes after it."""
    if way.isolation == "rlimits":
        return []
    if way.isolation == "unshare":
        # In a user namespace even root has no power over what is outside.
        apart = ["--user", "--map-current-user", "--net", "--pid", "--ipc", "--uts", "--mount"]
        return ["unshare", *apart, "--mount-proc", "--fork", "--kill-child", "--"]
    command = [
        "bwrap",
        "--unshare-ipc",
        "--unshare-net",
        "--unshare-pid",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]
    command += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if way.own_user:
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user"]
    for folder in _SYSTEM:
        command += ["--ro-bind-try", folder, folder]
    command += ["--proc", "/proc", "--dev", "/dev"]
    size = str(max(limits.file_mb, 1) << 20)
    for folder in ("/tmp", _HOME):  # file systems of its own, in memory
        command += ["--perms", "0777", "--size", size, "--tmpfs", folder]
    # After /tmp, which may be where this Python lives.
    return [*command, *_python_folders(), "--ro-bind", str(given), _GIVEN, "--chdir", _HOME, "--"]


def _python_folders() -> list[str]:
    """Return the options that show this Python and its packages, by a path that any user can go."""
    found: list[str] = []
    shown: list[Path] = []
    for folder in dict.fromkeys((Path(sys.base_prefix), Path(sys.prefix), Path(sys.executable).parent)):
        if any(folder.is_relative_to(one) for one in (*shown, Path("/usr"))):
            continue
        for parent in reversed(folder.parents):
            if parent != Path("/"):
                found += ["--perms", "0755", "--dir", str(parent)]
        found += ["--ro-bind", str(folder), str(folder)]
        shown.append(folder)
    return found


def _supervise(
    command: list[str], work: Path, environment: dict[str, str], limits: Limits, isolation: str
) -> Ended:
    """Start a command, keep the start of what it writes, and end it and what it left behind."""
    process = subprocess.Popen(
        command,
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout and process.stderr  # both are pipes
    try:
        with process.stdout, process.stderr:
            kept, clipped, timed_out = _listen(process, [process.stdout, process.stderr], limits)
    finally:
        _kill(process)
    code = process.returncode
    exit_code = 128 - code if code < 0 else code
    return Ended(exit_code, timed_out, bytes(kept[0]), bytes(kept[1]), clipped, isolation)


def _listen(
    process: "subprocess.Popen[bytes]", pipes: list[IO[bytes]], limits: Limits
) -> tuple[list[bytearray], bool, bool]:
    """Read until the process ends or its time is up; children that hold the pipes open are not waited for."""
    kept, clipped = [bytearray(), bytearray()], False
    deadline = time.monotonic() + limits.seconds
    with DefaultSelector() as selector:
        for number, pipe in enumerate(pipes):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, EVENT_READ, number)
        while True:
            ended = _has_ended(process)
            for key, _ in selector.select(0 if ended else 0.02):
                block = os.read(key.fd, 65536)
                if not block:
                    selector.unregister(key.fileobj)
                room = limits.output_bytes - len(kept[key.data])
                kept[key.data] += block[:room]
                clipped = clipped or len(block) > room
            if ended:
                return kept, clipped, False
            if time.monotonic() > deadline:
                return kept, clipped, True
            if not selector.get_map():
                # It has closed its output and goes on; there is nothing to be woken by.
                time.sleep(0.01)


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Whether the process has ended; it is not reaped, so that its number stays its own until the end."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the session's processes, whether the first of them lives or not."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nothing is left of it; or what is left runs as another user in a namespace that ends with its first.
        process.kill()
    process.wait()
