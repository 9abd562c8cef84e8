"""Values in SQL: constants, columns, relatives and the functions both databases share.

A number is a whole number and a scale, so that no database rounds an amount.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    String,
    Uuid,
    cast,
    extract,
    func,
    literal,
    select,
)
from sqlalchemy.types import TypeEngine

from retailvista.db import UtcDateTime
from retailvista.errors import RetailVistaError
from retailvista.feed.edm import NUMBERS, Edm
from retailvista.feed.language.terms import Apply, CountOf, Field, Term, Value
from retailvista.feed.model import Navigation

SCALE_MOST = 5
LARGEST = 10**15
SMALL = 10**9


class Beyond(RetailVistaError):
    """This database would answer otherwise than the evaluator."""


class SqlTable(Protocol):
    """A set of the feed as a selectable; `related` makes a fresh one for a way."""

    @property
    def source(self) -> FromClause:
        """What stands in FROM."""
        ...

    def column(self, name: str) -> ColumnElement[Any]:
        """The column of a property."""
        ...

    def scale(self, name: str) -> int:
        """Decimals of a property that is stored as a whole number."""
        ...

    def related(self, way: Navigation) -> SqlTable:
        """The target of a way, once more."""
        ...


Rows = Mapping[str, SqlTable]


@dataclass(frozen=True, slots=True)
class Sql:
    """A value in SQL; a number is `element` times ten to the power of minus `scale`."""

    element: ColumnElement[Any]
    scale: int = 0
    may_be_null: bool = True


@dataclass(frozen=True, slots=True)
class Chain:
    """Tables one behind the other, what joins them, and the last one."""

    sources: tuple[FromClause, ...]
    joined: tuple[ColumnElement[bool], ...]
    last: SqlTable


def chain(start: SqlTable, ways: tuple[Navigation, ...]) -> Chain:
    """Follow ways from a row that is in sight."""
    sources: list[FromClause] = []
    joined: list[ColumnElement[bool]] = []
    table = start
    for way in ways:
        target = table.related(way)
        sources.append(target.source)
        joined.append(target.column(way.theirs) == table.column(way.own))
        table = target
    return Chain(tuple(sources), tuple(joined), table)


def value(term: Term, rows: Rows, dialect: str) -> Sql:
    """A constant, a column, a count or a function. Beyond for everything else."""
    match term:
        case Value():
            return _constant(term)
        case Field():
            return _field(term, rows)
        case CountOf(variable, ways, many):
            found = chain(rows[variable], (*ways, many))
            query = select(func.count()).select_from(*found.sources).where(*found.joined)
            count = query.correlate_except(*found.sources).scalar_subquery()
            return Sql(count, may_be_null=False)
        case Apply(name, args) if name in FUNCTIONS:
            return FUNCTIONS[name]([value(arg, rows, dialect) for arg in args], args, dialect)
    raise Beyond


def scaled(term: Term, sql: Sql, scale: int) -> Sql:
    """The same number in a smaller unit, where that cannot overflow."""
    if sql.scale == scale:
        return sql
    if scale > SCALE_MOST or term.type == Edm.INT64:
        raise Beyond
    element = cast(sql.element, BigInteger) * literal(10 ** (scale - sql.scale), BigInteger)
    return Sql(element, scale, sql.may_be_null)


def _constant(term: Value) -> Sql:
    value, kind = term.value, term.type
    if value is None or kind is None:
        raise Beyond
    if kind in NUMBERS:
        return _number(value)
    if kind not in TYPES or (isinstance(value, str) and "\0" in value):
        raise Beyond
    if isinstance(value, datetime):
        try:
            value = value.astimezone(UTC)
        except OverflowError as error:
            raise Beyond from error
    return Sql(literal(value, TYPES[kind]), may_be_null=False)


TYPES: dict[Edm, TypeEngine[Any]] = {
    Edm.STRING: String(),
    Edm.BOOLEAN: Boolean(),
    Edm.DATE: Date(),
    Edm.INSTANT: UtcDateTime(),
    Edm.GUID: Uuid(),
}


def _number(value: int | Decimal) -> Sql:
    scale = 0
    if isinstance(value, Decimal):
        exponent = value.normalize().as_tuple().exponent
        assert isinstance(exponent, int), "a decimal of a feed is finite"
        scale = max(-exponent, 0)
        value = int(value.scaleb(scale)) if scale <= SCALE_MOST else LARGEST
    if abs(value) >= LARGEST:
        raise Beyond
    return Sql(literal(value, BigInteger), scale, may_be_null=False)


def _field(term: Field, rows: Rows) -> Sql:
    name = term.column.name
    if not term.ways:
        table = rows[term.variable]
        return Sql(table.column(name), table.scale(name), term.column.nullable)
    found = chain(rows[term.variable], term.ways)
    query = select(found.last.column(name)).select_from(*found.sources).where(*found.joined)
    element = query.correlate_except(*found.sources).scalar_subquery()
    return Sql(element, found.last.scale(name))


Function = Callable[[list[Sql], tuple[Term, ...], str], Sql]


def _nullable(element: ColumnElement[Any], *parts: Sql, scale: int = 0) -> Sql:
    return Sql(element, scale, any(part.may_be_null for part in parts))


def _position(text: Sql, part: Sql, dialect: str) -> ColumnElement[Any]:
    find = func.strpos if dialect == "postgresql" else func.instr
    return find(text.element, part.element, type_=Integer())


def _contains(values: list[Sql], _args: tuple[Term, ...], dialect: str) -> Sql:
    return _nullable(_position(values[0], values[1], dialect) > 0, *values)


def _indexof(values: list[Sql], _args: tuple[Term, ...], dialect: str) -> Sql:
    return _nullable(_position(values[0], values[1], dialect) - literal(1, Integer), *values)


def _startswith(values: list[Sql], _args: tuple[Term, ...], _dialect: str) -> Sql:
    text, part = (value.element for value in values)
    start = func.substr(text, literal(1, Integer), func.length(part), type_=String())
    return _nullable(start == part, *values)


def _endswith(values: list[Sql], _args: tuple[Term, ...], _dialect: str) -> Sql:
    text, part = (value.element for value in values)
    longer = func.length(text, type_=Integer()) - func.length(part, type_=Integer())
    end = func.substr(text, longer + literal(1, Integer), type_=String())
    return _nullable((longer >= literal(0, Integer)) & (end == part), *values)


def _length(values: list[Sql], _args: tuple[Term, ...], _dialect: str) -> Sql:
    return _nullable(func.length(values[0].element, type_=Integer()), *values)


def _concat(values: list[Sql], _args: tuple[Term, ...], _dialect: str) -> Sql:
    left, right = (cast(value.element, String) for value in values)
    return _nullable(left.concat(right), *values)


def _substring(values: list[Sql], args: tuple[Term, ...], _dialect: str) -> Sql:
    numbers = [arg.value for arg in args[1:] if isinstance(arg, Value) and arg.value is not None]
    if len(numbers) != len(args) - 1 or not all(0 <= number < 10**6 for number in numbers):
        raise Beyond
    bounds = [literal(numbers[0] + 1, Integer), *(literal(n, Integer) for n in numbers[1:])]
    return _nullable(func.substr(values[0].element, *bounds, type_=String()), values[0])


def _part(unit: str) -> Function:
    def make(values: list[Sql], args: tuple[Term, ...], dialect: str) -> Sql:
        element = _in_utc(values[0], args[0], dialect)
        return _nullable(cast(extract(unit, element), Integer), values[0])

    return make


def _date(values: list[Sql], args: tuple[Term, ...], dialect: str) -> Sql:
    element = _in_utc(values[0], args[0], dialect)
    if dialect == "postgresql":
        return _nullable(cast(element, Date), values[0])
    return _nullable(func.date(element, type_=Date()), values[0])


def _in_utc(value: Sql, term: Term, dialect: str) -> ColumnElement[Any]:
    """A column of instants or days; a constant keeps an offset of its own."""
    if not isinstance(term, Field):
        raise Beyond
    if term.type == Edm.INSTANT and dialect == "postgresql":
        return func.timezone("UTC", value.element)
    return value.element


def _sum(sign: int) -> Function:
    def make(values: list[Sql], args: tuple[Term, ...], _dialect: str) -> Sql:
        """Of a column and a small number: nothing that could overflow."""
        if not isinstance(args[0], Field) or args[0].type not in (Edm.INT32, Edm.DECIMAL):
            raise Beyond
        if not isinstance(args[1], Value) or abs(args[1].value) >= SMALL:
            raise Beyond
        scale = max(value.scale for value in values)
        left, right = (scaled(arg, v, scale) for arg, v in zip(args, values, strict=True))
        whole = cast(left.element, BigInteger)
        element = whole + right.element if sign > 0 else whole - right.element
        return _nullable(element, left, right, scale=scale)

    return make


def _negate(values: list[Sql], args: tuple[Term, ...], _dialect: str) -> Sql:
    if args[0].type not in (Edm.INT32, Edm.DECIMAL):
        raise Beyond
    return _nullable(-cast(values[0].element, BigInteger), *values, scale=values[0].scale)


FUNCTIONS: dict[str, Function] = {
    "contains": _contains,
    "startswith": _startswith,
    "endswith": _endswith,
    "indexof": _indexof,
    "length": _length,
    "concat": _concat,
    "substring": _substring,
    "year": _part("year"),
    "month": _part("month"),
    "day": _part("day"),
    "hour": _part("hour"),
    "minute": _part("minute"),
    "date": _date,
    "add": _sum(1),
    "sub": _sum(-1),
    "negate": _negate,
}
