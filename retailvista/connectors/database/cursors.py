"""The cursors of a warehouse as a table in it.

Invariant: a cursor is stored in the transaction of the rows it stands for, and only when nobody
else has stored it since it was read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from retailvista.connectors.database.shapes import quoted
from retailvista.connectors.database.warehouse import CURSORS, Cursor, Overtaken

MOMENTS = frozenset(
    (
        *("deletions_at", "moved_at", "began_at", "loaded_at", "full_at", "checked_at"),
        "silent_at",
    )
)
WHOLES = frozenset(("company", "division", "staged", "run", "done_run", "version"))


class CursorTable(ABC):
    """Reading and storing cursors over a connection that speaks SQL with `?` for parameters."""

    # Types of the cursor's columns: text, whole, moment.
    types: ClassVar[tuple[str, str, str]]

    @abstractmethod
    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query yields."""

    @abstractmethod
    def changed(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute; how many rows it hit."""

    @abstractmethod
    def later(self, text: str) -> Overtaken:
        """The error that says: somebody else was quicker, try again soon."""

    def create_cursors(self, schema: str) -> str:
        lines = [self._column(field.name) for field in fields(Cursor)]
        lines.append(f"PRIMARY KEY ({listed(('company', 'division', 'entity'))})")
        return f"CREATE TABLE IF NOT EXISTS {quoted(schema, CURSORS)} ({', '.join(lines)})"

    def widen_cursors(self, schema: str, known: set[str]) -> None:
        """Columns that a table of an earlier version lacks."""
        for field in fields(Cursor):
            if field.name not in known:
                column = self._column(field.name)
                self.changed(f"ALTER TABLE {quoted(schema, CURSORS)} ADD COLUMN {column}")

    def _column(self, name: str) -> str:
        text, whole, moment = self.types
        kind = moment if name in MOMENTS else whole if name in WHOLES else text
        return f"{quoted(name)} {kind}"

    def cursors(self, schema: str, company: int) -> dict[tuple[int, str], Cursor]:
        names = [field.name for field in fields(Cursor)]
        query = (
            f"SELECT {listed(names)} FROM {quoted(schema, CURSORS)} WHERE {quoted('company')} = ?"
        )
        found = {}
        for row in self.rows(query, [company]):
            values = dict(zip(names, row, strict=True))
            for name in MOMENTS:
                at = values[name]
                values[name] = at.replace(tzinfo=UTC) if at is not None else None
            for name in WHOLES:
                values[name] = int(values[name])
            cursor = Cursor(**values)
            found[cursor.key] = cursor
        return found

    def save(self, schema: str, cursor: Cursor) -> Cursor:
        stored = replace(cursor, version=cursor.version + 1)
        values = {
            name: utc(value) if isinstance(value, datetime) else value
            for name, value in asdict(stored).items()
        }
        table = quoted(schema, CURSORS)
        if cursor.version == 0:
            marks = ", ".join("?" * len(values))
            self.changed(
                f"INSERT INTO {table} ({listed(values)}) VALUES ({marks})",
                list(values.values()),
            )
            return stored
        assigned = ", ".join(f"{quoted(name)} = ?" for name in values)
        where = " AND ".join(
            f"{quoted(name)} = ?" for name in ("company", "division", "entity", "version")
        )
        hit = self.changed(
            f"UPDATE {table} SET {assigned} WHERE {where}",
            [
                *values.values(),
                *(cursor.company, cursor.division, cursor.entity, cursor.version),
            ],
        )
        if hit != 1:
            raise self.later("Another run is loading the same table.")
        return stored


def listed(names: Iterable[str]) -> str:
    """Names in SQL, with commas."""
    return ", ".join(quoted(name) for name in names)


def utc(at: datetime) -> datetime:
    """An instant as a warehouse keeps it: UTC, without a zone."""
    return at.astimezone(UTC).replace(tzinfo=None)
