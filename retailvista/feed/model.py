"""What a feed offers: entity sets with their properties, keys and the ways from one to another.

Invariant: names are unique without regard to case, every set has one key, and a navigation joins
a property of its own set with a property of the target.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from retailvista.feed.edm import Edm

NAMESPACE = "RetailVista"
CONTAINER = "Feed"
# The annotation of tables that are served from a copy.
FRESH_AS_OF = f"{NAMESPACE}.FreshAsOf"
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")


@dataclass(frozen=True, slots=True)
class Property:
    """A column. A decimal has a scale; a text may have a longest length."""

    name: str
    type: Edm
    nullable: bool = True
    max_length: int | None = None
    scale: int = 0

    def __post_init__(self) -> None:
        assert IDENTIFIER.fullmatch(self.name), f"{self.name!r} is no name of a property"


@dataclass(frozen=True, slots=True)
class Navigation:
    """The way from a row to its relatives: those whose `theirs` equals our `own`."""

    name: str
    target: str
    own: str
    theirs: str
    many: bool = False


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A table of the feed."""

    name: str
    key: str
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...] = ()
    _properties: dict[str, Property] = field(init=False, repr=False, compare=False)
    _navigations: dict[str, Navigation] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        assert IDENTIFIER.fullmatch(self.name), f"{self.name!r} is no name of a table"
        names = [p.name.lower() for p in self.properties]
        names += [n.name.lower() for n in self.navigations]
        assert len(names) == len(set(names)), f"{self.name}: a name stands there twice"
        object.__setattr__(self, "_properties", {p.name: p for p in self.properties})
        object.__setattr__(self, "_navigations", {n.name: n for n in self.navigations})
        assert self.key in self._properties, f"{self.name} has no {self.key}"

    def column(self, name: str) -> Property | None:
        return self._properties.get(name)

    def way(self, name: str) -> Navigation | None:
        return self._navigations.get(name)

    @property
    def type_name(self) -> str:
        return f"{NAMESPACE}.{self.name}"


@dataclass(frozen=True, slots=True)
class Model:
    """All sets of a feed, in the order of its list."""

    sets: tuple[EntitySet, ...]
    _sets: dict[str, EntitySet] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [s.name.lower() for s in self.sets]
        assert len(names) == len(set(names)), "two tables of a feed have the same name"
        object.__setattr__(self, "_sets", {s.name: s for s in self.sets})
        for each in self.sets:
            self._check_ways(each.navigations)

    def _check_ways(self, navigations: Iterable[Navigation]) -> None:
        for way in navigations:
            target = self._sets.get(way.target)
            assert target is not None, f"{way.name} leads to {way.target}, which is not there"
            assert target.column(way.theirs) is not None, f"{way.target} has no {way.theirs}"

    def find(self, name: str) -> EntitySet | None:
        return self._sets.get(name)

    def target(self, way: Navigation) -> EntitySet:
        return self._sets[way.target]
