"""Which pairs are fit to learn from: named rules, each with a reason code that is counted."""

from dataclasses import dataclass
from enum import StrEnum

from bluepencil.distill.align import Alignment
from bluepencil.distill.shortest import Solution
from bluepencil.errors import OptionError
from bluepencil.programs import KeepStr, Operation, RemoveStr, ReplaceStr


class ScreenReason(StrEnum):
    """Why a pair was rejected. Stored and counted, so a code keeps its name."""

    INSERTED_TEXT = "inserted-text"
    NOT_ONLY_DELETIONS = "not-only-deletions"
    NOT_COMPARED = "not-compared"
    FEW_DELETIONS = "few-deletions"
    TOO_MUCH_DELETED = "too-much-deleted"
    UNREACHABLE = "unreachable"
    TOO_MANY_CALLS = "too-many-calls"
    LONG_STRING = "long-string"


@dataclass(frozen=True, slots=True)
class Screen:
    """What a pair must be to pass; None and the defaults let everything pass.

    inserted: characters; a difference that is this long or longer rejects the pair.
    exact: whether the expert must have done nothing but delete, up to white space at line ends.
    deleted: characters that must be deleted at least.
    untouched: whether a pair passes from which nothing was deleted, whatever `deleted` says.
    deleted_share: of the characters; more rejects the pair, unless everything was deleted.
    reachable: whether a program must exist that has the result.
    calls: a program of so many calls or more rejects the pair.
    string: characters; a string in the program that is this long or longer rejects the pair.
    """

    inserted: int | None = None
    exact: bool = False
    deleted: int = 0
    untouched: bool = False
    deleted_share: float = 1.0
    reachable: bool = False
    calls: int | None = None
    string: int | None = None

    def reasons(self, raw: str, alignment: Alignment, solution: Solution) -> tuple[ScreenReason, ...]:
        """Return every reason to reject the pair; none when it passes."""
        deleted = alignment.deleted
        longest = max((difference.length for difference in alignment.differences), default=0)
        operations = solution.program.operations
        tests = {
            ScreenReason.INSERTED_TEXT: self.inserted is not None and longest >= self.inserted,
            ScreenReason.NOT_ONLY_DELETIONS: self.exact and not alignment.exact,
            ScreenReason.NOT_COMPARED: self.exact and not alignment.complete,
            ScreenReason.FEW_DELETIONS: deleted < self.deleted and not (self.untouched and not deleted),
            ScreenReason.TOO_MUCH_DELETED: self.deleted_share * len(raw) < deleted < len(raw),
            ScreenReason.UNREACHABLE: self.reachable and not solution.reachable,
            ScreenReason.TOO_MANY_CALLS: self.calls is not None and len(operations) >= self.calls,
            ScreenReason.LONG_STRING: self.string is not None
            and any(_longest_string(operation) >= self.string for operation in operations),
        }
        return tuple(reason for reason, rejects in tests.items() if rejects)


def _longest_string(operation: Operation) -> int:
    match operation:
        case RemoveStr(_, text):
            return len(text)
        case KeepStr(_, texts):
            return max(map(len, texts))
        case ReplaceStr(_, old, new):
            return max(len(old), len(new))
        case _:
            return 0


SCREENS = {
    "none": Screen(),
    # RefineX (arXiv 2507.03253), section on pairs: a span of 20 characters inserted or replaced, fewer than
    # 10 characters deleted. Read literally, only chunks of long texts remain to learn keep_all() from.
    "refinex": Screen(inserted=20, deleted=10),
    # The same, with untouched texts to learn keep_all() from, and programs that carry out all deletions.
    "refinex-keep": Screen(inserted=20, deleted=10, untouched=True, reachable=True),
    # UltraX (arXiv 2607.08646): programs of 20 calls, strings of 150 characters.
    "ultrax": Screen(calls=20, string=150),
    # Nothing but deletions, all of them carried out, and nothing that `execute` refuses by default.
    "exact": Screen(exact=True, untouched=True, deleted_share=0.95, reachable=True),
}


def screen_named(name: str) -> Screen:
    """Return a screen by its name; raise OptionError for a name that does not exist."""
    if name not in SCREENS:
        raise OptionError(f"there is no screen {name!r}; there are {', '.join(SCREENS)}")
    return SCREENS[name]
