"""A program of its own: takes on limits, forbids what the isolation around it cannot, and runs a Python file.

    python -s -P -B sandbox_inside.py '{"program": ..., "limits": {...}, "user": ..., "forbid": [...]}'

What is forbidden here is stopped by an audit hook (PEP 578): it cannot be taken off again from Python, but
code that is not Python (`ctypes`, extension modules) goes around it.
"""

import json
import os
import resource
import sys
from typing import Any

PROCESSES = {
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system",
    "pty.spawn", "subprocess.Popen",
}  # fmt: skip
NETWORK = {
    "socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname",
    "socket.getnameinfo", "socket.sendmsg", "socket.sendto",
}  # fmt: skip
# Events with the places of their paths, and of the folders that these are relative to, among their arguments.
WRITING = {
    "os.chflags": ((0, None),), "os.chmod": ((0, 2),), "os.chown": ((0, 3),), "os.link": ((0, 2), (1, 3)),
    "os.mkdir": ((0, 2),), "os.remove": ((0, 1),), "os.removexattr": ((0, None),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),), "os.setxattr": ((0, None),), "os.symlink": ((1, 2),), "os.truncate": ((0, None),),
    "os.utime": ((0, 3),), "sqlite3.connect": ((0, None),),
}  # fmt: skip
WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
HARMLESS = ("/dev/null", "/dev/tty", ":memory:")


class Guard:
    """The audit hook: raises PermissionError at what is forbidden: processes, network, files, signals."""

    def __init__(self, forbidden: list[str], folder: str) -> None:
        self.folder = os.path.realpath(folder)
        self.signals = "signals" in forbidden
        self.files = "files" in forbidden
        self.events = set()
        self.events |= PROCESSES if "processes" in forbidden else set()
        self.events |= NETWORK if "network" in forbidden else set()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at one event; called by the interpreter."""
        if event in self.events:
            raise PermissionError(f"{event} is forbidden in the sandbox")
        if self.files:
            self._check_files(event, arguments)
        if self.signals and event in ("os.kill", "os.killpg") and arguments[0] != os.getpid():
            raise PermissionError(f"{event} is forbidden in the sandbox")

    def _check_files(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITE_FLAGS:
            path, mode, _ = arguments
            if isinstance(path, int):
                return
            if mode is None and not os.path.isabs(path):  # noqa: PTH117 - as few imports as can be
                # `os.open`, which may be told a folder that its event does not name.
                raise PermissionError(f"os.open for writing needs a whole path in the sandbox: {path!r}")
            self._check_path(path, -1)
        for place, folder in WRITING.get(event, ()):
            self._check_path(arguments[place], -1 if folder is None else arguments[folder])

    def _check_path(self, path: Any, folder: int) -> None:
        if path in HARMLESS:
            return
        if isinstance(path, int):
            path = f"/proc/self/fd/{path}"
        elif folder >= 0:
            path = os.path.join(f"/proc/self/fd/{folder}", os.fsdecode(path))  # noqa: PTH118 - as above
        full = os.path.realpath(os.fsdecode(path))
        if full != self.folder and not full.startswith(self.folder + os.sep):
            raise PermissionError(f"writing outside the sandbox is forbidden: {path!r}")


def take_limits(limits: dict[str, int]) -> None:
    """Take on the limits named as in `resource`, never above those that hold already."""
    for name, value in limits.items():
        number = getattr(resource, name)
        _, most = resource.getrlimit(number)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        # One second between the signal that can be caught and the one that cannot.
        hard = value + 1 if name == "RLIMIT_CPU" and most == resource.RLIM_INFINITY else value
        resource.setrlimit(number, (value, hard))


def become(user: int) -> None:
    """Give up root for a user of no other processes, so that limits per user count this sandbox alone."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def main() -> None:
    """Take on what the first argument says and run its program as `__main__`."""
    settings = json.loads(sys.argv[1])
    program = settings["program"]
    with open(program, encoding="utf-8") as file:  # noqa: PTH123 - as few imports as can be
        code = compile(file.read(), program, "exec", dont_inherit=True)
    take_limits(settings["limits"])
    if settings["user"]:
        become(settings["user"])
    sys.argv = [program, *settings["arguments"]]
    if settings["forbid"]:
        sys.addaudithook(Guard(settings["forbid"], os.getcwd()))  # noqa: PTH109 - as above
    exec(code, {"__name__": "__main__", "__builtins__": __builtins__, "__file__": program})


if __name__ == "__main__":
    main()
