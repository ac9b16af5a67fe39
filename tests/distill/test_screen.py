import pytest

from bluepencil.distill import SCREENS, Screen, ScreenReason, align, screen_named, solve
from bluepencil.errors import OptionError

BODY = "The quick brown fox jumps over the lazy dog again and again."


def reasons(screen, raw, refined):
    alignment = align(raw, refined)
    return screen.reasons(raw, alignment, solve(raw, alignment.deletions))


PAIRS = {
    "good": (f"Home | News\n{BODY}", BODY, set()),
    "new line of 19 characters": (f"Home | News\n{BODY}", f"{BODY}\n{'n' * 19}", {"not-only-deletions"}),
    "new line of 20 characters": (
        f"Home | News\n{BODY}",
        f"{BODY}\n{'n' * 20}",
        {"inserted-text", "not-only-deletions"},
    ),
    "nine characters deleted": (f"Home New\n{BODY}", BODY, {"few-deletions"}),
    "ten characters deleted": (f"Home News\n{BODY}", BODY, set()),
    "nothing deleted": (BODY, BODY, {"few-deletions"}),
    "nearly all deleted": (f"{BODY * 20}\n{BODY}", BODY, {"too-much-deleted"}),
    "all deleted": (BODY, "", set()),
    "out of reach": ("ha " * 19 + "ha", "ha " * 9 + "ha", {"unreachable"}),
    "long string": (f"{BODY * 4} {'x' * 150}", BODY * 4, {"long-string"}),
    "long string to keep": (f"{BODY * 3} {'x' * 200}", BODY * 3, {"long-string"}),
    "many calls": (
        "\n".join(f"line {number} | [{number}]" for number in range(20)),
        "\n".join(f"line {number}" for number in range(20)),
        {"too-many-calls"},
    ),
}
CODES = {
    "none": set(),
    "refinex": {"inserted-text", "few-deletions"},
    "refinex-keep": {"inserted-text", "few-deletions", "unreachable"},
    "ultrax": {"too-many-calls", "long-string"},
    "exact": {"not-only-deletions", "too-much-deleted", "unreachable"},
}


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("pair", PAIRS)
def test_each_screen_rejects_for_its_own_reasons(name, pair):
    raw, refined, expected = PAIRS[pair]
    expected = expected & CODES[name]
    if pair == "nothing deleted" and name == "refinex-keep":
        expected = set()
    assert set(reasons(screen_named(name), raw, refined)) == expected


def test_every_reason_is_given_by_some_screen():
    assert set().union(*CODES.values()) | {ScreenReason.NOT_COMPARED} == set(ScreenReason)


def test_a_pair_that_was_not_compared_to_the_end_is_not_exact():
    alignment = align("a", "a\nnew")
    incomplete = type(alignment)((), "a", alignment.differences, complete=False)
    found = Screen(exact=True).reasons("a", incomplete, solve("a", ()))
    assert found == (ScreenReason.NOT_ONLY_DELETIONS, ScreenReason.NOT_COMPARED)


def test_an_unknown_screen_is_an_error_that_names_those_that_exist():
    with pytest.raises(OptionError, match="refinex"):
        screen_named("refine")
