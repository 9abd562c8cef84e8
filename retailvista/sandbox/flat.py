"""Feeds that hold header and line rows in one list: sync of sales invoices and purchase orders.

Invariant: a change of a header or of one line gives all its rows a new rowversion, as Exact does;
the header row is line 0.
"""

from __future__ import annotations

from typing import Any

from retailvista.sandbox import records
from retailvista.sandbox.endpoints import Endpoint, catalogue, endpoints
from retailvista.sandbox.records import Record
from retailvista.sandbox.store import Store


def write_flat(store: Store, record: Record, removed_by: str = "") -> None:
    """Write the feed's rows of a header again after it or a line of it has changed."""
    for feed in endpoints().values():
        if feed.flat and record.entity in feed.flat:
            _write(store, feed, record, removed_by)


def _write(store: Store, feed: Endpoint, record: Record, removed_by: str) -> None:
    header_path, line_path = feed.flat
    key = record.key if record.entity == header_path else str(record.parent)
    header = records.find(store, header_path, record.division, key)
    rows = {} if header is None else _rows(store, feed, header, line_path)
    kept = {row.key: row for row in records.below(store, feed.entity, key)}
    with store.transaction():
        for gone in kept.keys() - rows.keys():
            records.remove(store, kept[gone], removed_by)
            number = catalogue().deleted.get(header_path)
            if number is not None:
                records.note_deleted(store, record.division, number, [gone], removed_by)
        for row in rows.values():
            if row.key in kept:
                records.change(store, row)
            else:
                records.add(store, row)


def _rows(store: Store, feed: Endpoint, header: Record, line_path: str) -> dict[str, Record]:
    """The header row and the line rows, by key."""
    named = endpoints()[header.entity].key[0]
    shared: dict[str, Any] = {n: v for n, v in header.body.items() if n in feed.props}
    shared |= {named: header.key}
    found = [(header.key, shared | {"LineNumber": 0})]
    for line in records.below(store, line_path, header.key):
        values = {name: value for name, value in line.body.items() if name in feed.props}
        found.append((line.key, shared | values))
    return {key: Record(feed.entity, header.division, key, body, header.key) for key, body in found}
