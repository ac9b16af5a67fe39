"""Bluepencil refines and rewrites text that language models are pre-trained on.

    import bluepencil

    bluepencil.refine("pages.jsonl", "refined")

Importing this is cheap: what a function needs is loaded when it is called.
"""

import importlib
from typing import TYPE_CHECKING, Any

from bluepencil.version import __version__ as __version__

if TYPE_CHECKING:
    from bluepencil.api import evaluate_edits, refine, replay, run_step
    from bluepencil.documents import Document, Outcome, Reason, Status, Step
    from bluepencil.errors import BluepencilError
    from bluepencil.programs import Policy, Program, check, execute, parse, render

_HOMES = {
    "BluepencilError": "errors",
    "Document": "documents",
    "Outcome": "documents",
    "Policy": "programs",
    "Program": "programs",
    "Reason": "documents",
    "Status": "documents",
    "Step": "documents",
    "check": "programs",
    "evaluate_edits": "api",
    "execute": "programs",
    "parse": "programs",
    "refine": "api",
    "render": "programs",
    "replay": "api",
    "run_step": "api",
}

__all__ = [
    "BluepencilError",
    "Document",
    "Outcome",
    "Policy",
    "Program",
    "Reason",
    "Status",
    "Step",
    "check",
    "evaluate_edits",
    "execute",
    "parse",
    "refine",
    "render",
    "replay",
    "run_step",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
