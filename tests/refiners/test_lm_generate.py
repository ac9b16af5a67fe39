"""When an answer is better ended."""

import pytest

from bluepencil.refiners.lm_generate import Finish, loops


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", None),
        ("keep_all()", None),
        ("remove_lines(1, 2)\nremove_lines(4, 5)\nremove_lines(7, 7)\n", None),
        # Twice may be a slip; the line after the last line end may not be complete.
        ("remove_lines(1, 2)\nremove_lines(1, 2)\nremove_lines(1, 2", None),
        ("remove_lines(1, 2)\nremove_lines(1, 2)\nremove_lines(1, 2)\n", Finish.REPEATS),
        # A cycle of two calls, and the same with other calls before.
        ("a(1)\nb(2)\n" * 3, Finish.REPEATS),
        ("c(3)\na(1)\nb(2)\na(1)\nb(2)\n a(1)\nx", Finish.REPEATS),
        # Blank lines are no calls.
        ("a(1)\n\n\n\n\n", None),
        # A string that never ends.
        ('remove_str(1, "' + "na " * 140, Finish.REPEATS),
        ('remove_str(1, "' + "na " * 40, None),
        ('remove_str(1, "' + " ".join(map(str, range(300))), None),
        ("\n".join(f"remove_lines({n}, {n})" for n in range(1, 12)) + "\n", Finish.TOO_MANY_CALLS),
    ],
)
def test_loops(text: str, reason: Finish | None) -> None:
    assert loops(text, max_calls=10) is reason
