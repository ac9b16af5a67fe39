"""Which files an input names: local paths, globs, folders and every address that fsspec opens."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast

from bluepencil.errors import InputError


class Kind(StrEnum):
    """How the records of a file are stored."""

    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    WARC = "warc"
    HTML = "html"


SUFFIXES: dict[str, tuple[Kind, str | None]] = {
    ".jsonl": (Kind.JSON_LINES, None),
    ".ndjson": (Kind.JSON_LINES, None),
    ".json": (Kind.JSON_LINES, None),
    ".jsonl.gz": (Kind.JSON_LINES, "gzip"),
    ".ndjson.gz": (Kind.JSON_LINES, "gzip"),
    ".json.gz": (Kind.JSON_LINES, "gzip"),
    ".jsonl.zst": (Kind.JSON_LINES, "zstd"),
    ".ndjson.zst": (Kind.JSON_LINES, "zstd"),
    ".json.zst": (Kind.JSON_LINES, "zstd"),
    ".parquet": (Kind.PARQUET, None),
    ".warc": (Kind.WARC, None),
    ".warc.gz": (Kind.WARC, None),
    ".wet": (Kind.WARC, None),
    ".wet.gz": (Kind.WARC, None),
    ".html": (Kind.HTML, None),
    ".htm": (Kind.HTML, None),
}
"""What is readable, by the end of the file name: the kind of records, and the compression to undo first."""

_HTML = (".html", ".htm")


@dataclass(frozen=True, slots=True)
class Source:
    """One input file. `name` is short and stable, for ids; `fingerprint` changes when the file does."""

    url: str
    name: str
    kind: Kind
    compression: str | None
    size: int
    fingerprint: str

    def open(self) -> IO[bytes]:
        """Open the stored bytes, as they are, for reading from the start."""
        return open_url(self.url)


def open_url(url: str) -> IO[bytes]:
    """Open a local path or an address for reading bytes; the caller closes it."""
    if "://" not in url:
        return Path(url).open("rb")
    return cast("IO[bytes]", _fsspec().open(url, "rb").open())


def resolve(inputs: Sequence[str | os.PathLike[str]]) -> tuple[Source, ...]:
    """Return the files that the inputs name, each once, in order; those of a folder or glob by name.

    Raises InputError where an input names nothing readable.
    """
    if not inputs:
        raise InputError("no input was named")
    sources: dict[str, Source] = {}
    for entry in inputs:
        for source in _resolve_one(os.fspath(entry)):
            sources.setdefault(source.url, source)
    return tuple(sources.values())


def _resolve_one(entry: str) -> list[Source]:
    filesystem, path = _filesystem(entry)
    if _has_magic(path) and not filesystem.exists(path):
        found = _files(filesystem, sorted(filesystem.glob(path)), readable_only=True)
        root = path[: min(path.index(c) for c in "*?[" if c in path)].rpartition("/")[0]
        what = "matches no readable file"
    elif filesystem.isdir(path):
        path = _data_of_run(filesystem, path)
        found = _files(filesystem, sorted(filesystem.find(path)), readable_only=True)
        root, what = path, "is a folder without a readable file"
    elif filesystem.exists(path):
        found, root, what = _files(filesystem, [path], readable_only=False), _parent(path), ""
    else:
        raise InputError(f"there is no input {entry}")
    pages = [path for path in found if path.lower().endswith(_HTML)] if filesystem.isdir(path) else []
    found = [path for path in found if path not in set(pages)] if pages else found
    if not found and not pages:
        raise InputError(f"{entry} {what}; readable are: {' '.join(sorted(SUFFIXES))}")
    sources = [_source(filesystem, path, root) for path in found]
    return sources + ([_html_folder(filesystem, path)] if pages else [])


def _html_folder(filesystem: Any, path: str) -> Source:
    """Make one input of all HTML files below a folder: they are too many, and too small, to be one each."""
    url = _url(filesystem, path)
    files = html_files(url)
    listing = sha256(repr(files).encode()).hexdigest()[:16]
    size = sum(size for _, size in files)
    return Source(url, path.rpartition("/")[2], Kind.HTML, None, size, f"{size}:{len(files)}:{listing}")


def html_files(url: str) -> list[tuple[str, int]]:
    """Return the HTML files below a folder, or the file itself, by name: (address, bytes)."""
    filesystem, path = _filesystem(url)
    found = filesystem.find(path, detail=True)
    return [
        (_url(filesystem, name), int(info["size"]))
        for name, info in sorted(found.items())
        if name.lower().endswith(_HTML)
    ]


def _data_of_run(filesystem: Any, path: str) -> str:
    """Return the data of a run of our own where the folder is one: its ledger is no input."""
    ours = all(filesystem.exists(f"{path}/{name}") for name in ("manifest.json", "data", "ledger"))
    return f"{path}/data" if ours else path


def _files(filesystem: Any, paths: Iterable[str], *, readable_only: bool) -> list[str]:
    paths = list(paths)
    if readable_only:
        hidden = (".", "_")
        return [p for p in paths if kind_of(p) and not p.rpartition("/")[2].startswith(hidden)]
    for path in paths:
        if kind_of(path) is None:
            known = " ".join(sorted(SUFFIXES))
            raise InputError(f"{path} has an ending that tells no format; readable are: {known}")
    return paths


def kind_of(path: str) -> tuple[Kind, str | None] | None:
    """Return what the end of a file name tells: kind and compression, or None where it tells nothing."""
    name = path.rpartition("/")[2].lower()
    for suffix, kind in SUFFIXES.items():
        if name.endswith(suffix):
            return kind
    return None


def _source(filesystem: Any, path: str, root: str) -> Source:
    info = filesystem.info(path)
    size = int(info["size"])
    mark = info.get("ETag") or info.get("mtime") or info.get("LastModified") or ""
    kind, compression = kind_of(path) or (Kind.JSON_LINES, None)
    url = _url(filesystem, path)
    name = path[len(root) :].lstrip("/") if root and path.startswith(root) else path.rpartition("/")[2]
    return Source(url, name, kind, compression, size, f"{size}:{mark}")


def _filesystem(entry: str) -> tuple[Any, str]:
    if "://" not in entry:
        return _fsspec().filesystem("file"), os.path.abspath(os.path.expanduser(entry))  # noqa: PTH100, PTH111
    try:
        filesystem, path = _fsspec().core.url_to_fs(entry)
    except (ImportError, ValueError) as error:
        raise InputError(f"{entry} cannot be opened: {error}") from error
    return filesystem, path


def _url(filesystem: Any, path: str) -> str:
    return path if _is_local(filesystem) else str(filesystem.unstrip_protocol(path))


def _is_local(filesystem: Any) -> bool:
    protocol = filesystem.protocol
    return "file" in (protocol if isinstance(protocol, tuple | list) else (protocol,))


def _has_magic(path: str) -> bool:
    return any(c in path for c in "*?[")


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _fsspec() -> Any:
    import fsspec

    return fsspec
