"""What the process that lints asks of the operating system: cheap forks, and that none outlives it.

A fork copies no memory, but the table that says where each page of memory lies, and throws it away at its
end: for 150 MB in pages of 4 kB that is a fifth of what linting a small file costs, and the more modules are
kept, the more. In pages of 2 MB the table is 512 times shorter.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_MADV_COLLAPSE = 25
_LARGE_PAGE = 2 << 20

# Loaded here: each fork would load it again.
_LIBRARY = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent() -> None:
    """Ask the system to end this process when its parent ends; only Linux can."""
    if _LIBRARY is not None:
        with suppress(OSError, AttributeError):
            _LIBRARY.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def address_space() -> int:
    """Return the bytes of address space this process has; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def most_memory_kb() -> int:
    """Return the most memory this process ever had; what it has now only Linux says cheaply."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform != "darwin" else used // 1024


def quiet(*descriptors: int) -> None:
    """Send what is written to these descriptors nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def use_large_pages() -> int:
    """Move this process's own memory into pages of 2 MB, as far as the system can; return how many there are.

    Linux can since 6.1; elsewhere forks just cost more. Pages that a fork shares stay as they are.
    """
    if _LIBRARY is None:
        return 0
    advise = _LIBRARY.madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    return sum(advise(page, _LARGE_PAGE, _MADV_COLLAPSE) == 0 for page in large_pages(lines))


def large_pages(lines: Iterable[str]) -> Iterator[int]:
    """Return where pages of 2 MB fit into the memory that is a process's own, from the lines of its map."""
    for line in lines:
        place, permissions, _, _, _, *name = line.split(maxsplit=5)
        if permissions != "rw-p" or (name and name[0].strip() != "[heap]"):
            continue
        start, end = (int(address, 16) for address in place.split("-"))
        yield from range(-(-start // _LARGE_PAGE) * _LARGE_PAGE, end - _LARGE_PAGE + 1, _LARGE_PAGE)
