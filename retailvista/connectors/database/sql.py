"""The SQL that all warehouses share: tables, merging, staging, swapping, deleting, cursors.

Invariant: names are quoted here and values are parameters; no text of a provider becomes SQL.
A subclass says how to connect, how to bring a batch in, and how its dialect differs.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from retailvista.connectors.database.cursors import CursorTable, listed, utc
from retailvista.connectors.database.shapes import (
    COMPANY,
    DELETED_AT,
    DIVISION,
    ROWVERSION,
    SEQUENCE,
    TableShape,
    quoted,
)
from retailvista.connectors.database.swap_counts import MINE, by_key, by_value, differs, same
from retailvista.connectors.database.warehouse import (
    CURSORS,
    Counted,
    Cursor,
    Missing,
)
from retailvista.connectors.feed_marks import Newest

KEYS_AT_ONCE = 500


class SqlWarehouse(CursorTable):
    """Warehouse over a connection that speaks SQL with `?` for parameters."""

    dialect: ClassVar[str]
    has_keys: ClassVar[bool] = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # What a dialect says

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    @abstractmethod
    def bring(self, schema: str, shape: TableShape, batch: Any) -> str:
        """Have a batch ready to be merged; its name."""

    @abstractmethod
    def transaction(self) -> Any:
        """All or nothing."""

    @abstractmethod
    def missing(self, schema: str) -> list[Missing]:
        """Privileges that are lacking."""

    def export(self, schema: str, tables: Iterable[str], folder: Path) -> Mapping[str, Path]:
        """Other processes query the database itself."""
        return {}

    # Tables

    def prepare(self, schema: str, shapes: Sequence[TableShape]) -> list[str]:
        known = self._columns(schema)
        if not known and not self._has_schema(schema):
            self.changed(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        if CURSORS not in known:
            self.changed(self.create_cursors(schema))
        else:
            self.widen_cursors(schema, known[CURSORS])
        added = []
        for shape in shapes:
            if shape.name not in known:
                self.changed(self._create(schema, shape, keyed=self.has_keys))
            else:
                added += self._widen(schema, shape, known[shape.name])
            if shape.staging.name in known:
                self._widen(schema, shape.staging, known[shape.staging.name])
        return added

    def _widen(self, schema: str, shape: TableShape, known: set[str]) -> list[str]:
        """Columns that the table lacks; rows that are there have nothing in them yet."""
        lacking = [column for column in shape.columns if column.name not in known]
        place = quoted(schema, shape.name)
        for column in lacking:
            kind = column.sql_type(self.dialect)
            self.changed(f"ALTER TABLE {place} ADD COLUMN {quoted(column.name)} {kind}")
        return [f"{shape.name}.{column.name}" for column in lacking if column.source]

    def _has_schema(self, schema: str) -> bool:
        query = "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?"
        return bool(self.rows(query, [schema]))

    def _columns(self, schema: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        query = (
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ?"
        )
        for table, column in self.rows(query, [schema]):
            found.setdefault(table, set()).add(column)
        return found

    def _create(self, schema: str, shape: TableShape, *, keyed: bool) -> str:
        lines = [
            f"{quoted(column.name)} {column.sql_type(self.dialect)}" for column in shape.columns
        ]
        if keyed and shape.key:
            lines.append(f"PRIMARY KEY ({listed(shape.full_key)})")
        return f"CREATE TABLE IF NOT EXISTS {quoted(schema, shape.name)} ({', '.join(lines)})"

    # Rows

    def merge(self, schema: str, shape: TableShape, name: str, *, always: bool = False) -> Counted:
        table, one = quoted(schema, shape.name), same(shape.full_key)
        newer = "TRUE" if always or not shape.newer else self._newer(shape)
        total = self.rows(f"SELECT count(*) FROM {name}")[0][0]
        changed = self.changed(
            f"DELETE FROM {table} AS t USING {name} AS b WHERE {one} AND {newer}"
        )
        names = ", ".join(f"b.{quoted(column)}" for column in shape.names)
        brought = self.changed(
            f"INSERT INTO {table} ({listed(shape.names)}) SELECT {names} FROM {name} AS b "
            f"WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {one})"
        )
        return Counted(new=brought - changed, changed=changed, discarded=total - brought)

    def _newer(self, shape: TableShape) -> str:
        """A rowversion only grows. A wall clock goes back in October and may tell two changes by
        one moment, so there every value is compared: what differs in any is newer."""
        back = f"t.{quoted(DELETED_AT)} IS NOT NULL"
        ours, theirs = f"t.{quoted(shape.newer)}", f"b.{quoted(shape.newer)}"
        if shape.newer == ROWVERSION:
            return f"({ours} IS NULL OR {theirs} > {ours} OR {back})"
        names = [column.name for column in shape.columns if column.source]
        return f"({differs(names)} OR {back})"

    def make_staging(self, schema: str, shape: TableShape) -> None:
        self.changed(self._create(schema, shape.staging, keyed=False))

    def forget_staged(self, schema: str, shape: TableShape, cursor: Cursor) -> None:
        self.changed(
            f"DELETE FROM {quoted(schema, shape.staging.name)} WHERE {MINE}", _mine(cursor)
        )

    def stage(self, schema: str, shape: TableShape, name: str) -> None:
        names = listed(shape.staging.names)
        place = quoted(schema, shape.staging.name)
        self.changed(f"INSERT INTO {place} ({names}) SELECT {names} FROM {name}")

    def swap(
        self, schema: str, shape: TableShape, cursor: Cursor, flag_at: datetime | None
    ) -> Counted:
        table, staging = quoted(schema, shape.name), quoted(schema, shape.staging.name)
        mine = _mine(cursor)
        older = self._drop_older(staging, shape, mine)
        counted = self._counted(table, staging, shape, mine)
        if shape.key and flag_at is not None:
            exists = f"EXISTS (SELECT 1 FROM {staging} AS b WHERE {same(shape.full_key)})"
            where = f"t.{quoted(COMPANY)} = ? AND t.{quoted(DIVISION)} = ? AND"
            gone = (
                f"UPDATE {table} AS t SET {quoted(DELETED_AT)} = ? WHERE {where} "
                f"t.{quoted(DELETED_AT)} IS NULL AND NOT {exists}"
            )
            self.changed(gone, [utc(flag_at), *mine])
            self.changed(f"DELETE FROM {table} AS t WHERE {where} {exists}", mine)
        else:
            self.changed(f"DELETE FROM {table} WHERE {MINE}", mine)
        names = listed(shape.names)
        self.changed(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM {staging} WHERE {MINE}",
            mine,
        )
        self.changed(f"DELETE FROM {staging} WHERE {MINE}", mine)
        return counted + Counted(discarded=older)

    def _counted(self, table: str, staging: str, shape: TableShape, mine: list[Any]) -> Counted:
        """What the swap will have done. What came and differs in nothing is discarded."""
        total = self._how_many(staging, mine)
        if not self._how_many(table, mine):
            return Counted(new=total)
        if not shape.key:
            new, deleted = self._unmatched(table, staging, shape, mine)
            return Counted(new=new, discarded=total - new, deleted=deleted)
        kept, changed, shown = self._matched(table, staging, shape, mine, total)
        before = self._how_many(table, mine, f"AND {quoted(DELETED_AT)} IS NULL")
        return Counted(total - kept, changed, kept - changed, before - shown)

    def _matched(
        self, table: str, staging: str, shape: TableShape, mine: list[Any], total: int
    ) -> tuple[int, ...]:
        """Of `total` staged rows: in both, changed, not flagged."""
        return tuple(int(count) for count in self.rows(by_key(table, staging, shape), mine)[0])

    def _unmatched(
        self, table: str, staging: str, shape: TableShape, mine: list[Any]
    ) -> tuple[int, ...]:
        """Rows that only come, rows that only go."""
        found = self.rows(by_value(table, staging, shape), [*mine, *mine])[0]
        return tuple(int(count) for count in found)

    def _drop_older(self, staging: str, shape: TableShape, mine: list[Any]) -> int:
        """A row that changed while the pages were read came twice: the last one counts."""
        if not shape.key:
            return 0
        keys, order = listed(shape.key), quoted(SEQUENCE)
        twice = (
            f"SELECT {keys}, max({order}) AS last FROM {staging} WHERE {MINE} "
            f"GROUP BY {keys} HAVING count(*) > 1"
        )
        if not self.rows(f"SELECT 1 FROM ({twice}) AS b LIMIT 1", mine):
            return 0
        return self.changed(
            f"DELETE FROM {staging} AS t USING ({twice}) AS b WHERE "
            f"t.{quoted(COMPANY)} = ? AND t.{quoted(DIVISION)} = ? AND {same(shape.key)} "
            f"AND t.{order} < b.last",
            [*mine, *mine],
        )

    def delete(
        self,
        schema: str,
        shape: TableShape,
        cursor: Cursor,
        keys: Sequence[str],
        flag_at: datetime | None,
    ) -> int:
        table, count = quoted(schema, shape.name), 0
        named = [name for name in (shape.key[0], shape.group_key) if name]
        for start in range(0, len(keys), KEYS_AT_ONCE):
            chunk = list(keys[start : start + KEYS_AT_ONCE])
            marks = ", ".join("?" * len(chunk))
            hit = " OR ".join(f"{quoted(name)} IN ({marks})" for name in named)
            where = f"{MINE} AND ({hit}) AND {quoted(DELETED_AT)} IS NULL"
            values = [*_mine(cursor), *chunk * len(named)]
            if flag_at is None:
                count += self.changed(f"DELETE FROM {table} WHERE {where}", values)
            else:
                flagged = f"UPDATE {table} SET {quoted(DELETED_AT)} = ? WHERE {where}"
                count += self.changed(flagged, [utc(flag_at), *values])
        return count

    def keys(self, schema: str, shape: TableShape, cursor: Cursor) -> set[str]:
        query = (
            f"SELECT {quoted(shape.key[0])} FROM {quoted(schema, shape.name)} "
            f"WHERE {MINE} AND {quoted(DELETED_AT)} IS NULL"
        )
        return {str(key) for (key,) in self.rows(query, _mine(cursor))}

    def count(self, schema: str, shape: TableShape, cursor: Cursor) -> int:
        return self._how_many(
            quoted(schema, shape.name), _mine(cursor), f"AND {quoted(DELETED_AT)} IS NULL"
        )

    def newest(self, schema: str, shape: TableShape, cursor: Cursor) -> Newest:
        query = (
            f"SELECT count(*), coalesce(max({quoted(ROWVERSION)}), 0) FROM "
            f"{quoted(schema, shape.name)} WHERE {MINE} AND {quoted(DELETED_AT)} IS NULL"
        )
        count, rowversion = self.rows(query, _mine(cursor))[0]
        return Newest(int(count), int(rowversion))

    def _how_many(self, table: str, mine: list[Any], more: str = "") -> int:
        found = self.rows(f"SELECT count(*) FROM {table} WHERE {MINE} {more}", mine)
        return int(found[0][0])


@contextmanager
def all_or_nothing(execute: Any) -> Iterator[None]:
    """BEGIN, and COMMIT or ROLLBACK."""
    execute("BEGIN")
    try:
        yield
        execute("COMMIT")
    except BaseException:
        execute("ROLLBACK")
        raise


def _mine(cursor: Cursor) -> list[Any]:
    return [cursor.company, cursor.division]
