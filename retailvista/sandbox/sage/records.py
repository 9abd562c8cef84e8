"""Rows of Sage's lists: read with their times, shown with the attributes that were asked for.

Invariant: without `attributes` a row has id, displayed_as and $path only; a page has at most 200.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from retailvista.sandbox.sage.words import SageRefusal, instant
from retailvista.sandbox.store import Store

PAGE_ROWS, PAGE_ROWS_MAX = 20, 200
COLUMNS = "id, displayed_as, created, updated, deleted, body"


@dataclass(frozen=True, slots=True)
class Record:
    """One row."""

    resource: str
    id: str
    displayed_as: str
    created: float
    updated: float
    deleted: float | None
    body: Mapping[str, Any]

    @property
    def brief(self) -> dict[str, Any]:
        """What every row shows."""
        path = f"/{self.resource}/{self.id}"
        return {"id": self.id, "displayed_as": self.displayed_as, "$path": path}

    @property
    def full(self) -> dict[str, Any]:
        """Everything."""
        times = {"created_at": instant(self.created), "updated_at": instant(self.updated)}
        gone = None if self.deleted is None else instant(self.deleted)
        return self.brief | times | {"deleted_at": gone} | dict(self.body)

    def shown(self, attributes: str) -> dict[str, Any]:
        """The row with these attributes; 'all' for every one."""
        if attributes == "all":
            return self.full
        wanted = {name.strip() for name in attributes.split(",") if name.strip()}
        return self.brief | {name: v for name, v in self.full.items() if name in wanted}


def read(store: Store, business: str, resource: str) -> list[Record]:
    """Every row of a resource of a business, in the order in which they came."""
    rows = store.rows(
        f"SELECT {COLUMNS} FROM sage_record WHERE business = ? AND resource = ? ORDER BY seq",  # noqa: S608 - columns of ours
        business,
        resource,
    )
    return [_record(resource, row) for row in rows]


def _record(resource: str, row: tuple[Any, ...]) -> Record:
    id_, displayed_as, created, updated, deleted, body = row
    return Record(resource, id_, displayed_as, created, updated, deleted, json.loads(body))


def one(store: Store, business: str, resource: str, id_: str) -> Record:
    """One row, or 404."""
    row = store.row(
        f"SELECT {COLUMNS} FROM sage_record WHERE business = ? AND resource = ? AND id = ?",  # noqa: S608 - columns of ours
        business,
        resource,
        id_,
    )
    if row is None:
        raise SageRefusal(404, "RecordNotFound", "The record was not found.")
    return _record(resource, row)


def change(store: Store, business: str, record: Record, body: Mapping[str, Any]) -> None:
    """Another body, and a later time."""
    with store.transaction() as db:
        db.execute(
            "UPDATE sage_record SET body = ?, updated = ? "
            "WHERE business = ? AND resource = ? AND id = ?",
            (json.dumps(dict(body)), store.now_s(), business, record.resource, record.id),
        )


def delete(store: Store, business: str, record: Record) -> None:
    """Gone from the lists, and named by `deleted_since`."""
    now = store.now_s()
    with store.transaction() as db:
        db.execute(
            "UPDATE sage_record SET deleted = ?, updated = ? "
            "WHERE business = ? AND resource = ? AND id = ?",
            (now, now, business, record.resource, record.id),
        )


def page(rows: list[Record], resource: str, query: Mapping[str, str]) -> dict[str, Any]:
    """One page of a list, with what changed or went since a moment."""
    since, gone = query.get("updated_or_created_since"), query.get("deleted_since")
    if gone:
        after = _moment(gone)
        rows = [row for row in rows if row.deleted is not None and row.deleted > after]
    if since:
        rows = [row for row in rows if row.updated >= _moment(since)]
    size = min(_whole(query, "items_per_page", PAGE_ROWS), PAGE_ROWS_MAX)
    number = _whole(query, "page", 1)
    shown = rows[(number - 1) * size : number * size]
    attributes = query.get("attributes", "")

    def place(other: int) -> str:
        return f"/{resource}?page={other}&items_per_page={size}"

    return {
        "$total": len(rows),
        "$page": number,
        "$next": place(number + 1) if number * size < len(rows) else None,
        "$back": place(number - 1) if number > 1 else None,
        "$items_per_page": size,
        "$items": [row.shown(attributes) for row in shown],
    }


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit() or int(text) < 1:
        raise SageRefusal(422, "ValidationError", f"{name} must be a positive number.", name)
    return int(text)


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SageRefusal(422, "ValidationError", f"{text} is not a moment.") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
