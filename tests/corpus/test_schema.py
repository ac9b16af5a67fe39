import json
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from bluepencil.corpus.jsonlines import parse_row, value_of
from bluepencil.corpus.schema import arrow_schema, column, merge, shape_of, survey

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
values = st.recursive(
    scalars,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from("abc"), v, max_size=3),
    max_leaves=6,
)
rows_of_values = st.lists(st.dictionaries(st.sampled_from(["x", "y", "z"]), values), min_size=1, max_size=6)


def without_nulls(value: Any) -> Any:
    """Drop what a column cannot tell from null: a key that is absent."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if without_nulls(v) is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def restored(value: Any, field: pa.Field) -> Any:
    if value is None:
        return None
    if field.metadata and b"bluepencil:json" in field.metadata:
        return json.loads(value)
    if isinstance(value, list):
        return [restored(v, field.type.value_field) for v in value]
    if isinstance(value, dict):
        inner = {field.type.field(i).name: field.type.field(i) for i in range(field.type.num_fields)}
        return {k: restored(v, inner[k]) for k, v in value.items()}
    return value


@given(rows_of_values)
def test_no_value_is_lost_on_the_way_into_columns(rows: list[dict[str, Any]]) -> None:
    schema = arrow_schema(survey(rows, {}))
    raw = [parse_row(json.dumps(row).encode()) for row in rows]
    for field in schema:
        array = column([row.get(field.name) for row in raw], field, value_of)
        assert array.type == field.type
        back = [restored(v, field) for v in array.to_pylist()]
        assert [without_nulls(v) for v in back] == [without_nulls(row.get(field.name)) for row in rows]


@given(values, values, values)
def test_merging_shapes_does_not_depend_on_the_order(a: Any, b: Any, c: Any) -> None:
    x, y, z = shape_of(a), shape_of(b), shape_of(c)
    assert _sorted(merge(x, y)) == _sorted(merge(y, x))
    assert _sorted(merge(merge(x, y), z)) == _sorted(merge(x, merge(y, z)))


def _sorted(shape: Any) -> str:
    return json.dumps(shape, sort_keys=True)


def test_a_field_that_comes_late_or_null_first_has_its_type() -> None:
    columns = survey([{"a": None}, {"a": 1}, {"a": 2, "late": "x"}], {})
    assert columns == {"a": "int", "late": "string"}
    assert survey([{"a": 1}, {"a": 0.5}, {"a": 1 << 60}], {}) == {"a": "json"}
