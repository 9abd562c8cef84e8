"""Snowflake as a warehouse: the login is a key pair, the tables are the same as everywhere.

Invariant: the private key is opened in memory and never written; DDL is done before a transaction,
since Snowflake would commit it. What has never met a real account stands in docs/warehouse.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from snowflake import connector

from retailvista.clock import Clock
from retailvista.connectors.database.cursors import listed
from retailvista.connectors.database.grants import missing_grants
from retailvista.connectors.database.settings import WarehouseSettings
from retailvista.connectors.database.shapes import SNOWFLAKE, TableShape, quoted
from retailvista.connectors.database.sql import SqlWarehouse, all_or_nothing
from retailvista.connectors.database.warehouse import Missing, Overtaken
from retailvista.errors import Later, LoginNeeded, Refused
from retailvista.vault import Secret

BATCH = "RV_BATCH"
LOGIN_SECONDS = 20
NOT_TOLD = "not told"
# Wrong user, wrong key, user locked; and what a role may not do.
WRONG_LOGIN = (390100, 390144, 390189, 394300)
NOT_ALLOWED = (3001, 3041)
PAUSE, OVERTAKEN_PAUSE = timedelta(minutes=5), timedelta(seconds=10)


class SnowflakeWarehouse(SqlWarehouse):
    """One session of a Snowflake account."""

    dialect = SNOWFLAKE
    types = ("VARCHAR", "NUMBER(38,0)", "TIMESTAMP_NTZ")

    def __init__(
        self,
        settings: WarehouseSettings,
        secret: Secret | None,
        clock: Clock,
        connect: Callable[..., Any] = connector.connect,
    ) -> None:
        self._settings, self._clock = settings, clock
        with self._told():
            self._connection = connect(
                account=settings.account,
                user=settings.user,
                private_key=_der(secret),
                database=settings.database,
                role=settings.role or None,
                warehouse=settings.compute or None,
                login_timeout=LOGIN_SECONDS,
                paramstyle="qmark",
                session_parameters={"QUERY_TAG": "RetailVista", "TIMEZONE": "UTC"},
                client_telemetry_enabled=False,
            )

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._told(), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(parameters) or None)
            return [tuple(row) for row in cursor.fetchall()]

    def changed(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        with self._told(), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(parameters) or None)
            return max(0, cursor.rowcount or 0)

    def prepare(self, schema: str, shapes: Sequence[TableShape]) -> list[str]:
        added = super().prepare(schema, shapes)
        # Where temporary tables go.
        self.changed(f"USE SCHEMA {quoted(self._settings.database, schema)}")
        return added

    def bring(self, schema: str, shape: TableShape, batch: Any) -> str:
        """A temporary table of this session with the rows."""
        place = quoted(BATCH)
        columns = ", ".join(
            f"{quoted(column.name)} {column.sql_type(self.dialect)}" for column in shape.columns
        )
        self.changed(f"CREATE OR REPLACE TEMPORARY TABLE {place} ({columns})")
        marks = ", ".join("?" * len(shape.columns))
        rows = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
        with self._told(), self._connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {place} ({listed(shape.names)}) VALUES ({marks})", rows
            )
        return place

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with all_or_nothing(self.changed):
            yield

    def later(self, text: str) -> Overtaken:
        return Overtaken(text, not_before=self._clock.now() + OVERTAKEN_PAUSE)

    def missing(self, schema: str) -> list[Missing]:
        """By what this role was granted; a role that owns the place needs no grant."""
        lacks: set[tuple[str, str]] = set()
        if self._has_schema(schema):
            held = self._granted("SCHEMA", quoted(self._settings.database, schema))
            lacks = {(name, "schema") for name in ("USAGE", "CREATE TABLE") if name not in held}
        else:
            held = self._granted("DATABASE", quoted(self._settings.database))
            lacks = {(name, "database") for name in ("USAGE", "CREATE SCHEMA") if name not in held}
        known = "OWNERSHIP" in held or NOT_TOLD in held
        return missing_grants(self._settings, schema, set() if known else lacks)

    def _granted(self, kind: str, name: str) -> set[str]:
        """Privileges on a place that our role has; NOT_TOLD leaves it to the statements to fail."""
        try:
            found = self.rows(f"SHOW GRANTS ON {kind} {name}")
        except Refused as error:
            return set() if "not authorized" in error.said else {NOT_TOLD}
        role = (self._settings.role or str(self.rows("SELECT CURRENT_ROLE()")[0][0])).upper()
        return {str(row[1]) for row in found if str(row[5]).upper() == role}

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What Snowflake says as one of our errors, without values."""
        try:
            yield
        except connector.errors.Error as error:
            said = " ".join(str(error.msg or "").split())[:300]
            if error.errno in WRONG_LOGIN:
                text = "The warehouse does not accept this user and key."
                raise LoginNeeded(text, said=said) from None
            if error.errno in NOT_ALLOWED or isinstance(error, connector.errors.ProgrammingError):
                raise Refused("The warehouse refused this.", said=said) from None
            raise Later(
                "The warehouse cannot be reached.",
                not_before=self._clock.now() + PAUSE,
                said=said,
            ) from None


def _der(secret: Secret | None) -> bytes:
    """The private key as the connector wants it. Refused when the secret is none."""
    try:
        key = serialization.load_pem_private_key(
            (secret.reveal() if secret else "").encode(), password=None
        )
    except (TypeError, ValueError) as error:
        text = "The secret is no private key in PEM form without a passphrase."
        raise Refused(text) from error
    return key.private_bytes(
        encoding=serialization.Encoding.DER,
        format=serialization.PrivateFormat.PKCS8,
        encryption_algorithm=serialization.NoEncryption(),
    )
