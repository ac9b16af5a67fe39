"""What a run is asked to do, and the pieces that it is done in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bluepencil.corpus.paths import Kind, Source
from bluepencil.corpus.read import Reading, count_segments, is_stream, read_segment, read_stream
from bluepencil.corpus.write import FORMATS
from bluepencil.documents import Step
from bluepencil.errors import OptionError

ON_FAILURE = ("keep", "drop", "stop")

Unit = tuple[int, int]
"""A unit by name: the number of the input file, and the number of the segment in it."""

Limits = Mapping[Unit, int]
"""How many records to take of each unit, where a run is limited; other units are left out."""


@dataclass(frozen=True, slots=True)
class Job:
    """Everything a worker needs to know; pickled once into each worker process.

    `schema` is the pyarrow.Schema of JSON records that are written as Parquet. `recorded` is the output
    folder of an earlier run, whose ledger rows the step is given (see `documents.RECORDED`).
    """

    sources: tuple[Source, ...]
    output: Path
    step: Step
    reading: Reading
    data_format: str = "parquet"
    on_failure: str = "keep"
    schema: Any = None
    recorded: Path | None = None
    limits: Limits | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.data_format not in FORMATS:
            raise OptionError(f"there is no format {self.data_format!r}; choose from {', '.join(FORMATS)}")
        if self.on_failure not in ON_FAILURE:
            raise OptionError(f"on failure, choose from {', '.join(ON_FAILURE)}, not {self.on_failure!r}")

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the steps that are run one after the other on each document; none for a step alone."""
        names: tuple[str, ...] = getattr(self.step, "stages", ())
        return names

    @property
    def needs_survey(self) -> bool:
        """Whether the columns must be found: JSON lines have no schema, Parquet needs one."""
        documents = self.step.row_columns is None
        return (
            documents
            and self.data_format == "parquet"
            and any(s.kind is not Kind.PARQUET for s in self.sources)
        )

    def describe(self) -> dict[str, Any]:
        """Return what decides the output, for the record; a change of it is another run."""
        reading = {name: getattr(self.reading, name) for name in Reading.__slots__}
        return {
            "step": self.step.name,
            "step_options": dict(self.step.describe()),
            "format": self.data_format,
            "on_failure": self.on_failure,
            "writes": "documents" if self.step.row_columns is None else "rows",
            "limit": sum(self.limits.values()) if self.limits is not None else None,
            **{name: list(v) if isinstance(v, tuple) else v for name, v in reading.items()},
        }


@dataclass(frozen=True, slots=True)
class Task:
    """Work for one worker: a unit, or all segments of a stream from a certain one on.

    `careful` works on one document at a time and says which before; `poison` holds the records, by
    position, that killed a worker and are passed over, with the reason code.
    """

    unit: Unit
    stream: bool = False
    survey: bool = False
    careful: bool = False
    poison: Mapping[int, str] = field(default_factory=dict)


def plan(job: Job, committed: set[Unit], ended: set[int], *, survey: bool = False) -> list[Task]:
    """Return the tasks that are left, in input order."""
    tasks = []
    for number, source in enumerate(job.sources):
        if survey and source.kind is not Kind.JSON_LINES:
            continue
        if is_stream(source):
            if number not in ended and _wanted(job, number):
                done = [segment for file, segment in committed if file == number]
                tasks.append(Task((number, max(done, default=-1) + 1), stream=True, survey=survey))
            continue
        for segment in range(count_segments(source, job.reading)):
            unit = (number, segment)
            if unit not in committed and (job.limits is None or unit in job.limits):
                tasks.append(Task(unit, survey=survey))
    return tasks


def _wanted(job: Job, number: int) -> bool:
    return job.limits is None or any(file == number for file, _ in job.limits)


def first_records(sources: tuple[Source, ...], reading: Reading, count: int) -> Limits:
    """Return how many records to take of each unit, to have the first `count` of the corpus."""
    limits: dict[Unit, int] = {}
    for number, source in enumerate(sources):
        if is_stream(source):
            segments = read_stream(source, 0, reading)
        else:
            total = count_segments(source, reading)
            segments = (read_segment(source, i, reading) for i in range(total))
        for segment in segments:
            for block in segment.blocks:
                taken = min(count, len(block.records))
                limits[number, segment.number] = limits.get((number, segment.number), 0) + taken
                count -= taken
                if count <= 0:
                    return limits
    return limits
