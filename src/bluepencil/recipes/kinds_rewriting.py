"""Builders of the steps that have a model rewrite code and mathematics, or score code."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from bluepencil.documents import Step
from bluepencil.recipes.options import Options

if TYPE_CHECKING:
    from bluepencil.rewriting.score import Score
    from bluepencil.rewriting.verify import CodeChecks

_OWN = ("client", "params")
"""Fields that are made of other options."""


def sgcr(options: Options) -> Step:
    """Return the step of style-guided rewriting; `verify` are `CodeChecks`, `only` the scores it is for."""
    from bluepencil.rewriting.code import sgcr as make
    from bluepencil.rewriting.verify import CodeChecks

    return _rewriting(options, make, CodeChecks.sgcr)


def scor(options: Options) -> Step:
    """Return the step of self-contained optimization; options as those of `sgcr`."""
    from bluepencil.rewriting.code import scor as make
    from bluepencil.rewriting.verify import CodeChecks

    return _rewriting(options, make, CodeChecks.scor)


def _rewriting(options: Options, make: Callable[..., Any], checks: "Callable[..., CodeChecks]") -> Step:
    from bluepencil.rewriting.score import Band, Only
    from bluepencil.rewriting.step import RewriteOptions
    from bluepencil.rewriting.verify import CodeChecks, CodeVerifier

    client = options.client()
    language = options.take("language", str, "python")
    given = options.fields(RewriteOptions, _OWN)
    verify = options.nested("verify", CodeChecks, checks) if language == "python" else None
    values = {"language": language, "verifier": CodeVerifier(verify) if verify else None, **given}
    defaults = options.called(make, client, **values).options.params
    made = options.called(make, client, params=options.params(defaults), **values)
    options.show_fields(made.options, _OWN)
    step: Step = made
    only = options.take("only", Literal["all", "medium", "high"], "all")
    return step if only == "all" else Only(step, Band(only))


def score(options: Options) -> Step:
    """Return the step that has a model score code, and drops the low scores."""
    from bluepencil.rewriting.ask import AskOptions
    from bluepencil.rewriting.score import score as make

    client = options.client()
    values = {
        "language": options.take("language", str, "python"),
        "low": options.take("low", float, 3.0),
        "high": options.take("high", float, 7.0),
        **options.fields(AskOptions, _OWN),
    }
    defaults = options.called(make, client, **values).options.params
    made: Score = options.called(make, client, params=options.params(defaults), **values)
    options.show_fields(made.options, _OWN)
    return made


def math(options: Options) -> Step:
    """Return the step of rewriting mathematics; `verify` are `MathChecks`."""
    from bluepencil.rewriting.math import math_verifier, rewrite_math
    from bluepencil.rewriting.math_checks import MathChecks
    from bluepencil.rewriting.step import RewriteOptions

    client = options.client()
    style = options.take("style", str, "tutor")
    checks = options.nested("verify", MathChecks)
    values = options.fields(RewriteOptions, (*_OWN, "prompt"))
    verifier = None if checks is None else options.called(math_verifier, style, checks)
    values = {"style": style, "verifier": verifier, **values}
    defaults = options.called(rewrite_math, client, **values).options.params
    made = options.called(rewrite_math, client, params=options.params(defaults), **values)
    options.show_fields(made.options, (*_OWN, "prompt"))
    step: Step = made
    return step
