"""Files of source code as documents with the fields `id`, `path` and `text`: the path below the folder named.

Bytes that are no UTF-8 cost that file alone, as everywhere.
"""

from collections.abc import Iterator

import msgspec

from bluepencil.corpus.block import BadRecord
from bluepencil.corpus.jsonlines import JsonReading, document_of
from bluepencil.corpus.paths import Kind, Source, files_of, open_url
from bluepencil.corpus.web import Page
from bluepencil.documents import Reason

FIELDS = ("id", "path")


def code_files(
    source: Source, group: tuple[int, int], reading: JsonReading, max_bytes: int
) -> Iterator[Page]:
    """Read some files of a folder; `group` is (first, last + 1) in the sorted list of files."""
    for position, (url, _) in list(enumerate(files_of(source.url, Kind.CODE)))[slice(*group)]:
        try:
            with open_url(url) as stream:
                data = stream.read(max_bytes + 1)
        except OSError as error:
            yield position, {}, BadRecord(Reason.UNREADABLE_INPUT, f"{url}: {error}")
            continue
        if len(data) > max_bytes:
            detail = f"{url} has more than {max_bytes} bytes (--max-record-mb)"
            yield position, {}, BadRecord(Reason.TOO_LARGE, detail, data).cut()
            continue
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            yield position, {}, BadRecord(Reason.BAD_ENCODING, f"{url}: {error}", data).cut()
            continue
        name = url.removeprefix(source.url).lstrip("/") or source.name
        values = {"id": name, "path": name, reading.text_field: text}
        row = {field: msgspec.Raw(msgspec.json.encode(value)) for field, value in values.items()}
        yield position, *document_of(row, source, position, reading)
