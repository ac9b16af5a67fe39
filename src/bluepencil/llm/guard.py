"""Runs a command and takes it down when the program that wanted it is gone, however that program ended.

Run as a script, with nothing but the standard library: `python -I guard.py STOP_SECONDS COMMAND...`.
Standard input is a pipe that only the parent holds: it ends when the parent does, be it by kill -9. The
command leads a process group of its own, which is stopped whole: asked first, killed after STOP_SECONDS.
"""

import os
import select
import signal
import subprocess
import sys
import time
from types import FrameType

LOOK_S = 0.2
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> int:
    """Run the command to its end or to the parent's; return its exit status."""
    stop_s, command = float(arguments[0]), arguments[1:]
    parent = os.getppid()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with_guard
    )
    try:
        while process.poll() is None and not _is_over(parent):
            pass
    except SystemExit:
        pass
    _stop(process, stop_s)
    return process.wait()


def _is_over(parent: int) -> bool:
    """Wait a moment for the pipe to end; a parent's fork may keep it open, so its number is looked at too."""
    ready, _, _ = select.select([0], [], [], LOOK_S)
    return bool(ready and not os.read(0, 1)) or os.getppid() != parent


def _stop(process: "subprocess.Popen[bytes]", stop_s: float) -> None:
    """End the group: also what a leader that has ended left behind."""
    if _signal(process.pid, signal.SIGTERM):
        end = time.monotonic() + stop_s
        while time.monotonic() < end and (process.poll() is None or _signal(process.pid, 0)):
            time.sleep(0.05)
        _signal(process.pid, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _die_with_guard() -> None:
    """On Linux: have the kernel stop the command if the guard itself is killed."""
    if sys.platform == "linux":
        import ctypes  # only needed here, in the child

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
