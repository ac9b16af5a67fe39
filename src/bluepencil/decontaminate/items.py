"""Benchmark items: JSON lines with named fields, of several benchmarks at once."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bluepencil.corpus.block import BadRecord
from bluepencil.corpus.lines import LineReader
from bluepencil.corpus.paths import Kind as FileKind
from bluepencil.corpus.paths import Source, resolve
from bluepencil.decontaminate.reading import Kind
from bluepencil.errors import InputError, OptionError

_MAX_BYTES = 32 << 20
_IDS = ("task_id", "id", "unique_id", "question_id")


class Role(StrEnum):
    """A part of an item."""

    QUESTION = "question"
    SOLUTION = "solution"
    TESTS = "tests"


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Which fields of a record hold the parts of an item: of each, the first that is there.

    `kind` says how the solution is read; `entry` is the field with the name of the function to test.
    """

    kind: Kind
    question: tuple[str, ...]
    solution: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    entry: str = ""
    id: tuple[str, ...] = _IDS


MAPS: dict[str, FieldMap] = {
    "humaneval": FieldMap(Kind.CODE, ("prompt",), ("canonical_solution",), ("test",), "entry_point"),
    "mbpp": FieldMap(
        Kind.CODE, ("text", "prompt"), ("code", "canonical_solution"), ("test_list", "test"), "entry_point"
    ),
    "gsm8k": FieldMap(Kind.PROSE, ("question", "raw"), ("gold", "answer")),
    "math": FieldMap(Kind.PROSE, ("problem", "raw"), ("solution", "gold")),
    "qa": FieldMap(
        Kind.PROSE,
        ("question", "prompt", "problem", "input", "text", "raw"),
        ("solution", "answer", "response", "output", "completion", "gold"),
    ),
}
"""Ready-made maps, for the published files and for ours."""


@dataclass(frozen=True, slots=True)
class Against:
    """A file of benchmark items and how to read it; without a map the fields of its first record tell."""

    path: str
    map: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse maps and parts that do not exist."""
        if self.map and self.map not in MAPS:
            raise OptionError(f"there is no map {self.map!r}; choose from {', '.join(MAPS)}")
        if unknown := set(self.fields) - {"question", "solution", "tests", "id", "kind"}:
            raise OptionError(f"an item has no part {', '.join(sorted(unknown))}")
        if self.fields.get("kind", "prose") not in list(Kind):
            raise OptionError(f"the kind of a benchmark is prose or code, not {self.fields['kind']}")

    @classmethod
    def parse(cls, text: str, fields: str = "") -> "Against":
        """Read FILE or FILE:MAP, and question=FIELD,solution=FIELD,tests=FIELD,id=FIELD,kind=code."""
        path, _, name = text.rpartition(":")
        if name not in MAPS:
            path, name = text, ""
        pairs = [pair.partition("=") for pair in fields.split(",") if pair.strip()]
        if wrong := [key for key, _, value in pairs if not value.strip()]:
            raise OptionError(f"name fields as question=FIELD,solution=FIELD; {wrong[0]!r} names none")
        return cls(path, name, {key.strip(): value.strip() for key, _, value in pairs})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an item: what to look for. `written` is its text as published, to know a verbatim copy."""

    role: Role
    kind: Kind
    text: str
    written: str


@dataclass(frozen=True, slots=True)
class Item:
    """A benchmark item with the parts that hold text."""

    benchmark: str
    id: str
    parts: tuple[Part, ...]


@dataclass(slots=True)
class Items:
    """The items of some benchmarks, and what was not as it should be: counts by what it is."""

    items: list[Item]
    odd: Counter[str]
    benchmarks: dict[str, int]


def read_items(against: Sequence[Against]) -> Items:
    """Read all items. Raises InputError where a file is not there or no item of all can be used."""
    if not against:
        raise OptionError("name at least one benchmark to look for")
    found = Items([], Counter(), {})
    for one in against:
        for source in resolve([one.path]):
            if source.kind is not FileKind.JSON_LINES:
                raise InputError(f"{source.url}: benchmark items are read from JSON lines (plain, gz, zst)")
            _read_file(source, one, found)
    if not found.items:
        files = ", ".join(one.path for one in against)
        raise InputError(f"no usable item in {files}: {dict(found.odd) or 'no record'}")
    return found


def _read_file(source: Source, against: Against, found: Items) -> None:
    name = base = source.name.rpartition("/")[2].partition(".")[0]
    while name in found.benchmarks:
        name = f"{base}-{sum(one.startswith(base) for one in found.benchmarks) + 1}"
    found.benchmarks[name] = 0
    chosen: FieldMap | None = None
    seen: Counter[str] = Counter()
    for number, record in enumerate(_records(source, found.odd)):
        if chosen is None:
            chosen = _chosen(against, record, source)
        item = _item(name, number, record, chosen, found.odd)
        if item is None:
            continue
        seen[item.id] += 1
        if seen[item.id] > 1:
            found.odd["ids that stand twice"] += 1
            item = Item(name, f"{item.id}#{seen[item.id]}", item.parts)
        found.items.append(item)
        found.benchmarks[name] += 1


