"""Every exception that Bluepencil raises.

    BluepencilError
    ├── InputError          an input cannot be used: no such file, no text column, no record
    ├── OptionError         an option has a value that cannot work
    ├── ProgramError        an operation that cannot exist (also a ValueError)
    ├── OutputError         the output folder cannot be used: not ours, in use, made with other options
    │   └── DiskFullError   no space is left where the output goes
    ├── RunError            a run ended before it was complete
    │   ├── Interrupted     the user stopped it; the same command goes on
    │   ├── ServerUnusableError    (llm.limits) a server that is dead, hangs or refuses the key
    │   └── BudgetReachedError     (llm.accounting) the next request could go over the budget
    └── MissingExtraError   an optional package is not installed; the message holds the install line

A user's own mistake ends the command line tool with the message alone and no traceback.
"""


class BluepencilError(Exception):
    """The root: catch this to catch everything Bluepencil raises on purpose."""


class InputError(BluepencilError):
    """An input cannot be used."""


class OptionError(BluepencilError):
    """An option has a value that cannot work."""


class ProgramError(BluepencilError, ValueError):
    """An operation that cannot exist, such as a range that ends before it starts."""


class OutputError(BluepencilError):
    """The output folder cannot be used."""


class DiskFullError(OutputError):
    """No space is left where the output goes."""


class RunError(BluepencilError):
    """A run ended before it was complete."""


class Interrupted(RunError):  # noqa: N818 - what happened is not an error
    """The user stopped the run; the same command goes on where it stopped."""


class MissingExtraError(BluepencilError, ImportError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; it comes with: pip install 'bluepencil[{extra}]'")
        self.package = package
        self.extra = extra

    def __reduce__(self) -> tuple[type["MissingExtraError"], tuple[str, str]]:
        """Keep both arguments when the error crosses a process boundary."""
        return type(self), (self.package, self.extra)
