"""$metadata of a service (CSDL XML 4.01) as the entities that flows choose from.

Invariant: the document is read without loading anything it refers to, in time and room that grow
with its length alone, and kept in a small form: what is in it follows from the service alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import Any

from lxml import etree

from retailvista.connectors.records import Entity, Kind, Property, Way
from retailvista.errors import Refused

KINDS: Mapping[str, Kind] = {
    "Edm.String": Kind.TEXT,
    "Edm.Guid": Kind.GUID,
    "Edm.Boolean": Kind.BOOLEAN,
    "Edm.Binary": Kind.BINARY,
    "Edm.Stream": Kind.BINARY,
    "Edm.DateTimeOffset": Kind.MOMENT,
    "Edm.Decimal": Kind.DECIMAL,
    "Edm.Double": Kind.DECIMAL,
    "Edm.Single": Kind.DECIMAL,
    **dict.fromkeys(("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"), Kind.WHOLE),
}
SERVICE = "OData"
ENTITIES_MAX = 2000
# A double has no scale: enough decimals for what people write.
SCALE = 6
ALL = frozenset({"create", "update", "delete"})
EXECUTE = frozenset({"execute"})
# The largest known services have some thousand tables of a hundred columns.
PARTS_MAX = 250_000
CHAIN_MAX = 50
TYPE_MAX = 300
SCALES = re.compile(r"[0-9]{1,2}")
# A simple identifier (CSDL 4.01, 15.2): nothing in it bends an address.
NAME = re.compile(r"[^\W\d]\w{0,127}")
Element = Any
# A name, and what makes the row of that name.
Maker = tuple[str, Callable[[], dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a service has: tables, and actions that can be called by name."""

    entities: tuple[Entity, ...]

    @classmethod
    def of(cls, document: Any) -> Catalogue:
        """From the small form."""
        rows = document if isinstance(document, list) else []
        return cls(tuple(_entity(row) for row in rows))


