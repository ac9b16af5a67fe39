"""bluepencil math: rewrite pages of mathematics into questions with solutions, and check every one."""

from typing import Any

import click

from bluepencil.cli.asking import asking_options
from bluepencil.cli.options import corpus_options
from bluepencil.cli.recipe import against_option, recipe_options, run_recipe


@click.command()
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("-o", "--output", metavar="OUT", help="The folder for the result.")
@click.option(
    "--style",
    default="tutor",
    show_default=True,
    help="tutor, structured, qa, textbook, planning, socratic, several, or a prompt file with {{text}}.",
)
@click.option("--refine/--no-refine", default=True, help="Strike noise out first, by the tagger that ships.")
@click.option(
    "--strength",
    type=click.Choice(["light", "normal", "strong"]),
    default="normal",
    show_default=True,
    help="How much the tagger strikes out; strong for whole web pages. Formulas stay.",
)
@click.option("--only-math", is_flag=True, help="Drop pages that are not about mathematics, unasked.")
@click.option(
    "--fallback",
    type=click.Choice(["keep", "drop"]),
    default="keep",
    show_default=True,
    help="What becomes of a page when no answer passes the checks.",
)
@click.option("--longest", default=102_688, show_default=True, help="Characters; longer pages are not sent.")
@click.option("--max-tokens", default=8192, show_default=True, help="Tokens of an answer at most.")
@against_option
@recipe_options
@asking_options
@corpus_options
def math(
    inputs: tuple[str, ...],
    output: str | None,
    style: str,
    refine: bool,
    strength: str,
    only_math: bool,
    fallback: str,
    longest: int,
    max_tokens: int,
    against: tuple[str, ...],
    settings: tuple[str, ...],
    explain: bool,
    asking: dict[str, Any],
    quiet: bool,
    **options: Any,
) -> None:
    """Rewrite pages of mathematics into questions with solutions (SwallowMath), and check every one.

    First the tagger strips a page, which is cheap; then a model rewrites what is left; then its answer,
    arithmetic, numbers, steps, LaTeX and language are checked against the page. Any further option of a step
    is set with --set, such as math.verify.source_equations=0. docs/math.md has figures.

    \b
      bluepencil math pages.jsonl -o math --server http://127.0.0.1:8000 --model NAME --estimate
      bluepencil math crawl/*.warc.gz -o math --server URL --model NAME --only-math --fallback drop
      bluepencil math pages.jsonl -o math --server URL --model NAME --against gsm8k_test.jsonl:gsm8k
    """
    from bluepencil.recipes.fronts import math_recipe

    recipe = math_recipe(
        only_math=only_math,
        strength=strength if refine else None,
        rewrite={"style": style, "fallback": fallback, "longest": longest, "max_tokens": max_tokens},
        against=against,
        index=f"{output or 'OUT'}.index",
    )
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
