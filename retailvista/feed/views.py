"""A dataset as a view on its origin: chosen columns, new names, a fixed filter, under an alias.

Invariants: the key of the origin is always among the columns; a way leads to another dataset of
the same feed and is there only when both ends of the join are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from retailvista.errors import Refused
from retailvista.feed.model import IDENTIFIER, EntitySet, Navigation


@dataclass(frozen=True, slots=True)
class View:
    """`names` leads from a column of the feed to that of the origin."""

    entity: EntitySet
    origin: EntitySet
    names: Mapping[str, str]
    filter: str = ""


def make_view(
    alias: str, origin: EntitySet, columns: Iterable[tuple[str, str]], filter_text: str = ""
) -> View:
    """A view without ways. Refused when a name is none, or is no column of the origin."""
    if not IDENTIFIER.fullmatch(alias):
        raise Refused(
            f"{alias!r} is no name for a table: letters, digits and underscores, no digit first."
        )
    names: dict[str, str] = {}
    for own, published in columns or ((p.name, p.name) for p in origin.properties):
        if origin.column(own) is None:
            raise Refused(f"{origin.name} has no column {own!r}.")
        if not IDENTIFIER.fullmatch(published):
            raise Refused(f"{published!r} is no name for a column.")
        if published.lower() in {name.lower() for name in names}:
            raise Refused(f"Two columns are called {published!r}.")
        names[published] = own
    if origin.key not in names.values():
        raise Refused(f"The column {origin.key!r} is the key and must be among the columns.")
    properties = []
    for published, own in names.items():
        column = origin.column(own)
        assert column is not None, "looked up above"
        properties.append(replace(column, name=published))
    key = _published(names, origin.key)
    assert key is not None, "checked above"
    return View(EntitySet(alias, key, tuple(properties)), origin, names, filter_text)


def connected(views: Iterable[View]) -> list[View]:
    """The views with the ways that lead from one to another; the first of an origin is meant."""
    found = list(views)
    first: dict[str, View] = {}
    for view in found:
        first.setdefault(view.origin.name, view)
    return [_with_ways(view, first) for view in found]


def _with_ways(view: View, first: Mapping[str, View]) -> View:
    ways: list[Navigation] = []
    taken = {name.lower() for name in view.names}
    for way in view.origin.navigations:
        target = view if way.target == view.origin.name else first.get(way.target)
        if target is None or way.name.lower() in taken:
            continue
        own, theirs = _published(view.names, way.own), _published(target.names, way.theirs)
        if own is not None and theirs is not None:
            ways.append(Navigation(way.name, target.entity.name, own, theirs, way.many))
    return replace(view, entity=replace(view.entity, navigations=tuple(ways)))


def _published(names: Mapping[str, str], own: str) -> str | None:
    return next((name for name, origin in names.items() if origin == own), None)
