"""Rows from behind a connector, live: what is safe is pushed down, every row is looked at again.

Invariants: the provider is asked for a set that contains what is wanted; $top and $orderby travel
along only when its filter and its order are ours; no row that came is believed before the
evaluator kept it. Where rows must be sorted or counted here there is a limit, beyond which the
answer is an error and never a part that looks like the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from retailvista.errors import Later
from retailvista.feed import edm
from retailvista.feed.edm import Edm
from retailvista.feed.failures import SourceFailed, TooMuch
from retailvista.feed.language import evaluating
from retailvista.feed.language.exact import Pushed, Traits, pushdown
from retailvista.feed.language.terms import ROOT, Field, Needs, Term, add_needs, both, columns_of
from retailvista.feed.model import EntitySet
from retailvista.feed.relating import relate
from retailvista.feed.shaping import in_order
from retailvista.feed.sources import AFTER, MORE, Order, Query, Row, Shelf, ways_of

# Relatives of so many rows are a few calls; what is read before calls run out is shown.
RELATED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may take: rows sorted or counted here, rows at a time, calls, seconds."""

    rows_most: int = 20_000
    batch: int = 500
    calls_most: int = 20
    seconds_most: float = 25.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the provider is asked for, in its own words; '' and None = nothing of the kind.

    `few`: small pages are wanted, because each row costs further calls.
    """

    filter: str = ""
    select: tuple[str, ...] = ()
    order: str = ""
    top: int | None = None
    few: bool = False


@dataclass(frozen=True, slots=True)
class UpstreamPage:
    """Rows under the names of the feed; `token` leads to the next page, '' after the last.

    `here` leads to this page once more, where the place it was asked by does not.
    """

    rows: list[Row]
    token: str
    here: str = ""


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


def still() -> float:
    """A stopwatch that does not run."""
    return 0.0


class LiveSource:
    """The source of one set behind a connector. `fixed` is the condition of a derived view."""

    def __init__(
        self,
        table: EntitySet,
        upstream: Upstream,
        shelf: Shelf,
        limits: Limits,
        fixed: Term | None = None,
        stopwatch: Callable[[], float] = still,
    ) -> None:
        self._table, self._upstream, self._shelf = table, upstream, shelf
        self._limits, self._fixed, self._stopwatch = limits, fixed, stopwatch

    def after_kinds(self, orders: tuple[Order, ...]) -> tuple[Edm, ...]:
        """The provider's own token of the page, how many of its rows were passed, the last key."""
        return (Edm.STRING, Edm.INT32, Edm.STRING)

    def pages(self, query: Query) -> Iterator[list[Row]]:
        """Rows in batches, each with its relatives."""
        query = self._view_of(query)
        pushed = pushdown(query.filter, self._upstream.traits)
        order = self._order(query.orders)
        rows = self._sorted(query, pushed) if order is None else self._kept(query, pushed, order)
        end = None if query.top is None else query.skip + query.top
        chosen = islice(rows, query.skip, end)
        late = query.needs if not _looked_at(query).ways else Needs({})
        last: Row | None = None
        size = min(self._limits.batch, RELATED_AT_ONCE) if late.ways else self._limits.batch
        while batch := list(islice(chosen, size)):
            try:
                relate(self._shelf, self._table, [row for row in batch if MORE not in row], late)
            except (Later, SourceFailed):
                if last is None or not query.pages:
                    raise
                yield [{MORE: True, AFTER: last[AFTER]}]
                return
            last = batch[-1]
            yield batch

    def count(self, query: Query) -> int:
        query = self._view_of(query)
        pushed = pushdown(query.filter, self._upstream.traits)
        if pushed.whole:
            found = self._upstream.count(Wanted(pushed.text))
            if found is not None:
                return found
        plain = Query(self._table, query.filter, columns=frozenset({self._table.key}))
        return sum(1 for _row in self._limited(self._kept(plain, pushed, "")))

    def _view_of(self, query: Query) -> Query:
        if self._fixed is None:
            return query
        wanted = [self._fixed, *([query.filter] if query.filter is not None else [])]
        return replace(query, filter=both(wanted))

    def _order(self, orders: tuple[Order, ...]) -> str | None:
        """The order in the provider's words; None when it must be made here.

        A date may have a time there, so that a key behind it would come in another order.
        """
        words = []
        for at, order in enumerate(orders, 1):
            term = order.term
            if not isinstance(term, Field) or term.variable != ROOT or term.ways:
                return None
            if term.column.name not in self._upstream.sortable:
                return None
            if term.type == Edm.DATE and at < len(orders):
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
        select = tuple(own for name, own in known.items() if name in names)
        top = None
        if pushed.whole and query.top is not None and query.after is None:
            top = query.skip + query.top
        return Wanted(pushed.text, select, order, top, few=bool(_looked_at(query).ways))

    def _kept(self, query: Query, pushed: Pushed, order: str) -> Iterator[Row]:
        """Every row that the evaluator keeps, page by page of the provider.

        What one page of the feed may take has an end: where calls, or the rows that are wanted,
        run out, a mark says from where to go on.
        """
        token, passed, key = query.after if query.after is not None else ("", 0, "")
        wanted, keeps = self._wanted(query, pushed, order), evaluating.keeps(query.filter)
        early = _all_needs(query) if _looked_at(query).ways else Needs({})
        found, calls, end = 0, 0, self._stopwatch() + self._limits.seconds_most
        while True:
            enough = query.pages and query.top is not None and found >= query.skip + query.top - 1
            tired = calls >= self._limits.calls_most or self._stopwatch() > end
            if calls and (enough or tired):
                yield self._mark(query, found, (token, passed, key))
                return
            try:
                calls += 1
                page = self._upstream.page(wanted, token)
                token = page.here or token
                rows = _not_passed(page.rows, self._table.key, passed, key)
                relate(self._shelf, self._table, rows, early)
            except (Later, SourceFailed):
                if not query.pages or found <= query.skip:
                    raise
                yield self._mark(query, found, (token, passed, key))
                return
            start = len(page.rows) - len(rows) + 1
            for number, row in enumerate(rows, start):
                if keeps(row):
                    found += 1
                    is_last = number == len(page.rows) and page.token
                    here = (token, number, edm.text_of(row[self._table.key]))
                    row[AFTER] = (page.token, 0, "") if is_last else here
                    yield row
            if not page.token:
                return
            token, passed, key = page.token, 0, ""

    def _mark(self, query: Query, found: int, after: tuple[str, int, str]) -> Row:
        """In place of the rows to come. TooMuch where the answer cannot be given in pieces."""
        if not query.pages or found < query.skip:
            raise TooMuch(
                f"More than {self._limits.calls_most} calls would be needed for this. Ask for less"
                " by a filter that the provider knows, or serve the table from the warehouse."
            )
        return {MORE: True, AFTER: after}

    def _sorted(self, query: Query, pushed: Pushed) -> Iterator[Row]:
        """All rows, put in order here; a later page starts from the same list again."""
        whole = Query(query.table, query.filter, query.orders, query.columns, query.needs)
        rows = list(self._limited(self._kept(whole, pushed, "")))
        start = query.after[1] if query.after is not None else 0
        for number, row in enumerate(in_order(rows, query.orders)[start:], start + 1):
            row[AFTER] = ("", number, "")
            yield row

    def _limited(self, rows: Iterator[Row]) -> Iterator[Row]:
        for number, row in enumerate(rows):
            if number >= self._limits.rows_most:
                raise TooMuch(
                    f"More than {self._limits.rows_most} rows would have to be read for this."
                    " Ask for fewer by a filter, or for an order that the provider knows."
                )
            yield row


def _not_passed(rows: list[Row], name: str, passed: int, key: str) -> list[Row]:
    """The rows behind the last one that was given out, also when others came before it."""
    if key:
        at = next((at for at, row in enumerate(rows, 1) if edm.text_of(row[name]) == key), None)
        passed = at if at is not None else passed
    return rows[passed:]


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


class LiveShelf:
    """The sets of one connector, each with its upstream."""

    def __init__(
        self,
        tables: dict[str, EntitySet],
        open_upstream: Callable[[str], Upstream],
        limits: Limits | None = None,
        fixed: Mapping[str, Term] | None = None,
        stopwatch: Callable[[], float] = still,
    ) -> None:
        self._tables, self._open = tables, open_upstream
        self._limits, self._fixed = limits or Limits(), fixed or {}
        self._stopwatch = stopwatch

    def table(self, name: str) -> EntitySet:
        return self._tables[name]

    def source(self, table: EntitySet) -> LiveSource:
        fixed = self._fixed.get(table.name)
        return LiveSource(table, self._open(table.name), self, self._limits, fixed, self._stopwatch)
