"""A plugin for pylint that hides installed packages from what it lints.

What is installed decides what pylint can infer, and so the score: with numpy installed it knows what an array
can do. With

    pylint --load-plugins=bluepencil.code.lint_isolate ...

a file is scored as if only the standard library were there, on any machine alike.
"""

import sys
import sysconfig
from typing import Any


def standard_library_only(path: list[str]) -> list[str]:
    """Return the entries of a module search path that hold the standard library."""
    folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    archive = "python{}{}.zip".format(*sys.version_info[:2])
    extensions = {f"{folder}/lib-dynload" for folder in folders}
    return [entry for entry in path if entry in folders | extensions or entry.endswith(archive)]


def register(linter: Any) -> None:
    """Take everything but the standard library off the search path; pylint calls this once."""
    del linter
    # What pylint itself imports later must be there already.
    import isort  # noqa: F401

    sys.path[:] = standard_library_only(sys.path)
