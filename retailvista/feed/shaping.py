"""$select and $expand: which properties and relatives of a row are written.

OData 4.01 Part 1, 11.2.5. In the brackets of an expansion the same options hold for the
relatives; they are few, so they are filtered and put in order by the evaluator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cmp_to_key
from typing import Any

from retailvista.feed import options as option_names
from retailvista.feed.failures import BadQuery, NotOffered
from retailvista.feed.language import checking, evaluating
from retailvista.feed.language.checking import Scope
from retailvista.feed.language.terms import ROOT, Needs, Term, Value, add_needs
from retailvista.feed.model import EntitySet, Navigation, Property
from retailvista.feed.options import Options, split_outside
from retailvista.feed.sources import Order, Row

DEEPEST = 3
# Where a page goes on is a condition on all of them.
ORDERS_MOST = 24


@dataclass(frozen=True, slots=True)
class Expansion:
    """The relatives on one way: which, in what order, how many, and what of them."""

    way: Navigation
    shape: Shape
    filter: Term | None = None
    orders: tuple[Order, ...] = ()
    skip: int = 0
    top: int | None = None
    count: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What is written of a row. `selected`: $select was given, so the context lists the names."""

    table: EntitySet
    properties: tuple[Property, ...]
    selected: bool = False
    expansions: tuple[Expansion, ...] = ()
    ways: tuple[Navigation, ...] = field(default=())

    def add_needs(self, needs: Needs) -> None:
        for expansion in self.expansions:
            below = needs.below(expansion.way)
            expansion.shape.add_needs(below)
            for term in (expansion.filter, *(order.term for order in expansion.orders)):
                if term is not None:
                    add_needs(term, below)


def shape_of(scope: Scope, options: Options, depth: int = 0) -> Shape:
    """The shape of the rows of the scope's own table."""
    table = scope.rows[ROOT]
    expansions = _expansions(scope, options.text("expand"), depth)
    chosen = options.text("select")
    if chosen is None:
        return Shape(table, table.properties, False, expansions, table.navigations)
    return _selected(table, chosen, expansions)


def _selected(table: EntitySet, text: str, expansions: tuple[Expansion, ...]) -> Shape:
    names: set[str] = set()
    for part in text.split(","):
        name = part.strip()
        if name == "*":
            names |= {p.name for p in table.properties}
        elif table.column(name) is not None or table.way(name) is not None:
            names.add(name)
        elif any(sign in name for sign in "/(."):
            raise NotOffered("Only columns of the table itself can be selected.", "$select")
        else:
            raise BadQuery(f"{table.name} has no property {name[:80]!r}.", "$select")
    properties = tuple(p for p in table.properties if p.name in names)
    ways = tuple(way for way in table.navigations if way.name in names)
    return Shape(table, properties, True, expansions, ways)


def _expansions(scope: Scope, text: str | None, depth: int) -> tuple[Expansion, ...]:
    if text is None:
        return ()
    if depth >= DEEPEST:
        raise BadQuery(f"$expand goes at most {DEEPEST} tables deep.", "$expand")
    table = scope.rows[ROOT]
    found: dict[str, Expansion] = {}
    for part in split_outside(text, ","):
        name, bracket, rest = part.strip().partition("(")
        ways = table.navigations if name == "*" else (_way(table, name.strip()),)
        if bracket and not rest.endswith(")"):
            raise BadQuery(f"A bracket is not closed after {name[:80]!r}.", "$expand")
        inner = _bracket(rest[:-1] if bracket else "")
        for way in ways:
            if way.name in found and name != "*":
                raise BadQuery(f"{way.name} stands there twice.", "$expand")
            found.setdefault(way.name, _expansion(scope, way, inner, depth))
    return tuple(found.values())


def _way(table: EntitySet, name: str) -> Navigation:
    plain, _slash, rest = name.partition("/")
    way = table.way(plain)
    if rest and (way is not None or plain == "*"):
        raise NotOffered(f"{name[:80]} is not offered in $expand.", "$expand")
    if way is None:
        raise BadQuery(f"{table.name} has no way {name[:80]!r} to another table.", "$expand")
    return way


def _bracket(text: str) -> Options:
    pairs = []
    for piece in split_outside(text, ";"):
        name, equals, value = piece.partition("=")
        if not name.strip() and not equals:
            continue
        if not option_names.is_offered(name):
            raise NotOffered(f"{name.strip()[:40]} is not offered in $expand.", "$expand")
        pairs.append((name.strip(), value))
    found = option_names.collected(pairs)
    found.only("filter", "orderby", "select", "expand", "top", "skip", "count")
    return found


def _expansion(scope: Scope, way: Navigation, options: Options, depth: int) -> Expansion:
    target = scope.model.target(way)
    inner = Scope.of(scope.model, target, scope.now, scope.aliases)
    condition = options.text("filter")
    return Expansion(
        way,
        shape_of(inner, options, depth + 1),
        checking.check_filter(condition, inner) if condition is not None else None,
        orders_of(inner, options.text("orderby")),
        options.number("skip") or 0,
        options.number("top"),
        options.yes("count"),
    )


def orders_of(scope: Scope, text: str | None) -> tuple[Order, ...]:
    """The keys of $orderby; a constant, or the same once more, orders nothing."""
    if text is None:
        return ()
    found: dict[Term, bool] = {}
    for term, falls in checking.check_orders(text, scope):
        if not isinstance(term, Value):
            found.setdefault(term, falls)
    if len(found) > ORDERS_MOST:
        raise NotOffered(f"Rows are put in order by at most {ORDERS_MOST} values.", "$orderby")
    return tuple(Order(term, falls) for term, falls in found.items())


def chooser(expansion: Expansion) -> Callable[[list[Row]], tuple[list[Row], int]]:
    """A function from relatives to those that are written, and how many the filter keeps."""
    keeps = evaluating.keeps(expansion.filter)
    end = None if expansion.top is None else expansion.skip + expansion.top

    def choose(rows: list[Row]) -> tuple[list[Row], int]:
        kept = in_order([row for row in rows if keeps(row)], expansion.orders)
        return kept[expansion.skip : end], len(kept)

    return choose


def in_order(rows: list[Row], orders: tuple[Order, ...]) -> list[Row]:
    """Rows by these keys; equal ones stay as they are."""
    for order in reversed(orders):
        evaluate = evaluating.compiled(order.term)
        values = [(evaluate({ROOT: row}), row) for row in rows]
        values.sort(key=cmp_to_key(_compared), reverse=order.falls)
        rows = [row for _value, row in values]
    return rows


def _compared(left: tuple[Any, Row], right: tuple[Any, Row]) -> int:
    """Nulls first."""
    one, other = left[0], right[0]
    if one is None or other is None:
        return (one is not None) - (other is not None)
    return int(one > other) - int(one < other)
