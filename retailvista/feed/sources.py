"""The port behind a feed: who brings the rows of its sets, page by page.

A source gives rows that fulfil the query exactly, in its order. It may take as much of it to the
place where the data lies as it does exactly like the evaluator, and must do the rest itself; a
row that it gives carries its place in the order under AFTER, from which the next page starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from retailvista.feed.edm import Edm
from retailvista.feed.language.terms import ROOT, Apply, Field, Needs, Term, Value, both
from retailvista.feed.model import EntitySet, Navigation, Property

AFTER = "$after"
# In place of a row: there is more, from its AFTER on.
MORE = "$more"
POSITION = Property("_Position", Edm.INT64, nullable=False)

Row = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """One key of the order; nulls come before everything else, and last when it falls."""

    term: Term
    falls: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of one set. `columns` are those that the answer or the evaluator reads.

    `pages`: of the last row of `top` only its being there counts, and rows may end earlier, where
    a mark MORE says from where to go on.
    """

    table: EntitySet
    filter: Term | None = None
    orders: tuple[Order, ...] = ()
    columns: frozenset[str] = frozenset()
    needs: Needs = field(default_factory=lambda: Needs({}))
    after: tuple[Any, ...] | None = None
    skip: int = 0
    top: int | None = None
    pages: bool = False


class Source(Protocol):
    """Brings rows."""

    def after_kinds(self, orders: tuple[Order, ...]) -> tuple[Edm, ...]:
        """The types of the values under AFTER; they travel in links to a next page."""
        ...

    def pages(self, query: Query) -> Iterator[list[Row]]:
        """The rows of a query in pages that fit into memory; the first may take a while."""
        ...

    def count(self, query: Query) -> int:
        """How many rows the filter keeps, whatever skip and top say."""
        ...


class Shelf(Protocol):
    """Finds the source of a set."""

    def source(self, table: EntitySet) -> Source:
        """The source of this set."""
        ...

    def table(self, name: str) -> EntitySet:
        """A set by its name."""
        ...


def beyond(orders: tuple[Order, ...], values: tuple[Any, ...]) -> Term:
    """The condition that a row comes after the one with these values in the order.

    Flat: beyond the first, or the same in the first and beyond the second, and so on.
    """
    found: list[Term] = []
    same: list[Term] = []
    for order, value in zip(orders, values, strict=True):
        further = both([*same, _after_value(order, value)])
        assert further is not None, "there is one at least"
        found.append(further)
        same.append(Apply("eq", (order.term, Value(value, order.term.type)), Edm.BOOLEAN))
    return Apply("or", tuple(found), Edm.BOOLEAN) if len(found) > 1 else found[0]


def _after_value(order: Order, value: Any) -> Term:
    null, here = Value(None, None), Value(value, order.term.type)
    if value is None and order.falls:
        return Value(False, Edm.BOOLEAN)
    if value is None:
        return Apply("ne", (order.term, null), Edm.BOOLEAN)
    if not order.falls:
        return Apply("gt", (order.term, here), Edm.BOOLEAN)
    lower = Apply("lt", (order.term, here), Edm.BOOLEAN)
    if isinstance(order.term, Field) and not order.term.column.nullable:
        return lower
    return Apply("or", (lower, Apply("eq", (order.term, null), Edm.BOOLEAN)), Edm.BOOLEAN)


def by_position() -> Order:
    """The last key of every order: the place of the row in its table."""
    return Order(Field(ROOT, (), POSITION))


def ways_of(table: EntitySet, needs: Needs) -> list[tuple[Navigation, Needs]]:
    """The ways out of a set that are needed."""
    found = []
    for name, below in needs.ways.items():
        way = table.way(name)
        assert way is not None, f"{table.name} has no way {name}"
        found.append((way, below))
    return found


def grouped(rows: list[Row], name: str) -> Mapping[Any, list[Row]]:
    """Rows by the value of a property."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found


def batched(stored: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Pieces of what was read at once, made rows one after the other."""
    for at in range(0, len(stored), size):
        yield stored[at : at + size]
