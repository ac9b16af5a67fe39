"""The kinds of steps that recipes name; what makes one is imported when it is needed.

To add a kind whose options are the fields of its dataclass, add a line to `KINDS`; for any other, write a
builder that takes `Options` and returns a step.
"""

import importlib
import importlib.util
from dataclasses import dataclass

from bluepencil.documents import Step
from bluepencil.errors import MissingExtraError, OptionError
from bluepencil.recipes.options import Options
from bluepencil.recipes.values import meant

_LLM = (("aiohttp", "llm"),)
_LINT = (("pylint", "code"), ("ruff", "code"))
_FORMAT = (("ruff", "code"),)
_REWRITING = (*_LLM, *_LINT)


@dataclass(frozen=True, slots=True)
class StepKind:
    """One kind of step: its name in recipes, what it does, and where its builder is (`module:name`).

    The builder is a function of `Options`, or the step's own dataclass, whose fields are then the options.
    `packages` are (module to import, extra that brings it); a missing one is said before the first document.
    `chosen` is (option whose value is one more package, extra); its `describe` says that it is missing.
    """

    name: str
    summary: str
    builder: str
    packages: tuple[tuple[str, str], ...] = ()
    chosen: tuple[str, str] | None = None

    def build(self, options: Options) -> Step:
        """Make the step of its options; raises OptionError where they cannot be."""
        module, _, name = self.builder.partition(":")
        builder = getattr(importlib.import_module(module), name)
        step: Step = options.make(builder) if isinstance(builder, type) else builder(options)
        options.close()
        return step

    def needs(self, step: Step) -> tuple[tuple[str, str], ...]:
        """Return the packages that a step of this kind needs, with those that its options choose."""
        if self.chosen is None:
            return self.packages
        option, extra = self.chosen
        return (*self.packages, (getattr(step, option), extra))

    def check_packages(self) -> None:
        """Raise MissingExtraError where a package that the kind always needs is not installed."""
        for package, extra in self.packages:
            if importlib.util.find_spec(package) is None:
                raise MissingExtraError(package, extra)


_HERE = "bluepencil.recipes"
_GATES = "bluepencil.code.steps"

KINDS: dict[str, StepKind] = {
    kind.name: kind
    for kind in (
        StepKind(
            "refine", "strikes noise out of texts, by a refiner's edit programs", f"{_HERE}.kinds:refine"
        ),
        StepKind(
            "expert",
            'has a large model refine texts; or, with write = "pairs", makes pairs to distill',
            f"{_HERE}.kinds:expert",
            _LLM,
        ),
        StepKind(
            "distill",
            "turns pairs into training examples (rows, so it comes last)",
            f"{_HERE}.kinds:distill",
        ),
        StepKind(
            "decontaminate",
            "looks for benchmark items in texts; drops, marks or cuts what it finds",
            "bluepencil.decontaminate.steps:Decontaminate",
        ),
        StepKind("language", "keeps files in some languages", f"{_GATES}:Language"),
        StepKind("size", "keeps files of a size between limits", f"{_GATES}:Size"),
        StepKind("syntax", "keeps files that their language can read", f"{_GATES}:Syntax"),
        StepKind("generated", "drops files that a program wrote, and data", f"{_GATES}:Generated"),
        StepKind("comments", "keeps files whose comments are in some scripts", f"{_GATES}:Comments"),
        StepKind("repetition", "drops texts that repeat a long run at once", f"{_GATES}:Repetition"),
        StepKind(
            "lint",
            "keeps Python with a lint score above a threshold",
            f"{_GATES}:Lint",
            chosen=("linter", "code"),
        ),
        StepKind("format", "formats Python with ruff", f"{_GATES}:Format", _FORMAT),
        StepKind(
            "score",
            "has a model score code from 0 to 10, and drops low scores",
            f"{_HERE}.kinds_rewriting:score",
            _LLM,
        ),
        StepKind(
            "sgcr",
            "has a model rewrite code by a style guide, and checks what it wrote",
            f"{_HERE}.kinds_rewriting:sgcr",
            _REWRITING,
        ),
        StepKind(
            "scor",
            "has a model turn code into an example that stands on its own, and checks what it wrote",
            f"{_HERE}.kinds_rewriting:scor",
            _REWRITING,
        ),
        StepKind(
            "math-pages",
            "keeps pages that are about mathematics",
            "bluepencil.rewriting.math_pages:MathPages",
        ),
        StepKind(
            "math",
            "has a model turn pages of mathematics into questions with solutions, and checks them",
            f"{_HERE}.kinds_rewriting:math",
            (*_LLM, ("math_verify", "math")),
        ),
    )
}
"""Every kind of step by its name."""


def kind_named(name: str, where: str) -> StepKind:
    """Return the kind of a name; OptionError with the nearest name where there is none."""
    if name in KINDS:
        return KINDS[name]
    raise OptionError(f"{where}: there is no step {name!r}{meant(name, KINDS)}")
