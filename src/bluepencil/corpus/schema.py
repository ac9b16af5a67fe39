"""What columns JSON records need: found by reading all of them, so that a late field is not lost.

A shape is JSON: "null", "bool", "int", "int64" (too large for a float), "float", "string", "json",
{"list": shape} or {"struct": {name: shape}}. Shapes form a lattice with "json" on top: a column whose
values share no type is kept as JSON text and marked so in its metadata (`bluepencil:json`).
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

Shape = Any

JSON_MARK = {b"bluepencil:json": b"1"}
_EXACT_IN_FLOAT = 1 << 53
_INT64 = 1 << 63
_MOST_FIELDS = 200
_SCALARS: dict[type, str] = {type(None): "null", bool: "bool", float: "float", str: "string"}


def shape_of(value: Any) -> Shape:
    """Return the shape of one JSON value."""
    scalar = _SCALARS.get(type(value))
    if scalar is not None:
        return scalar
    if isinstance(value, int):
        if -_EXACT_IN_FLOAT <= value <= _EXACT_IN_FLOAT:
            return "int"
        return "int64" if -_INT64 <= value < _INT64 else "json"
    if isinstance(value, list):
        return {"list": reduce(merge, map(shape_of, value), "null")}
    return _struct({name: shape_of(item) for name, item in value.items()})


def merge(a: Shape, b: Shape) -> Shape:
    """Return the least shape that holds what either holds."""
    if a == b or b == "null":
        return a
    if a == "null":
        return b
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        if "list" in a:
            return {"list": merge(a["list"], b["list"])}
        return _struct(merge_columns(a["struct"], b["struct"]))
    pair = {a, b} if isinstance(a, str) and isinstance(b, str) else set()
    if pair == {"int", "int64"}:
        return "int64"
    return "float" if pair == {"int", "float"} else "json"


def merge_columns(a: dict[str, Shape], b: dict[str, Shape]) -> dict[str, Shape]:
    """Merge the shapes of named columns; new names come last."""
    return {name: merge(a.get(name, "null"), b.get(name, "null")) for name in {**a, **b}}


def _struct(fields: dict[str, Shape]) -> Shape:
    # Objects used as maps from arbitrary keys would make columns without end; empty ones cannot be stored.
    return {"struct": fields} if 0 < len(fields) <= _MOST_FIELDS else "json"


def survey(rows: Iterable[dict[str, Any]], columns: dict[str, Shape]) -> dict[str, Shape]:
    """Return the shapes of the columns, given those of the rows before."""
    for row in rows:
        for name, value in row.items():
            known = columns.get(name)
            if known is None or known != _SCALARS.get(type(value)):
                columns[name] = merge(known or "null", shape_of(value))
    return columns


def arrow_schema(columns: dict[str, Shape]) -> Any:
    """Return the pyarrow.Schema for the surveyed columns."""
    import pyarrow

    return pyarrow.schema([_field(name, shape) for name, shape in columns.items()])


def _field(name: str, shape: Shape) -> Any:
    import pyarrow

    simple = {
        "null": pyarrow.null(),
        "bool": pyarrow.bool_(),
        "int": pyarrow.int64(),
        "int64": pyarrow.int64(),
        "float": pyarrow.float64(),
        "string": pyarrow.string(),
    }
    if isinstance(shape, str):
        if shape == "json":
            return pyarrow.field(name, pyarrow.string(), metadata=JSON_MARK)
        return pyarrow.field(name, simple[shape])
    if "list" in shape:
        return pyarrow.field(name, pyarrow.list_(_field("item", shape["list"])))
    fields = [_field(inner, inner_shape) for inner, inner_shape in shape["struct"].items()]
    return pyarrow.field(name, pyarrow.struct(fields))


def column(values: Sequence[Any], field: Any, decode: Callable[[Any], Any]) -> Any:
    """Return raw JSON values as an array of the field's type; None is null."""
    import pyarrow

    if _is_json(field):
        texts = [None if v is None else bytes(v).decode() for v in values]
        return pyarrow.array([None if text == "null" else text for text in texts], field.type)
    decoded = [None if v is None else decode(v) for v in values]
    if _holds_json(field):
        decoded = [_with_json_text(value, field) for value in decoded]
    return pyarrow.array(decoded, field.type)


def _is_json(field: Any) -> bool:
    return bool(field.metadata and b"bluepencil:json" in field.metadata)


def _holds_json(field: Any) -> bool:
    return _is_json(field) or any(_holds_json(field.type.field(i)) for i in range(field.type.num_fields))


def _with_json_text(value: Any, field: Any) -> Any:
    if value is None:
        return None
    if _is_json(field):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return [_with_json_text(item, field.type.value_field) for item in value]
    if isinstance(value, dict):
        inner = {field.type.field(i).name: field.type.field(i) for i in range(field.type.num_fields)}
        return {name: _with_json_text(item, inner[name]) for name, item in value.items()}
    return value
