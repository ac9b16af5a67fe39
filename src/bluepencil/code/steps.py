"""The gates as steps: each keeps or drops a source file, with a code that says why, or formats it.

All of them read the fields `language` and `path`, where documents have them; every field passes through. What
nothing says the language of is read as Python, except by `Language`, which is there to say no to it.
"""

import atexit
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bluepencil.code.comments import ENGLISH_OR_JAPANESE, scripts_of
from bluepencil.code.format import LINE_LENGTH, format_all
from bluepencil.code.generated import GeneratedLimits, check_generated
from bluepencil.code.language import detect
from bluepencil.code.languages import NAMES
from bluepencil.code.lint import DISABLED, PACKAGES, Linter, LintOptions
from bluepencil.code.python_syntax import check_version
from bluepencil.code.repetition import MIN_CHARACTERS, MIN_RUN, find_repetition
from bluepencil.code.scores import LintFailure, LintScore, Scorer
from bluepencil.code.size import SizeLimits, check_size
from bluepencil.code.syntax import SyntaxReason, check
from bluepencil.documents import Document, Outcome, Status, tell
from bluepencil.errors import OptionError

LINTERS = ("pylint", "ruff")


class GateReason(StrEnum):
    """Why a gate drops a file, or lets it through unseen."""

    OTHER_LANGUAGE = "other-language"
    UNKNOWN_LANGUAGE = "unknown-language"
    NOT_PYTHON = "not-python"
    LOW_SCORE = "low-lint-score"
    NO_STATEMENTS = "no-statements"
    FOREIGN_COMMENTS = "foreign-comments"
    REPETITION = "repetition"


KEPT = Outcome(Status.UNCHANGED)


def language_of(document: Document) -> str:
    """Return the language of a document: by its fields, by its id where that is a path, or by its text."""
    path = document.fields.get("path") or document.id
    return detect(document.text, document.fields.get("language"), path)


def read_as(document: Document) -> str:
    """Return the language that a gate reads a document in: Python, where nothing tells another."""
    return language_of(document) or "python"


def dropped(reason: str, detail: str = "", annotations: Mapping[str, Any] | None = None) -> Outcome:
    """Return the outcome of a file that does not pass."""
    return Outcome(Status.DROPPED, reason=reason, detail=detail, annotations=annotations or {})


def kept(**annotations: Any) -> Outcome:
    """Return the outcome of a file that passes."""
    return Outcome(Status.UNCHANGED, annotations=annotations) if annotations else KEPT


