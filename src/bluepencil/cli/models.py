"""The options of refiners that are language models, in this process or on a server."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

# A batch of a language model can take long without a sign of life; its server is watched by the client.
_PATIENCE_S = 86_400.0

_OPTIONS = (
    click.option(
        "--server",
        metavar="URL",
        help="Language models: a server that has the model, such as http://127.0.0.1:8000.",
    ),
    click.option("--model", metavar="NAME", help="Language models: the name the server knows the model by."),
    click.option(
        "--cache",
        metavar="FOLDER",
        help="Language models: where a server's answers are kept.  [default: bluepencil/answers in the "
        "user's cache]",
    ),
    click.option(
        "--in-flight",
        type=click.IntRange(1),
        default=64,
        show_default=True,
        help="Language models: requests at once.",
    ),
    click.option(
        "--server-grammar",
        type=click.Choice(["vllm", "vllm-old", "sglang", "llama.cpp"]),
        help="lm: how the server takes a grammar, which keeps each answer to the form of a program "
        "(docs/lm.md); vllm-old is before 0.12.  [default: it is sent none]",
    ),
    click.option(
        "--window",
        type=click.IntRange(1),
        help="Language models: characters of a chunk.  [default: the model's]",
    ),
    click.option(
        "--overlap",
        type=click.IntRange(0),
        help="Language models: characters chunks share.  [default: the model's]",
    ),
    click.option(
        "--max-new-tokens",
        type=click.IntRange(1),
        help="Language models: of one program.  [default: the model's]",
    ),
    click.option(
        "--batch-tokens",
        type=click.IntRange(1),
        help="Language models: of a batch in this process.  [default: 65536]",
    ),
    click.option(
        "--dtype",
        type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
        help="Language models: numbers in this process.",
    ),
    click.option(
        "--device",
        metavar="NAME",
        help="Language models: cpu, cuda, cuda:1.  [default: a GPU if there is one]",
    ),
    click.option(
        "--sure",
        type=click.FloatRange(0, 1),
        metavar="SHARE",
        help="Cascades: how likely the tagger must be right about a line to decide it alone; the model is "
        "asked about the others, with 0 about none, with 1 about all.  [default: 0.9]",
    ),
    click.option(
        "--context",
        type=click.IntRange(0),
        metavar="N",
        help="Cascades: lines shown to the model on each side of such a line.  [default: 1]",
    ),
    click.option(
        "--prox-thresholds",
        is_flag=True,
        help="prox-c: decide once more after the edits, as ProX does: drop a document of which little is "
        "left, leave a chunk with faults as it is (docs/dialects.md).",
    ),
)
_NAMES = (
    "server",
    "model",
    "cache",
    "in_flight",
    "server_grammar",
    "window",
    "overlap",
    "max_new_tokens",
    "batch_tokens",
    "dtype",
    "device",
    "sure",
    "context",
    "prox_thresholds",
)


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets them as one dictionary, `model`."""

    @functools.wraps(command)
    def gathered(**values: Any) -> Any:
        return command(model={name: values.pop(name) for name in _NAMES}, **values)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def run_options_for(
    refiner: str, model: dict[str, Any], output: str, options: dict[str, Any]
) -> dict[str, Any]:
    """Return the options of a run, with those of its model and the patience that a model needs."""
    from bluepencil.refiners.registry import is_language_model

    server, name, cache, in_flight = (model.pop(key) for key in ("server", "model", "cache", "in_flight"))
    if server is not None or name is not None:
        model["client"] = _client(server, name, cache, in_flight, output)
    if model.pop("prox_thresholds"):
        from bluepencil.refiners.dialects_prox import Thresholds

        model["thresholds"] = Thresholds()
    if is_language_model(refiner):
        from bluepencil.refiners.lm_transformers import runs_on_gpu

        if _is_default("hang_seconds"):
            options = {**options, "hang_seconds": _PATIENCE_S}
        if options.get("workers") is None and (server is not None or runs_on_gpu(model["device"])):
            # One process keeps a server, or a GPU, busy; more would only share it.
            options = {**options, "workers": 1}
    return {**options, "model_options": model}


def _is_default(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.DEFAULT


def _client(server: str | None, name: str | None, cache: str | None, in_flight: int, output: str) -> Any:
    from bluepencil.cli.asking import default_cache
    from bluepencil.errors import OptionError
    from bluepencil.llm import ClientOptions

    if server is None or name is None:
        raise OptionError("a model on a server needs both --server and --model")
    return ClientOptions(
        server=server,
        model=name,
        cache=cache or str(default_cache()),
        in_flight=in_flight,
        run=str(Path(output).resolve()),
    )
