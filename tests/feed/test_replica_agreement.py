"""Random filters and orders over random rows of a warehouse: its SQL and the evaluator agree.

The rows are as the warehouse has them: days and moments as wall clock, GUIDs as text. What SQL
takes over it must do exactly alike, and how much it takes over is counted.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from retailvista.connectors.database.opening import WarehouseFacts, open_warehouse
from retailvista.connectors.database.settings import WarehouseSettings
from retailvista.connectors.database.shapes import POSTGRESQL, Column, quoted
from retailvista.connectors.database.warehouse import Warehouse
from retailvista.connectors.records import Entity, Kind, Way
from retailvista.connectors.records import Property as Origin
from retailvista.feed.edm import INTEGERS, Edm
from retailvista.feed.failures import BadQuery
from retailvista.feed.language import evaluating
from retailvista.feed.language.terms import Term, both, conjuncts
from retailvista.feed.live_tables import ZONE, LiveTable, decoder
from retailvista.feed.model import EntitySet
from retailvista.feed.replica_source import ordered_by
from retailvista.feed.replica_sql import Conditions
from retailvista.vault import Secret
from tests.conftest import TestClock
from tests.feed import stock
from tests.feed.random_filters import all_rows, filters, plain
from tests.stage import outside_for
from tests.web.site import DeadWire
from tests.world import new_database

EXAMPLES = int(os.environ.get("RV_TEST_FILTERS", "60"))
KINDS = {
    Edm.STRING: Kind.TEXT, Edm.GUID: Kind.GUID, Edm.INT32: Kind.WHOLE, Edm.INT64: Kind.WHOLE,
    Edm.DECIMAL: Kind.DECIMAL, Edm.DATE: Kind.MOMENT, Edm.INSTANT: Kind.MOMENT,
    Edm.BOOLEAN: Kind.BOOLEAN,
}  # fmt: skip
COLUMNS = [Column(p.name, KINDS[p.type], p.scale) for p in stock.ITEMS.properties]
NAMES = {column.name: column.name for column in COLUMNS}
# Whole numbers of a provider are all of one size.
TABLE = EntitySet("Items", "Id", tuple(
    replace(p, type=Edm.INT64) if p.type in INTEGERS else p for p in stock.ITEMS.properties
))  # fmt: skip
ENTITY = Entity("stock/Items", "Items", "Stock", tuple(
    Origin(column.name, column.kind, scale=column.scale) for column in COLUMNS
), ("Id",), Way.FULL, table="Items")  # fmt: skip
DECODED = decoder(LiveTable(ENTITY, TABLE), NAMES, NAMES)
PLACE = quoted("items")
# In the books a day is a moment of that day, mostly its midnight.
HOURS = [time(0, 0), time(0, 0), time(12, 30), time(23, 59, 59, 999000)]
# One that is there twice, and one on each side of what the clock leaves out.
CHANGES = [
    datetime.fromisoformat(text)
    for text in ("2026-10-25T02:30:00", "2026-03-29T01:59:59", "2026-03-29T03:00:00")
]
Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Stored:
    """The items in a warehouse."""

    warehouse: Warehouse
    dialect: str

    def make(self) -> None:
        columns = ", ".join(f"{quoted(c.name)} {c.sql_type(self.dialect)}" for c in COLUMNS)
        self.warehouse.changed(f"CREATE TABLE {PLACE} ({columns})")

    def fill(self, items: Sequence[dict[str, Any]]) -> None:
        """These rows in the place of all others."""
        self.warehouse.changed(f"TRUNCATE {PLACE}")
        each = f"({', '.join('?' * len(COLUMNS))})"
        values = [item[column.name] for item in items for column in COLUMNS]
        rows = ", ".join([each] * len(items))
        self.warehouse.changed(f"INSERT INTO {PLACE} VALUES {rows}", values)  # noqa: S608

    def items(self) -> list[dict[str, Any]]:
        """As a feed reads them."""
        found = self._selected("*")
        return [DECODED(dict(zip(NAMES, values, strict=True))) for values in found]

    def kept(self, term: Term) -> tuple[list[int], Term | None, int]:
        """What SQL keeps, what it leaves to the evaluator, and how many conditions it took."""
        made = Conditions(self.dialect, NAMES)
        parts = [(made.add(part), part) for part in conjuncts(term)]
        taken = [text for text, _part in parts if text is not None]
        where = " AND ".join(taken) or "TRUE"
        found = self._selected('"Id"', where, made.parameters)
        left = both([part for text, part in parts if text is None])
        return sorted(number for (number,) in found), left, len(taken)

    def in_order(self, order: Sequence[tuple[str, bool]], after: int | None = None) -> list[int]:
        """The items in this order: all of them, or those behind one."""
        made = Conditions(self.dialect, NAMES)
        keys = [
            (ordered_by(made, name, stock.ITEMS.column(name).type), falls)
            for name, falls in (*order, ("Id", False))
        ]
        by = ", ".join(
            f"{place} {'DESC NULLS LAST' if falls else 'ASC NULLS FIRST'}" for place, falls in keys
        )
        where = "TRUE"
        if after is not None:
            wanted = ", ".join(place for place, _falls in keys)
            where = made.beyond(keys, self._selected(wanted, '"Id" = ?', [after])[0])
        found = self._selected('"Id"', f"{where} ORDER BY {by}", made.parameters)
        return [number for (number,) in found]

    def _selected(
        self, wanted: str, where: str = "TRUE", values: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        sql = f"SELECT {wanted} FROM {PLACE} WHERE {where}"  # noqa: S608  of names above
        return self.warehouse.rows(sql, values)


@pytest.fixture(params=["duckdb", pytest.param("postgresql", marks=pytest.mark.postgres)])
def stored(request, tmp_path):
    outside = outside_for(
        new_database(tmp_path, TestClock()), TestClock(), DeadWire(), tmp_path, "test"
    )
    found, secret = WarehouseSettings(), None
    if request.param == POSTGRESQL:
        parts = urlsplit(request.getfixturevalue("postgres_database"))
        found = WarehouseSettings(
            kind=POSTGRESQL, host="127.0.0.1", port=parts.port, database=parts.path[1:],
            user=parts.username, ssl_mode="prefer",
        )  # fmt: skip
        outside = replace(outside, provider_hosts=(f"postgresql://127.0.0.1:{parts.port}",))
        secret = Secret("geheim")
    facts = WarehouseFacts(40, "Magazijn", 1, found, tmp_path, secret)
    with open_warehouse(outside, facts) as warehouse:
        made = Stored(warehouse, request.param)
        made.make()
        yield made


def as_stored(item: dict[str, Any]) -> dict[str, Any]:
    """An item as a flow would have copied it: without blanks at the ends."""
    found = {
        name: value.strip(" ") if isinstance(value, str) else value for name, value in item.items()
    }
    if isinstance(found["Since"], date):
        found["Since"] = datetime.combine(found["Since"], HOURS[found["Id"] % len(HOURS)])
    if found["Changed"] is not None:
        found["Changed"] = found["Changed"].astimezone(ZONE).replace(tzinfo=None)
    elif found["Stock"] in (1, 2, 3):
        found["Changed"] = CHANGES[found["Stock"] - 1]
    found["Mark"] = None if found["Mark"] is None else str(found["Mark"])
    return found


def agree(stored: Stored, text: str, rows: Rows, seen: Counter[str]) -> None:
    term = stock.filter_of(text)
    try:
        expected = stock.kept(term, rows)
    except BadQuery:
        seen["no result"] += 1
        return
    found, left, taken = stored.kept(term)
    if left is not None:
        keeps = evaluating.keeps(left)
        found = [row["Id"] for row in stock.nested(rows) if row["Id"] in found and keeps(row)]
    assert sorted(found) == expected, text
    seen["all" if left is None else "part" if taken else "nothing"] += 1


def order_agrees(stored: Stored, order: list[tuple[str, bool]], items: Sequence[Any]) -> None:
    """The order is that of the values, and each item leads to those behind it."""
    expected = sorted(items, key=lambda row: row["Id"])
    for name, falls in reversed(order):
        expected.sort(key=lambda row, name=name: _place(row[name]), reverse=falls)
    whole = stored.in_order(order)
    assert whole == [row["Id"] for row in expected], order
    for at, number in enumerate(whole):
        assert stored.in_order(order, number) == whole[at + 1 :], (order, number)


def _place(value: Any) -> tuple[bool, Any]:
    value = str(value) if isinstance(value, UUID) else value
    return (value is not None, 0 if value is None else value)


ORDERS = st.lists(
    st.tuples(st.sampled_from([*NAMES][1:]), st.booleans()), min_size=1, max_size=3
)  # fmt: skip


def test_a_warehouse_keeps_what_the_evaluator_keeps(stored):
    seen: Counter[str] = Counter()

    # The message names the filter, which is short: no need to look for a shorter one.
    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(
        rows=all_rows(),
        texts=st.lists(plain(), min_size=3, max_size=6),
        more=st.lists(filters(), min_size=1, max_size=2),
        order=ORDERS,
    )
    def every_filter(rows, texts, more, order):
        seen["sets of rows"] += 1
        stored.fill([as_stored(item) for item in rows["Items"]])
        read = {**rows, "Items": stored.items()}
        for text in (*texts, *more):
            agree(stored, text, read, seen)
        order_agrees(stored, order, read["Items"])

    try:
        every_filter()
    finally:
        sys.stdout.write(f"{stored.dialect}: {dict(seen)}\n")
    assert seen["all"] > EXAMPLES, seen
