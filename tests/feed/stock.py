"""A small stock for tests of the language: items and their orders, in SQL and as plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
    select,
)
from sqlalchemy.schema import CreateTable

from retailvista.db import UtcDateTime
from retailvista.feed.edm import Edm
from retailvista.feed.language import checking, evaluating
from retailvista.feed.language.sql import Writer
from retailvista.feed.language.terms import ROOT, Term
from retailvista.feed.model import EntitySet, Model, Navigation, Property

ITEMS = EntitySet(
    "Items",
    "Id",
    (
        Property("Id", Edm.INT32, nullable=False),
        Property("Name", Edm.STRING),
        Property("Code", Edm.STRING, nullable=False),
        Property("Stock", Edm.INT32),
        Property("Big", Edm.INT64),
        Property("Price", Edm.DECIMAL, scale=2),
        Property("Since", Edm.DATE),
        Property("Changed", Edm.INSTANT),
        Property("Sold", Edm.BOOLEAN),
        Property("Mark", Edm.GUID),
        Property("ParentId", Edm.INT32),
    ),
    (
        Navigation("Orders", "Orders", "Id", "ItemId", many=True),
        Navigation("Parent", "Items", "ParentId", "Id"),
    ),
)
ORDERS = EntitySet(
    "Orders",
    "Nr",
    (
        Property("Nr", Edm.INT32, nullable=False),
        Property("ItemId", Edm.INT32),
        Property("Text", Edm.STRING),
        Property("Amount", Edm.DECIMAL, scale=2),
    ),
    (Navigation("Item", "Items", "ItemId", "Id"),),
)
MODEL = Model((ITEMS, ORDERS))
NOW = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
KINDS = {
    Edm.STRING: String, Edm.INT32: Integer, Edm.INT64: BigInteger, Edm.DECIMAL: BigInteger,
    Edm.DATE: Date, Edm.INSTANT: UtcDateTime, Edm.BOOLEAN: Boolean, Edm.GUID: Uuid,
}  # fmt: skip
METADATA = MetaData()
TABLES = {
    table.name: Table(
        table.name.lower(), METADATA, *(Column(p.name, KINDS[p.type]) for p in table.properties)
    )
    for table in MODEL.sets
}


class StockTable:
    """A set in SQL; decimals are whole cents."""

    def __init__(self, table: EntitySet) -> None:
        self.table = table
        self.source = TABLES[table.name].alias()

    def column(self, name: str) -> Any:
        return self.source.c[name]

    def scale(self, name: str) -> int:
        column = self.table.column(name)
        return column.scale if column else 0

    def related(self, way: Navigation) -> StockTable:
        return StockTable(MODEL.target(way))


def filter_of(text: str, table: EntitySet = ITEMS, **aliases: str) -> Term:
    """A checked filter."""
    named = {f"@{name}": value for name, value in aliases.items()}
    return checking.check_filter(text, checking.Scope.of(MODEL, table, NOW, named))


def nested(rows: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows of items with their relatives inside, as the evaluator wants them."""
    items = {row["Id"]: dict(row) for row in rows["Items"]}
    orders = [dict(row) for row in rows["Orders"]]
    for order in orders:
        order["Item"] = items.get(order["ItemId"])
    for item in items.values():
        item["Orders"] = [order for order in orders if order["ItemId"] == item["Id"]]
        item["Parent"] = items.get(item["ParentId"])
    return list(items.values())


def kept(term: Term, rows: dict[str, list[dict[str, Any]]]) -> list[int]:
    """The numbers of the items that the evaluator keeps."""
    keeps = evaluating.keeps(term)
    return sorted(row["Id"] for row in nested(rows) if keeps(row))


def make_tables(engine: Engine) -> None:
    """Empty tables."""
    with engine.begin() as connection:
        for table in TABLES.values():
            connection.execute(CreateTable(table))


def fill(engine: Engine, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Put these rows in the place of all others."""
    with engine.begin() as connection:
        for table in TABLES.values():
            connection.execute(table.delete())
            stored = [_stored(table.name, row) for row in rows[table.name.title()]]
            if stored:
                connection.execute(table.insert(), stored)


def _stored(name: str, row: dict[str, Any]) -> dict[str, Any]:
    found = dict(row)
    for column in ("Price", "Amount"):
        if found.get(column) is not None:
            found[column] = int(found[column].scaleb(2))
    return found


def found_by_sql(
    engine: Engine, term: Term, rows: dict[str, list[dict[str, Any]]]
) -> tuple[list[int], Term | None]:
    """The items that the database's part of a filter keeps, and what it leaves to others."""
    table = StockTable(ITEMS)
    taken, left = Writer(engine.dialect.name).split(term, {ROOT: table})
    with engine.connect() as connection:
        found: Sequence[int] = connection.scalars(select(table.column("Id")).where(*taken)).all()
    return sorted(found), left
