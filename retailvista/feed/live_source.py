"""Rows from behind a connector, live: what is safe is pushed down, every row is looked at again.

Invariants: the provider is asked for a set that contains what is wanted; $top and $orderby travel
along only when its filter and its order are ours; no row that came is believed before the
evaluator kept it. Where rows must be sorted or counted here there is a limit, beyond which the
answer is an error and never a part that looks like the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from retailvista.feed.edm import Edm
from retailvista.feed.failures import TooMuch
from retailvista.feed.language import evaluating
from retailvista.feed.language.exact import Pushed, Traits, pushdown
from retailvista.feed.language.terms import (
    ROOT,
    Apply,
    Field,
    Needs,
    Term,
    Value,
    add_needs,
    columns_of,
)
from retailvista.feed.model import EntitySet, Navigation
from retailvista.feed.shaping import in_order
from retailvista.feed.sources import AFTER, Order, Query, Row, Shelf, grouped, ways_of

KEYS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows may be sorted or counted here, and how many are written at a time."""

    rows_most: int = 20_000
    batch: int = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the provider is asked for, in its own words; '' and None = nothing of the kind."""

    filter: str = ""
    select: tuple[str, ...] = ()
    order: str = ""
    top: int | None = None


@dataclass(frozen=True, slots=True)
class UpstreamPage:
    """Rows under the names of the feed; `token` leads to the next page, '' after the last."""

    rows: list[Row]
    token: str


class Upstream(Protocol):
    """An entity of a provider, opened for one company. It raises Later when calls have run out."""

    @property
    def traits(self) -> Traits:
        """Names and quirks."""
        ...

    @property
    def sortable(self) -> frozenset[str]:
        """Columns by which the provider puts rows in our order."""
        ...

    def page(self, wanted: Wanted, token: str) -> UpstreamPage:
        """One page; one call."""
        ...

    def count(self, wanted: Wanted) -> int | None:
        """How many rows the filter keeps there; None when it does not tell."""
        ...


class LiveSource:
    """The source of one set behind a connector."""

    def __init__(self, table: EntitySet, upstream: Upstream, shelf: Shelf, limits: Limits) -> None:
        self._table, self._upstream, self._shelf = table, upstream, shelf
        self._limits = limits

    def after_kinds(self, orders: tuple[Order, ...]) -> tuple[Edm, ...]:
        """The provider's own token of the page, and how many of its rows were passed."""
        return (Edm.STRING, Edm.INT32)

    def pages(self, query: Query) -> Iterator[list[Row]]:
        """Rows in batches, each with its relatives."""
        pushed = pushdown(query.filter, self._upstream.traits)
        order = self._order(query.orders)
        rows = self._sorted(query, pushed) if order is None else self._kept(query, pushed, order)
        end = None if query.top is None else query.skip + query.top
        chosen = islice(rows, query.skip, end)
        late = query.needs if not _looked_at(query).ways else Needs({})
        while batch := list(islice(chosen, self._limits.batch)):
            self._relate(batch, late)
            yield batch

    def count(self, query: Query) -> int:
        pushed = pushdown(query.filter, self._upstream.traits)
        if pushed.whole:
            found = self._upstream.count(Wanted(pushed.text))
            if found is not None:
                return found
        plain = Query(self._table, query.filter, columns=frozenset({self._table.key}))
        return sum(1 for _row in self._limited(self._kept(plain, pushed, "")))

    def _order(self, orders: tuple[Order, ...]) -> str | None:
        """The order in the provider's words; None when it must be made here."""
        words = []
        for order in orders:
            term = order.term
            if not isinstance(term, Field) or term.variable != ROOT or term.ways:
                return None
            if term.column.name not in self._upstream.sortable:
                return None
            name = self._upstream.traits.names[term.column.name]
            words.append(f"{name} desc" if order.falls else name)
        return ",".join(words)

    def _wanted(self, query: Query, pushed: Pushed, order: str) -> Wanted:
        names = set(query.columns)
        for term in (query.filter, *(each.term for each in query.orders)):
            if term is not None:
                names |= columns_of(term)
        names |= {way.own for way, _below in ways_of(self._table, _all_needs(query))}
        known = self._upstream.traits.names
        select = tuple(known[p.name] for p in self._table.properties if p.name in names)
        top = None
        if pushed.whole and query.top is not None and query.after is None:
            top = query.skip + query.top
        return Wanted(pushed.text, select, order, top)

    def _kept(self, query: Query, pushed: Pushed, order: str) -> Iterator[Row]:
        """Every row that the evaluator keeps, page by page of the provider."""
        token, passed = query.after if query.after is not None else ("", 0)
        wanted, keeps = self._wanted(query, pushed, order), evaluating.keeps(query.filter)
        early = _all_needs(query) if _looked_at(query).ways else Needs({})
        while True:
            page = self._upstream.page(wanted, token)
            rows = page.rows[passed:]
            self._relate(rows, early)
            for number, row in enumerate(rows, passed + 1):
                if keeps(row):
                    row[AFTER] = (token, number)
                    yield row
            if not page.token:
                return
            token, passed = page.token, 0

    def _sorted(self, query: Query, pushed: Pushed) -> Iterator[Row]:
        """All rows, put in order here; a later page starts from the same list again."""
        whole = Query(query.table, query.filter, query.orders, query.columns, query.needs)
        rows = list(self._limited(self._kept(whole, pushed, "")))
        start = query.after[1] if query.after is not None else 0
        for number, row in enumerate(in_order(rows, query.orders)[start:], start + 1):
            row[AFTER] = ("", number)
            yield row

    def _limited(self, rows: Iterator[Row]) -> Iterator[Row]:
        for number, row in enumerate(rows):
            if number >= self._limits.rows_most:
                raise TooMuch(
                    f"More than {self._limits.rows_most} rows would have to be read for this."
                    " Ask for fewer by a filter, or for an order that the provider knows."
                )
            yield row

    def _relate(self, rows: list[Row], needs: Needs) -> None:
        for way, below in ways_of(self._table, needs):
            if not rows:
                continue
            keys = sorted({row[way.own] for row in rows if row[way.own] is not None})
            by_key = grouped(list(_relatives(self._shelf, way, keys, below)), way.theirs)
            for row in rows:
                mine = by_key.get(row[way.own], [])
                row[way.name] = mine if way.many else (mine[0] if mine else None)


