"""bluepencil run: a recipe over a corpus."""

from typing import Any

import click

from bluepencil.cli.asking import asking_options
from bluepencil.cli.options import corpus_options
from bluepencil.cli.recipe import recipe_options, run_recipe


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("-o", "--output", metavar="OUT", help="The folder for the result.")
@recipe_options
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
    run_recipe(
        recipe,
        inputs,
        output,
        settings=settings,
        explain=explain,
        asking=asking,
        quiet=quiet,
        options=options,
    )
