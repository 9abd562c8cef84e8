"""$metadata of a service (CSDL XML 4.01) as the entities that flows choose from.

Invariant: the document is read without loading anything it refers to, and kept in a small form
that says the same: what is in it follows from the service alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
Element = Any


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
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise Refused("The $metadata of the service could not be read.") from error
    if b"<!DOCTYPE" in document:
        raise Refused("The $metadata of the service could not be read.")
    types = dict(_types(root))
    rows = [_table(one, types) for one in _all(root, "EntitySet")]
    rows = [row for row in rows if row["properties"]]
    rows += [_action(one, root) for one in _all(root, "ActionImport")]
    if not rows:
        raise Refused("The $metadata of the service names no tables.")
    return sorted(rows, key=lambda row: row["name"])[:ENTITIES_MAX]


def _types(root: Element) -> Iterator[tuple[str, Element]]:
    """Entity types by their full name, and by the alias of their schema."""
    for schema in _all(root, "Schema"):
        for found in _children(schema, "EntityType"):
            for space in (schema.get("Namespace"), schema.get("Alias")):
                if space:
                    yield f"{space}.{found.get('Name')}", found


def _table(one: Element, types: Mapping[str, Element]) -> dict[str, Any]:
    chain = list(_chain(str(one.get("EntityType")), types))
    keys = [ref.get("Name") for kind in chain for ref in _all(kind, "PropertyRef")]
    properties = [
        _property(found, keys) for kind in reversed(chain) for found in _children(kind, "Property")
    ]
    return {"name": str(one.get("Name")), "keys": keys, "properties": properties}


def _chain(name: str, types: Mapping[str, Element]) -> Iterator[Element]:
    """A type and those it is made from; a circle ends."""
    seen: set[str] = set()
    while name in types and name not in seen:
        seen.add(name)
        yield types[name]
        name = str(types[name].get("BaseType") or "")


def _property(found: Element, keys: list[str]) -> dict[str, Any]:
    kind, name = str(found.get("Type") or ""), str(found.get("Name"))
    scale = str(found.get("Scale") or "")
    return {
        "name": name,
        "type": kind,
        "key": name in keys,
        "must": found.get("Nullable") == "false",
        "scale": int(scale) if scale.isdecimal() and int(scale) <= 18 else SCALE,
        "fixed": _is_computed(found),
    }


def _is_computed(found: Element) -> bool:
    """Whether the service fills it by itself (Core.Computed, Core.Immutable does not count)."""
    return any(
        str(note.get("Term", "")).endswith("Core.V1.Computed") and note.get("Bool") != "false"
        for note in _children(found, "Annotation")
    )


def _action(one: Element, root: Element) -> dict[str, Any]:
    wanted = str(one.get("Action") or "").rpartition(".")[2]
    properties = [
        _property(parameter, [])
        for action in _all(root, "Action")
        if action.get("Name") == wanted and action.get("IsBound") != "true"
        for parameter in _children(action, "Parameter")
    ]
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
