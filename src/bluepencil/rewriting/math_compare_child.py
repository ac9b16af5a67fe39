"""The child process of `math_compare`: reads pairs of answers as JSON lines, says whether they are equal.

It limits its own memory, and has itself killed when a comparison lasts twice as long as allowed: by then
whoever asked is gone.
"""

import json
import logging
import os
import resource
import signal
import sys
from typing import TextIO

MEMORY_BYTES = 2 << 30


def main() -> None:
    """Answer until the input ends; what math-verify prints goes nowhere."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the kernel ends the process; no Python code has to run
    import math_verify  # noqa: F401 - loaded before the first question, whose time is measured

    logging.disable(logging.CRITICAL)
    _say(answers, "ready")
    for line in sys.stdin:
        one, other, seconds = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, 2 * seconds)
        _say(answers, "true" if are_equal(one, other) else "false")
        signal.setitimer(signal.ITIMER_REAL, 0)


def _say(answers: TextIO, text: str) -> None:
    answers.write(text + "\n")
    answers.flush()


def are_equal(one: str, other: str) -> bool:
    """Ask math-verify, both ways round since it is not symmetric; what it cannot read is not equal."""
    from math_verify import parse, verify

    try:
        first, second = (parse(_formula(text), parsing_timeout=None) for text in (one, other))
        if not first or not second:
            return False
        return bool(
            verify(first, second, timeout_seconds=None) or verify(second, first, timeout_seconds=None)
        )
    except Exception:  # noqa: BLE001 - sympy raises anything for what it cannot read: not shown to be equal
        return False


def _formula(text: str) -> str:
    return text if "$" in text or "\\(" in text or "\\[" in text else f"${text}$"


if __name__ == "__main__":
    main()
