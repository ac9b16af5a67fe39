"""Builders: the options of a recipe's step -> the step."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from bluepencil.documents import Step
from bluepencil.programs import Cost, Policy
from bluepencil.recipes.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refining:
    refiner: str = "tagger"
    strength: Literal["light", "normal", "strong"] | None = None
    fault_cost: Cost = Cost.CALL
    keep_math: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Generating:
    window: int | None = None
    overlap: int | None = None
    max_new_tokens: int | None = None
    batch_tokens: int | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] | None = None
    device: str | None = None
    sure: float | None = None
    context: int | None = None
    prox_thresholds: bool = False


def refine(options: Options) -> Step:
    """Return the step of refining; the fields of the policy are options of the step.

    `keep_math` takes back what would strike out formulas, which a tagger of prose takes for noise.
    """
    from bluepencil.refiners.base import Refine
    from bluepencil.refiners.registry import is_language_model, make_refiner

    asked = options.make(_Refining)
    spec = options.called(_found, asked.refiner, options.context.folder)
    model: dict[str, Any] = {}
    if is_language_model(spec):
        model = {"cost": asked.fault_cost, **_model_options(options)}
    made = options.called(make_refiner, spec, asked.strength, model)
    if asked.keep_math:
        from bluepencil.rewriting.math_protect import KeepMath

        made = KeepMath(made)
    return Refine(made, options.make(Policy), asked.fault_cost)


def _found(spec: str, folder: Path) -> str:
    """Return the name of a refiner, its files as they are found from here or from a folder."""
    from bluepencil.refiners.registry import CASCADE, stages

    parts = []
    for stage in stages(spec):
        name, _, argument = stage.partition(":")
        beside = folder / argument
        is_beside = argument and not Path(argument).exists() and beside.exists()
        parts.append(f"{name}:{beside}" if is_beside else stage)
    return f"{CASCADE}:{','.join(parts)}" if len(parts) > 1 else parts[0]


def _model_options(options: Options) -> dict[str, Any]:
    """Take the options of a language model: in this process, or on the server where one is named for it."""
    from bluepencil.refiners.dialects_prox import Thresholds

    asked = options.make(_Generating)
    values = {one.name: getattr(asked, one.name) for one in fields(asked)}
    values["thresholds"] = Thresholds() if values.pop("prox_thresholds") else None
    return {**values, "client": options.client()} if options.names_model() else values


def expert(options: Options) -> Step:
    """Return the step of asking an expert: it refines texts in place, or writes pairs."""
    from bluepencil.distill.expert import Expert, ExpertOptions
    from bluepencil.distill.steps import AskExpert

    client = options.client()
    write = options.take("write", Literal["text", "pairs"], "text")
    defaults = ExpertOptions(client=client).params
    asked = options.make(ExpertOptions, client=client, params=options.params(defaults))
    step: Step = options.called(AskExpert if write == "pairs" else Expert, asked)
    return step


def distill(options: Options) -> Step:
    """Return the step of distilling; the fields of `bluepencil.distill.Options` are options of the step."""
    from bluepencil.distill.dataset import Options as Distilling
    from bluepencil.distill.steps import Distill

    made = options.make(Distill, options=options.make(Distilling))
    # What the dialect decides where nothing is said.
    said = made.describe()
    for name in ("window", "overlap", "numbering", "style"):
        options.show(name, said[name])
    return made
