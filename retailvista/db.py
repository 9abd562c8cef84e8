"""The database handle, transactions, column types and the database's own clock.

SQLite recipe: the driver never begins by itself; a writing transaction is BEGIN IMMEDIATE from
its first statement, so a lost update cannot happen; WAL with synchronous=FULL, so what is
committed is on disk before anything is sent to a provider.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    CursorResult,
    DateTime,
    Delete,
    Engine,
    MetaData,
    Table,
    Update,
    event,
)
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from retailvista import compiled
from retailvista.clock import Clock, SystemClock

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base with stable constraint names, so that migrations can address them."""

    metadata = MetaData(naming_convention=NAMES)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, stored as UTC. A naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        assert value.tzinfo is not None, "a naive time must not reach the database"
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """SQLite has texts, which Python writes and reads several times faster by itself."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        if dialect.name == "sqlite":
            return _from_text
        return super().result_processor(dialect, coltype)


def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    assert value.tzinfo is not None, "a naive time must not reach the database"
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


# Money is integer minor units everywhere; a year of a large chain passes 32 bits.
Minor = BigInteger

db = SQLAlchemy(
    model_class=Base,
    session_options={"expire_on_commit": False, "autoflush": True},
    # An error names the statement, never the values: they are people's data and sealed secrets.
    engine_options={"hide_parameters": True},
    disable_autonaming=True,
)


def tune_engine(engine: Engine, clock: Clock | None = None) -> None:
    """Install the SQLite recipe, or the PostgreSQL settings, on a new engine."""
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine, clock or SystemClock())


def _make_own_file(engine: Engine) -> None:
    """The database is readable by its owner only; SQLite gives its -wal and -shm the same.

    A file that an older version or a copy left open to others is closed to them.
    """
    path = engine.url.database
    if not path or path == ":memory:" or not Path(path).parent.is_dir():
        return
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for file in (Path(path), Path(f"{path}-wal"), Path(f"{path}-shm")):
        with suppress(FileNotFoundError):
            found = file.stat()
            # Only its owner may change the mode; who else can open it is not kept from work.
            if found.st_mode & 0o077 and found.st_uid == os.geteuid():
                file.chmod(0o600)


def _tune_sqlite(engine: Engine, clock: Clock) -> None:
    _make_own_file(engine)

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "busy_timeout=30000",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        # The database's clock is the host's clock: one process owns a SQLite file.
        connection.create_function(
            "rv_now", 0, lambda: clock.now().astimezone(UTC).replace(tzinfo=None).isoformat(" ")
        )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("rv_writing", False)
        compiled.run_plain(connection, "BEGIN IMMEDIATE" if writing else "BEGIN").close()


_open: ContextVar[bool] = ContextVar("transaction_open", default=False)


@contextmanager
def marked_open() -> Iterator[None]:
    """Remember in this context that a transaction is open; http.py refuses to send then."""
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


def is_transaction_open() -> bool:
    """Whether this thread of work is inside transaction() or reading()."""
    return _open.get()


@contextmanager
def transaction(session: Session) -> Iterator[Session]:
    """One writing transaction: commits at the end, rolls back on any error.

    No other transaction may be open on the session: what was read before may be stale.
    """
    assert not session.in_transaction(), "a transaction is already open on this session"
    compiled.hold(session, session.connection(execution_options={"rv_writing": True}))
    try:
        with marked_open():
            yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        compiled.let_go(session)


@contextmanager
def reading(session: Session) -> Iterator[Session]:
    """A reading transaction that leaves nothing open; loaded rows stay usable after it."""
    assert not session.in_transaction(), "a transaction is already open on this session"
    try:
        with marked_open():
            yield session
        end_reading(session)
    except BaseException:
        session.rollback()
        raise


def end_reading(session: Session) -> None:
    """Close what reading opened, keeping the rows; unsaved changes here are a bug."""
    assert not (session.new or session.dirty or session.deleted), "unsaved changes while reading"
    session.commit()


def now(session: Session) -> datetime:
    """The database's clock: leases and unknown periods of all hosts use this one."""
    connection = compiled.connection_of(session)
    sqlite = connection.dialect.name == "sqlite"
    sql = "SELECT rv_now()" if sqlite else "SELECT clock_timestamp()"
    cursor = compiled.run_plain(connection, sql)
    (found,) = cursor.fetchone()
    cursor.close()
    if sqlite:
        return datetime.fromisoformat(found).replace(tzinfo=UTC)
    assert isinstance(found, datetime)
    return found.astimezone(UTC)


def table_of(model: type[Any]) -> Table:
    """The table behind a model, for statements that are built once and for conditional updates.

    Past the models nothing is filtered by company: such a statement names the company itself.
    """
    table = model.__table__
    assert isinstance(table, Table)
    return table


def changed(session: Session, statement: Update | Delete) -> int:
    """Execute a conditional UPDATE or DELETE past the loaded rows; how many rows it hit."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult), "an UPDATE tells how many rows it hit"
    return result.rowcount


def upgrade(engine: Engine) -> None:
    """Bring the tables to the newest migration; on SQLite with foreign keys off around it."""
    # Here and not above: 10 MB that a process which only loads does not need.
    from alembic import command
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _foreign_keys(connection, "OFF")
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
        connection.commit()
        if sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            assert not broken, f"foreign keys broken after migration: {broken[:3]}"
            connection.commit()
            _foreign_keys(connection, "ON")


def _foreign_keys(connection: Connection, switch: str) -> None:
    """Past SQLAlchemy: the pragma does nothing inside a transaction."""
    driver = connection.connection.driver_connection
    assert driver is not None, "an open connection has a driver"
    driver.execute(f"PRAGMA foreign_keys={switch}")
