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
    CODE = "code"


_HTML = (".html", ".htm")
_CODE = (
    ".py", ".pyi", ".pyw", ".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".java", ".js", ".mjs",
    ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".go", ".rs", ".sh", ".bash",
)  # fmt: skip

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
    **dict.fromkeys(_HTML, (Kind.HTML, None)),
    **dict.fromkeys(_CODE, (Kind.CODE, None)),
}
"""What is readable, by the end of the file name: the kind of records, and the compression to undo first."""


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
    if not found:
        raise InputError(f"{entry} {what}; readable are: {' '.join(sorted(SUFFIXES))}")
    # Scripts beside data or pages are none of the corpus; alone they are.
    found = [name for name in found if not _is_code(name)] or found
    if not filesystem.isdir(path):
        return [_source(filesystem, name, root) for name in found]
    return _of_folder(filesystem, path, found)


def _of_folder(filesystem: Any, path: str, found: Sequence[str]) -> list[Source]:
    """Return the inputs in a folder: each file of records, and all pages, or all files of code, as one."""
    kinds = [(kind_of(name) or (Kind.JSON_LINES, None))[0] for name in found]
    sources = [
        _source(filesystem, name, path) for name, kind in zip(found, kinds, strict=True) if kind not in _SMALL
    ]
    return sources + [_small_files(filesystem, path, kind) for kind in _SMALL if kind in kinds]


def _small_files(filesystem: Any, path: str, kind: Kind) -> Source:
    """Make one input of all files of a kind below a folder: too many, and too small, to be one each."""
    url = _url(filesystem, path)
    files = files_of(url, kind)
    listing = sha256(repr(files).encode()).hexdigest()[:16]
    size = sum(size for _, size in files)
    return Source(url, path.rpartition("/")[2], kind, None, size, f"{size}:{len(files)}:{listing}")


def files_of(url: str, kind: Kind) -> list[tuple[str, int]]:
    """Return the files of HTML or code below a folder, or the file itself, by name: (address, bytes).

    Code in hidden folders is left out: `.git`, `.venv`.
    """
    filesystem, path = _filesystem(url)
    found = filesystem.find(path, detail=True)
    hidden = "/." if kind is Kind.CODE else "\0"
    return [
        (_url(filesystem, name), int(info["size"]))
        for name, info in sorted(found.items())
        if name.lower().endswith(_SMALL[kind]) and hidden not in name[len(path) :]
    ]


_SMALL = {Kind.HTML: _HTML, Kind.CODE: _CODE}
"""Kinds of which a folder is one input, by the ends of their names."""


def _data_of_run(filesystem: Any, path: str) -> str:
    """Return the data of a run of our own where the folder is one: its ledger is no input."""
    ours = all(filesystem.exists(f"{path}/{name}") for name in ("manifest.json", "data", "ledger"))
    return f"{path}/data" if ours else path


def _files(filesystem: Any, paths: Iterable[str], *, readable_only: bool) -> list[str]:
    paths = list(paths)
    if readable_only:
        return [path for path in paths if kind_of(path) and not _is_hidden(path)]
    for path in paths:
        if kind_of(path) is None:
            known = " ".join(sorted(SUFFIXES))
            raise InputError(f"{path} has an ending that tells no format; readable are: {known}")
    return paths


def _is_hidden(path: str) -> bool:
    """Whether a file is not for readers, such as `_SUCCESS.json`; `__init__.py` is."""
    hidden = (".",) if _is_code(path) else (".", "_")
    return path.rpartition("/")[2].startswith(hidden)


def _is_code(path: str) -> bool:
    return path.lower().endswith(_CODE)


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
