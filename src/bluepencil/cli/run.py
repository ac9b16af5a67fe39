"""bluepencil run: a recipe over a corpus."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bluepencil.cli.asking import asking_options, asking_values, estimate_table
from bluepencil.cli.options import corpus_options, finish, given_options

if TYPE_CHECKING:
    from bluepencil.recipes.estimate import StepEstimate


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("-o", "--output", metavar="OUT", help="The folder for the result.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="STEP.OPTION=VALUE",
    help="Another value for an option of a step, which is named by its kind or its number from 1.",
)
@click.option("--explain", is_flag=True, help="Print what would happen; send and write nothing.")
@asking_options
@corpus_options
def run(
    recipe: str,
    inputs: tuple[str, ...],
    output: str | None,
    settings: tuple[str, ...],
    explain: bool,
    asking: dict[str, Any],
    quiet: bool,
    **options: Any,
) -> None:
    """Run RECIPE over INPUT: several steps in one pass, each document's way through them on record.

    A recipe is a short TOML file; docs/recipes.md says how one is written. What is said here takes the place
    of what the recipe says. A run that was stopped goes on with the same command.

    \b
      bluepencil run recipes/refinex.toml pages.jsonl -o refined
      bluepencil run recipes/refinex.toml --explain
      bluepencil run recipes/refinex.toml pages.jsonl -o light --set refine.strength=light
      bluepencil run recipe.toml files.parquet -o OUT --server http://127.0.0.1:8000 --model NAME --estimate
    """
    from bluepencil.api import run_recipe
    from bluepencil.engine.progress import Progress
    from bluepencil.recipes.estimate import estimate_recipe
    from bluepencil.recipes.explain import explain_recipe

    given = given_options()
    said = asking_values(asking, only=given)
    chosen = {name: value for name, value in options.items() if name in given}
    if explain:
        click.echo(explain_recipe(recipe, settings=settings, asking=said, **chosen))
        return
    if asking["estimate"]:
        tokens_per_s = asking["tokens_per_s"]
        count, estimates = estimate_recipe(
            recipe, _required(inputs), settings=settings, asking=said, tokens_per_s=tokens_per_s, **chosen
        )
        _echo_estimates(count, estimates)
        return
    if output is None:
        raise click.UsageError("name the folder for the result: -o OUT")
    progress = Progress(quiet=quiet)
    manifest = run_recipe(
        recipe, _required(inputs), output, settings=settings, asking=said, progress=progress, **chosen
    )
    finish(manifest, str(Path(output)))


def _required(inputs: tuple[str, ...]) -> tuple[str, ...]:
    if not inputs:
        raise click.UsageError("name what is to be read: INPUT...")
    return inputs


def _echo_estimates(count: int, estimates: Sequence["StepEstimate"]) -> None:
    click.echo(f"{count:>14,} documents come in")
    for one in estimates:
        click.echo(f"\nstep {one.number}, {one.name} ({one.known_by})")
        click.echo(estimate_table(one.estimate))
    if not estimates:
        click.echo("no step asks a model, so there is nothing to pay")
