"""Every entity of Exact Online as data: `data/entities.json`, one line per entity.

Invariant: what an entity is, knows and allows stands in the data; code asks the entity, never its
name. A further endpoint is one more line. Loading takes the best form there is: the sync feed,
else the regular list by Modified, else the whole list each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from retailvista.connectors.records import Entity, Kind, Property, Way
from retailvista.errors import NotFound

DATA = Path(__file__).with_name("data") / "entities.json"
DOCS = "https://start.exactonline.nl/docs/HlpRestAPIResourcesDetails.aspx?name="
DELETED_FEED = "sync/Deleted"
ACTIONS = {"POST": "create", "PUT": "update", "DELETE": "delete"}
# The letters of the forms in the data.
REGULAR, BULK, SYNC = "r", "b", "s"
# Exact promises no scale for its doubles: eight decimals keep rates and unit prices whole.
SCALE = 8
SYNC_PAGE, REGULAR_PAGE = 1000, 60
NO_GUID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An entity with the addresses of its forms ('' = it has none) and who knows what in them.

    `forms` says per property in which forms it stands. `stamp` is its name for the function that
    tells the rowversion of a moment. A `function` needs parameters in its query.
    """

    entity: Entity
    regular: str = ""
    bulk: str = ""
    sync: str = ""
    stamp: str = ""
    is_function: bool = False
    forms: Mapping[str, str] = field(default_factory=dict)

    def names(self, form: str) -> tuple[str, ...]:
        """The properties a form has, without nested records."""
        return tuple(
            found.name
            for found in self.entity.properties
            if form in self.forms[found.name] and found.kind is not Kind.LINES
        )

    @property
    def begins_by_bulk(self) -> bool:
        """Whether a first load may come from the bulk form without leaving anything out.

        Only where bulk knows every column and every row of the feed, and Exact tells the
        rowversion to go on from. Elsewhere the feed itself is as quick: both give 1,000 a page.
        """
        if not (self.bulk and self.sync and self.stamp) or self.entity.group_key:
            return False
        return set(self.names(SYNC)) - set(self.names(BULK)) == {"Timestamp"}


class Catalogue:
    """The endpoints by key."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        tables: dict[str, str] = {}
        for document in documents:
            found = endpoint_from(document)
            key, table = found.entity.key, found.entity.table.lower()
            assert key not in self.endpoints, f"{key} stands in the catalogue twice"
            assert tables.setdefault(table, key) == key, f"{key}: its table is {tables[table]}'s"
            self.endpoints[key] = found
        self.entities = tuple(found.entity for found in self.endpoints.values())

    def endpoint(self, key: str) -> Endpoint:
        """The endpoint of an entity. NotFound names it."""
        found = self.endpoints.get(key)
        if found is None:
            raise NotFound(f"Exact Online has no entity {key!r}.")
        return found


@cache
def catalogue() -> Catalogue:
    """The one catalogue of this process."""
    return Catalogue(json.loads(DATA.read_text(encoding="utf-8"))["entities"])


def endpoint_from(document: Mapping[str, Any]) -> Endpoint:
    """An endpoint from its line. A line that cannot be true is a bug in the data."""
    best = SYNC if "sync" in document else REGULAR
    properties = tuple(_property(name, text, best) for name, text in document["props"].items())
    entity = Entity(
        key=document["key"],
        name=document["name"],
        service=document["service"],
        properties=properties,
        row_key=tuple(document["row_key"]),
        way=_way(document, {found.name for found in properties if found.loaded}),
        actions=frozenset(ACTIONS[verb] for verb in document.get("methods", "").split()),
        can_bulk="bulk" in document,
        deleted_as=document.get("deleted"),
        mandatory_filter=_keeps_all(document.get("filter", "")),
        scope=document.get("scope", ""),
        page_size=SYNC_PAGE if best == SYNC else REGULAR_PAGE,
        note=document.get("note", ""),
        documentation_url=DOCS + document["doc"],
        table=document["table"],
        group_key=document.get("group", ""),
        listed=document.get("listed", False),
        webhook=document.get("webhook", False),
    )
    columns = {found.name for found in entity.columns}
    wrong = [name for name in (*entity.row_key, entity.group_key) if name and name not in columns]
    assert not wrong, f"{entity.key}: its key {wrong} is no column of it"
    return Endpoint(
        entity=entity,
        regular=document.get("regular", ""),
        bulk=document.get("bulk", ""),
        sync=document.get("sync", ""),
        stamp=document.get("stamp", ""),
        is_function=document.get("function", False),
        forms={name: text.split(" ")[1] for name, text in document["props"].items()},
    )


def _property(name: str, text: str, best: str) -> Property:
    kind_text, forms, *rest = text.split(" ")
    flags, kind = "".join(rest), Kind(kind_text)
    return Property(
        name=name,
        kind=kind,
        is_key="K" in flags,
        mandatory="M" in flags,
        read_only=not set("PU") & set(flags),
        scale=SCALE if kind is Kind.DECIMAL else 0,
        loaded=best in forms and kind is not Kind.LINES,
    )


def _way(document: Mapping[str, Any], columns: set[str]) -> Way:
    if document["key"] == DELETED_FEED:
        return Way.DELETED
    if "sync" in document:
        return Way.SYNC
    return Way.MODIFIED if "Modified" in columns and document["row_key"] else Way.FULL


def _keeps_all(name: str) -> str:
    return f"{name} ne guid'{NO_GUID}'" if name else ""
