"""DuckDB: a file of our own, opened for one run. Other processes read the Parquet files.

Invariant: a Parquet file is whole or the one before: it is written beside and put in its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from retailvista.clock import Clock
from retailvista.connectors.database.shapes import (
    COMPANY,
    DIVISION,
    DUCKDB,
    SEQUENCE,
    TableShape,
    quoted,
)
from retailvista.connectors.database.sql import SqlWarehouse
from retailvista.connectors.database.swap_counts import by_fingerprint, by_value, fingerprint
from retailvista.connectors.database.warehouse import Counted, Cursor, Missing, Overtaken
from retailvista.errors import Later, Refused
from retailvista.turns import give_way

BATCH = "rv_batch"
SETTINGS: Mapping[str, str | int | float | list[str]] = {
    "threads": 1,
    "preserve_insertion_order": False,
    # What it does not need any more goes back to the system at once.
    "allocator_flush_threshold": "4MB",
    # Of a new file. Each column of a table that is filled holds blocks: small ones hold less.
    "default_block_size": 65_536,
    # What is held between two checkpoints is in memory, too.
    "checkpoint_threshold": "8MB",
    # A checkpoint joins pieces of a table, and writes them once more for it. Of pages that are only
    # added nothing is to be tidied up; where rows are replaced, one step each time: see merge.
    "max_vacuum_tasks": 0,
}
# What the file knows of each piece that was written stays in memory (25 MB for a million wide
# rows) until it is opened anew.
OPENED_EVERY = 100
# What it may use beside us: two blocks for each column of the widest table while it is written to
# disk, and some room to join. With less a checkpoint fails; with more it keeps what it has read.
ROOM_MB = 24
# While pages are only added to a table: nothing is joined with what is there.
ADDING_MB = 16
# What a reader may use until a load prepares its tables: rows of many columns are put in order.
READER_MB = 256
# What a file turned out to need beyond all that, in this process: after it ran out, a run goes on
# with twice as much.
MORE_MB: dict[Path, int] = {}
MORE_LEAST_MB, MORE_MOST_MB = 64, 2_048
# Rows of a reload that are held beside those that are here, by key.
MATCHED_AT_ONCE = 50_000
# While it makes rows of Python's objects nobody else in this process has his turn.
ROWS_AT_ONCE = 200
# No room on the disk, no rights, a file that was taken away: after it the file is opened anew.
UNWRITTEN = (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException)
BUSY_PAUSE = timedelta(minutes=1)
OVERTAKEN_PAUSE = timedelta(seconds=10)


class DuckWarehouse(SqlWarehouse):
    """One open DuckDB file."""

    dialect = DUCKDB
    types = ("VARCHAR", "BIGINT", "TIMESTAMP")

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._blocks_mb = 0
        self._memory = READER_MB
        self._brought = 0
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._open()
        path.chmod(0o600)

    def _open(self) -> None:
        try:
            self._connection = duckdb.connect(str(self.path), config=dict(SETTINGS))
            # It would be drawn on stdout, which belongs to what a command answers.
            self._connection.execute("SET enable_progress_bar = false")
            self._connection.execute(f"SET memory_limit = '{self._memory}MB'")
        except duckdb.IOException as error:
            raise Later(
                f"The warehouse file {self.path.name} is open in another program.",
                not_before=self._clock.now() + BUSY_PAUSE,
            ) from error

    def close(self) -> None:
        self._connection.close()

    def prepare(self, schema: str, shapes: Sequence[TableShape]) -> list[str]:
        self._limit(max((len(shape.staging.columns) for shape in shapes), default=0))
        return super().prepare(schema, shapes)

    def _limit(self, columns: int) -> None:
        """Memory by the widest table that is there or comes, and by all columns of all tables.

        The last piece of each column that is filled stays in memory until a checkpoint comes.
        """
        query = "SELECT count(*) FROM duckdb_columns() WHERE NOT internal GROUP BY table_oid"
        counts = [count for (count,) in self.rows(query)]
        block = self.rows("SELECT block_size FROM pragma_database_size()")[0][0]
        held = max([columns, *counts]) * 2 + sum(counts)
        self._blocks_mb = held * block // 2**20
        self._allow(ROOM_MB)

    def _allow(self, room: int, steps: int = 0) -> None:
        """So much memory beside the blocks, and so many steps of tidying up at a checkpoint."""
        self._memory = room + self._blocks_mb + MORE_MB.get(self.path, 0)
        self._connection.execute(f"SET memory_limit = '{self._memory}MB'")
        self._connection.execute(f"SET max_vacuum_tasks = {steps}")

    def stage(self, schema: str, shape: TableShape, name: str) -> None:
        self._allow(ADDING_MB)
        super().stage(schema, shape, name)

    def merge(self, schema: str, shape: TableShape, name: str, *, always: bool = False) -> Counted:
        self._allow(ROOM_MB, steps=1)
        return super().merge(schema, shape, name, always=always)

    def swap(
        self, schema: str, shape: TableShape, cursor: Cursor, flag_at: datetime | None
    ) -> Counted:
        """A first load takes its staging table as it is, instead of copying it row by row."""
        table, staging = quoted(schema, shape.name), quoted(schema, shape.staging.name)
        others = (
            f"SELECT EXISTS (SELECT 1 FROM {table}) OR EXISTS (SELECT 1 FROM {staging} "
            f"WHERE {quoted(COMPANY)} <> ? OR {quoted(DIVISION)} <> ?)"
        )
        mine = [cursor.company, cursor.division]
        layout = "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
        kept = [name for (name,) in self.rows(layout, [schema, shape.name])]
        if self.rows(others, mine)[0][0] or set(kept) != set(shape.names):
            self._allow(ROOM_MB, steps=1)
            return super().swap(schema, shape, cursor, flag_at)
        older = self._drop_older(staging, shape, mine)
        total = self._how_many(staging, mine)
        self.changed(f"DROP TABLE {table}")
        self.changed(f"ALTER TABLE {staging} RENAME TO {quoted(shape.name)}")
        self.changed(f"ALTER TABLE {table} DROP COLUMN {quoted(SEQUENCE)}")
        return Counted(new=total, discarded=older)

    def _matched(
        self, table: str, staging: str, shape: TableShape, mine: list[Any], total: int
    ) -> tuple[int, ...]:
        """Part by part, so that what is joined fits in memory."""
        parts = total // MATCHED_AT_ONCE + 1
        sums: tuple[int, ...] = (0, 0, 0)
        for part in range(parts):
            query = by_fingerprint(table, staging, shape, part, parts)
            found = self.rows(query, [*mine, *mine])[0]
            sums = tuple(int(one) + more for one, more in zip(found, sums, strict=True))
        return sums

    def _unmatched(
        self, table: str, staging: str, shape: TableShape, mine: list[Any]
    ) -> tuple[int, ...]:
        query = by_value(table, staging, shape, fingerprint(shape))
        return tuple(int(count) for count in self.rows(query, [*mine, *mine])[0])

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._told():
            answer = self._connection.execute(sql, list(parameters))
            found: list[tuple[Any, ...]] = []
            while some := answer.fetchmany(ROWS_AT_ONCE):
                found += some
                give_way()
        return found

    def changed(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        with self._told():
            found = self._connection.execute(sql, list(parameters)).fetchone()
        return int(found[0]) if found and isinstance(found[0], int) else 0

    def bring(self, schema: str, shape: TableShape, batch: Any) -> str:
        self._brought += 1
        if self._brought % OPENED_EVERY == 0:
            self.close()
            self._open()
        self._connection.register(BATCH, batch)
        return BATCH

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._told():
            self._connection.execute("BEGIN")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # After a write that failed there may be nothing left to roll back.
                with suppress(duckdb.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What DuckDB says, as one of our errors; never a value of a row."""
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise self._more_room() from error
        except (duckdb.ConstraintException, *UNWRITTEN) as error:
            if _is_conflict(error):
                raise self.later("Another run is loading the same table.") from error
            raise Later(
                f"The warehouse file {self.path.name} cannot be written. Make room on the disk of"
                " the installation and look at its rights; the run goes on by itself.",
                not_before=self._clock.now() + BUSY_PAUSE,
                said=" ".join(str(error).split())[:300],
            ) from error

    def _more_room(self) -> Later | Refused:
        """Nothing of what ran out was kept; the next attempt may use more."""
        used = MORE_MB.get(self.path, 0)
        if used >= MORE_MOST_MB:
            return Refused(
                f"The warehouse file {self.path.name} needs more memory than {self._memory} MB."
                " Load fewer tables in one flow."
            )
        MORE_MB[self.path] = max(2 * used, MORE_LEAST_MB)
        return Later(
            f"The warehouse file {self.path.name} needs more memory than {self._memory} MB; the"
            " run goes on by itself with more.",
            not_before=self._clock.now() + OVERTAKEN_PAUSE,
        )

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
            self.changed(
                f"COPY (SELECT * FROM {quoted(schema, table)}) TO '{name}' "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
            beside.chmod(0o600)
            os.replace(beside, target)
            found[table] = target
        return found


def _is_conflict(error: duckdb.Error) -> bool:
    """A commit fails because of another one, or because the file could not be written."""
    said = str(error).lower()
    words = ("conflict", "constraint violation")
    return isinstance(error, duckdb.ConstraintException) or any(word in said for word in words)