def read(document: bytes) -> list[dict[str, Any]]:
    """The small form of a $metadata document. Refused when it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root: Element = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise Refused("The $metadata of the service could not be read.") from error
    if root.getroottree().docinfo.doctype:
        raise Refused("The $metadata of the service could not be read.")
    types, actions = dict(_types(root)), _actions(root)
    rows = list(_within([*_tables(root, types), *_imports(root, actions)]))
    if not rows:
        raise Refused("The $metadata of the service names no tables.")
    return rows


def _within(makers: list[Maker]) -> Iterator[dict[str, Any]]:
    """The first tables and actions by name. Refused where they have more parts than one can use."""
    parts = 0
    for _name, make in sorted(makers, key=lambda found: found[0])[:ENTITIES_MAX]:
        row = make()
        parts += len(row["properties"]) + len(row["keys"])
        if parts > PARTS_MAX:
            raise Refused("The $metadata of the service is too large.")
        if row["properties"] or row.get("action"):
            yield row


def _types(root: Element) -> Iterator[tuple[str, Element]]:
    """Entity types by their full name, and by the alias of their schema."""
    for schema in _all(root, "Schema"):
        for found in _children(schema, "EntityType"):
            for space in (schema.get("Namespace"), schema.get("Alias")):
                if space:
                    yield f"{space}.{found.get('Name')}", found


def _actions(root: Element) -> dict[str, list[Element]]:
    """Actions that stand alone, by their name."""
    found: dict[str, list[Element]] = {}
    for one in _all(root, "Action"):
        if one.get("IsBound") != "true":
            found.setdefault(str(one.get("Name")), []).append(one)
    return found


def _tables(root: Element, types: Mapping[str, Element]) -> Iterator[Maker]:
    @cache
    def of_type(name: str) -> dict[str, Any]:
        return _columns(list(_chain(name, types)))

    for one in _all(root, "EntitySet"):
        if NAME.fullmatch(str(one.get("Name"))):
            yield str(one.get("Name")), partial(_table, one, of_type)


def _table(one: Element, of_type: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return {"name": str(one.get("Name")), **of_type(str(one.get("EntityType")))}


def _columns(chain: list[Element]) -> dict[str, Any]:
    """What all tables of a type have, with what its base types bring."""
    holders = [key for kind in chain for key in _children(kind, "Key")]
    keys = [str(ref.get("Name")) for key in holders for ref in _children(key, "PropertyRef")]
    return {"keys": keys, "properties": _properties(chain[::-1], "Property", frozenset(keys))}


def _chain(name: str, types: Mapping[str, Element]) -> Iterator[Element]:
    """A type and those it is made from; a circle ends."""
    seen: set[str] = set()
    while name in types and name not in seen and len(seen) < CHAIN_MAX:
        seen.add(name)
        yield types[name]
        name = str(types[name].get("BaseType") or "")


def _properties(
    parents: Iterable[Element], kind: str, keys: frozenset[str]
) -> list[dict[str, Any]]:
    """Those with a name that can stand in an address."""
    every = islice((found for one in parents for found in _children(one, kind)), PARTS_MAX + 1)
    return [_property(found, keys) for found in every if NAME.fullmatch(str(found.get("Name")))]


def _property(found: Element, keys: frozenset[str]) -> dict[str, Any]:
    kind, name = str(found.get("Type") or ""), str(found.get("Name"))
    scale = str(found.get("Scale") or "")
    return {
        "name": name,
        "type": kind[:TYPE_MAX],
        "key": name in keys,
        "must": found.get("Nullable") == "false",
        "scale": int(scale) if SCALES.fullmatch(scale) and int(scale) <= 18 else SCALE,
        "fixed": _is_computed(found),
    }


def _is_computed(found: Element) -> bool:
    """Whether the service fills it by itself (Core.Computed, Core.Immutable does not count)."""
    return any(
        str(note.get("Term", "")).endswith("Core.V1.Computed") and note.get("Bool") != "false"
        for note in _children(found, "Annotation")
    )


def _imports(root: Element, actions: Mapping[str, list[Element]]) -> Iterator[Maker]:
    for one in _all(root, "ActionImport"):
        if NAME.fullmatch(str(one.get("Name"))):
            yield str(one.get("Name")), partial(_action, one, actions)


def _action(one: Element, actions: Mapping[str, list[Element]]) -> dict[str, Any]:
    wanted = str(one.get("Action") or "").rpartition(".")[2]
    properties = _properties(actions.get(wanted, ()), "Parameter", frozenset())
    return {"name": str(one.get("Name")), "keys": [], "properties": properties, "action": True}


def _entity(row: Mapping[str, Any]) -> Entity:
    properties = tuple(_as_property(found) for found in row["properties"])
    is_action = bool(row.get("action"))
    keys = tuple(row["keys"])
    return Entity(
        key=row["name"],
        name=row["name"],
        service=SERVICE,
        properties=properties,
        row_key=keys,
        way=Way.FULL,
        actions=EXECUTE if is_action else ALL if keys else frozenset({"create"}),
        listed=not is_action,
        page_size=500,
    )


def _as_property(found: Mapping[str, Any]) -> Property:
    kind = KINDS.get(found["type"], Kind.TEXT)
    if found["type"].startswith("Collection("):
        kind = Kind.LINES
    return Property(
        name=found["name"],
        kind=kind,
        is_key=found["key"],
        mandatory=found["must"] and not found["key"],
        read_only=found["fixed"],
        scale=found["scale"] if kind is Kind.DECIMAL else 0,
        loaded=kind is not Kind.LINES,
    )


def _all(parent: Element, name: str) -> list[Element]:
    return list(parent.iter(f"{{*}}{name}"))


def _children(parent: Element, name: str) -> list[Element]:
    return list(parent.iterchildren(f"{{*}}{name}"))