def _looked_at(query: Query, needs: Needs | None = None) -> Needs:
    """The relatives that the filter and the order look at: needed before a row is kept."""
    needs = needs if needs is not None else Needs({})
    for term in (query.filter, *(each.term for each in query.orders)):
        if term is not None:
            add_needs(term, needs)
    return needs


def _all_needs(query: Query) -> Needs:
    """Those and the ones that are written, fetched at once: calls are counted."""
    return _looked_at(query, query.needs.copy())


def _relatives(shelf: Shelf, way: Navigation, keys: list[object], below: Needs) -> Iterator[Row]:
    """The rows on the other side of a way, a few keys at a time: an address has its length."""
    target = shelf.table(way.target)
    column = target.column(way.theirs)
    assert column is not None, "checked by the model"
    names = frozenset(p.name for p in target.properties)
    for at in range(0, len(keys), KEYS_AT_ONCE):
        values = tuple(Value(key, column.type) for key in keys[at : at + KEYS_AT_ONCE])
        condition: Term = Apply("in", (Field(ROOT, (), column), *values), Edm.BOOLEAN)
        query = Query(target, condition, columns=names, needs=below)
        for rows in shelf.source(target).pages(query):
            yield from rows


class LiveShelf:
    """The sets of one connector, each with its upstream."""

    def __init__(
        self,
        tables: dict[str, EntitySet],
        open_upstream: Callable[[str], Upstream],
        limits: Limits | None = None,
    ) -> None:
        self._tables, self._open = tables, open_upstream
        self._limits = limits or Limits()

    def table(self, name: str) -> EntitySet:
        return self._tables[name]

    def source(self, table: EntitySet) -> LiveSource:
        return LiveSource(table, self._open(table.name), self, self._limits)
