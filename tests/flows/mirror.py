"""Comparing a warehouse with the sandbox by another way than the product reads it.

The source is asked over HTTP by an app of its own, its regular lists where the product took the
feed; values are normalised by the sandbox's types, not by our catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import duckdb

from retailvista.connectors.exact_online.catalogue import Endpoint, catalogue
from retailvista.connectors.records import Entity
from retailvista.runs.models import ENDED, Run
from retailvista.sandbox.endpoints import Prop, endpoints
from retailvista.sandbox.server import Sandbox
from tests.flows.flow_house import FlowHouse
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, GROENHOF, SECRET, Visitor

LISTED: tuple[Entity, ...] = tuple(found for found in catalogue().entities if found.listed)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  a wall clock without a zone
Rows = dict[tuple[Any, ...], dict[str, Any]]


@dataclass
class Mirror:
    """The sandbox seen by another app, and what a warehouse holds of it."""

    sandbox: Sandbox
    visitor: Visitor

    @classmethod
    def of(cls, sandbox: Sandbox) -> Mirror:
        sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        sandbox.store.set_of_app(CLIENT_ID, "calls_minute", 1_000_000)
        sandbox.store.set_of_app(CLIENT_ID, "calls_day", 1_000_000)
        return cls(sandbox, Visitor(sandbox).log_in())

    def source(self, entity: Entity, division: int = GROENHOF) -> Rows:
        """Every row there is now, normalised, by key."""
        endpoint = catalogue().endpoint(entity.key)
        path = endpoint.sync or endpoint.regular
        props = endpoints()[path].props
        names = [found.name for found in entity.columns]
        found: Rows = {}
        for row in self._pages(endpoint, path, names, division):
            values = {name: _normal(props[name], row[name]) for name in names}
            found[tuple(values[name] for name in entity.row_key)] = values
        return found

    def _pages(
        self, endpoint: Endpoint, path: str, names: list[str], division: int
    ) -> Iterator[dict[str, Any]]:
        query = f"$select={','.join(names)}"
        if endpoint.entity.mandatory_filter and path == endpoint.regular:
            query += f"&$filter={quote(endpoint.entity.mandatory_filter)}"
        target = f"/api/v1/{division}/{path}?{query}"
        while target:
            reply = self.visitor.ask("GET", target, headers=self._headers())
            assert reply.status == 200, (path, reply.body[:300])
            content = json.loads(reply.body, parse_float=Decimal)["d"]
            yield from content if isinstance(content, list) else content["results"]
            following = content.get("__next") if isinstance(content, dict) else None
            parts = urlsplit(following or "")
            target = f"{parts.path}?{parts.query}" if following else ""

    def _headers(self) -> dict[str, str]:
        reply = self.visitor.ask("GET", "/api/v1/current/Me", headers=self.visitor.headers)
        if reply.status == 401:
            self.visitor.keep(self.visitor.refresh())
        return self.visitor.headers


def loaded(path: Path, entity: Entity, schema: str = "exact", division: int = GROENHOF) -> Rows:
    """What a DuckDB warehouse holds of a division, without our control columns."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [found.name for found in entity.columns]
        columns = ", ".join(f'"{name}"' for name in names)
        table = f'"{schema}"."{entity.table}"'
        query = f"SELECT {columns} FROM {table} WHERE _division = ? AND _deleted_at IS NULL"  # noqa: S608
        rows = connection.execute(query, [division]).fetchall()
    return keyed(entity, names, rows)


def entity_of(key: str) -> Entity:
    """An entity of the catalogue."""
    return catalogue().endpoint(key).entity


def to_its_end(house: FlowHouse, run: Run, minutes: int = 30) -> Run:
    """The engine goes on every minute, until the run has ended."""
    for _ in range(minutes):
        if run.state == ENDED:
            return run
        house.stage.clock.move(minutes=1)
        house.work()
        run = house.run(run.number)
    raise AssertionError(house.log(run))


def keyed(entity: Entity, names: list[str], rows: list[tuple[Any, ...]]) -> Rows:
    """Rows by key; a key that is there twice is an error."""
    found: Rows = {}
    for row in rows:
        values = dict(zip(names, row, strict=True))
        key = tuple(values[name] for name in entity.row_key)
        assert key not in found, f"{entity.table} has {key} twice"
        found[key] = values
    return found


def differences(entity: Entity, mine: Rows, theirs: Rows) -> list[str]:
    """What is not equal, in words. The bulk form knows every column but the rowversion."""
    by_bulk = catalogue().endpoint(entity.key).begins_by_bulk
    found = [f"missing {key}" for key in theirs.keys() - mine.keys()]
    found += [f"too many {key}" for key in mine.keys() - theirs.keys()]
    for key in mine.keys() & theirs.keys():
        for name, value in theirs[key].items():
            if by_bulk and name == "Timestamp" and mine[key][name] is None:
                continue
            if mine[key][name] != value:
                found.append(f"{key} {name}: {mine[key][name]!r} is not {value!r}")
    return found


def _normal(prop: Prop, value: Any) -> Any:
    if value is None:
        return None
    if prop.type == "Double":
        return Decimal(str(value)).quantize(Decimal("0.00000001"))
    if prop.type == "DateTime":
        return EPOCH + timedelta(milliseconds=int(value[6:-2]))
    if prop.type == "String":
        return value.strip(" ")
    if prop.type == "Guid":
        return value.lower()
    if prop.type == "Boolean":
        return bool(value)
    return value if prop.type == "Binary" else int(value)
