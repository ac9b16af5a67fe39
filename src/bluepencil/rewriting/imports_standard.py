"""What the modules of the standard library hold, found out without importing them here.

A child process (`imports_listing.py`) imports the modules asked for and lists their names; to these come the
names that the module's source binds anywhere at its top, which has what is there on other systems
(`os.startfile`). Modules that do something when imported are read and not imported. Answers hold for the
Python that runs this, and are kept for the life of the process.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from bluepencil.errors import RunError

# Asked for with the first question, because most programs use some of them.
_FIRST = """
abc argparse asyncio base64 collections collections.abc concurrent.futures contextlib copy csv
dataclasses datetime decimal enum functools hashlib io itertools json logging math operator os
os.path pathlib pickle random re shutil socket sqlite3 string struct subprocess sys tempfile
threading time typing unittest urllib.parse urllib.request
"""
_SECONDS = 60.0
# There on some systems only, and not written in the module's own Python source, because C modules bind them.
_ELSEWHERE = {
    "os": "startfile getuid geteuid fork setsid kill uname O_BINARY P_DETACH add_dll_directory",
    "signal": "CTRL_C_EVENT CTRL_BREAK_EVENT SIGBREAK SIGALRM SIGKILL SIGHUP alarm pause",
    "socket": "AF_UNIX AF_BLUETOOTH SIO_RCVALL RCVALL_ON RCVALL_OFF ioctl",
    "sys": "getwindowsversion winver dllhandle gettotalrefcount",
    "time": "tzset",
    "select": "epoll poll kqueue kevent",
}
_known: dict[str, frozenset[str] | None] = {}


def is_top(root: str) -> bool:
    """Whether a top name belongs to the standard library."""
    return root in sys.stdlib_module_names


def learn(modules: Iterable[str]) -> None:
    """Find out about modules in one go; what is known already is not asked again.

    Raises RunError where the child process fails, which says nothing about the modules.
    """
    wanted = sorted({module for module in modules if module not in _known})
    if not wanted:
        return
    if not _known:
        wanted = sorted({*wanted, *_FIRST.split()})
    program = Path(__file__).with_name("imports_listing.py")
    command = [sys.executable, "-I", "-S", str(program), json.dumps(wanted)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True
        )
        answers = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise RunError(f"the standard library could not be looked at: {error}") from error
    for module, found in answers.items():
        more = _ELSEWHERE.get(module, "").split()
        _known[module] = None if found is None else frozenset([*found, *more])


def names(module: str) -> frozenset[str] | None:
    """Return the names that a standard module holds; None where there is no such module here."""
    learn([module])
    return _known[module]
