"""Rows of a table that is served from its copy in a warehouse: no call to the provider.

Invariants: every statement is cut to one company and one division; the warehouse is open for one
chunk of rows at a time, and the next chunk goes on behind the last row. What has not been copied
yet is said, never shown as an empty table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from retailvista.connectors.database.shapes import (
    COMPANY,
    DELETED_AT,
    DIVISION,
    quoted,
)
from retailvista.feed.copied import Copied
from retailvista.feed.edm import Edm
from retailvista.feed.failures import BadQuery, NotCopied, NotOffered
from retailvista.feed.language import evaluating
from retailvista.feed.language.terms import (
    ROOT,
    Field,
    Needs,
    Term,
    add_needs,
    both,
    columns_of,
    conjuncts,
)
from retailvista.feed.live_tables import ROW_KEY, LiveTable, decoder, wall
from retailvista.feed.model import EntitySet
from retailvista.feed.relating import relate
from retailvista.feed.replica_sql import Conditions
from retailvista.feed.sources import AFTER, Order, Query, Row, Shelf, batched, ways_of

# Each chunk opens the warehouse and puts its table in order once more; all of it is in memory.
CHUNK_VALUES, CHUNK_LEAST = 300_000, 4_000
RELATED_AT_ONCE = 500
# Rows that are made and written in one go, while nobody else has his turn.
BATCH = 100
Stored = tuple[Any, ...]
# Sent in links as they are stored.
AS_TEXT = (Edm.INSTANT, Edm.GUID)


class ReplicaSource:
    """The source of one table of a warehouse. `names` lead from the feed to the table's columns."""

    def __init__(
        self,
        table: EntitySet,
        live: LiveTable,
        names: Mapping[str, str],
        copied: Copied,
        shelf: Shelf,
        fixed: Term | None,
    ) -> None:
        self._table, self._live, self._names = table, live, dict(names)
        self._copied, self._shelf, self._fixed = copied, shelf, fixed

    def after_kinds(self, orders: tuple[Order, ...]) -> tuple[Edm, ...]:
        return tuple(
            Edm.STRING if kind in AS_TEXT else kind
            for _own, kind, _falls in self._keys(orders)
        )  # fmt: skip

    def fresh_as_of(self) -> datetime | None:
        """What the feed states."""
        return self._copied.fresh_as_of()

    def pages(self, query: Query) -> Iterator[list[Row]]:
        self._check_there()
        reading = _Reading(self, self._view_of(query))
        done, skip, after = 0, query.skip, query.after
        while query.top is None or done < query.top:
            most = None if query.top is None else skip + query.top - done
            chunk, after = reading.chunk(after, most)
            for found in batched(chunk, reading.at_once):
                rows = reading.kept(reading.rows(found))
                passed = min(skip, len(rows))
                skip -= passed
                rows = rows[passed:]
                rows = rows[: query.top - done] if query.top is not None else rows
                done += len(rows)
                if rows:
                    relate(self._shelf, self._table, rows, query.needs, RELATED_AT_ONCE)
                    yield rows
            if after is None:
                return

    def count(self, query: Query) -> int:
        self._check_there()
        plain = Query(query.table, query.filter, columns=frozenset({self._table.key}))
        reading = _Reading(self, self._view_of(plain))
        if reading.left is None:
            sql, parameters = reading.statement("count(*)", None)
            return int(self._copied.rows(sql, parameters)[0][0])
        return sum(len(rows) for rows in self.pages(plain))

    def _check_there(self) -> None:
        if self._copied.fresh_as_of() is not None:
            return
        copy = self._copied.copy
        raise NotCopied(
            f"{copy.entity} has not been copied into the warehouse {copy.warehouse} yet: in"
            f" RetailVista open Extra > Flows > {copy.flow} and press Fetch now, or serve the table"
            " live."
        )

    def _view_of(self, query: Query) -> Query:
        terms = [term for term in (self._fixed, query.filter) if term is not None]
        return replace(query, filter=both(terms))

    def _keys(self, orders: tuple[Order, ...]) -> list[tuple[str, Edm, bool]]:
        """Columns of the table, with the key behind them: (name, type, falls)."""
        found = []
        for order in orders:
            term = order.term
            own = self._names.get(term.column.name) if isinstance(term, Field) else None
            plain = isinstance(term, Field) and term.variable == ROOT and not term.ways
            if not plain or own == ROW_KEY or own not in self._copied.columns():
                raise NotOffered("Rows cannot be put in this order; order by a column.")
            found.append((str(own), term.type or Edm.STRING, order.falls))
        for own in self._live.entity.row_key:
            column = self._live.table.column(own)
            assert column is not None, "a key is always among the columns"
            found.append((own, column.type, False))
        return found


