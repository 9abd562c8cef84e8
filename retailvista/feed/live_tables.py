"""The entities behind a connector as tables of a feed: types, keys, ways, and rows as values.

Invariants: a number is never a binary fraction; a moment is the wall clock of the administration
made an instant, a date stays the date that the books show. An entity whose rows cannot be told
apart is no table. Live rows and rows of the copy read alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from retailvista.connectors.records import Entity, Kind, Records, Way
from retailvista.connectors.records import Property as Column
from retailvista.connectors.registry import records_of
from retailvista.errors import NotFound
from retailvista.feed.edm import Edm
from retailvista.feed.model import IDENTIFIER, EntitySet, Navigation, Property
from retailvista.feed.sources import Row

# Exact keeps wall clock: "CET and not GMT".
ZONE = ZoneInfo("Europe/Amsterdam")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  a wall clock without a zone
EIGHT, ONE = Decimal("0.00000001"), Decimal(1)
# Rows of many columns name the same few days, moments and accounts again and again.
SEEN_BEFORE = 10_000
WIRE_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
# Stamps of the system that are called a date: they have a time that counts.
STAMPS = frozenset((
    "CreatedDate", "ModifiedDate", "DeletedDate", "DivisionMoveDate", "DivisionHRLinkUnlinkDate",
))  # fmt: skip
DAY = re.compile(r"(.*Date|FreeDateField_\d+|ValidFrom|ValidTo)")
# Work in a factory is planned by the hour.
BY_THE_HOUR = "Manufacturing"
KINDS = {
    Kind.TEXT: Edm.STRING, Kind.GUID: Edm.GUID, Kind.WHOLE: Edm.INT64, Kind.DECIMAL: Edm.DECIMAL,
    Kind.BOOLEAN: Edm.BOOLEAN,
}  # fmt: skip
SHOWN = (*KINDS, Kind.MOMENT)
# The key of an entity that needs several properties to tell its rows apart.
ROW_KEY = "RowKey"


@dataclass(frozen=True, slots=True)
class LiveTable:
    """An entity as a table. `joined` are the properties that RowKey is made of, else none."""

    entity: Entity
    table: EntitySet
    joined: tuple[str, ...] = ()


def edm_of(entity: Entity, column: Column) -> Edm:
    """The type of a property in a feed."""
    if column.kind is not Kind.MOMENT:
        return KINDS[column.kind]
    is_day = DAY.fullmatch(column.name) and column.name not in STAMPS
    return Edm.DATE if is_day and entity.service != BY_THE_HOUR else Edm.INSTANT


@cache
def live_table(provider: str, key: str, copied: tuple[str, ...] = ()) -> LiveTable:
    """An entity as a table: as the provider gives it, or with the columns that were copied."""
    records = records_of(provider)
    entity = records.entity(key)
    if not is_table(entity):
        raise NotFound(f"The rows of {entity.key} have no key, so it cannot be a table of a feed.")
    names = {*copied} if copied else _names(records, entity)
    properties = [
        Property(
            each.name, edm_of(entity, each), nullable=each.name not in entity.row_key,
            scale=each.scale,
        )
        for each in entity.properties
        if each.kind in SHOWN and each.name in names
    ]  # fmt: skip
    joined = entity.row_key if len(entity.row_key) > 1 else ()
    if joined:
        properties.insert(0, Property(ROW_KEY, Edm.STRING, nullable=False))
    known = {each.name for each in properties}
    ways = tuple(
        Navigation(way.name, records.entity(way.entity).table, way.own, way.theirs, way.many)
        for way in records.references(key)
        if way.own in known and IDENTIFIER.fullmatch(records.entity(way.entity).table)
    )
    own_key = ROW_KEY if joined else entity.row_key[0]
    return LiveTable(entity, EntitySet(entity.table, own_key, tuple(properties), ways), joined)


def is_table(entity: Entity) -> bool:
    """Whether its rows can be told apart, and it needs no parameters to be read."""
    return bool(entity.row_key) and bool(IDENTIFIER.fullmatch(entity.table))


def _names(records: Records, entity: Entity) -> set[str]:
    return {*records.names(entity.key, Way.FULL)} or {*records.names(entity.key, entity.way)}


def alias_of(entity: Entity) -> str:
    """How a table is called when nobody gave it a name: as the entity, without its service."""
    name = entity.key.rpartition("/")[2]
    return name if IDENTIFIER.fullmatch(name) else entity.table


def decoder(
    table: LiveTable, names: Mapping[str, str], asked: Iterable[str]
) -> Callable[[Mapping[str, Any]], Row]:
    """From a row as it came to a row of the feed. `names`: of the feed to the origin's."""
    wanted = set(asked)
    columns = [
        (published, own, READERS[column.type])
        for published, own in names.items()
        if own in wanted and (column := table.table.column(own)) is not None and own != ROW_KEY
    ]
    joined = [published for published, own in names.items() if own == ROW_KEY]

    def read(raw: Mapping[str, Any]) -> Row:
        row: Row = {
            published: None if (value := raw.get(own)) is None else reader(value)
            for published, own, reader in columns
        }
        for published in joined:
            row[published] = "|".join(_words(raw.get(name)) for name in table.joined)
        return row

    return read


def _words(value: Any) -> str:
    if type(value) is str:
        return value.strip(" ")
    return "" if value is None else str(value).strip(" ")


def _whole(value: Any) -> int:
    return value if type(value) is int else int(Decimal(str(value)))


def _number(value: Any) -> Decimal:
    """With all digits that count: what a double adds behind the eighth decimal is rounded away.

    >>> _number("12.50000000"), _number(Decimal("0.30000000000000004")), _number(100)
    (Decimal('12.5'), Decimal('0.3'), Decimal('100'))
    """
    exact = value if type(value) is Decimal else Decimal(str(value))
    try:
        found = exact.quantize(EIGHT).normalize()
    except InvalidOperation:
        found = exact
    # What Decimal writes with an exponent above nought; to ask it for its digits takes longer.
    return found.quantize(ONE) if "E+" in str(found) else found


def wall(value: Any) -> datetime:
    """The wall clock of a moment, however it came.

    >>> wall("/Date(1767225600000)/")
    datetime.datetime(2026, 1, 1, 0, 0)
    """
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.replace(tzinfo=None)
    found = WIRE_DATE.fullmatch(str(value))
    if found:
        return EPOCH + timedelta(milliseconds=int(found[1]))
    return datetime.fromisoformat(str(value)).replace(tzinfo=None)


def _instant(value: Any) -> datetime:
    if type(value) is str:
        return _instant_of(value)
    return wall(value).replace(tzinfo=ZONE).astimezone(UTC)


@lru_cache(SEEN_BEFORE)
def _instant_of(text: str) -> datetime:
    return wall(text).replace(tzinfo=ZONE).astimezone(UTC)


def _date(value: Any) -> date:
    return _date_of(value) if type(value) is str else wall(value).date()


@lru_cache(SEEN_BEFORE)
def _date_of(text: str) -> date:
    return wall(text).date()


@lru_cache(SEEN_BEFORE)
def _guid(text: str) -> UUID:
    return UUID(text)


def _boolean(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")


READERS: Mapping[Edm, Callable[[Any], Any]] = {
    Edm.STRING: _words,
    Edm.GUID: lambda value: _guid(str(value)),
    Edm.INT64: _whole,
    Edm.DECIMAL: _number,
    Edm.BOOLEAN: _boolean,
    Edm.DATE: _date,
    Edm.INSTANT: _instant,
}
