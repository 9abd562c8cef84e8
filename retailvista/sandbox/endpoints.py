"""The endpoints as data: names, types and flags from `data/metadata.json`, and how the sandbox
keeps them from `data/storage.json`.

Invariant: what an endpoint knows stands in the data; code asks the endpoint, never its name. An
endpoint that says nothing about storage is rows of the generic store, so it is added by data alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("data")
MODELS = "Exact.Web.Api.Models."
SAFE_PATH = re.compile(r"[A-Za-z0-9/]+")
SAFE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
LISTED = {"regular": 60, "beta": 60, "read": 60, "bulk": 1000, "sync": 1000}


@dataclass(frozen=True, slots=True)
class Prop:
    """One property: its name, Edm type and documentation flags."""

    name: str
    type: str
    flags: str
    # The name of the nested collection, if it is one.
    child: str | None

    @property
    def writable(self) -> bool:
        """Shown in the POST column of the documentation."""
        return "P" in self.flags

    @property
    def changeable(self) -> bool:
        """Shown in the PUT column."""
        return "U" in self.flags


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One resource of the API."""

    path: str
    model: str
    kind: str
    service: str
    table: str
    # Whose rows of the generic store it shows, when it is kept there.
    entities: tuple[str, ...]
    key: list[str]
    page: int | None
    methods: list[str]
    where: str | None
    columns: dict[str, str]
    pad: dict[str, int]
    mandatory_filter: list[str]
    parent: str | None = None
    flat: tuple[str, ...] = ()
    scope: str | None = None
    webhook: bool = False
    blank_post: bool = False
    no_star: bool = False
    enums: dict[str, dict[str, str]] = field(default_factory=dict)
    props: dict[str, Prop] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[1]

    @property
    def type_name(self) -> str:
        """The type as it stands in __metadata."""
        return MODELS + self.model

    @property
    def sync(self) -> bool:
        """Rows in the order of their rowversion, filtered by it alone."""
        return self.kind == "sync"

    @property
    def entity(self) -> str:
        """Where a POST puts its row."""
        return self.entities[0]


class Catalogue:
    """Every endpoint by its path under the division (current/Me stands for itself)."""

    def __init__(self) -> None:
        facts, storage = _read("metadata"), _read("storage")
        self.deleted: dict[str, int] = facts["deleted"]
        self.sync_timestamp: dict[str, str] = facts["sync_timestamp"]
        self.seed: dict[str, list[str]] = facts["seed"]
        self.references: dict[str, str] = storage["references"]
        self.codes: dict[str, str] = storage["codes"]
        self.paths: dict[str, Endpoint] = {}
        self.by_case: dict[str, str] = {}
        self.add(facts["endpoints"], storage["endpoints"])

    def add(self, facts: list[dict[str, Any]], storage: dict[str, dict[str, Any]]) -> None:
        """Take further endpoints: their facts, and how they are kept where that is special."""
        for item in facts:
            self.by_case[item["path"].lower()] = item["path"]
        for item in facts:
            kept = storage.get(item["path"], {})
            self.paths[item["path"]] = _endpoint(item, kept, self._entities(item["path"], kept))
        _children.cache_clear()

    def _entities(self, path: str, kept: dict[str, Any]) -> tuple[str, ...]:
        """bulk/CRM/Accounts and sync/CRM/Accounts show the rows of crm/Accounts."""
        if "of" in kept:
            return tuple(kept["of"])
        form, _, rest = path.partition("/")
        if form in ("bulk", "sync") and "/" in rest:
            return (self.by_case.get(rest.lower(), path),)
        return (path,)


def _read(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@cache
def catalogue() -> Catalogue:
    """The one list of endpoints of this process."""
    return Catalogue()


def endpoints() -> dict[str, Endpoint]:
    """Every endpoint by its path."""
    return catalogue().paths


def add_endpoints(document: dict[str, Any]) -> None:
    """Add endpoints by data: {"endpoints": [facts], "storage": {path: how it is kept}}."""
    catalogue().add(document["endpoints"], document.get("storage", {}))


def _endpoint(item: dict[str, Any], kept: dict[str, Any], entities: tuple[str, ...]) -> Endpoint:
    path, kind = item["path"], item["kind"]
    props = {
        name: Prop(name, text.partition(" ")[0], text.partition(" ")[2], _child(text))
        for name, text in item["props"].items()
    }
    for text, safe in ((path, SAFE_PATH), *((name, SAFE_NAME) for name in props)):
        assert safe.fullmatch(text), f"not a name of an endpoint or property: {text}"
    key = [name for name, prop in props.items() if "K" in prop.flags]
    named = kept.get("keys", [] if key == ["Timestamp"] else key)
    table = kept.get("table", "record")
    wanted = [name for name, prop in props.items() if "F" in prop.flags]
    marks = ",".join(f"'{entity}'" for entity in entities)
    return Endpoint(
        path=path,
        model=kept.get("model", _model(path)),
        kind=kind,
        service=path.rpartition("/")[0],
        table=table,
        entities=entities,
        key=kept.get("key", key),
        page=None if kept.get("unpaged") else LISTED[kind],
        methods=kept.get("methods", item["methods"]),
        where=f"entity IN ({marks})" if table == "record" else kept.get("where"),
        columns=_columns(table, props, named, kept.get("columns", {})),
        pad={name: width for name, width in kept.get("pad", {}).items() if name in props},
        mandatory_filter=[] if kind == "sync" else wanted,
        parent=kept.get("parent"),
        flat=tuple(kept.get("flat", ())),
        scope=item.get("scope"),
        webhook=item.get("webhook", False),
        blank_post=kept.get("blank_post", False),
        no_star=kept.get("no_star", False),
        enums=item.get("enums", {}),
        props=props,
    )


def _columns(
    table: str, props: dict[str, Prop], named: list[str], renamed: dict[str, str]
) -> dict[str, str]:
    """Where a property is kept under another name; the key of a generic row is `key`."""
    if table != "record":
        return renamed
    if not named and "ID" in props:
        named = ["ID"]
    elif not named and "EntryID" in props:
        named = ["EntryID"]
    return dict.fromkeys(named, "key")


def _child(text: str) -> str | None:
    """The name of the collection: Collection(SalesEntryLines)."""
    edm_type = text.partition(" ")[0]
    return edm_type[11:-1] if edm_type.startswith("Collection(") else None


def _model(path: str) -> str:
    """crm/Accounts is an Account, sync/CRM/Accounts a Sync.CRM.Account."""
    service, _, name = path.rpartition("/")
    if name.endswith("ies"):
        name = name[:-3] + "y"
    elif name.endswith("sses"):
        name = name[:-2]
    elif name.endswith("s") and not name.endswith("ss"):
        name = name[:-1]
    form, _, rest = service.partition("/")
    return f"{form.title()}.{rest}.{name}" if form in ("bulk", "sync") else name


def children_of(endpoint: Endpoint) -> dict[str, Endpoint]:
    """Nested collections that are endpoints themselves, by property name."""
    return _children(endpoint.path)


@cache
def _children(path: str) -> dict[str, Endpoint]:
    endpoint, service = endpoints()[path], path.rsplit("/", 1)[0]
    found = {}
    for prop in endpoint.props.values():
        child = endpoints().get(f"{service}/{prop.child}") if prop.child else None
        if child and child.parent:
            found[prop.name] = child
    return found
