"""The verifier of rewritten Python code: which rules a rewrite breaks, by the text it was made from.

Every check can be turned off, and each rule has a code of its own to count by (`Rule`). What a check measured
is noted whether it rejects or not. Only what is new in the rewrite is held against it: a text is always
accepted as a rewrite of itself. Nothing is run, unless `execute` is on.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from bluepencil.documents import Document
from bluepencil.errors import OptionError
from bluepencil.rewriting import (
    imports,
    imports_standard,
    names,
    verify_behaviour,
    verify_chatter,
    verify_finished,
    verify_licence,
    verify_literals,
)
from bluepencil.rewriting.names_changes import Changes, changes
from bluepencil.rewriting.names_undefined import undefined
from bluepencil.rewriting.sandbox import Limits, Sandbox
from bluepencil.rewriting.verdict import Rejection, Verdict
from bluepencil.rewriting.verify_lint import LintCheck, LintDifference
from bluepencil.rewriting.verify_repetition import repetition
from bluepencil.rewriting.verify_source import Source, read

# Raised by hand when a rule changes what it finds, so that a run with the old rules does not go on with the
# new.
_VERSION = 2
# Names shown in the sentence for people; the notes have all of them.
_SHOWN = 5


class Rule(StrEnum):
    """What a rewrite can break, in the order of weight in which rejections are listed."""

    SOURCE = "source-does-not-parse"
    CHATTER = "chatter"
    UNFINISHED = "unfinished"
    SYNTAX = "does-not-parse"
    PLACEHOLDER = "placeholder"
    REPETITIVE = "repetitive"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    LICENCE = "licence-lost"
    INVENTED_IMPORT = "invented-import"
    INVENTED_NAME = "invented-name"
    UNDEFINED = "undefined-name"
    DROPPED = "dropped-name"
    DROPPED_TEST = "dropped-test"
    DROPPED_MAIN = "dropped-main"
    RENAMED = "renamed-name"
    SIGNATURE = "signature-changed"
    CONSTANT = "constant-changed"
    LITERALS = "literal-lost"
    LINT = "lint-lower"
    LINT_FAILED = "lint-failed"
    BEHAVIOUR = "behaviour-changed"
    TIMED_OUT = "behaviour-timed-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeChecks:
    """What is checked of a rewrite, and how strictly.

    names: "keep" rejects renames, changed signatures, changed values of public constants; "record" only
        notes them; "off" does not look.
    dropped: "reject" or "record" public functions, classes, methods and constants, tests and the `__main__`
        block that are gone without having been renamed.
    literals: "keep" rejects the loss of any number or text; "record" notes it; "off" does not look.
    min_ratio: least share of the original's code, counted in nodes of its tree, so that comments do not
        matter. min_characters: at least so many, where the original has them.
    max_ratio: most characters after / before; a text may always grow by `slack` characters.
    lint_score: "raw" is what pylint prints; it may be lower where no message is new, because then the text
        only has fewer statements. "penalized" is that less the share of comments, which punishes a rewrite
        for every comment it adds. lint_tolerance: points that it may lose. lint_formatted: both texts are
        formatted before they are linted.
    known_imports: further modules that any rewrite may import.
    execute: run tests (`tests_field`, called with the name in `entry_field` where they are a function
        `check`) and the examples of docstrings before and after, in a sandbox; see
        `bluepencil.rewriting.sandbox`.
    """

    finished: bool = True
    chatter: bool = True
    repetition: bool = True
    licence: bool = True
    imports: bool = True
    undefined: bool = True
    names: str = "keep"
    dropped: str = "reject"
    literals: str = "record"
    min_ratio: float = 0.2
    max_ratio: float = 5.0
    slack: int = 2000
    min_characters: int = 51
    lint: bool = True
    lint_score: str = "raw"
    lint_tolerance: float = 0.0
    lint_formatted: bool = True
    lint_packages: str = "standard-library"
    known_imports: tuple[str, ...] = ()
    execute: bool = False
    tests_field: str = "test"
    entry_field: str = "entry_point"
    doctests: bool = True
    isolation: str = "auto"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for option, choices in _CHOICES.items():
            if getattr(self, option) not in choices:
                raise OptionError(
                    f"{option} must be one of {', '.join(choices)}, not {getattr(self, option)!r}"
                )
        if not 0 <= self.min_ratio <= 1 <= self.max_ratio:
            raise OptionError("min_ratio must be between 0 and 1, max_ratio 1 or more")
        if self.slack < 0 or self.min_characters < 0 or self.lint_tolerance < 0:
            raise OptionError("slack, min_characters and lint_tolerance must not be negative")
        # Lists come from recipes and JSON; options have to be hashable.
        object.__setattr__(self, "known_imports", tuple(self.known_imports))
        if isinstance(self.limits, Mapping):
            object.__setattr__(self, "limits", Limits(**self.limits))
        Sandbox(self.limits, self.isolation)

    @classmethod
    def sgcr(cls, **options: Any) -> Self:
        """Return the checks for rewriting by style: whoever uses the module notices nothing."""
        return cls(**options)

    @classmethod
    def scor(cls, **options: Any) -> Self:
        """Return the checks for rewriting into examples: names may change on record, nothing may be lost."""
        return cls(**{"names": "record", "max_ratio": 10.0, "slack": 6000, **options})


_CHOICES: dict[str, tuple[str, ...]] = {
    "names": ("keep", "record", "off"),
    "dropped": ("reject", "record"),
    "literals": ("keep", "record", "off"),
    "lint_score": ("raw", "penalized"),
}


@dataclass(frozen=True, slots=True)
class CodeVerifier:
    """Checks rewrites of Python source.

    Raises MissingExtraError on use where `lint` is on and pylint is not installed, OptionError where
    `execute` is on and the isolation asked for does not work here.
    """

    checks: CodeChecks = field(default_factory=CodeChecks)

    @property
    def name(self) -> str:
        """Names the verifier in the record of a run."""
        return "code:python"

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a document that it reads: none, unless tests are run."""
        return (self.checks.tests_field, self.checks.entry_field) if self.checks.execute else ()

    def describe(self) -> Mapping[str, Any]:
        """Return everything that decides the verdict; with `execute`, also the isolation in effect."""
        checks = self.checks
        found = {
            "version": _VERSION,
            "python": ".".join(map(str, sys.version_info[:3])),
            "checks": {**asdict(checks), "known_imports": list(checks.known_imports)},
        }
        if checks.lint:
            found["lint"] = _lint(checks).describe()
        if checks.execute:
            found["sandbox"] = _sandbox(checks).in_effect
        return found

    def check(self, before: str, after: str, document: Document) -> Verdict:
        """Return the verdict on one rewrite."""
        return self.check_all([(before, after, document)])[0]

    def check_all(self, rewrites: Sequence[tuple[str, str, Document]]) -> list[Verdict]:
        """Return one verdict per rewrite, in order; none depends on another.

        What costs more (linting, running) is done only for rewrites that pass everything else.
        """
        pairs = [(read(before), read(after)) for before, after, _ in rewrites]
        if self.checks.imports:
            imports_standard.learn(
                module
                for old, new in pairs
                if isinstance(old, Source) and isinstance(new, Source)
                for module in imports.questions(old, new)
            )
        verdicts = [self._static(old, new, one) for (old, new), one in zip(pairs, rewrites, strict=True)]
        if self.checks.lint:
            verdicts = self._linted(verdicts, rewrites)
        if self.checks.execute:
            verdicts = [
                self._executed(verdict, old, one)
                for verdict, (old, _), one in zip(verdicts, pairs, rewrites, strict=True)
            ]
        return verdicts

    def _static(self, old: Any, new: Any, rewrite: tuple[str, str, Document]) -> Verdict:
        before, after, _ = rewrite
        if not isinstance(old, Source):
            return Verdict((Rejection(Rule.SOURCE, old.detail),))
        if not isinstance(new, Source):
            return Verdict((_unreadable(before, after, new.detail),))
        notes: dict[str, Any] = {}
        found = [
            *_text_rules(old, new, self.checks),
            *_length_rules(old, new, self.checks, notes),
            *_import_rules(old, new, self.checks, notes),
            *_name_rules(old, new, self.checks, notes),
            *_literal_rules(old, new, self.checks, notes),
        ]
        order = list(Rule)
        return Verdict(tuple(sorted(found, key=lambda one: order.index(Rule(one.code)))), notes)

    def _linted(
        self, verdicts: list[Verdict], rewrites: Sequence[tuple[str, str, Document]]
    ) -> list[Verdict]:
        places = [place for place, verdict in enumerate(verdicts) if verdict.accepted]
        differences = _lint(self.checks).compare([rewrites[place][:2] for place in places])
        result = list(verdicts)
        for place, difference in zip(places, differences, strict=True):
            result[place] = _with_lint(verdicts[place], difference)
        return result

    def _executed(self, verdict: Verdict, old: Any, rewrite: tuple[str, str, Document]) -> Verdict:
        before, after, document = rewrite
        checks = self.checks
        if not verdict.accepted:
            return verdict
        what = verify_behaviour.trial(
            old, document.fields, checks.tests_field, checks.entry_field, checks.doctests
        )
        if what.empty:
            return verdict
        found = verify_behaviour.compare(before, after, what, _sandbox(checks))
        notes = {**verdict.notes, "behaviour": dict(found.notes)}
        rule = Rule.TIMED_OUT if found.timed_out else Rule.BEHAVIOUR
        return Verdict((Rejection(rule, found.fault),) if found.fault else (), notes)


