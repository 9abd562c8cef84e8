"""The generic store: rows of any endpoint as JSON, with key, division, rowversion and Modified.

Invariant: every change gives a row a new rowversion that is larger than all before it, in every
division; what is removed leaves a row in `sync/Deleted` when Exact keeps one of its type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from retailvista.sandbox.endpoints import catalogue, endpoints
from retailvista.sandbox.store import Store, guid

FIRST_TIMESTAMP = 5_000_000
# Rows that are there from the start have lower rowversions than anything that happens later.
SEED_TIMESTAMP = 1_000_000
KEPT = ("Division", "Timestamp", "Modified")
# What postings look up: whoever keeps it in memory reads again after a change.
MASTERS = {
    "financial/GLAccounts",
    "financial/Journals",
    "financial/FinancialPeriods",
    "financial/ExchangeRates",
    "vat/VATCodes",
    "vat/VatPercentages",
    "hrm/Costcenters",
    "hrm/Costunits",
    "general/Currencies",
    "cashflow/PaymentConditions",
}
INSERT = (
    "INSERT INTO record (Timestamp, entity, Division, key, parent, Modified, body) "
    "VALUES (?,?,?,?,?,?,?)"
)


@dataclass(slots=True)
class Record:
    """One row."""

    entity: str
    division: int
    key: str
    body: dict[str, Any]
    parent: str | None = None
    stamp: int = 0
    modified: int = 0


def stamps(store: Store, count: int) -> int:
    """The first of so many new rowversions."""
    return store.next_number("timestamp", count, SEED_TIMESTAMP)


def add(store: Store, *records: Record) -> None:
    """New rows, in order."""
    with store.transaction() as db:
        first = stamps(store, len(records))
        made = store.wall_ms()
        for place, record in enumerate(records):
            record.stamp, record.modified = first + place, record.modified or made
            record.body.setdefault("Created", record.modified)
        db.executemany(INSERT, [_row(record) for record in records])
        _masters_changed(store, {record.entity for record in records})


def put(store: Store, division: int, entity: str, rows: list[dict[str, Any]]) -> list[Record]:
    """Rows as they are, past every check: what a person or a test sets up.

    A row with a key that is there replaces it; `parent` hangs a line below its header."""
    endpoint = endpoints()[entity]
    assert endpoint.table == "record" and endpoint.entity == entity, f"no rows of {entity}"
    named = next((n for n, kept in endpoint.columns.items() if kept == "key"), "ID")
    found = []
    with store.transaction():
        for row in rows:
            body = {name: value for name, value in row.items() if name != named}
            number = store.next_number("put", 1)
            is_number = endpoint.props[named].type.startswith("Int")
            key = row.get(named) or (number if is_number else guid("put", number))
            parent = body.get(endpoint.parent) if endpoint.parent else None
            record = Record(entity, division, str(key), body, parent)
            if find(store, entity, division, record.key) is None:
                add(store, record)
            else:
                change(store, record)
            found.append(record)
    return found


def change(store: Store, record: Record) -> None:
    """The row as it is now, with a new rowversion and Modified."""
    with store.transaction() as db:
        record.stamp, record.modified = stamps(store, 1), store.wall_ms()
        db.execute(
            "UPDATE record SET Timestamp = ?, Modified = ?, body = ? "
            "WHERE entity = ? AND Division = ? AND key = ?",
            (
                *(record.stamp, record.modified, _text(record.body)),
                *(record.entity, record.division, record.key),
            ),
        )
        _masters_changed(store, {record.entity})


def remove(store: Store, record: Record, by: str) -> None:
    """Gone, and told to the feed of deletions where its type has a number."""
    with store.transaction() as db:
        db.execute(
            "DELETE FROM record WHERE entity = ? AND Division = ? AND key = ?",
            (record.entity, record.division, record.key),
        )
        _masters_changed(store, {record.entity})
        number = catalogue().deleted.get(record.entity)
        if number is not None:
            note_deleted(store, record.division, number, [record.key], by)


def note_deleted(store: Store, division: int, number: int, keys: Iterable[str], by: str) -> None:
    """Rows of `sync/Deleted`."""
    found = list(keys)
    with store.transaction() as db:
        first = stamps(store, len(found))
        made = store.wall_ms()
        db.executemany(
            "INSERT INTO deleted VALUES (?,?,?,?,?,?,?)",
            [
                (stamp, guid("deleted", stamp), division, key, number, made, by)
                for stamp, key in enumerate(found, start=first)
            ],
        )


def find(store: Store, entity: str, division: int, key: str) -> Record | None:
    """The row of a key."""
    return next(
        iter(_read(store, "entity = ? AND Division = ? AND key = ?", entity, division, key)), None
    )


def every(store: Store, entity: str, division: int) -> Iterator[Record]:
    """All rows of a division, by key."""
    return _read(store, "entity = ? AND Division = ? ORDER BY key", entity, division)


def below(store: Store, entity: str, parent: str) -> list[Record]:
    """The lines of a header, in their order."""
    return list(
        _read(
            store, "parent = ? AND entity = ? ORDER BY body ->> 'LineNumber', key", parent, entity
        )
    )


def by_value(store: Store, entity: str, division: int, name: str, value: Any) -> Record | None:
    """The first row with a value; texts without regard to case."""
    assert name in endpoints()[entity].props, name
    where = f"entity = ? AND Division = ? AND json_extract(body, '$.{name}') = ? COLLATE NOCASE"
    return next(iter(_read(store, where, entity, division, value)), None)


def is_elsewhere(store: Store, entity: str, key: str) -> bool:
    """Whether another division has this key."""
    sql = "SELECT 1 FROM division JOIN record ON entity = ? AND Division = Code AND key = ?"
    return store.row(sql, entity, key) is not None


def _read(store: Store, where: str, *args: Any) -> Iterator[Record]:
    for row in store.rows(
        "SELECT entity, Division, key, body, parent, Timestamp, Modified "  # noqa: S608 - ours
        f"FROM record WHERE {where}",
        *args,
    ):
        yield Record(row[0], row[1], row[2], json.loads(row[3]), *row[4:])


def _masters_changed(store: Store, entities: set[str]) -> None:
    if entities & MASTERS:
        store.version += 1


def _row(record: Record) -> tuple[Any, ...]:
    return (
        *(record.stamp, record.entity, record.division, record.key, record.parent),
        *(record.modified, _text(record.body)),
    )


def _text(body: dict[str, Any]) -> str:
    """The body without nulls and without what has a column of its own."""
    kept = {name: value for name, value in body.items() if value is not None and name not in KEPT}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