def _records(source: Source, odd: Counter[str]) -> Iterator[Mapping[str, Any]]:
    for _, line in LineReader(source, 0, _MAX_BYTES):
        if isinstance(line, BadRecord):
            odd["damaged or too long records"] += 1
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            odd["records that are not JSON"] += 1
            continue
        if isinstance(record, dict):
            yield record
        else:
            odd["records that are not objects"] += 1


def _chosen(against: Against, record: Mapping[str, Any], source: Source) -> FieldMap:
    fields = against.fields
    name = against.map or ("qa" if fields.get("question") else detect(record))
    if not name:
        have = ", ".join(sorted(record))
        raise InputError(
            f"{source.url}: its fields are those of no known benchmark: {have}; "
            "name a map (FILE:MAP) or the fields"
        )
    known = MAPS[name]

    def names(part: str, default: tuple[str, ...]) -> tuple[str, ...]:
        return (fields[part],) if part in fields else default

    chosen = FieldMap(
        Kind(fields.get("kind", known.kind)),
        names("question", known.question),
        names("solution", known.solution),
        names("tests", known.tests),
        known.entry,
        names("id", known.id),
    )
    if missing := [one for part, one in fields.items() if part not in ("id", "kind") and one not in record]:
        raise InputError(f"{source.url}: the first record has no field {', '.join(missing)}")
    return chosen


def detect(record: Mapping[str, Any]) -> str:
    """Return the map that fits a record's fields, "" where none does.

    >>> detect({"prompt": "", "canonical_solution": ""}), detect({"question": "", "answer": ""})
    ('humaneval', 'gsm8k')
    >>> detect({"title": ""})
    ''
    """
    if "canonical_solution" in record:
        return "humaneval"
    if "test_list" in record or ("code" in record and "text" in record):
        return "mbpp"
    if "problem" in record and "solution" in record:
        return "math"
    if "question" in record and "answer" in record:
        return "gsm8k"
    return "qa" if any(name in record for name in MAPS["qa"].question) else ""


def _item(
    benchmark: str, number: int, record: Mapping[str, Any], fields: FieldMap, odd: Counter[str]
) -> Item | None:
    texts = {}
    for role, names in ((Role.QUESTION, fields.question), (Role.SOLUTION, fields.solution)):
        texts[role] = _text(record, names)
    texts[Role.TESTS] = _text(record, fields.tests)
    for role, names in ((Role.QUESTION, fields.question), (Role.SOLUTION, fields.solution)):
        if names and not texts[role].strip():
            odd[f"items with an empty {role}"] += 1
    entry = record.get(fields.entry)
    parts = tuple(part for part in _parts(texts, fields.kind, entry) if part.text.strip())
    if not parts:
        odd["items without any text"] += 1
        return None
    key = next((str(record[name]) for name in fields.id if record.get(name) is not None), str(number))
    return Item(benchmark, key, parts)


def _text(record: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = record.get(name)
        if isinstance(value, list):
            value = "\n".join(map(str, value))
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
    return ""


_DOCSTRING = re.compile(r'"""(.*?)"""|\'\'\'(.*?)\'\'\'', re.DOTALL)
_EXAMPLES = re.compile(r">>>|^[ \t]*(?:for[ \t]+)?examples?\b", re.MULTILINE | re.IGNORECASE)
_LEAST_WORDS = 6
_DEFINES = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w", re.MULTILINE)


def _parts(texts: Mapping[Role, str], kind: Kind, entry: Any) -> Iterator[Part]:
    question, solution, tests = (texts[role] for role in Role)
    if kind is Kind.PROSE:
        yield Part(Role.QUESTION, Kind.PROSE, question, question.strip())
        yield Part(Role.SOLUTION, Kind.PROSE, solution, solution.strip())
    else:
        is_code = _DEFINES.search(question) is not None
        said = [one[1] or one[2] or "" for one in _DOCSTRING.finditer(question)] if is_code else [question]
        description = _without_examples("\n".join(said), entry)
        yield Part(Role.QUESTION, Kind.PROSE, description, description.strip())
        whole = question + solution if is_code and not _DEFINES.match(solution) else solution
        yield Part(Role.SOLUTION, Kind.CODE, whole, solution.strip("\n"))
    if isinstance(entry, str) and entry.isidentifier():
        tests = re.sub(r"\bcandidate\b", entry, tests)
    yield Part(Role.TESTS, Kind.CODE, tests, texts[Role.TESTS].strip("\n"))


def _without_examples(description: str, entry: Any) -> str:
    """Return what a docstring says before its examples: they call the function by a name that may change.

    The longest stretch without that name; all of it where that is less than a short sentence.
    """
    example = _EXAMPLES.search(description)
    head = description[: example.start()] if example is not None else description
    if isinstance(entry, str) and entry:
        head = max(re.split(rf"\b{re.escape(entry)}\b", head), key=len)
    return head if len(head.split()) >= _LEAST_WORDS else description
