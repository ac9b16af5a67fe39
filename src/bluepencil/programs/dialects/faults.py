"""What can be wrong with a program of another dialect, beside what can be wrong with any program."""

from enum import StrEnum


class DialectFault(StrEnum):
    """Why a call, or a whole program, is not carried out. Stored and counted, so a code keeps its name."""

    ADDS_TEXT = "adds-text"
    """The call inserts text of the model's own. Nothing is added to a text."""
    REWRITES_TEXT = "rewrites-text"
    """The text is to be replaced by one that the model wrote."""
    DECISIONS_DIFFER = "decisions-differ"
    """A program that says its decision twice says two."""
    TOO_MANY_ERRORS = "too-many-errors"
    """More calls of a chunk are faulty than its policy allows, so none is carried out."""
    PAGE_TOO_LONG = "page-too-long"
    """The model reads whole pages only, and this one does not fit its window."""
    THINKING = "unfinished-thinking"
    """The answer is a train of thought without an end."""
