"""Records to Arrow: one array per column, by the kind the catalogue says, never by guessing.

Invariant: every value arrives or the load stops with the entity, the row and the property named;
a number is never a binary double. Texts lose the blanks that pad them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from retailvista.connectors.database.shapes import (
    COMPANY,
    DELETED_AT,
    DIVISION,
    LOADED_AT,
    MODIFIED,
    MODIFIED_AT,
    PRECISION,
    RUN,
    SEQUENCE,
    Column,
    TableShape,
)
from retailvista.connectors.records import Kind, Row
from retailvista.errors import Refused

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  a wall clock without a zone
WIRE_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
MOMENT = pa.timestamp("ms")
Values = list[Any]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What our control columns say of a batch. `zone` is where the provider's clock hangs."""

    company: int
    division: int
    run: int
    loaded_at: datetime
    zone: ZoneInfo


def arrow_of(shape: TableShape, rows: Sequence[Row], stamp: Stamp, first: int = 0) -> pa.Table:
    """The rows as a table with our control columns; `first` numbers them for staging."""
    arrays: dict[str, pa.Array] = {}
    for column in shape.columns:
        if column.source:
            values = [row.get(column.name) for row in rows]
            arrays[column.name] = _array(shape, column, values, rows)
        else:
            arrays[column.name] = _control(column.name, arrays, stamp, len(rows), first)
    return pa.table(arrays)


def arrow_type(column: Column) -> pa.DataType:
    """The type of a column in Arrow."""
    match column.kind:
        case Kind.WHOLE:
            return pa.int64()
        case Kind.DECIMAL:
            return pa.decimal128(PRECISION, column.scale)
        case Kind.MOMENT:
            return MOMENT
        case Kind.BOOLEAN:
            return pa.bool_()
        case _:
            return pa.string()


def _array(shape: TableShape, column: Column, values: Values, rows: Sequence[Row]) -> pa.Array:
    try:
        return _fast(column, values)
    except (pa.ArrowException, TypeError, ValueError):
        pass  # some value is written otherwise: one by one
    found = []
    for value, row in zip(values, rows, strict=True):
        try:
            found.append(None if value is None else _one(column, value))
        except (ArithmeticError, TypeError, ValueError) as error:
            key = ", ".join(str(row.get(name)) for name in shape.key)
            raise Refused(
                f"{shape.name}: {column.name} of {key or 'a row'} is {str(value)[:60]!r}, which is"
                f" no {column.kind.value}."
            ) from error
    return pa.array(found, arrow_type(column))


def _control(
    name: str, arrays: Mapping[str, pa.Array], stamp: Stamp, count: int, first: int
) -> pa.Array:
    if name == MODIFIED_AT:
        return _instants(arrays[MODIFIED], stamp)
    if name == SEQUENCE:
        return pa.array(range(first, first + count), pa.int64())
    value: Any = {
        COMPANY: stamp.company,
        DIVISION: stamp.division,
        RUN: stamp.run,
        LOADED_AT: stamp.loaded_at.astimezone(UTC).replace(tzinfo=None),
        DELETED_AT: None,
    }[name]
    kind = MOMENT if name in (LOADED_AT, DELETED_AT) else pa.int64()
    return pa.repeat(pa.scalar(value, kind), count)


def _instants(local: pa.Array, stamp: Stamp) -> pa.Array:
    """Wall clock to UTC. Of the hour that comes twice, the later one that is not in the future."""
    limit = pa.scalar(stamp.loaded_at.astimezone(UTC).replace(tzinfo=None), MOMENT)

    def read(ambiguous: str) -> pa.Array:
        zoned = pc.assume_timezone(local, stamp.zone.key, ambiguous=ambiguous, nonexistent="latest")
        return zoned.cast(pa.timestamp("ms", "UTC")).cast(MOMENT)

    early, late = read("earliest"), read("latest")
    return pc.if_else(pc.greater(late, limit), early, late)


def _fast(column: Column, values: Values) -> pa.Array:
    """The whole column at once, where each value is written as Exact writes them."""
    match column.kind:
        case Kind.WHOLE:
            if any(isinstance(value, str) for value in values):
                return pa.array(values, pa.string()).cast(pa.int64())
            return pa.array(values, pa.int64())
        case Kind.DECIMAL | Kind.BOOLEAN:
            return pa.array(values, arrow_type(column))
        case Kind.MOMENT:
            return _moments(values)
        case Kind.GUID:
            return pc.utf8_lower(pa.array(values, pa.string()))
        case _:
            return pc.utf8_trim(pa.array(values, pa.string()), " ")


def _moments(values: Values) -> pa.Array:
    texts = pa.array(values, pa.string())
    if not pc.all(pc.starts_with(texts, "/Date("), skip_nulls=True, min_count=0).as_py():
        raise ValueError("another form of moment")
    return pc.utf8_slice_codeunits(texts, 6, -2).cast(pa.int64()).cast(MOMENT)


def _one(column: Column, value: Any) -> Any:
    """One value, also where it is written in another way."""
    match column.kind:
        case Kind.WHOLE:
            return _one_whole(value)
        case Kind.DECIMAL:
            return _one_decimal(column, value)
        case Kind.MOMENT:
            return _one_moment(value)
        case Kind.BOOLEAN:
            return _one_boolean(value)
        case Kind.GUID:
            return str(value).lower()
        case _:
            return str(value).strip(" ")


def _one_whole(value: Any) -> int:
    number = Decimal(str(value).strip())
    if number != number.to_integral_value():
        raise ValueError("not whole")
    return int(number)


def _one_decimal(column: Column, value: Any) -> Decimal:
    """Rounded to the scale: what a double adds behind the cents is rounded away."""
    if isinstance(value, bool):
        raise TypeError("not a number")
    try:
        found = Decimal(str(value).strip()).quantize(Decimal(1).scaleb(-column.scale))
    except InvalidOperation as error:
        raise ValueError("not a number, or too large") from error
    if len(found.as_tuple().digits) > PRECISION:
        raise ValueError("too large")
    return found


def _one_moment(value: Any) -> datetime:
    wire = WIRE_DATE.fullmatch(str(value))
    if wire:
        return EPOCH + timedelta(milliseconds=int(wire[1]))
    return datetime.fromisoformat(str(value)).replace(tzinfo=None)


def _one_boolean(value: Any) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    found = known.get(str(value).strip().lower())
    if found is None:
        raise ValueError("neither true nor false")
    return found