class Gate:
    """What all gates share: one outcome per file, options that are recorded, no rows."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Names the step by its class: `syntax`."""
        return type(self).__name__.lower()

    @property
    def fields(self) -> tuple[str, ...]:
        """What says the language of a document."""
        return ("language", "path")

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return the options."""
        return {"step": self.name, **asdict(self)}  # type: ignore[call-overload]

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Return one outcome per document, in order."""
        return [self.outcome(document) for document in documents]

    def outcome(self, document: Document) -> Outcome:
        """Return what becomes of one document."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Language(Gate):
    """Keeps files in some languages."""

    languages: tuple[str, ...] = ("python",)

    def __post_init__(self) -> None:
        if not self.languages:
            raise OptionError("name at least one language")

    def outcome(self, document: Document) -> Outcome:
        """Keep a file in one of the languages."""
        found = language_of(document)
        if found in self.languages:
            return kept(language=found)
        if not found:
            return dropped(GateReason.UNKNOWN_LANGUAGE)
        return dropped(GateReason.OTHER_LANGUAGE, f"it is in {found}", {"language": found})


@dataclass(frozen=True, slots=True)
class Size(Gate):
    """Keeps files of a size between limits, each included; 0 is no limit."""

    min_characters: int = 1
    max_characters: int = 40_960
    max_lines: int = 0

    def __post_init__(self) -> None:
        self._limits()

    def _limits(self) -> SizeLimits:
        return SizeLimits(self.min_characters, self.max_characters, self.max_lines)

    @property
    def fields(self) -> tuple[str, ...]:
        """No field is read."""
        return ()

    def outcome(self, document: Document) -> Outcome:
        """Keep a file within the limits."""
        reason = check_size(document.text, self._limits())
        return dropped(reason, f"{len(document.text):,} characters") if reason else KEPT


@dataclass(frozen=True, slots=True)
class Syntax(Gate):
    """Keeps files that their language can read. `version` is an older grammar of Python, such as "3.9"."""

    version: str = ""

    def __post_init__(self) -> None:
        check_version(self._version())

    def _version(self) -> tuple[int, int] | None:
        if not self.version:
            return None
        major, _, minor = self.version.partition(".")
        if not (major.isdecimal() and minor.isdecimal()):
            raise OptionError(f"a version of Python is written like 3.9, not {self.version!r}")
        return int(major), int(minor)

    def describe(self) -> Mapping[str, Any]:
        """Return the options, with the Python and the grammars that decide."""
        return {**super(Syntax, self).describe(), **grammars()}

    def outcome(self, document: Document) -> Outcome:
        """Keep a file without a problem."""
        found = read_as(document)
        if found not in NAMES:
            return dropped(SyntaxReason.NO_GRAMMAR, f"no grammar for {found}")
        problem = check(document.text, found, self._version())
        if problem is None:
            return kept(language=found)
        where = f"line {problem.line}: " if problem.line else ""
        return dropped(problem.reason, where + problem.detail, {"language": found})


@dataclass(frozen=True, slots=True)
class Generated(Gate):
    """Drops files that no one wrote (`GeneratedLimits` says what the numbers mean)."""

    mean_line: float = 100.0
    longest_line: int = 1000
    data_share: float = 0.8
    encoded_share: float = 0.5

    def outcome(self, document: Document) -> Outcome:
        """Drop a file that gives itself away."""
        limits = GeneratedLimits(
            mean_line=self.mean_line,
            longest_line=self.longest_line,
            data_share=self.data_share,
            encoded_share=self.encoded_share,
        )
        found = check_generated(document.text, read_as(document), limits)
        return dropped(*found) if found else KEPT


@dataclass(frozen=True, slots=True)
class Comments(Gate):
    """Keeps files whose comments and strings are written in some scripts, but for a share of their letters.

    Scripts are Unicode's in lower case (`latin`, `han`, `cyrillic`), or `japanese`.
    """

    scripts: tuple[str, ...] = ENGLISH_OR_JAPANESE
    max_share: float = 0.05

    def __post_init__(self) -> None:
        if not self.scripts or not 0 <= self.max_share <= 1:
            raise OptionError("name at least one script, and a max_share from 0 to 1")

    def outcome(self, document: Document) -> Outcome:
        """Keep a file in the scripts; a language without a grammar passes unseen."""
        found = read_as(document)
        if found not in NAMES:
            return Outcome(Status.UNCHANGED, reason=GateReason.UNKNOWN_LANGUAGE)
        scripts = scripts_of(document.text, found)
        share = round(scripts.outside(self.scripts), 4)
        if share > self.max_share:
            most = max(scripts.letters, key=lambda name: (name not in self.scripts, scripts.letters[name]))
            detail = f"{share:.0%} outside, most {most}"
            return dropped(GateReason.FOREIGN_COMMENTS, detail, {"foreign_share": share})
        return kept(foreign_share=share)


@dataclass(frozen=True, slots=True)
class Repetition(Gate):
    """Drops texts that repeat a long run at once."""

    run_characters: int = MIN_RUN
    min_characters: int = MIN_CHARACTERS

    def __post_init__(self) -> None:
        if self.run_characters < 1 or self.min_characters < 0:
            raise OptionError("run_characters must be positive, min_characters must not be negative")

    @property
    def fields(self) -> tuple[str, ...]:
        """No field is read."""
        return ()

    def outcome(self, document: Document) -> Outcome:
        """Drop a text that repeats itself."""
        found = find_repetition(document.text, self.run_characters, self.min_characters)
        if found is None:
            return KEPT
        line = document.text.count("\n", 0, found.start) + 1
        return dropped(GateReason.REPETITION, f"line {line}: {found.length} characters, and again at once")


_TOGETHER = 16
"""Files that each process of pylint is given before it is told how far the step is: some seconds' worth."""


