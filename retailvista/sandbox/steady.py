"""Columns that are the same in every row of a page: checked in SQLite, not carried to Python.

A row of a sync page has sixty columns, of which some sixteen differ within a page. What the page
before had in common the next one likely has too: it is read with one check per row, and read again
in full where the check fails. Invariant: no value is shown that the check did not confirm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retailvista.sandbox.rows import Shape
from retailvista.sandbox.store import Store

WORTHWHILE_ROWS = 500
GIVE_UP_AFTER = 3
MOST_KEPT = 64
Rows = list[tuple[Any, ...]]


class Steady:
    """What the last page of each list had in common, by column."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], dict[str, Any]] = {}
        self.failures: dict[tuple[str, str], int] = {}

    def read(
        self, store: Store, shape: Shape, marks: str, rest: str, args: list[Any]
    ) -> tuple[Rows, Mapping[str, Any]]:
        """The rows, and the values that all of them share and that are not read.

        `marks` is read behind the columns, `rest` is the query from FROM on."""
        lane = (shape.endpoint.path, shape.columns)
        shared = self.known.get(lane)
        if shared:
            terms = " AND ".join(f"({shape.sql_of[name]}) COLLATE BINARY IS ?" for name in shared)
            read = ", ".join(sql for name, sql in shape.sql_of.items() if name not in shared)
            sql = f"SELECT {read}, {marks}, {terms} {rest}"
            rows = store.rows(sql, *shared.values(), *args)
            if all(row[-1] for row in rows):
                return rows, shared
            self._forget(lane, rows)
        rows = store.rows(f"SELECT {shape.columns}, {marks} {rest}", *args)
        if len(rows) >= WORTHWHILE_ROWS and self.failures.get(lane, 0) < GIVE_UP_AFTER:
            self._learn(lane, shape, rows)
        return rows, {}

    def _forget(self, lane: tuple[str, str], rows: Rows) -> None:
        """A large page that differs counts; after three of them the list is read in full."""
        self.known.pop(lane, None)
        if len(rows) >= WORTHWHILE_ROWS:
            self.failures[lane] = self.failures.get(lane, 0) + 1

    def _learn(self, lane: tuple[str, str], shape: Shape, rows: Rows) -> None:
        if len(self.known) >= MOST_KEPT:
            self.known.clear()
        columns = zip(*rows, strict=True)
        self.known[lane] = {
            name: column[0]
            for name, column in zip(shape.sql_of, columns, strict=False)
            if name not in shape.endpoint.key and _is_same(column)
        }


def _is_same(column: tuple[Any, ...]) -> bool:
    """Equal, and of one type: 1 and 1.0 are written differently."""
    return column.count(column[0]) == len(column) and len(set(map(type, column))) == 1
