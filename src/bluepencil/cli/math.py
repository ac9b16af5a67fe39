"""bluepencil math: rewrite pages of mathematics into questions with solutions, and check every one."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bluepencil.cli.asking import asking_options, client_options, estimate_table
from bluepencil.cli.options import corpus_options, finish

if TYPE_CHECKING:
    from bluepencil.documents import Step


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="OUT", help="The folder for the result.")
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
    help="How much the tagger strikes out; strong for whole web pages.",
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
@asking_options
@corpus_options
def math(
    inputs: tuple[str, ...],
    output: str,
    style: str,
    refine: bool,
    strength: str,
    only_math: bool,
    fallback: str,
    longest: int,
    max_tokens: int,
    asking: dict[str, Any],
    quiet: bool,
    **options: Any,
) -> None:
    """Rewrite pages of mathematics into questions with solutions (SwallowMath), and check every one.

    First the tagger strips a page, which is cheap; then a model rewrites what is left; then its answer,
    arithmetic, numbers, steps, LaTeX and language are checked against the page. docs/math.md has figures.

    \b
      bluepencil math pages.jsonl -o math --server http://127.0.0.1:8000 --model NAME --estimate
      bluepencil math crawl/*.warc.gz -o math --server URL --model NAME --only-math --fallback drop
    """
    from bluepencil import api
    from bluepencil.engine.progress import Progress
    from bluepencil.rewriting.ask import decoding
    from bluepencil.rewriting.math import left_by, rewrite_math

    with ExitStack() as stack:
        client = client_options(asking, Path(output), stack)
        params = {**decoding(), "max_tokens": max_tokens}
        rewrite = rewrite_math(client, style=style, fallback=fallback, longest=longest, params=params)
        before = _before(refine, strength, only_math)
        if asking["estimate"]:
            documents = api.documents(inputs, text_field=options["text_field"], limit=options["limit"])
            left = left_by(before, documents)
            click.echo(estimate_table(rewrite.estimate(left, tokens_per_s=asking["tokens_per_s"])))
            return
        # The client knows how long it waits for a slow server; a worker that waits must not be replaced.
        options = {"workers": 1, **{name: value for name, value in options.items() if value is not None}}
        options["hang_seconds"] = 86_400.0
        steps = [*before, rewrite]
        manifest = api.run_steps(steps, inputs, output, progress=Progress(quiet=quiet), **options)
    finish(manifest, output)


def _before(refine: bool, strength: str, only_math: bool) -> "list[Step]":
    """Return the steps before the model is asked."""
    from bluepencil.refiners.base import Refine
    from bluepencil.refiners.registry import make_refiner
    from bluepencil.rewriting.math_pages import MathPages
    from bluepencil.rewriting.math_protect import KeepMath

    pages: list[Step] = [MathPages()] if only_math else []
    return [*pages, Refine(KeepMath(make_refiner("tagger", strength)))] if refine else pages
