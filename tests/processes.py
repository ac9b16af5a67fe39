"""Finds processes by /proc, since a bare machine has neither ps nor pgrep."""

from collections.abc import Iterator
from pathlib import Path


def _processes() -> Iterator[Path]:
    return (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for entry in _processes():
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it ended meanwhile
            continue
        if parent == pid:
            found.append(int(entry.name))
    return found


def running(command: list[str]) -> list[int]:
    """Return the processes whose command line begins like this."""
    found = []
    for entry in _processes():
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it ended meanwhile
            continue
        if arguments[: len(command)] == command:
            found.append(int(entry.name))
    return found
