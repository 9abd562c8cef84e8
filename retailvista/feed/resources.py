"""What a path below the service root names: a set, a row of it, a property, a way, a count.

OData 4.01 Part 2, chapter 4. Slashes in quotes belong to a key, whether or not they were encoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retailvista.feed import edm
from retailvista.feed.edm import Edm
from retailvista.feed.failures import BadQuery, NotOffered, NotThere
from retailvista.feed.model import EntitySet, Model, Navigation, Property
from retailvista.feed.options import split_outside

SEGMENT = re.compile(r"([^()]+)(?:\((.*)\))?", re.DOTALL)
NOT_OFFERED = ("$batch", "$entity", "$all", "$crossjoin", "$query", "$ref", "$filter", "$each")


@dataclass(frozen=True, slots=True)
class Step:
    """A way taken from a row that has a key."""

    table: EntitySet
    key: Any  # None after a way to one relative
    way: Navigation


@dataclass(frozen=True, slots=True)
class Resource:
    """`steps` lead to `table`; then perhaps a key, a property, and $count or $value."""

    table: EntitySet
    steps: tuple[Step, ...] = ()
    key: Any = None
    column: Property | None = None
    ending: str = ""

    @property
    def is_row(self) -> bool:
        """One row: by its key, or at the end of a way to one relative."""
        return self.key is not None or (bool(self.steps) and not self.steps[-1].way.many)


def check_offered(path: str) -> None:
    """NotOffered for what ends in a resource of the standard's own, whatever is sent to it."""
    name = path.strip("/").rpartition("/")[2]
    if name in NOT_OFFERED:
        raise NotOffered(f"{name} is not offered.", name)


def resource_of(path: str, model: Model, aliases: Mapping[str, str]) -> Resource:
    """The resource that a path names. NotThere when there is no such thing."""
    first, *rest = split_outside(path.strip("/"), "/")
    name, key_text = _segment(first)
    if name in NOT_OFFERED:
        raise NotOffered(f"{name} is not offered.", name)
    table = model.find(name)
    if table is None:
        raise NotThere("There is no such table in this feed.")
    found = Resource(table, key=_key(table, key_text, aliases))
    for part in rest:
        found = _further(found, part, model, aliases)
    return found


def _segment(text: str) -> tuple[str, str | None]:
    found = SEGMENT.fullmatch(text)
    if found is None:
        raise NotThere("There is no such thing in this feed.")
    return found[1], found[2]


def _further(found: Resource, part: str, model: Model, aliases: Mapping[str, str]) -> Resource:
    name, key_text = _segment(part)
    if found.ending or (found.column is not None and name != "$value"):
        raise NotThere("There is no such thing in this feed.")
    if name in NOT_OFFERED:
        raise NotOffered(f"{name} is not offered.", name)
    if name in ("$count", "$value"):
        return _ended(found, name)
    if not found.is_row:
        raise NotThere(
            "There is no such thing in this feed; a row is named by its key in brackets."
        )
    column, way = found.table.column(name), found.table.way(name)
    if column is not None and key_text is None:
        return Resource(found.table, found.steps, found.key, column)
    if way is None:
        raise NotThere(f"{found.table.name} has no property {name[:80]!r}.")
    steps = (*found.steps, Step(found.table, found.key, way))
    target = model.target(way)
    if key_text is not None and not way.many:
        raise NotThere(f"{name} leads to one row and takes no key.")
    return Resource(target, steps, _key(target, key_text, aliases))


def _ended(found: Resource, name: str) -> Resource:
    fits = found.column is not None if name == "$value" else not found.is_row
    if not fits:
        raise NotThere(f"{name} does not apply here.")
    return Resource(found.table, found.steps, found.key, found.column, name)


def _key(table: EntitySet, text: str | None, aliases: Mapping[str, str]) -> Any:
    """A key in brackets: (1), ('a'), (Number=1) or (@n)."""
    if text is None:
        return None
    name, equals, value = text.partition("=")
    if equals and name.strip() == table.key:
        text = value
    text = text.strip()
    if text.startswith("@"):
        text = aliases.get(text, "").strip()
    column = table.column(table.key)
    assert column is not None, "a set has its key"
    if len(text) > 1 and text[0] == text[-1] == "'":
        return edm.parse(text[1:-1].replace("''", "'"), column.type)
    if column.type == Edm.STRING:
        raise BadQuery(f"The key {table.key} is a text and stands in quotes.")
    return edm.parse(text, column.type)