class _Reading:
    """One query made ready: what SQL does, what the evaluator does."""

    def __init__(self, source: ReplicaSource, query: Query) -> None:
        self.source, self.query = source, query
        self.copied = source._copied
        self.dialect = self.copied.facts.settings.kind
        conditions = self._conditions()
        left = [
            part
            for part in (conjuncts(query.filter) if query.filter is not None else ())
            if conditions.add(part) is None
        ]
        self.left = both(left)
        self.keeps = evaluating.keeps(self.left)
        self.needs = Needs({})
        if self.left is not None:
            add_needs(self.left, self.needs)
        self.keys = source._keys(query.orders)
        both_ways = {**self.needs.ways, **query.needs.ways}
        self.at_once = RELATED_AT_ONCE if both_ways else BATCH
        self.columns = self._columns()
        self.places = [(self.columns.index(own), kind) for own, kind, _falls in self.keys]
        self.read = decoder(source._live, source._names, self.columns)

    def _conditions(self) -> Conditions:
        there = self.copied.columns()
        names = {ours: own for ours, own in self.source._names.items() if own in there}
        return Conditions(self.dialect, names)

    def _columns(self) -> list[str]:
        names = {*self.query.columns, self.source._table.key}
        if self.left is not None:
            names |= columns_of(self.left)
        for needs in (self.query.needs, self.needs):
            names |= {way.own for way, _below in ways_of(self.source._table, needs)}
        own = [self.source._names[name] for name in names]
        own += [*self.source._live.joined, *(key for key, _kind, _falls in self.keys)]
        return sorted({*own} & self.copied.columns())

    def statement(
        self, wanted: str, after: tuple[Any, ...] | None, tail: str = ""
    ) -> tuple[str, list[Any]]:
        """A query of this table's own rows that fulfil what SQL can say."""
        copy, made = self.copied.copy, self._conditions()
        made.parameters += [self.copied.facts.company, copy.division]
        where = [f"{quoted(COMPANY)} = ?", f"{quoted(DIVISION)} = ?"]
        where.append(f"{quoted(DELETED_AT)} IS NULL")
        terms = conjuncts(self.query.filter) if self.query.filter is not None else ()
        where += [text for part in terms if (text := made.add(part)) is not None]
        if after is not None:
            keys = [(ordered_by(made, own, kind), falls) for own, kind, falls in self.keys]
            where.append(made.beyond(keys, self._stored(after)))
        place = quoted(self.copied.schema, copy.table)
        sql = f"SELECT {wanted} FROM {place} WHERE {' AND '.join(where)}{tail}"  # noqa: S608
        return sql, made.parameters

    def chunk(
        self, after: tuple[Any, ...] | None, most: int | None
    ) -> tuple[list[Stored], tuple[Any, ...] | None]:
        """The next rows, at most so many, and where to go on; None after the last."""
        limit = max(CHUNK_VALUES // len(self.columns), CHUNK_LEAST)
        limit = limit if self.left is not None or most is None else min(limit, most)
        made = self._conditions()
        order = ", ".join(
            f"{ordered_by(made, own, kind)} {'DESC NULLS LAST' if falls else 'ASC NULLS FIRST'}"
            for own, kind, falls in self.keys
        )
        wanted = ", ".join(quoted(name) for name in self.columns)
        tail = f" ORDER BY {order} LIMIT {limit}"
        sql, parameters = self.statement(wanted, after, tail)
        found = self.copied.rows(sql, parameters)
        return found, self._place_of(found[-1]) if len(found) == limit else None

    def rows(self, found: Sequence[Stored]) -> list[Row]:
        """As the feed has them."""
        rows = []
        for values in found:
            row = self.read(dict(zip(self.columns, values, strict=True)))
            row[AFTER] = self._place_of(values)
            rows.append(row)
        return rows

    def _place_of(self, values: Stored) -> tuple[Any, ...]:
        return tuple(_sent(values[at], kind) for at, kind in self.places)

    def kept(self, rows: list[Row]) -> list[Row]:
        """Those that the rest of the filter keeps."""
        if self.left is None:
            return rows
        relate(self.source._shelf, self.source._table, rows, self.needs, RELATED_AT_ONCE)
        return [row for row in rows if self.keeps(row)]

    def _stored(self, after: tuple[Any, ...]) -> list[Any]:
        try:
            return [
                datetime.fromisoformat(value) if kind == Edm.INSTANT and value else value
                for value, (_own, kind, _falls) in zip(after, self.keys, strict=True)
            ]
        except ValueError as error:
            raise BadQuery("This link to a next page is broken.", "$skiptoken") from error


def ordered_by(made: Conditions, own: str, kind: Edm) -> str:
    place = made.column(own, kind)
    return f"CAST({place} AS DATE)" if kind == Edm.DATE else place


def _sent(value: Any, kind: Edm) -> Any:
    """A key of the order, as it can travel in a link."""
    if value is None:
        return None
    if kind == Edm.INSTANT:
        return wall(value).isoformat()
    if kind == Edm.DATE:
        return wall(value).date()
    return value


class NoCopy:
    """The source of a table whose flow is gone: it answers with what to do about it."""

    def __init__(self, place: str, entity: str) -> None:
        self._place, self._entity = place, entity

    def after_kinds(self, orders: tuple[Order, ...]) -> tuple[Edm, ...]:
        return (Edm.STRING,)

    def fresh_as_of(self) -> datetime | None:
        return None

    def pages(self, query: Query) -> Iterator[list[Row]]:
        self.count(query)
        yield []

    def count(self, query: Query) -> int:
        raise NotCopied(
            f"No flow copies {self._entity} of {self._place} into a warehouse any more: in"
            " RetailVista open Extra > Flows and make one, or serve the table live."
        )


@dataclass(frozen=True, slots=True)
class ReplicaShelf:
    """The sets that are served from copies, each with its source."""

    sources: dict[str, ReplicaSource | NoCopy] = field(default_factory=dict)
    tables: dict[str, EntitySet] = field(default_factory=dict)

    def source(self, table: EntitySet) -> ReplicaSource | NoCopy:
        return self.sources[table.name]

    def table(self, name: str) -> EntitySet:
        return self.tables[name]
