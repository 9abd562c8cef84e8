"""Rows of one table for one request: filtered, put in order, cut into a page, counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from retailvista.feed import paging
from retailvista.feed.edm import Edm
from retailvista.feed.failures import NotThere
from retailvista.feed.language.checking import Scope, check_filter
from retailvista.feed.language.terms import ROOT, Apply, Field, Needs, Term, Value, both
from retailvista.feed.model import EntitySet, Model
from retailvista.feed.options import Options
from retailvista.feed.paging import Place
from retailvista.feed.resources import Resource, Step
from retailvista.feed.shaping import Shape, orders_of, shape_of
from retailvista.feed.sources import AFTER, MORE, Query, Row, Shelf

USUAL_PAGE = 5_000
LARGEST_PAGE = 100_000


class Listing:
    """What the options ask of a table. `way`: the rows are relatives of another row."""

    usual_page = USUAL_PAGE
    largest_page = LARGEST_PAGE

    def __init__(
        self,
        table: EntitySet,
        model: Model,
        shelf: Shelf,
        now: datetime,
        options: Options,
        way: Term | None = None,
    ) -> None:
        self.table, self._source, self._options = table, shelf.source(table), options
        scope = Scope.of(model, table, now, options.aliases)
        self.shape: Shape = shape_of(scope, options)
        self._orders = orders_of(scope, options.text("orderby"))
        text = options.text("filter")
        wanted = check_filter(text, scope) if text is not None else None
        self.filter = both([term for term in (way, wanted) if term is not None])
        self._place: Place | None = None
        self._left: int | None = None

    def _query(
        self, top: int | None, place: Place | None = None, *more: Term, pages: bool = False
    ) -> Query:
        needs = Needs({})
        self.shape.add_needs(needs)
        names = {p.name for p in self.shape.properties} | {self.table.key}
        condition = both([term for term in (self.filter, *more) if term is not None])
        skip = 0 if place is not None else self._options.number("skip") or 0
        return Query(
            self.table,
            condition,
            self._orders,
            frozenset(names),
            needs,
            None if place is None else place.after,
            skip,
            top,
            pages,
        )

    def count(self) -> int:
        """Of all rows that the filter keeps."""
        return self._source.count(self._query(None))

    def one(self, condition: Term | None) -> Row | None:
        """The row that fulfils the condition as well."""
        query = self._query(1, None, *([condition] if condition is not None else []))
        return next((row for rows in self._source.pages(query) for row in rows), None)

    def page(self, size: int) -> Iterator[list[Row]]:
        """The rows of one page, the first of them read already; then next_link() is known."""
        token = self._options.text("skiptoken")
        kinds = self._source.after_kinds(self._orders)
        place = paging.read(token, kinds) if token is not None else None
        left = place.left if place is not None else self._options.number("top")
        wanted = size if left is None else min(left, size)
        query = self._query(wanted + 1 if left != 0 else 0, place, pages=True)
        pages = self._source.pages(query)
        first = next(pages, None)
        started = chain([first], pages) if first is not None else pages
        return self._cut(started, wanted, left)

    def _cut(
        self, pages: Iterator[list[Row]], wanted: int, left: int | None
    ) -> Iterator[list[Row]]:
        """One row more than wanted shows that there is a next page."""
        done, last = 0, None
        for rows in pages:
            mark = rows[-1] if rows and MORE in rows[-1] else None
            shown = rows[:-1][: wanted - done] if mark else rows[: wanted - done]
            done += len(shown)
            more = len(rows) > len(shown)
            last = mark[AFTER] if mark else shown[-1][AFTER] if shown else last
            yield shown
            if more and last is not None and (left is None or left > done):
                self._place = Place(last, None if left is None else left - done)

    def next_link(self, address: str, query: str) -> str:
        """The address of the next page; empty when this was the last one."""
        if self._place is None:
            return ""
        return f"{address}?{paging.next_query(query, self._place)}"


def equal(table: EntitySet, name: str, value: object) -> Term:
    """The condition that a property has a value."""
    column = table.column(name)
    assert column is not None, f"{table.name} has {name}"
    return Apply("eq", (Field(ROOT, (), column), Value(value, column.type)), Edm.BOOLEAN)


def entity_of(listing: Listing, resource: Resource) -> Row | None:
    """The one row that a resource names; None behind a way that leads nowhere."""
    key = resource.key
    row = listing.one(None if key is None else equal(resource.table, resource.table.key, key))
    if row is None and (key is not None or resource.column is not None):
        raise NotThere("There is no such row.")
    return row


def relatives_filter(resource: Resource, model: Model, shelf: Shelf) -> Term | None:
    """The condition that rows are the relatives at the end of the steps of a path."""
    condition: Term | None = None
    for step in resource.steps:
        row = _start_of(step, condition, shelf)
        value = row[step.way.own]
        target = model.target(step.way)
        if value is None:
            return Value(False, Edm.BOOLEAN)
        condition = equal(target, step.way.theirs, value)
    return condition


def _start_of(step: Step, condition: Term | None, shelf: Shelf) -> Row:
    wanted = None if step.key is None else equal(step.table, step.table.key, step.key)
    found = both([term for term in (condition, wanted) if term is not None])
    query = Query(step.table, found, columns=frozenset({step.way.own}), top=1)
    row = next((row for rows in shelf.source(step.table).pages(query) for row in rows), None)
    if row is None:
        raise NotThere("There is no such row.")
    return row
