"""$metadata: the model of a feed as CSDL XML, complete in itself.

No reference to another document: clients of the Olingo family load every one they find, and many
of them run where only this host can be reached. Types are named in full; a decimal says its
scale, because none means zero (OData CSDL XML 4.01, 7.2.4).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lxml import etree

from retailvista.feed.edm import Edm, instant_text
from retailvista.feed.model import (
    CONTAINER,
    FRESH_AS_OF,
    NAMESPACE,
    EntitySet,
    Model,
    Property,
)

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
PRECISION = "18"
MICROSECONDS = "6"


def document(
    model: Model, version: str, fresh_as_of: Callable[[EntitySet], datetime | None]
) -> bytes:
    """The whole document. Of a table that is served from a copy it says how fresh that is."""
    root = etree.Element(f"{{{EDMX}}}Edmx", nsmap={"edmx": EDMX}, Version=version)
    services = etree.SubElement(root, f"{{{EDMX}}}DataServices")
    # None is the namespace without a prefix, which the stubs of lxml do not know.
    names: Any = {None: EDM}
    schema = etree.SubElement(services, f"{{{EDM}}}Schema", nsmap=names, Namespace=NAMESPACE)
    for table in model.sets:
        _add_type(schema, table, model)
    container = _sub(schema, "EntityContainer", Name=CONTAINER)
    copies = {table.name: at for table in model.sets if (at := fresh_as_of(table)) is not None}
    for table in model.sets:
        _add_set(container, table, copies.get(table.name))
    if copies:
        name, kind = FRESH_AS_OF.rpartition(".")[2], str(Edm.INSTANT)
        _sub(schema, "Term", Name=name, Type=kind, Precision=MICROSECONDS, AppliesTo="EntitySet")
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _sub(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{EDM}}}{name}", attributes)


def _add_type(schema: etree._Element, table: EntitySet, model: Model) -> None:
    kind = _sub(schema, "EntityType", Name=table.name)
    _sub(_sub(kind, "Key"), "PropertyRef", Name=table.key)
    for column in table.properties:
        _sub(kind, "Property", **_facets(column, is_key=column.name == table.key))
    for way in table.navigations:
        target = model.target(way).type_name
        named = _sub(
            kind,
            "NavigationProperty",
            Name=way.name,
            Type=f"Collection({target})" if way.many else target,
        )
        if not way.many:
            _sub(named, "ReferentialConstraint", Property=way.own, ReferencedProperty=way.theirs)


def _facets(column: Property, *, is_key: bool) -> dict[str, str]:
    found = {"Name": column.name, "Type": str(column.type)}
    if is_key or not column.nullable:
        found["Nullable"] = "false"
    if column.max_length is not None:
        found["MaxLength"] = str(column.max_length)
    if column.type == Edm.DECIMAL:
        found |= {"Precision": PRECISION, "Scale": str(column.scale)}
    if column.type in (Edm.INSTANT, Edm.TIME, Edm.DURATION):
        found["Precision"] = MICROSECONDS
    return found


def _add_set(container: etree._Element, table: EntitySet, fresh: datetime | None) -> None:
    found = _sub(container, "EntitySet", Name=table.name, EntityType=table.type_name)
    for way in table.navigations:
        _sub(found, "NavigationPropertyBinding", Path=way.name, Target=way.target)
    if fresh is not None:
        _sub(found, "Annotation", Term=FRESH_AS_OF, DateTimeOffset=instant_text(fresh))
