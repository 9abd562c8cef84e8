"""Own records as a source: as much as possible in SQL, the rest by the evaluator, page by page.

Invariant: every statement is cut to one company in its own WHERE (own_tables.py) and runs in a
reading transaction that ends before the rows are handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import company_scope
from retailvista.feed.edm import Edm
from retailvista.feed.failures import NotOffered
from retailvista.feed.language import evaluating
from retailvista.feed.language.checking import Scope, check_filter
from retailvista.feed.language.sql import Writer
from retailvista.feed.language.sql_values import Beyond, Sql
from retailvista.feed.language.terms import ROOT, Needs, add_needs, columns_of
from retailvista.feed.model import EntitySet, Model, Navigation, Property
from retailvista.feed.own_tables import OWN_TABLES
from retailvista.feed.sources import (
    AFTER,
    POSITION,
    Order,
    Query,
    Row,
    batched,
    beyond,
    by_position,
    grouped,
    ways_of,
)
from retailvista.feed.views import View

CHUNK = 500
# Every chunk of an order of the reader's own is a sort of its own.
ORDERED_CHUNK = 20_000
RELATED_AT_ONCE = 500
# Rows that are made and written in one go, while nobody else has his turn.
BATCH = 100


@dataclass(frozen=True, slots=True)
class OwnView:
    """One use of a view in a statement."""

    shelf: OwnShelf
    view: View
    source: Subquery

    def column(self, name: str) -> ColumnElement[Any]:
        return self.source.c[name]

    def scale(self, name: str) -> int:
        column = self.view.entity.column(name)
        return column.scale if column is not None and column.type == Edm.DECIMAL else 0

    def related(self, way: Navigation) -> OwnView:
        return self.shelf.view(way.target)


class OwnShelf:
    """The own datasets of a feed of one company; the source of each of them."""

    def __init__(
        self,
        company_id: int,
        views: Sequence[View],
        sessions: Callable[[], Session],
        dialect: str,
        now: datetime,
    ) -> None:
        self._company_id = company_id
        self._views = {view.entity.name: view for view in views}
        self._sessions = sessions
        self._now = now
        self.writer = Writer(dialect)

    def source(self, table: EntitySet) -> OwnShelf:
        assert table.name in self._views, f"{table.name} is no own dataset of this feed"
        return self

    def table(self, name: str) -> EntitySet:
        return self._views[name].entity

    def after_kinds(self, orders: tuple[Order, ...]) -> tuple[Edm, ...]:
        return tuple(order.term.type or Edm.STRING for order in (*orders, by_position()))

    def view(self, name: str) -> OwnView:
        """A fresh selectable of a dataset, with its fixed filter inside."""
        view = self._views[name]
        origin = OWN_TABLES[view.origin.name].rows_of(self._company_id).subquery()
        columns = [origin.c[own].label(published) for published, own in view.names.items()]
        chosen = select(*columns, origin.c[POSITION.name]).where(*self._fixed(view, origin))
        return OwnView(self, view, chosen.subquery())

    def _fixed(self, view: View, origin: Subquery) -> list[ColumnElement[bool]]:
        if not view.filter:
            return []
        base = EntitySet(view.origin.name, view.origin.key, view.origin.properties)
        scope = Scope.of(Model((base,)), base, self._now, {})
        term = check_filter(view.filter, scope)
        plain = View(base, base, {p.name: p.name for p in base.properties})
        taken, left = self.writer.split(term, {ROOT: OwnView(self, plain, origin)})
        if left is not None:
            raise NotOffered("This condition cannot be kept in the database; choose a simpler one.")
        return taken

    def pages(self, query: Query) -> Iterator[list[Row]]:
        """Rows in chunks; each is read in a transaction of its own."""
        reading = _Reading(self, query)
        done, skip, after = 0, query.skip, query.after
        while query.top is None or done < query.top:
            wanted = None if query.top is None else query.top - done
            chunk, after = reading.chunk(after, wanted, skip)
            if reading.left is None:
                skip = 0
            for found in batched(chunk, reading.at_once):
                kept = reading.kept(reading.read(found))
                passed = min(skip, len(kept))
                skip -= passed
                kept = kept[passed:] if query.top is None else kept[passed:][: query.top - done]
                done += len(kept)
                if kept:
                    yield kept
            if after is None:
                return

    def count(self, query: Query) -> int:
        reading = _Reading(self, query)
        if reading.left is not None:
            plain = Query(query.table, query.filter, columns=query.columns)
            return sum(len(rows) for rows in self.pages(plain))
        found = self.execute(reading.counting())
        return int(found[0][0])

    def execute(self, statement: Select[Any]) -> Sequence[Any]:
        """The rows of a statement, read at once."""
        with (
            company_scope(self._company_id),
            self._sessions() as session,
            database.reading(session),
        ):
            return session.execute(statement).all()


class _Reading:
    """One query made ready: what SQL does, what the evaluator does."""

    def __init__(self, shelf: OwnShelf, query: Query) -> None:
        self.shelf, self.query = shelf, query
        self.table = shelf.view(query.table.name)
        self.rows = {ROOT: self.table}
        self.taken, self.left = shelf.writer.split(query.filter, self.rows)
        self.orders: tuple[Order, ...] = (*query.orders, by_position())
        self.needs = query.needs.copy()
        if self.left is not None:
            add_needs(self.left, self.needs)
        self.keeps = evaluating.keeps(self.left)
        self.properties = [p for p in query.table.properties if p.name in self._wanted()]
        self.names = [p.name for p in self.properties]
        self.decimals = [(p.name, -p.scale) for p in self.properties if p.type == Edm.DECIMAL]
        self.at_once = RELATED_AT_ONCE if self.needs.ways else BATCH

    def _wanted(self) -> set[str]:
        wanted = set(self.query.columns)
        wanted |= {way.own for way, _below in ways_of(self.query.table, self.needs)}
        if self.left is not None:
            wanted |= columns_of(self.left)
        return wanted

    @cached_property
    def keys(self) -> list[Sql]:
        """The order in SQL; counting needs none."""
        return [self.sortable(order) for order in self.orders]

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Which values of the order are decimals, and by how much they are shifted."""
        return [
            (at, -sql.scale)
            for at, (order, sql) in enumerate(zip(self.orders, self.keys, strict=True))
            if order.term.type == Edm.DECIMAL
        ]

    def sortable(self, order: Order) -> Sql:
        try:
            return self.shelf.writer.sortable(order.term, self.rows)
        except Beyond as error:
            raise NotOffered("Rows cannot be put in this order; order by a column.") from error

    def counting(self) -> Select[Any]:
        return select(func.count()).select_from(self.table.source).where(*self.taken)

    def chunk(
        self, after: tuple[Any, ...] | None, wanted: int | None, skip: int
    ) -> tuple[Sequence[Any], tuple[Any, ...] | None]:
        """The next rows as they are stored, and where to go on."""
        all_in_sql = self.left is None
        most = ORDERED_CHUNK if self.query.orders else CHUNK
        limit = min(most, wanted) if wanted is not None and all_in_sql else most
        keys = self.keys
        columns = [self.table.column(p.name) for p in self.properties]
        marks = [sql.element.label(f"_o{n}") for n, sql in enumerate(keys)]
        statement = (
            select(*columns, *marks)
            .where(*self.taken, *self._place(after))
            .order_by(*(_ordered(order, sql) for order, sql in zip(self.orders, keys, strict=True)))
            .limit(limit)
            .offset(skip if all_in_sql else 0)
        )
        found = self.shelf.execute(statement)
        return found, self.read(found[-1:])[0][AFTER] if len(found) == limit else None

    def _place(self, after: tuple[Any, ...] | None) -> list[ColumnElement[bool]]:
        if after is None:
            return []
        taken, left = self.shelf.writer.split(beyond(self.orders, after), self.rows)
        if left is not None:
            raise NotOffered("This order cannot go on from here.")
        return taken

    def read(self, found: Sequence[Any]) -> list[Row]:
        """Stored rows as the feed has them."""
        names, decimals, places = self.names, self.decimals, self.places
        rows = []
        for values in found:
            row = dict(zip(names, values, strict=False))
            for name, shift in decimals:
                if row[name] is not None:
                    row[name] = Decimal(row[name]).scaleb(shift)
            after = list(values[len(names) :])
            for at, shift in places:
                if after[at] is not None:
                    after[at] = Decimal(after[at]).scaleb(shift)
            row[AFTER] = tuple(after)
            rows.append(row)
        return rows

    def kept(self, rows: list[Row]) -> list[Row]:
        """The rows with their relatives that the rest of the filter keeps."""
        if rows:
            self._relate(self.query.table, rows, self.needs)
        return rows if self.left is None else [row for row in rows if self.keeps(row)]

    def _relate(self, table: EntitySet, rows: list[Row], needs: Needs) -> None:
        for way, below in ways_of(table, needs):
            keys = sorted({row[way.own] for row in rows if row[way.own] is not None})
            found: list[Row] = []
            for at in range(0, len(keys), RELATED_AT_ONCE):
                found += self._relatives(way, keys[at : at + RELATED_AT_ONCE])
            target = self.shelf.view(way.target).view.entity
            if found:
                self._relate(target, found, below)
            by_key = grouped(found, way.theirs)
            for row in rows:
                mine = by_key.get(row[way.own], [])
                row[way.name] = mine if way.many else (mine[0] if mine else None)

    def _relatives(self, way: Navigation, keys: list[Any]) -> list[Row]:
        target = self.shelf.view(way.target)
        properties = target.view.entity.properties
        position = target.column(POSITION.name)
        statement = (
            select(*(target.column(p.name) for p in properties))
            .where(target.column(way.theirs).in_(keys))
            .order_by(position)
        )
        return [_row(properties, values) for values in self.shelf.execute(statement)]


def _row(properties: Sequence[Property], values: Sequence[Any]) -> Row:
    row = {column.name: value for column, value in zip(properties, values, strict=True)}
    for column in properties:
        if column.type == Edm.DECIMAL and row[column.name] is not None:
            row[column.name] = Decimal(row[column.name]).scaleb(-column.scale)
    return row


def _ordered(order: Order, sql: Sql) -> ColumnElement[Any]:
    if not sql.may_be_null:
        return sql.element.desc() if order.falls else sql.element.asc()
    if order.falls:
        return sql.element.desc().nulls_last()
    return sql.element.asc().nulls_first()
