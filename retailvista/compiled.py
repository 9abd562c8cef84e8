"""Statements that are compiled once, for what is read and written with every call we send.

Invariant: they run on the connection of the session's own transaction, past everything that the
database layer does per statement, which costs several times what executing them does. Past the
models nothing is filtered by company: such a statement names the company itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Insert, Select, Update
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

_HELD = "connection_of_transaction"

Values = Mapping[str, Any]
Bound = Callable[[Values], Any]


def hold(session: Session, connection: Connection) -> None:
    """The connection of the transaction that begins: asking the session each time is slow."""
    session.info[_HELD] = connection


def let_go(session: Session) -> None:
    """The transaction is over."""
    session.info.pop(_HELD, None)


def connection_of(session: Session) -> Connection:
    """The connection of the transaction under way; outside transaction() the session's."""
    held: Connection | None = session.info.get(_HELD)
    return session.connection() if held is None else held


def run_plain(connection: Connection, sql: str, params: Any = (), *, many: bool = False) -> Any:
    """The driver's cursor after executing; its errors as those of the database layer."""
    cursor = connection.connection.cursor()
    try:
        if many:
            cursor.executemany(sql, params)
        else:
            cursor.execute(sql, params)
    except connection.dialect.loaded_dbapi.Error as error:
        cursor.close()
        base = connection.dialect.loaded_dbapi.Error
        raise DBAPIError.instance(
            sql, None, error, base, hide_parameters=True, dialect=connection.dialect
        ) from error
    return cursor


class Write:
    """An INSERT or UPDATE that is compiled once per set of columns."""

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, ...], tuple[str, Bound]] = {}

    def run(self, session: Session, values: Values) -> int:
        """Execute it with values for its columns and parameters; how many rows it hit."""
        connection = connection_of(session)
        sql, bound = self._for(connection.dialect, values)
        return _hit(run_plain(connection, sql, bound(values)))

    def run_all(self, session: Session, rows: Sequence[Values]) -> int:
        """The same for many rows with the same names; how many rows were hit in all."""
        connection = connection_of(session)
        sql, bound = self._for(connection.dialect, rows[0])
        return _hit(run_plain(connection, sql, [bound(values) for values in rows], many=True))

    def _for(self, dialect: Dialect, values: Values) -> tuple[str, Bound]:
        names = (dialect.name, *values)
        found = self._compiled.get(names)
        if found is None:
            compiled = self._statement.compile(dialect=dialect, column_keys=list(values))
            found = self._compiled[names] = (str(compiled), _binding(compiled, set(values)))
        return found


class Read:
    """A SELECT of columns that is compiled once; its parameters come by name."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Bound]] = {}
        self._makers: dict[str, list[Callable[[Any], Any] | None]] = {}

    def one_or_none(self, session: Session, values: Values) -> tuple[Any, ...] | None:
        """The row that is found, of one at most."""
        rows = self.all(session, values, at_most=2)
        assert len(rows) < 2, "one row at most"
        return rows[0] if rows else None

    def all(
        self, session: Session, values: Values, *, at_most: int | None = None
    ) -> list[tuple[Any, ...]]:
        """Every row that is found, or the first so many."""
        connection = connection_of(session)
        sql, bound = self._for(connection.dialect, values)
        cursor = run_plain(connection, sql, bound(values))
        makers = self._made_by(connection.dialect, cursor.description)
        rows = cursor.fetchall() if at_most is None else cursor.fetchmany(at_most)
        cursor.close()
        return [
            tuple([make(value) if make else value for make, value in zip(makers, row, strict=True)])
            for row in rows
        ]

    def _for(self, dialect: Dialect, values: Values) -> tuple[str, Bound]:
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=dialect)
            found = (str(compiled), _binding(compiled, set(values)))
            self._compiled[dialect.name] = found
        return found

    def _made_by(self, dialect: Dialect, description: Any) -> list[Callable[[Any], Any] | None]:
        """What makes the driver's values ours, per column."""
        makers = self._makers.get(dialect.name)
        if makers is None:
            makers = self._makers[dialect.name] = [
                column.type.dialect_impl(dialect).result_processor(dialect, described[1])
                for column, described in zip(
                    self._statement.selected_columns, description, strict=True
                )
            ]
        return makers


def _hit(cursor: Any) -> int:
    rows: int = cursor.rowcount
    cursor.close()
    return rows


def _binding(compiled: Any, names: set[str]) -> Bound:
    """From values by name to what the driver takes: a tuple in order, or a dict."""
    assert isinstance(compiled, SQLCompiler)
    dialect = compiled.dialect
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    fixed = {name: bind.value for name, bind in binds.items() if name not in names}
    make = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect)
        for name, bind in binds.items()
    }
    order = compiled.positiontup
    steps = [(name, make[name]) for name in (binds if order is None else order)]
    given = [(name, made) for name, made in steps if name in names]
    settled = {n: made(fixed[n]) if made else fixed[n] for n, made in steps if n in fixed}

    def by_name(values: Values) -> dict[str, Any]:
        return settled | {n: made(values[n]) if made else values[n] for n, made in given}

    def in_order(values: Values) -> tuple[Any, ...]:
        return tuple(
            [
                settled[n] if n in settled else made(values[n]) if made else values[n]
                for n, made in steps
            ]
        )

    return by_name if order is None else in_order