def _sandbox(checks: CodeChecks) -> Sandbox:
    return Sandbox(checks.limits, checks.isolation)


def _lint(checks: CodeChecks) -> LintCheck:
    return LintCheck(checks.lint_packages, checks.lint_score, checks.lint_tolerance, checks.lint_formatted)


def _with_lint(verdict: Verdict, difference: LintDifference) -> Verdict:
    notes = {**verdict.notes, "lint": dict(difference.notes)}
    if not difference.fault:
        return replace(verdict, notes=notes)
    rule = Rule.LINT_FAILED if difference.failed else Rule.LINT
    return Verdict((Rejection(rule, difference.fault),), notes)


def _unreadable(before: str, after: str, problem: str) -> Rejection:
    """Say why a text that does not compile is what it is: talk, cut off, or wrong."""
    talk = verify_chatter.unparsed_chatter(after)
    if talk and talk.lower() not in before.lower():
        return Rejection(Rule.CHATTER, talk)
    if verify_finished.unended(after):
        return Rejection(Rule.UNFINISHED, problem)
    return Rejection(Rule.SYNTAX, problem)


def _text_rules(old: Source, new: Source, checks: CodeChecks) -> Iterator[Rejection]:
    if checks.chatter and (found := verify_chatter.chatter(old, new)):
        yield Rejection(Rule.CHATTER, found)
    if checks.finished:
        if found := verify_finished.cut_off(old, new):
            yield Rejection(Rule.UNFINISHED, found)
        if found := verify_finished.placeholder(old, new) or verify_finished.emptied(old, new):
            yield Rejection(Rule.PLACEHOLDER, found)
    if checks.repetition and (found := repetition(old, new)):
        yield Rejection(Rule.REPETITIVE, found)
    if checks.licence and (found := verify_licence.lost(old, new)):
        yield Rejection(Rule.LICENCE, found)


