"""What loading asks of a warehouse, and the cursor that is kept in it beside the rows.

Invariant: rows, deletions and the cursor that stands for them change in one transaction. A cursor
is moved by compare and swap on its version: two runs on one table cannot both believe they did it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

from retailvista.connectors.database.shapes import TableShape
from retailvista.connectors.feed_marks import Newest
from retailvista.errors import Later

LOADING, LOADED = "loading", "loaded"
CURSORS = "_retailvista_cursors"


class Overtaken(Later):
    """Another run moved the same table; nothing of this one was stored."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one entity of one division has come.

    `state` LOADING: a reload fills the staging table, from `mark` or `next_address`, and readers
    still see what was there before. `deleted_mark` is how far the feed of deletions was applied to
    this table, and `deletions_at` when it was last read to its end. `moved` is what the division's
    move said when it was last asked, at `moved_at`. `run` touched it last; `done_run` brought it
    up to date, and goes past it when it has to wait for another table. `version` is 0 before
    the first store. `checked_at` is when its rows were last counted against the provider's; None
    when they have changed since. `silent_at` is when the provider last did not tell its newest row.
    """

    company: int
    division: int
    entity: str
    table_name: str
    source: str
    state: str = LOADING
    way: str = ""
    mark: str = ""
    pass_mark: str = ""
    next_address: str = ""
    staged: int = 0
    deleted_mark: str = ""
    deletions_at: datetime | None = None
    moved: str = ""
    moved_at: datetime | None = None
    began_at: datetime | None = None
    loaded_at: datetime | None = None
    full_at: datetime | None = None
    checked_at: datetime | None = None
    silent_at: datetime | None = None
    run: int = 0
    done_run: int = 0
    version: int = 0

    @property
    def key(self) -> tuple[int, str]:
        """Within a company."""
        return self.division, self.entity


@dataclass(frozen=True, slots=True)
class Counted:
    """What a change did to a table."""

    new: int = 0
    changed: int = 0
    discarded: int = 0
    deleted: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            self.new + other.new,
            self.changed + other.changed,
            self.discarded + other.discarded,
            self.deleted + other.deleted,
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """A privilege the loading needs and does not have, and the statement that grants it."""

    privilege: str
    on: str
    statement: str


class Warehouse(Protocol):
    """An open warehouse: one connection, used by one thread."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def missing(self, schema: str) -> list[Missing]:
        """Privileges that loading into a schema needs and this login lacks."""
        ...

    def prepare(self, schema: str, shapes: Sequence[TableShape]) -> list[str]:
        """Create schema, tables and columns that are not there; the columns that were added."""
        ...

    def cursors(self, schema: str, company: int) -> dict[tuple[int, str], Cursor]:
        """Every cursor of a company by division and entity."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing. Overtaken when somebody else changed the same."""
        ...

    def bring(self, schema: str, shape: TableShape, batch: Any) -> str:
        """Have a batch (Arrow) ready to be merged; before the transaction. Its name."""
        ...

    def merge(self, schema: str, shape: TableShape, name: str, *, always: bool = False) -> Counted:
        """Put the rows of a batch into the table, unless what is stored is as new."""
        ...

    def stage(self, schema: str, shape: TableShape, name: str) -> None:
        """Append a batch to the staging table."""
        ...

    def swap(
        self, schema: str, shape: TableShape, cursor: Cursor, flag_at: datetime | None
    ) -> Counted:
        """Show what was staged for a division in place of what was there."""
        ...

    def make_staging(self, schema: str, shape: TableShape) -> None:
        """Have a staging table; before the transaction, which Snowflake would commit."""
        ...

    def forget_staged(self, schema: str, shape: TableShape, cursor: Cursor) -> None:
        """Begin staging a division from nothing."""
        ...

    def delete(
        self,
        schema: str,
        shape: TableShape,
        cursor: Cursor,
        keys: Sequence[str],
        flag_at: datetime | None,
    ) -> int:
        """Remove, or flag, the rows of these keys; how many there were."""
        ...

    def keys(self, schema: str, shape: TableShape, cursor: Cursor) -> set[str]:
        """The first key column of every row of a division that is not flagged."""
        ...

    def count(self, schema: str, shape: TableShape, cursor: Cursor) -> int:
        """Rows of a division that are not flagged as deleted."""
        ...

    def newest(self, schema: str, shape: TableShape, cursor: Cursor) -> Newest:
        """Those rows, and the highest rowversion among them."""
        ...

    def save(self, schema: str, cursor: Cursor) -> Cursor:
        """Store a cursor in the transaction of its rows; as stored. Overtaken when it moved."""
        ...

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query yields: for checks and screens."""
        ...

    def export(self, schema: str, tables: Iterable[str], folder: Path) -> Mapping[str, Path]:
        """Write each table as a Parquet file that replaces the one before; {} where not done."""
        ...
