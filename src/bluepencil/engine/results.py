"""Reads a finished run back: each ledger row with the source text and the text that was written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluepencil.corpus.jsonlines import JsonReading, blocks
from bluepencil.corpus.lines import LineReader
from bluepencil.corpus.paths import Source, resolve
from bluepencil.corpus.read import Reading, Segment, is_stream, read_segment, read_stream
from bluepencil.documents import Document, Status
from bluepencil.engine.job import Unit
from bluepencil.engine.ledger import ledger_rows
from bluepencil.engine.state import read_manifest
from bluepencil.engine.unit import data_path, ledger_path
from bluepencil.errors import InputError, RunError

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One input record of a run. `source` is None for a bad record, `output` where nothing was written."""

    row: Row
    source: Document | None
    output: str | None


def read_results(
    output: Path,
    fields: tuple[str, ...] = (),
    wanted: Callable[[Row], bool] | None = None,
) -> Iterator[Result]:
    """Yield the records of a finished run, in input order; `wanted` leaves out those it says no to.

    The inputs are read again from where the run found them; raises InputError where one has changed.
    """
    manifest = read_manifest(output)
    options = manifest["options"]
    sources = _sources(manifest)
    reading = reading_of(options, fields)
    for number, source in enumerate(sources):
        units = {
            entry["unit"][1]: entry["rows"]
            for entry in manifest["units"]
            if entry["unit"][0] == number and not entry["quarantined"]
        }
        for segment in _segments(source, units, reading):
            yield from _unit(output, options, (number, segment.number), segment, wanted)


def reading_of(options: Mapping[str, Any], fields: tuple[str, ...] = ()) -> Reading:
    """Return how a recorded run read its input."""
    values = {name: options[name] for name in Reading.__slots__}
    return Reading(**{**values, "fields": fields})


def _sources(manifest: Mapping[str, Any]) -> list[Source]:
    sources = []
    for known in manifest["inputs"]:
        source = resolve([known["url"]])[0]
        if source.fingerprint != known["fingerprint"]:
            raise InputError(
                f"{source.url} has changed since the run; its documents cannot be shown beside it"
            )
        sources.append(Source(source.url, known["name"], *_stored(source)))
    return sources


def _stored(source: Source) -> tuple[Any, ...]:
    return source.kind, source.compression, source.size, source.fingerprint


def _segments(source: Source, units: dict[int, int], reading: Reading) -> Iterator[Segment]:
    if is_stream(source):
        yield from read_stream(source, 0, reading, units)
    else:
        for number, rows in sorted(units.items()):
            yield read_segment(source, number, reading, rows)


def _unit(
    output: Path, options: Row, unit: Unit, segment: Segment, wanted: Callable[[Row], bool] | None
) -> Iterator[Result]:
    rows = ledger_rows(ledger_path(output, unit))
    written = written_texts(data_path(output, unit, options["format"]), options["text_field"])
    for block in segment.blocks:
        for record in block.records:
            row = next(rows, None)
            if row is None:
                raise RunError(f"the ledger of unit {unit} of {output} has fewer rows than its input")
            text = next(written) if _is_written(row, options) else None
            if wanted is None or wanted(row):
                yield Result(row, record if isinstance(record, Document) else None, text)


def _is_written(row: Row, options: Row) -> bool:
    if options["writes"] != "documents":
        return False
    if row["status"] == Status.FAILED:
        return bool(row["record"] is None and options["on_failure"] == "keep")
    return bool(row["status"] != Status.DROPPED)


def written_texts(path: Path, text_field: str) -> Iterator[str]:
    """Yield the texts of one data part, in order."""
    if path.name.endswith(".parquet"):
        from pyarrow import parquet

        if path.exists():
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(1024, columns=[text_field]):
                    yield from batch.column(0).to_pylist()
    elif path.exists():
        source = resolve([path])[0]
        lines = iter(LineReader(source, 0, 1 << 40))
        for block in blocks(lines, source, JsonReading(text_field, "")):
            for record in block.records:
                assert isinstance(record, Document)
                yield record.text
