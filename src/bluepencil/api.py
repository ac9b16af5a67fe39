"""The few functions that most programs need; the command line tool is a thin front of them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bluepencil.errors import InputError, OptionError, RunError

if TYPE_CHECKING:
    from bluepencil.corpus.paths import Source
    from bluepencil.distill.expert import ExpertOptions
    from bluepencil.documents import Document, Step
    from bluepencil.engine.progress import Progress
    from bluepencil.evaluate.report import Report
    from bluepencil.programs import Cost, Policy
    from bluepencil.recipes.load import Recipe
    from bluepencil.refiners.base import Refiner

PathLike = str | os.PathLike[str]
Manifest = dict[str, Any]


def refine(
    inputs: PathLike | Sequence[PathLike],
    output: PathLike,
    *,
    refiner: "str | Refiner" = "tagger",
    strength: str | None = None,
    policy: "Policy | None" = None,
    fault_cost: "Cost | str" = "call",
    model_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> Manifest:
    """Refine a corpus: programs are made, checked and executed; every edit is in the ledger.

    `inputs` are files, folders, globs or addresses of JSON lines (plain, gz, zst), Parquet, WARC, WET or
    HTML. `refiner` is a name or an object; `strength` is light, normal or strong; `model_options` are for
    language models (see `refiners.registry.make_refiner`). Returns the manifest. The same call goes on where
    an interrupted one stopped. `options` are those of `run_step`.
    """
    from bluepencil.programs import Cost, Policy
    from bluepencil.refiners.base import Refine
    from bluepencil.refiners.registry import is_language_model, make_refiner

    made: Refiner
    if isinstance(refiner, str):
        made = make_refiner(refiner, strength, {"cost": Cost(fault_cost), **(model_options or {})})
        if is_language_model(refiner):
            # It may be long over a batch, and a server is watched by its client.
            options = {"hang_seconds": 86_400.0, **options}
    else:
        made = refiner
    return run_step(Refine(made, policy or Policy(), Cost(fault_cost)), inputs, output, **options)


def run_step(
    step: "Step",
    inputs: PathLike | Sequence[PathLike],
    output: PathLike,
    *,
    text_field: str = "text",
    id_field: str = "id",
    data_format: str = "parquet",
    on_failure: str = "keep",
    html_field: str | None = None,
    limit: int | None = None,
    workers: int | None = None,
    fresh: bool = False,
    unit_mb: float = 64,
    max_record_mb: float = 32,
    hang_seconds: float = 600.0,
    progress: "Progress | None" = None,
    about: Mapping[str, Any] | None = None,
    recorded: PathLike | None = None,
    whole: bool = False,
    apart: Sequence[PathLike] = (),
) -> Manifest:
    """Run any step over a corpus and return the manifest; see `documents.Step`.

    `html_field` holds HTML, of which the text is rendered into `text_field`. `limit` takes the first so many
    records; `unit_mb` is the size of the slices that are committed as one; a record of more than
    `max_record_mb` is failed; a worker that is silent for `hang_seconds` is replaced. `about` goes into the
    manifest and decides nothing. `recorded` is the output of an earlier run over the same input, whose
    ledger rows the step is given (`documents.RECORDED`); `whole` decodes every field of a record while
    reading, as is done where JSON is written as Parquet; `apart` are folders of which nothing is input.
    """
    from bluepencil.corpus.read import Reading
    from bluepencil.engine.job import Job, first_records
    from bluepencil.engine.local import run

    for name, value in (("unit_mb", unit_mb), ("max_record_mb", max_record_mb), ("limit", limit or 1)):
        if value <= 0:
            raise OptionError(f"{name} must be more than 0, not {value}")
    if "://" in os.fspath(output):
        raise OptionError(f"the output must be a folder on this machine, not {os.fspath(output)}")
    if workers is not None and workers < 1:
        raise OptionError(f"workers must be 1 or more, not {workers}")
    sources = _sources(inputs, (output, *apart), text_field, html_field)
    reading = Reading(
        text_field,
        id_field,
        step.fields,
        whole,
        unit_bytes=int(unit_mb * (1 << 20)),
        max_record_bytes=int(max_record_mb * (1 << 20)),
        html_field=html_field,
    )
    job = Job(sources, Path(output), step, reading, data_format, on_failure, about=about or {})
    if recorded is not None:
        job = replace(job, recorded=Path(recorded))
    if job.needs_survey:
        job = replace(job, reading=replace(reading, whole=True))
    if limit is not None:
        job = replace(job, limits=first_records(sources, job.reading, limit))
    return run(job, workers=workers, fresh=fresh, hang_seconds=hang_seconds, progress=progress)


def run_steps(
    steps: "Sequence[Step]", inputs: PathLike | Sequence[PathLike], output: PathLike, **options: Any
) -> Manifest:
    """Run several steps in one pass over a corpus, and return the manifest.

    Each document goes through the steps in order, until one drops or fails it. The ledger keeps what each
    step did, and the manifest adds it up. `options` are those of `run_step`; where a step asks a model, say
    so with `hang_seconds`, since a worker that waits for a slow server must not be replaced.
    """
    from bluepencil.engine.chain import chain

    return run_step(chain(steps), inputs, output, **options)


def run_recipe(
    recipe: "PathLike | Recipe",
    inputs: PathLike | Sequence[PathLike],
    output: PathLike,
    *,
    settings: Sequence[str] = (),
    asking: Mapping[str, Any] | None = None,
    **options: Any,
) -> Manifest:
    """Run a recipe over a corpus and return the manifest; see docs/recipes.md.

    `settings` are options of steps as `STEP.OPTION=VALUE`; `asking` are fields of `recipes.server.Asking`,
    `options` those of `run_step`: both take the place of the recipe's. Everything is checked before anything
    starts; `recipes.explain` and `recipes.estimate` say what would happen. With `[dedup]` what is left is
    written without duplicates, too, to OUTPUT.unique.
    """
    from bluepencil.recipes.load import build
    from bluepencil.recipes.run import dedup_options, prepared, run_options
    from bluepencil.recipes.server import serving

    loaded, folder = prepared(recipe, settings, asking, options), Path(output)
    built = build(loaded, loaded.server, folder)
    chosen = run_options(loaded, built, options)
    if any(one.calls for one in built):
        with serving(loaded.server, folder) as served:
            steps = [one.step for one in build(loaded, served, folder)]
            manifest = run_steps(steps, inputs, output, **chosen)
    else:
        manifest = run_steps([one.step for one in built], inputs, output, **chosen)
    if loaded.dedup is not None and any((folder / "data").iterdir()):
        deduplicate(folder / "data", f"{folder}.unique", **dedup_options(loaded, options))
    return manifest


def _sources(
    inputs: PathLike | Sequence[PathLike], apart: Sequence[PathLike], text_field: str, html_field: str | None
) -> "tuple[Source, ...]":
    """Find the inputs, but for what lies in these folders, and look whether they have the field."""
    from bluepencil.corpus.parquet import check_schema
    from bluepencil.corpus.paths import Kind, resolve
    from bluepencil.corpus.read import check_field

    sources = resolve(_listed(inputs))
    for folder in apart:
        own = f"{Path(folder).absolute()}{os.sep}"
        sources = tuple(source for source in sources if not source.url.startswith(own))
        if not sources:
            raise InputError(f"all of the input lies in the output folder {os.fspath(folder)}")
    for source in sources:
        if source.kind is Kind.PARQUET:
            check_schema(source, text_field, html_field)
    check_field(sources, html_field or text_field)
    return sources


def replay(
    run_folder: PathLike,
    inputs: PathLike | Sequence[PathLike],
    output: PathLike,
    *,
    strength: str | None = None,
    workers: int | None = None,
    fresh: bool = False,
    progress: "Progress | None" = None,
) -> Manifest:
    """Rebuild the output of a run from the raw input and its ledger alone, byte for byte.

    With `strength`, decide again from the scores that the ledger of a tagger run keeps, without the network.
    A document that cannot be rebuilt fails with `source-differs` or `result-differs`; see
    `engine.replay.differing`.
    """
    from bluepencil.corpus.paths import resolve
    from bluepencil.engine.job import Job
    from bluepencil.engine.local import run
    from bluepencil.engine.results import reading_of
    from bluepencil.engine.state import read_manifest

    manifest = read_manifest(Path(run_folder))
    options = manifest["options"]
    if options["writes"] != "documents":
        raise InputError(
            f"{os.fspath(run_folder)} holds rows made by {options['step']}, not documents to rebuild"
        )
    sources = resolve(_listed(inputs))
    if len(sources) != len(manifest["inputs"]):
        raise InputError(f"the run had {len(manifest['inputs'])} input files; {len(sources)} are named now")
    # Ids that were made up from file names stay what they were.
    sources = tuple(replace(s, name=e["name"]) for s, e in zip(sources, manifest["inputs"], strict=True))
    limits = None
    if options["limit"] is not None:
        limits = {(e["unit"][0], e["unit"][1]): e["rows"] for e in manifest["units"]}
    job = Job(
        sources,
        Path(output),
        _replay_step(manifest, strength),
        reading_of(options),
        options["format"],
        options["on_failure"],
        recorded=Path(run_folder),
        limits=limits,
        about=manifest.get("about", {}),
    )
    replayed = run(job, workers=workers, fresh=fresh, progress=progress)
    before, now = manifest["totals"]["rows"], replayed["totals"]["rows"]
    if now < before:
        raise RunError(f"the run had {before} records, and the inputs named now have only {now}")
    return replayed


def _replay_step(manifest: Manifest, strength: str | None) -> "Step":
    from bluepencil.engine.replay import Replay

    options = manifest["options"]
    if strength is None:
        stages = tuple(stage["step"] for stage in manifest.get("stages", ()))
        return Replay(options["step"], options["step_options"], stages)
    from bluepencil.programs import Cost, Policy
    from bluepencil.refiners.base import Refine
    from bluepencil.refiners.redecide import Redecide
    from bluepencil.refiners.tagger import Tagger

    asked = options["step_options"]
    tagger = Tagger(strength=strength)
    if asked.get("refiner", {}).get("model") != tagger.describe()["model"]:
        why = "needs the ledger of a run of the tagger that ships, alone; refine a cascade anew"
        raise OptionError(f"another strength {why}")
    return Redecide(tagger, Refine(tagger, Policy(**asked["policy"]), Cost(asked["fault_cost"])))


def distill(
    pairs: PathLike | Sequence[PathLike],
    output: PathLike,
    *,
    raw_field: str = "raw",
    refined_field: str = "gold",
    url_field: str = "url",
    style: str | None = None,
    system: PathLike | None = None,
    distilling: Mapping[str, Any] | None = None,
    **options: Any,
) -> Manifest:
    """Turn pairs of a text and an expert's version of it into training examples; return the manifest.

    `distilling` are the fields of `bluepencil.distill.Options`; `style`, and what is in the file `system`,
    are those of `distill.steps.Distill`; `options` are those of `run_step`.
    """
    from bluepencil.corpus.paths import resolve
    from bluepencil.corpus.read import check_field
    from bluepencil.distill.steps import distiller

    check_field(resolve(_listed(pairs)), refined_field, "--refined-field")
    step = distiller(distilling or {}, refined_field, url_field, style, system)
    return run_step(step, pairs, output, text_field=raw_field, **options)


def ask_expert(
    inputs: PathLike | Sequence[PathLike], output: PathLike, *, expert: "ExpertOptions", **options: Any
) -> Manifest:
    """Ask an expert about every document and write pairs to distill; return the manifest.

    `options` are those of `run_step`. One worker keeps as many requests in flight as the client is told to.
    """
    from bluepencil.distill.steps import AskExpert

    # The client notices a server that hangs; a worker that waits for a slow one must not be replaced.
    waiting = {"workers": 1, "hang_seconds": 86_400.0, **options}
    return run_step(AskExpert(expert), inputs, output, **waiting)


def documents(
    inputs: PathLike | Sequence[PathLike], *, text_field: str = "text", limit: int | None = None
) -> "Iterator[Document]":
    """Yield the documents of a corpus, without the records that are none."""
    from itertools import chain, islice

    from bluepencil.corpus.paths import resolve
    from bluepencil.corpus.read import Reading, read_all

    sources, reading = resolve(_listed(inputs)), Reading(text_field)
    return islice(chain.from_iterable(read_all(source, reading) for source in sources), limit)


def deduplicate(
    inputs: PathLike | Sequence[PathLike],
    output: PathLike,
    *,
    duplicates: Mapping[str, Any] | None = None,
    keep_signatures: bool = False,
    fresh: bool = False,
    data_format: str = "parquet",
    on_failure: str = "keep",
    quiet: bool = True,
    **options: Any,
) -> Manifest:
    """Drop the documents that an earlier one of the corpus equals or resembles; return the manifest.

    `duplicates` are fields of `dedup.options.DedupOptions`; `options` those of `run_step`. The corpus is read
    twice: for signatures, which are kept beside the output until it is finished, and to be written.
    """
    from bluepencil.dedup.options import DedupOptions
    from bluepencil.dedup.passes import deduplicate as run_passes
    from bluepencil.engine.progress import Progress

    def pass_(step: "Step", folder: Path, **more: Any) -> Manifest:
        if step.row_columns is None:
            more |= {"data_format": data_format, "on_failure": on_failure}
        else:
            # Both passes must agree on which records are documents.
            more["whole"] = data_format == "parquet"
        return run_step(step, inputs, folder, progress=Progress(quiet=quiet), **options, **more)

    asked = DedupOptions(**(duplicates or {}))
    return run_passes(pass_, Path(output), asked, fresh=fresh, keep_signatures=keep_signatures)


def evaluate_edits(
    run_folder: PathLike,
    gold: PathLike,
    *,
    gold_field: str = "gold",
    by: str | None = None,
) -> "Report":
    """Score the output of a run against gold, joined by id; `by` names a field of the gold rows to group by.

    Documents without gold are left out, and gold without a document is warned of; raises InputError where
    none is left, or an id of the gold is there twice.
    """
    from bluepencil.evaluate.edits import evaluate
    from bluepencil.evaluate.runs import pages, read_gold

    return evaluate(pages(Path(run_folder), read_gold(gold, gold_field, by)))


def _listed(inputs: PathLike | Sequence[PathLike]) -> list[PathLike]:
    return [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
