"""Which files an input names: local paths, globs, folders and every address that fsspec opens."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, cast

from bluepencil.errors import InputError


class Kind(StrEnum):
    """How the records of a file are stored."""

    JSON_LINES = "jsonl"
    PARQUET = "parquet"


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
}
"""What is readable, by the end of the file name: the kind of records, and the compression."""


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
        if "://" not in self.url:
            return open(self.url, "rb")  # noqa: PTH123 - the caller closes it
        return cast("IO[bytes]", _fsspec().open(self.url, "rb").open())


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
        found = _files(filesystem, sorted(filesystem.find(path)), readable_only=True)
        root, what = path, "is a folder without a readable file"
    elif filesystem.exists(path):
        found, root, what = _files(filesystem, [path], readable_only=False), _parent(path), ""
    else:
        raise InputError(f"there is no input {entry}")
    if not found:
        raise InputError(f"{entry} {what}; readable are: {' '.join(sorted(SUFFIXES))}")
    return [_source(filesystem, path, root) for path in found]


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
    url = path if _is_local(filesystem) else filesystem.unstrip_protocol(path)
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
