"""A copy in its warehouse: its rows by SQL, and until when they are fresh.

Invariant: the warehouse is open for one statement, in the scope of the company it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from retailvista.companies.scope import company_scope
from retailvista.connectors.database.opening import WarehouseFacts, open_warehouse, warehouse_facts
from retailvista.connectors.database.shapes import DUCKDB
from retailvista.connectors.database.warehouse import CURSORS, Cursor
from retailvista.connectors.outside import Outside
from retailvista.errors import LoginNeeded, Refused
from retailvista.feed.copies import Copy
from retailvista.feed.failures import FeedError, SourceFailed

# Cursors by division and entity, of each warehouse and schema.
Known = dict[tuple[int, str], dict[tuple[int, str], Cursor]]


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
        try:
            with company_scope(self.company_id), open_warehouse(self.outside, self.facts) as opened:
                return opened.rows(sql, parameters)
        except LoginNeeded as error:
            raise SourceFailed(f"The warehouse {self.copy.warehouse}: {error}") from error
        except FeedError:
            raise
        except Refused as error:
            raise SourceFailed(f"The warehouse {self.copy.warehouse}: {error}") from error

    def fresh_as_of(self) -> datetime | None:
        """When the copy was last brought up to date; None before its first load."""
        found = self._standing().get((self.copy.division, self.copy.entity))
        return (
            found.loaded_at if found is not None and found.table_name == self.copy.table else None
        )

    def _standing(self) -> dict[tuple[int, str], Cursor]:
        """The cursors beside the tables; they are read once for all tables of an answer."""
        place = (self.copy.warehouse_id, self.copy.schema)
        if place not in self.known:
            self.known[place] = self._cursors()
        return self.known[place]

    def _cursors(self) -> dict[tuple[int, str], Cursor]:
        with company_scope(self.company_id):
            facts = self.facts
            if facts.settings.kind == DUCKDB and not facts.file.exists():
                return {}
            with open_warehouse(self.outside, facts) as warehouse:
                query = "SELECT table_name FROM information_schema.tables WHERE table_schema = ?"
                there = {name for (name,) in warehouse.rows(query, [self.schema])}
                return warehouse.cursors(self.schema, facts.company) if CURSORS in there else {}
