"""The documents of a finished run beside the gold for them, joined by id."""

import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from bluepencil.corpus.paths import resolve
from bluepencil.corpus.read import Reading, read_all
from bluepencil.engine.results import read_results
from bluepencil.errors import InputError
from bluepencil.evaluate.edits import Page


def pages(run_folder: Path, gold: Mapping[str, tuple[str, str]]) -> Iterator[Page]:
    """Yield the documents that have gold, as `read_gold` returns it; warn of gold without a document.

    Raises InputError at the end where no document has gold.
    """
    found: set[str] = set()
    for result in read_results(run_folder, wanted=lambda row: row["id"] in gold):
        if result.source is not None:
            text, group = gold[result.row["id"]]
            found.add(result.row["id"])
            yield Page(result.row["id"], group, result.source.text, result.output, text)
    if not found:
        raise InputError(f"no document of {run_folder} has an id that the gold has")
    if len(found) < len(gold):
        missing = len(gold) - len(found)
        warnings.warn(f"{missing} of {len(gold)} gold rows have no document in the run", stacklevel=2)


def read_gold(path: str | os.PathLike[str], field: str, by: str | None = None) -> dict[str, tuple[str, str]]:
    """Return the text and the group of each gold row by its id; `by` names the field of the group.

    Raises InputError where an id is there twice, or no row has a text.
    """
    gold: dict[str, tuple[str, str]] = {}
    reading = Reading(text_field=field, fields=(by,) if by else ())
    for source in resolve([path]):
        for document in read_all(source, reading):
            if document.id in gold:
                raise InputError(f"{source.url} has the id {document.id!r} twice")
            group = str(document.fields.get(by, "none")) if by else "documents"
            gold[document.id] = (document.text, group)
    if not gold:
        raise InputError(f"{os.fspath(path)} holds no record with a text in the field {field!r}")
    return gold