@dataclass(frozen=True, slots=True)
class Lint(Gate):
    """Keeps Python files with a lint score of at least `threshold`, after the comment penalty.

    `linter` is `pylint` or, fast and near it, `ruff`; the other options are those of `LintOptions`. Files in
    other languages pass unseen. A file without a statement has no score and does not pass.
    """

    threshold: float = 7.0
    linter: str = "pylint"
    disable: tuple[str, ...] = DISABLED
    packages: str = PACKAGES[0]
    processes: int = 1
    seconds: float = 60.0
    memory_mb: int = 2048

    def __post_init__(self) -> None:
        if self.linter not in LINTERS:
            raise OptionError(f"the linter must be one of {', '.join(LINTERS)}, not {self.linter!r}")
        if not 0 <= self.threshold <= 10:
            raise OptionError("the threshold of a score is from 0 to 10")
        self._options()

    def _options(self) -> LintOptions:
        return LintOptions(self.disable, self.packages, self.processes, self.seconds, self.memory_mb)

    def describe(self) -> Mapping[str, Any]:
        """Return the threshold and what decides the scores, with the linter's version."""
        return {
            "step": self.name,
            "threshold": self.threshold,
            **scorer(self.linter, self._options()).describe(),
        }

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Score the Python files, as many at a time as keep all processes busy, and tell how far it is."""
        python = [document for document in documents if read_as(document) == "python"]
        linter = scorer(self.linter, self._options())
        found: dict[int, LintScore | LintFailure] = {}
        together = len(python) if self.linter == "ruff" else _TOGETHER * self.processes
        for start in range(0, len(python), together or 1):
            some = python[start : start + together]
            results = linter.score_all([document.text for document in some])
            found |= {id(document): result for document, result in zip(some, results, strict=True)}
            tell("linted", len(some))
        return [self._outcome(found.get(id(document))) for document in documents]

    def _outcome(self, result: LintScore | LintFailure | None) -> Outcome:
        if result is None:
            return Outcome(Status.UNCHANGED, reason=GateReason.NOT_PYTHON)
        if isinstance(result, LintFailure):
            return dropped(result.reason, result.detail)
        notes = {
            "lint_score": round(result.score, 4),
            "lint_raw": None if result.raw is None else round(result.raw, 4),
            "comment_share": round(result.comment_share, 4),
            "statements": result.statements,
            "lint_messages": dict(result.messages),
        }
        if result.raw is None:
            return dropped(GateReason.NO_STATEMENTS, "nothing but comments", notes)
        if result.score < self.threshold:
            detail = f"{result.score:.2f} is below {self.threshold:g}"
            return dropped(GateReason.LOW_SCORE, detail, notes)
        return kept(**notes)


@dataclass(frozen=True, slots=True)
class Format(Gate):
    """Formats Python files with ruff. What cannot be formatted stays as it is, with a reason."""

    line_length: int = LINE_LENGTH

    def __post_init__(self) -> None:
        if not 1 <= self.line_length <= 320:
            raise OptionError("ruff takes a line_length from 1 to 320")

    def describe(self) -> Mapping[str, Any]:
        """Return the options, with ruff's version."""
        from bluepencil.code import ruff

        return {"step": self.name, "line_length": self.line_length, "ruff": ruff.version()}

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Format all Python files at once."""
        python = [document for document in documents if read_as(document) == "python"]
        results = format_all([document.text for document in python], self.line_length)
        found = {id(document): result for document, result in zip(python, results, strict=True)}
        outcomes = []
        for document in documents:
            result = found.get(id(document))
            if result is None:
                outcomes.append(Outcome(Status.UNCHANGED, reason=GateReason.NOT_PYTHON))
            elif result.reason is not None:
                outcomes.append(Outcome(Status.UNCHANGED, reason=result.reason, detail=result.detail))
            elif result.text == document.text:
                outcomes.append(KEPT)
            else:
                outcomes.append(Outcome(Status.EDITED, text=result.text))
        return outcomes


_scorers: dict[tuple[str, LintOptions], Scorer] = {}


def scorer(linter: str, options: LintOptions) -> Scorer:
    """Return this process's linter for some options; it lives until the process ends."""
    key = (linter, options)
    if key not in _scorers:
        if linter == "ruff":
            from bluepencil.code.lint_ruff import RuffLinter

            _scorers[key] = RuffLinter()
        else:
            _scorers[key] = Linter(options)
            atexit.register(_scorers[key].close)
    return _scorers[key]


def grammars() -> Mapping[str, str]:
    """Return the versions of what reads syntax here: Python, and tree-sitter's grammars where installed."""
    import importlib.metadata
    import platform

    found = {"python": platform.python_version()}
    for name in ("bash", "c", "cpp", "go", "java", "javascript", "rust", "typescript"):
        try:
            found[f"tree-sitter-{name}"] = importlib.metadata.version(f"tree-sitter-{name}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
