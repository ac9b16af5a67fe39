"""bluepencil expert: ask a large model to refine documents, and keep the pairs."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from bluepencil.cli.asking import asking_options, client_options, estimate_table
from bluepencil.cli.options import corpus_options, finish


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="PAIRS", help="The folder for the pairs.")
@click.option(
    "--prompt",
    default="refinex",
    show_default=True,
    help="refinex, or a file with a place {{text}}; docs/llm.md says how one is written.",
)
@click.option("--longest", default=48_000, show_default=True, help="Characters; longer texts are not sent.")
@click.option("--max-tokens", default=8192, show_default=True, help="Tokens of an answer at most.")
@click.option(
    "--deletions-only", is_flag=True, help="Use no answer that is not the source with parts left out."
)
@asking_options
@corpus_options
def expert(
    inputs: tuple[str, ...],
    output: str,
    prompt: str,
    longest: int,
    max_tokens: int,
    deletions_only: bool,
    asking: dict[str, Any],
    quiet: bool,
    **options: Any,
) -> None:
    """Ask a large model to refine documents, and write pairs to distill.

    Any server that speaks the OpenAI protocol will do (vLLM, SGLang, llama.cpp, hosted ones). Every answer is
    in a durable cache before it is used, so that none is paid for twice, whatever is stopped or run again.

    \b
      bluepencil expert pages.jsonl -o pairs --estimate --price 0.4 1.2
      bluepencil expert pages.jsonl -o pairs --server https://HOST --model NAME --price 0.4 1.2 --budget 50
      bluepencil expert pages.jsonl -o pairs --start-server "vllm serve MODEL --port {port}" --model MODEL
    """
    from bluepencil import api
    from bluepencil.distill.expert import Expert, ExpertOptions
    from bluepencil.engine.progress import Progress

    with ExitStack() as stack:
        client = client_options(asking, Path(output), stack)
        asked = ExpertOptions(
            client=client,
            prompt=prompt,
            params={"temperature": 0, "max_tokens": max_tokens},
            longest=longest,
            deletions_only=deletions_only,
        )
        if asking["estimate"]:
            documents = api.documents(inputs, text_field=options["text_field"], limit=options["limit"])
            estimate = Expert(asked).estimate(documents, tokens_per_s=asking["tokens_per_s"])
            click.echo(estimate_table(estimate, named=asking["model"] is not None))
            return
        # The client knows how long it waits for a slow server; a worker that waits must not be replaced.
        del options["hang_seconds"]
        options = {name: value for name, value in options.items() if value is not None}
        manifest = api.ask_expert(inputs, output, expert=asked, progress=Progress(quiet=quiet), **options)
    finish(manifest, output)
