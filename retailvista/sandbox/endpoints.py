"""The endpoints as data: names, types and flags from `data/endpoints.json`.

Invariant: what an endpoint knows stands in the data file; code asks the endpoint, never its name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("data")
MODELS = "Exact.Web.Api.Models."


@dataclass(frozen=True, slots=True)
class Prop:
    """One property: its name, Edm type and documentation flags."""

    name: str
    type: str
    flags: str
    # The name of the nested collection, if it is one.
    child: str | None
    # Shown in the POST column of the documentation.
    writable: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One resource of the API."""

    path: str
    name: str
    model: str
    table: str
    key: list[str]
    page: int | None
    methods: list[str]
    where: str | None
    columns: dict[str, str]
    pad: dict[str, int]
    mandatory_filter: list[str]
    sync: bool
    props: dict[str, Prop] = field(default_factory=dict)

    @property
    def type_name(self) -> str:
        """The type as it stands in __metadata."""
        return MODELS + self.model


@cache
def endpoints() -> dict[str, Endpoint]:
    """Every endpoint by its path under the division (current/Me stands for itself)."""
    raw = json.loads((DATA / "endpoints.json").read_text(encoding="utf-8"))
    return {item["path"]: _endpoint(item) for item in raw["endpoints"]}


def _endpoint(item: dict[str, Any]) -> Endpoint:
    known = {name: value for name, value in item.items() if name != "props"}
    props = {
        name: Prop(name, kind, flags, _child(kind), writable="P" in flags)
        for name, kind, flags in item["props"]
    }
    return Endpoint(props=props, **known)


def _child(edm_type: str) -> str | None:
    return edm_type[11:-1] if edm_type.startswith("Collection(") else None


def children_of(endpoint: Endpoint) -> dict[str, Endpoint]:
    """Nested collections that are endpoints themselves, by property name."""
    return _children(endpoint.path)


@cache
def _children(path: str) -> dict[str, Endpoint]:
    endpoint, service = endpoints()[path], path.rsplit("/", 1)[0]
    found = {}
    for prop in endpoint.props.values():
        child = endpoints().get(f"{service}/{prop.child}") if prop.child else None
        if child:
            found[prop.name] = child
    return found
