"""Transactions of compiled statements alone, past the session, which costs more than they do.

Invariant: in a plain transaction nothing is read or written through the session itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from retailvista import compiled, db


class WorkSession(Session):
    """The session of work in the background: its transactions can also be plain ones."""

    def begin_plain(self, connection: Connection) -> None:
        """Begin for writing; a driver other than SQLite's begins by itself."""
        if connection.dialect.name == "sqlite":
            compiled.run_plain(connection, "BEGIN IMMEDIATE").close()

    def commit_plain(self, connection: Connection) -> None:
        """From here on it is on disk."""
        compiled.run_plain(connection, "COMMIT").close()


@contextmanager
def plain_transaction(session: Session) -> Iterator[Session]:
    """db.transaction() for compiled statements alone: commits at the end, rolls back on any error.

    No other transaction may be open on the session, and none may be begun meanwhile.
    """
    assert isinstance(session, WorkSession), "only work in the background has plain transactions"
    assert not session.in_transaction(), "a transaction is already open on this session"
    engine = session.get_bind()
    assert isinstance(engine, Engine), "sessions are bound to the engine"
    with engine.connect() as connection:
        session.begin_plain(connection)
        compiled.hold(session, connection)
        try:
            with db.marked_open():
                yield session
            assert not session.in_transaction(), "the session was used in a plain transaction"
            session.commit_plain(connection)
        except BaseException:
            connection.connection.rollback()
            raise
        finally:
            compiled.let_go(session)
