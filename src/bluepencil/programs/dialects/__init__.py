"""The languages of other systems' refiners: text -> the same `Program`, and back where they can say it.

One file each. A parser never raises and never guesses: what is not exactly a call of its language is a fault,
and what the edit language has no call for is a fault of its own and is not carried out. Standard library
only. Reference: docs/dialects.md.
"""

from bluepencil.programs.dialects.faults import DialectFault

__all__ = ["DialectFault"]
