"""PostgreSQL as a warehouse: rows come in by COPY, keys are primary keys.

Invariant: TLS is asked for as the connector says; a text never holds the character that
PostgreSQL cannot store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pyarrow as pa

from retailvista.connectors.database.cursors import listed
from retailvista.connectors.database.grants import missing_grants
from retailvista.connectors.database.reaching import checked_address
from retailvista.connectors.database.settings import WarehouseSettings
from retailvista.connectors.database.shapes import POSTGRESQL, TableShape, quoted
from retailvista.connectors.database.sql import SqlWarehouse
from retailvista.connectors.database.warehouse import Missing, Overtaken
from retailvista.connectors.outside import Outside
from retailvista.errors import Later, LoginNeeded, Refused
from retailvista.vault import Secret

BATCH = "rv_batch"
CONNECT_SECONDS = 15
STATEMENT_MINUTES = 10
UNREACHABLE_PAUSE = timedelta(minutes=5)
OVERTAKEN_PAUSE = timedelta(seconds=10)
WRONG_LOGIN = ("28P01", "28000")


class PostgresWarehouse(SqlWarehouse):
    """One connection to a PostgreSQL database."""

    dialect = POSTGRESQL
    types = ("text", "bigint", "timestamp")
    has_keys = True

    def __init__(
        self, settings: WarehouseSettings, secret: Secret | None, outside: Outside
    ) -> None:
        self._settings = settings
        self._clock = outside.clock
        address = checked_address(settings.host, settings.port, outside.provider_hosts)
        try:
            self._connection = psycopg.connect(
                host=settings.host,
                hostaddr=address,
                port=settings.port,
                dbname=settings.database,
                user=settings.user,
                password=secret.reveal() if secret else None,
                sslmode=settings.ssl_mode,
                connect_timeout=CONNECT_SECONDS,
                application_name="RetailVista",
                options=f"-c statement_timeout={STATEMENT_MINUTES}min -c TimeZone=UTC",
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            raise self._unreachable(error) from None

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._execute(sql, parameters).fetchall()

    def changed(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return max(0, self._execute(sql, parameters).rowcount)

    def _execute(self, sql: str, parameters: Sequence[Any]) -> psycopg.Cursor[Any]:
        text = sql.replace("?", "%s") if parameters else sql
        with self._told():
            return self._connection.execute(text, list(parameters) or None)

    def bring(self, schema: str, shape: TableShape, batch: pa.Table) -> str:
        """A temporary table with the rows; it is gone with the connection."""
        columns = ", ".join(
            f"{quoted(column.name)} {column.sql_type(self.dialect)}" for column in shape.columns
        )
        with self._told():
            self._connection.execute(f"DROP TABLE IF EXISTS {BATCH}")
            self._connection.execute(f"CREATE TEMPORARY TABLE {BATCH} ({columns})")
            names = listed(shape.names)
            order = f"COPY {BATCH} ({names}) FROM STDIN"
            with self._connection.cursor() as cursor, cursor.copy(order) as copy:
                for row in zip(*(_values(column) for column in batch.columns), strict=True):
                    copy.write_row(row)
        return BATCH

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._told(), self._connection.transaction():
            yield

    def later(self, text: str) -> Overtaken:
        return Overtaken(text, not_before=self._clock.now() + OVERTAKEN_PAUSE)

    def missing(self, schema: str) -> list[Missing]:
        lacks: set[tuple[str, str]] = set()
        if self._has_schema(schema):
            for privilege in ("USAGE", "CREATE"):
                query = "SELECT has_schema_privilege(?, ?)"
                if not self.rows(query, [schema, privilege])[0][0]:
                    lacks.add((privilege, "schema"))
        elif not self.rows("SELECT has_database_privilege(current_database(), 'CREATE')")[0][0]:
            lacks.add(("CREATE", "database"))
        return missing_grants(self._settings, schema, lacks)

    def _has_schema(self, schema: str) -> bool:
        """information_schema shows only schemas that one owns."""
        return bool(self.rows("SELECT 1 FROM pg_namespace WHERE nspname = ?", [schema]))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the database says, as one of our errors; never a value of a row."""
        try:
            yield
        except (psycopg.errors.UniqueViolation, psycopg.errors.SerializationFailure) as error:
            raise self.later("Another run is loading the same table.") from error
        except psycopg.errors.InsufficientPrivilege as error:
            said = error.diag.message_primary or ""
            raise Refused("The warehouse does not allow this.", said=said) from None
        except psycopg.OperationalError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: psycopg.OperationalError) -> Later | LoginNeeded:
        said = " ".join(str(error).split())[:300]
        if error.sqlstate in WRONG_LOGIN or "password authentication failed" in said:
            return LoginNeeded("The warehouse does not accept this user and password.", said=said)
        return Later(
            "The warehouse cannot be reached.",
            not_before=self._clock.now() + UNREACHABLE_PAUSE,
            said=said,
        )


def _values(column: pa.ChunkedArray) -> list[Any]:
    found: list[Any] = column.to_pylist()
    if pa.types.is_string(column.type):
        return [None if text is None else text.replace("\0", "") for text in found]
    return found
