"""DuckDB: a file of our own, opened for one run. Other processes read the Parquet files.

Invariant: a Parquet file is whole or the one before: it is written beside and put in its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from retailvista.clock import Clock
from retailvista.connectors.database.shapes import DUCKDB, TableShape, quoted
from retailvista.connectors.database.sql import SqlWarehouse, all_or_nothing
from retailvista.connectors.database.warehouse import Missing, Overtaken
from retailvista.errors import Later

BATCH = "rv_batch"
# What it may use beside us; a load of a million rows stays within it by writing to disk.
SETTINGS: Mapping[str, str | int | float | list[str]] = {
    "memory_limit": "128MB",
    "threads": 2,
    "preserve_insertion_order": False,
}
BUSY_PAUSE = timedelta(minutes=1)
OVERTAKEN_PAUSE = timedelta(seconds=10)


class DuckWarehouse(SqlWarehouse):
    """One open DuckDB file."""

    dialect = DUCKDB
    types = ("VARCHAR", "BIGINT", "TIMESTAMP")

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._connection = duckdb.connect(str(path), config=dict(SETTINGS))
        except duckdb.IOException as error:
            raise Later(
                f"The warehouse file {path.name} is open in another program.",
                not_before=clock.now() + BUSY_PAUSE,
            ) from error
        path.chmod(0o600)

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._connection.execute(sql, list(parameters)).fetchall()
        return found

    def changed(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        found = self._connection.execute(sql, list(parameters)).fetchone()
        return int(found[0]) if found and isinstance(found[0], int) else 0

    def bring(self, schema: str, shape: TableShape, batch: Any) -> str:
        self._connection.register(BATCH, batch)
        return BATCH

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            with all_or_nothing(self._connection.execute):
                yield
        except (duckdb.TransactionException, duckdb.ConstraintException) as error:
            raise self.later("Another run is loading the same table.") from error

    def later(self, text: str) -> Overtaken:
        return Overtaken(text, not_before=self._clock.now() + OVERTAKEN_PAUSE)

    def missing(self, schema: str) -> list[Missing]:
        """A file of our own has no privileges."""
        return []

    def export(self, schema: str, tables: Iterable[str], folder: Path) -> Mapping[str, Path]:
        place = folder / schema
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = {}
        for table in tables:
            target = place / f"{table}.parquet"
            beside = target.with_suffix(".new")
            beside.unlink(missing_ok=True)
            name = str(beside).replace("'", "''")
            self._connection.execute(
                f"COPY (SELECT * FROM {quoted(schema, table)}) TO '{name}' "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
            beside.chmod(0o600)
            os.replace(beside, target)
            found[table] = target
        return found
