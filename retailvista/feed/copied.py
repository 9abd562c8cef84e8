"""A copy in its warehouse: its rows by SQL, and until when they are fresh.

Invariant: the warehouse is open for one statement, in the scope of the company it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from retailvista.companies.scope import company_scope
from retailvista.connectors.database.opening import WarehouseFacts, open_warehouse, warehouse_facts
from retailvista.connectors.database.shapes import DUCKDB
from retailvista.connectors.database.warehouse import CURSORS, Cursor, Warehouse
from retailvista.connectors.outside import Outside
from retailvista.errors import LoginNeeded, Refused
from retailvista.feed.copies import Copy
from retailvista.feed.failures import FeedError, SourceFailed


@dataclass(frozen=True, slots=True)
class Standing:
    """What a schema holds: how far each entity has come, and the columns of each table."""

    cursors: Mapping[tuple[int, str], Cursor]
    columns: Mapping[str, set[str]]


# Of each warehouse and schema.
Known = dict[tuple[int, str], Standing]


@dataclass(slots=True)
class Copied:
    """A copy in its warehouse, looked up when it is first needed."""

    outside: Outside
    company_id: int
    copy: Copy
    known: Known = field(default_factory=dict)
    _facts: WarehouseFacts | None = field(default=None, init=False)

    @property
    def facts(self) -> WarehouseFacts:
        if self._facts is None:
            self._facts = warehouse_facts(self.outside, self.copy.warehouse_id)
        return self._facts

    @property
    def schema(self) -> str:
        return self.copy.schema or self.facts.settings.schema

    def rows(self, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """What a query yields. SourceFailed says why the warehouse gives nothing."""
        with self._opened() as warehouse:
            return warehouse.rows(sql, parameters)

    def fresh_as_of(self) -> datetime | None:
        """When the copy was last brought up to date; None before its first load."""
        standing = self._standing()
        found = standing.cursors.get((self.copy.division, self.copy.entity))
        if found is None or not standing.columns.get(self.copy.table):
            return None
        return found.loaded_at if found.table_name == self.copy.table else None

    def columns(self) -> set[str]:
        """The columns that are there; one that is new comes with the next run of the flow."""
        return self._standing().columns.get(self.copy.table, set())

    def _standing(self) -> Standing:
        """What there is in the schema; it is read once for all tables of an answer."""
        place = (self.copy.warehouse_id, self.copy.schema)
        if place not in self.known:
            self.known[place] = self._looked()
        return self.known[place]

    def _looked(self) -> Standing:
        with company_scope(self.company_id):
            facts = self.facts
        if facts.settings.kind == DUCKDB and not facts.file.exists():
            return Standing({}, {})
        with self._opened() as warehouse:
            columns: dict[str, set[str]] = {}
            query = "SELECT table_name, column_name FROM information_schema.columns"
            mine = f"{query} WHERE table_schema = ?"
            for table, column in warehouse.rows(mine, [self.schema]):
                columns.setdefault(table, set()).add(column)
            has_cursors = CURSORS in columns
            cursors = warehouse.cursors(self.schema, facts.company) if has_cursors else {}
            return Standing(cursors, columns)

    @contextmanager
    def _opened(self) -> Iterator[Warehouse]:
        try:
            with company_scope(self.company_id), open_warehouse(self.outside, self.facts) as opened:
                yield opened
        except FeedError:
            raise
        except (LoginNeeded, Refused) as error:
            raise SourceFailed(f"The warehouse {self.copy.warehouse}: {error}") from error
