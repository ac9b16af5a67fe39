"""The ruff program, run once for many files, which lie in a folder that does not outlive the run."""

import importlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bluepencil.errors import MissingExtraError

_PREFIX = "bluepencil-ruff-"


class RuffError(Exception):
    """Ruff did not do its work: it took too long, or it does not run here."""


def version() -> str:
    """Return ruff's version."""
    try:
        return importlib.metadata.version("ruff")
    except importlib.metadata.PackageNotFoundError:
        raise MissingExtraError("ruff", "code") from None


def binary() -> str:
    """Return the path of the program that comes with the package."""
    try:
        package = importlib.import_module("ruff")
    except ImportError:
        raise MissingExtraError("ruff", "code") from None
    return str(package.find_ruff_bin())


@contextmanager
def folder_of(texts: Sequence[str]) -> Iterator[Path]:
    """Hold a folder with one file per text, named by its number: `0.py`, `1.py`.

    It goes when the block ends. Where a process was killed inside the block, the next one removes its folder.
    """
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as name:
        folder = Path(name)
        for number, text in enumerate(texts):
            (folder / f"{number}.py").write_bytes(text.encode())
        yield folder


def _sweep() -> None:
    """Remove the folders of processes that are no more."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        found = re.match(rf"{_PREFIX}(\d+)-", left.name)
        if found and not Path(f"/proc/{found[1]}").exists() and Path("/proc/self").exists():
            shutil.rmtree(left, ignore_errors=True)


def run(arguments: Sequence[str], folder: Path, seconds: float) -> str:
    """Run ruff over a folder with no settings but these and return what it prints.

    Raises RuffError after `seconds`, or where ruff itself fails; findings are no failure.
    """
    command = [binary(), *arguments, "--isolated", "--no-cache", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise RuffError(f"ruff did not end in {seconds:.0f} seconds") from None
    except OSError as error:
        raise RuffError(f"ruff does not start: {error}") from None
    if done.returncode not in (0, 1) and "format" not in arguments:
        raise RuffError(f"ruff ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout
