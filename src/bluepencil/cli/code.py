"""bluepencil code: check, lint, rewrite and verify source files."""

from typing import Any

import click

from bluepencil.cli.asking import asking_options
from bluepencil.cli.options import corpus_options
from bluepencil.cli.recipe import against_option, recipe_options, run_recipe


@click.command()
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("-o", "--output", metavar="OUT", help="The folder for the result.")
@click.option(
    "--steps",
    default="syntax,lint,sgcr,scor,format",
    show_default=True,
    help="What is done, in this order: language, size, syntax, generated, comments, repetition, lint, score, "
    "sgcr, scor, format.",
)
@click.option("--threshold", default=7.0, show_default=True, help="The least lint score.")
@click.option(
    "--linter",
    type=click.Choice(["pylint", "ruff"]),
    default="pylint",
    show_default=True,
    help="ruff is much faster; its score is fitted to pylint's.",
)
@click.option(
    "--fallback",
    type=click.Choice(["keep", "drop"]),
    default="keep",
    show_default=True,
    help="What becomes of a file when a rewrite does not pass the checks: the text before it, or nothing.",
)
@click.option(
    "--execute", is_flag=True, help="Run tests and doctests before and after a rewrite, in a sandbox."
)
@against_option
@recipe_options
@asking_options
@corpus_options
def code(
    inputs: tuple[str, ...],
    output: str | None,
    steps: str,
    threshold: float,
    linter: str,
    fallback: str,
    execute: bool,
    against: tuple[str, ...],
    settings: tuple[str, ...],
    explain: bool,
    asking: dict[str, Any],
    quiet: bool,
    **options: Any,
) -> None:
    """Check, lint, rewrite and verify source files (SwallowCode).

    INPUT is files of records (JSON lines, Parquet), or source files, or folders of either. Files that do not
    compile or lint badly are dropped; a model rewrites the rest twice, by a style guide (sgcr) and into
    examples that stand on their own (scor); each rewrite is verified; the result is formatted. With score
    before them, only what is of medium score is rewritten. Any further option of a step is set with --set;
    docs/code.md and docs/rewriting.md name them. Recipes do the same and more.

    \b
      bluepencil code my-project/src -o checked --steps syntax,lint,format
      bluepencil code files.jsonl.gz -o checked --steps syntax,lint --text-field content
      bluepencil code files.jsonl -o code --server http://127.0.0.1:8000 --model NAME --estimate
      bluepencil code files.jsonl -o code --server URL --model NAME --against HumanEval.jsonl.gz
    """
    from bluepencil.recipes.fronts import code_recipe

    rewrite = {"fallback": fallback, **({"verify": {"execute": True}} if execute else {})}
    each: dict[str, dict[str, Any]] = {
        "lint": {"threshold": threshold, "linter": linter},
        "sgcr": rewrite,
        "scor": rewrite,
    }
    names = [name.strip() for name in steps.split(",") if name.strip()]
    recipe = code_recipe(names, each, against=against, index=f"{output or 'OUT'}.index")
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