def _length_rules(old: Source, new: Source, checks: CodeChecks, notes: dict[str, Any]) -> Iterator[Rejection]:
    before, after = len(old.text.strip()), len(new.text.strip())
    notes["length_ratio"] = round(after / max(before, 1), 4)
    if after < checks.min_characters <= before:
        yield Rejection(Rule.TOO_SHORT, f"{after} characters; at least {checks.min_characters} are expected")
    elif len(new.nodes) < (least := checks.min_ratio * len(old.nodes)):
        yield Rejection(Rule.TOO_SHORT, f"{len(new.nodes)} parts of code; at least {least:.0f} are expected")
    if after > (most := max(checks.max_ratio * before, before + checks.slack)):
        yield Rejection(Rule.TOO_LONG, f"{after} characters; at most {most:.0f} are expected")


def _import_rules(old: Source, new: Source, checks: CodeChecks, notes: dict[str, Any]) -> Iterator[Rejection]:
    if checks.imports:
        modules = imports.invented_modules(old, new, checks.known_imports)
        if modules:
            yield Rejection(Rule.INVENTED_IMPORT, _listed(modules))
        taken = imports.invented_names(
            old, new, (*checks.known_imports, *(one.partition(".")[0] for one in modules))
        )
        if taken:
            yield Rejection(Rule.INVENTED_NAME, _listed(taken))
        known = imports.modules(old)
        if added := [module for module in imports.modules(new) if module not in known]:
            notes["imports_added"] = added
    if checks.undefined and (missing := sorted(undefined(new) - undefined(old))):
        yield Rejection(Rule.UNDEFINED, _listed(missing))


def _name_rules(old: Source, new: Source, checks: CodeChecks, notes: dict[str, Any]) -> Iterator[Rejection]:
    if checks.names == "off" and checks.dropped == "record":
        return
    found = changes(names.surface(old.tree), names.surface(new.tree))
    if noted := found.notes():
        notes["names"] = noted
    if checks.dropped == "reject":
        tests = [entry.name for entry in found.dropped if entry.is_test]
        others = [entry.name for entry in found.dropped if not entry.is_test]
        if others:
            yield Rejection(Rule.DROPPED, _listed(others))
        if tests:
            yield Rejection(Rule.DROPPED_TEST, _listed(tests))
        if found.main_dropped:
            yield Rejection(
                Rule.DROPPED_MAIN, "the `__main__` block is gone, or nothing calls anything any more"
            )
    if checks.names == "keep":
        yield from _kept_rules(found)


def _kept_rules(found: Changes) -> Iterator[Rejection]:
    if found.renamed or found.unexported:
        pairs = [f"{old} -> {new}" for old, new in found.renamed]
        yield Rejection(
            Rule.RENAMED, _listed([*pairs, *(f"{name} left __all__" for name in found.unexported)])
        )
    if found.signatures:
        yield Rejection(Rule.SIGNATURE, _listed([f"{name}: {text}" for name, text in found.signatures]))
    if found.constants:
        yield Rejection(Rule.CONSTANT, _listed(list(found.constants)))


def _literal_rules(
    old: Source, new: Source, checks: CodeChecks, notes: dict[str, Any]
) -> Iterator[Rejection]:
    if checks.literals == "off":
        return
    if lost := verify_literals.lost(old, new):
        notes["literals_lost"] = lost
        if checks.literals == "keep":
            yield Rejection(Rule.LITERALS, _listed([one for values in lost.values() for one in values]))


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(values[:_SHOWN]) + more
