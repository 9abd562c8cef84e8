"""The tree after names were looked up and types were checked: what the back ends read.

`variable` names the row a term starts from: ROOT, or the variable of any/all. `ways` leads from
there over navigations with one relative each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from retailvista.feed.edm import Edm
from retailvista.feed.model import EntitySet, Navigation, Property

ROOT = "$it"


@dataclass(frozen=True, slots=True)
class Value:
    """A constant; `type` is None for null alone."""

    value: Any
    type: Edm | None


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a row or of its relative."""

    variable: str
    ways: tuple[Navigation, ...]
    column: Property

    @property
    def type(self) -> Edm:
        return self.column.type


@dataclass(frozen=True, slots=True)
class Missing:
    """Whether a relative is not there (`Journal eq null`)."""

    variable: str
    ways: tuple[Navigation, ...]
    type: Edm = Edm.BOOLEAN


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or a function."""

    name: str
    args: tuple[Term, ...]
    type: Edm


@dataclass(frozen=True, slots=True)
class AnyAll:
    """any or all over the relatives that `ways` and then `many` lead to."""

    outer: str
    ways: tuple[Navigation, ...]
    many: Navigation
    target: EntitySet
    variable: str
    predicate: Term | None
    is_all: bool
    type: Edm = Edm.BOOLEAN


@dataclass(frozen=True, slots=True)
class CountOf:
    """How many relatives there are (`Lines/$count`)."""

    variable: str
    ways: tuple[Navigation, ...]
    many: Navigation
    target: EntitySet
    type: Edm = Edm.INT64


Term = Value | Field | Missing | Apply | AnyAll | CountOf


def conjuncts(term: Term) -> Iterator[Term]:
    """The parts that must all be true."""
    if isinstance(term, Apply) and term.name == "and":
        for part in term.args:
            yield from conjuncts(part)
    else:
        yield term


def both(terms: list[Term]) -> Term | None:
    """The opposite of conjuncts()."""
    if len(terms) < 2:
        return terms[0] if terms else None
    return Apply("and", tuple(terms), Edm.BOOLEAN)


def parts(term: Term) -> Iterator[Term]:
    """The term and all that it is made of."""
    yield term
    inner: tuple[Term | None, ...] = ()
    if isinstance(term, Apply):
        inner = term.args
    elif isinstance(term, AnyAll):
        inner = (term.predicate,)
    for part in inner:
        if part is not None:
            yield from parts(part)


def nesting(term: Term) -> int:
    """How many operators and functions stand in one another."""
    if isinstance(term, Apply):
        return 1 + max((nesting(arg) for arg in term.args), default=0)
    if isinstance(term, AnyAll):
        return 1 + (nesting(term.predicate) if term.predicate is not None else 0)
    return 1


def height(term: Term) -> int:
    """How high a tree of pairs it makes: a chain of `and`, `or` or `in` is as high as long."""
    if isinstance(term, Apply):
        chained = len(term.args) if term.name in ("and", "or", "in") else 1
        return chained + max((height(arg) for arg in term.args), default=0)
    if isinstance(term, AnyAll):
        return 1 + (height(term.predicate) if term.predicate is not None else 0)
    return 1


def columns_of(term: Term) -> set[str]:
    """The properties of the row itself that a term looks at."""
    return {
        part.ways[0].own if part.ways else part.column.name
        for part in parts(term)
        if isinstance(part, Field) and part.variable == ROOT
    }


@dataclass(slots=True)
class Needs:
    """Which relatives of a row must be there before a term can be evaluated or a row written."""

    ways: dict[str, Needs]

    def below(self, way: Navigation) -> Needs:
        return self.ways.setdefault(way.name, Needs({}))

    def copy(self) -> Needs:
        return Needs({name: below.copy() for name, below in self.ways.items()})


def add_needs(term: Term, needs: Needs) -> None:
    """Note the relatives that this term looks at."""
    _add(term, {ROOT: needs})


def _add(term: Term, known: dict[str, Needs]) -> None:
    if isinstance(term, Value):
        return
    if isinstance(term, Apply):
        for arg in term.args:
            _add(arg, known)
        return
    place = known[term.outer if isinstance(term, AnyAll) else term.variable]
    for way in term.ways:
        place = place.below(way)
    if isinstance(term, AnyAll | CountOf):
        place = place.below(term.many)
    if isinstance(term, AnyAll) and term.predicate is not None:
        _add(term.predicate, {**known, term.variable: place})
