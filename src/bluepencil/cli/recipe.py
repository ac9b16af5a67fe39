"""What the commands that run a recipe share: explaining, estimating, running it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bluepencil.cli.asking import asking_values, estimate_table
from bluepencil.cli.options import finish, given_options

if TYPE_CHECKING:
    from bluepencil.recipes.estimate import StepEstimate
    from bluepencil.recipes.load import Recipe


def recipe_options(command: Any) -> Any:
    """Add the options of every command that runs a recipe."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="STEP.OPTION=VALUE",
        help="Another value for an option of a step, which is named by its kind or its number from 1.",
    ),
    click.option("--explain", is_flag=True, help="Print what would happen; send and write nothing."),
)


against_option = click.option(
    "--against",
    multiple=True,
    metavar="FILE[:MAP]",
    help="Benchmark items: what holds one is dropped, before and after rewriting. "
    "`bluepencil decontaminate --help` says more.",
)


def run_recipe(
    recipe: "str | Recipe",
    inputs: tuple[str, ...],
    output: str | None,
    *,
    settings: tuple[str, ...],
    explain: bool,
    asking: dict[str, Any],
    quiet: bool,
    options: dict[str, Any],
) -> None:
    """Explain, estimate or run a recipe; what the command line says takes the place of what it says."""
    from bluepencil import api
    from bluepencil.engine.progress import Progress
    from bluepencil.engine.state import read_manifest
    from bluepencil.recipes.estimate import estimate_recipe
    from bluepencil.recipes.explain import explain_recipe

    given = given_options()
    said = asking_values(asking, only=given)
    chosen = {name: value for name, value in options.items() if name in given}
    if explain:
        click.echo(explain_recipe(recipe, settings=settings, asking=said, **chosen))
        return
    if output is None and not asking["estimate"]:
        raise click.UsageError("name the folder for the result: -o OUT")
    if not inputs:
        raise click.UsageError("name what is to be read: INPUT...")
    if asking["estimate"]:
        tokens_per_s = asking["tokens_per_s"]
        count, estimates = estimate_recipe(
            recipe, inputs, settings=settings, asking=said, tokens_per_s=tokens_per_s, **chosen
        )
        _echo_estimates(count, estimates)
        return
    assert output is not None
    progress = Progress(quiet=quiet)
    manifest = api.run_recipe(
        recipe, inputs, output, settings=settings, asking=said, progress=progress, **chosen
    )
    finish(manifest, str(Path(output)))
    unique = Path(f"{Path(output)}.unique")
    if manifest.get("about", {}).get("dedup") and unique.exists():
        click.echo("\nwithout duplicates:")
        finish(read_manifest(unique), str(unique))


def _echo_estimates(count: int, estimates: Sequence["StepEstimate"]) -> None:
    click.echo(f"{count:>14,} documents come in")
    for one in estimates:
        click.echo(f"\nstep {one.number}, {one.name} ({one.known_by})")
        click.echo(estimate_table(one.estimate))
    if not estimates:
        click.echo("no step asks a model, so there is nothing to pay")
