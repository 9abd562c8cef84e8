"""port of records for an OData service: pages by nextLink, writes by the key, looks by $filter.

Invariants: a page is one GET, whole or not there; the next one is asked for by the address the
service gave, on the same origin only. A record is written by one request and never again by itself
unless it brings its own key, which the service refuses a second time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urljoin

from retailvista.connectors.booking import Outcome
from retailvista.connectors.lists_only import ListsOnly, unanswered
from retailvista.connectors.odata.client import call, error_of, said_in, throttled_until, value_of
from retailvista.connectors.odata.literals import equal, literal
from retailvista.connectors.odata.metadata import Catalogue
from retailvista.connectors.records import (
    Asked,
    Entity,
    Found,
    Kind,
    Mark,
    Page,
    RecordsSession,
    Request,
    Row,
    ToFind,
    ToWrite,
    Written,
)
from retailvista.connectors.wire import Reply, Wire
from retailvista.errors import Refused

METHODS = {"create": "POST", "update": "PATCH", "delete": "DELETE", "execute": "POST"}
NEXT = "@odata.nextLink"
OUTCOMES = {
    400: Outcome.REJECTED,
    401: Outcome.TOKEN_REFUSED,
    403: Outcome.STOPPED,
    409: Outcome.NUMBER_IN_USE,
    412: Outcome.REJECTED,
    422: Outcome.REJECTED,
    429: Outcome.THROTTLED,
}


@dataclass(frozen=True, slots=True)
class OdataRecords(ListsOnly):
    """The records of one service, as its catalogue tells."""

    catalogue: Catalogue = Catalogue(())  # noqa: RUF009  frozen

    def entities(self) -> tuple[Entity, ...]:
        return self.catalogue.entities

    def entity(self, key: str) -> Entity:
        for found in self.catalogue.entities:
            if found.key == key:
                return found
        raise Refused(f"The service has no table {key!r}; press Test to read its $metadata again.")

    def first(self, session: RecordsSession, asked: Asked) -> str:
        entity = self.entity(asked.entity)
        if not entity.listed:
            raise Refused(f"{entity.key} is a procedure: it is executed, not read.")
        query = dict(asked.query)
        if asked.select and "$select" not in query:
            query["$select"] = ",".join(asked.select)
        return _address(session, entity.key, query)

    def page(self, wire: Wire, session: RecordsSession, asked: Asked, address: str) -> Page:
        reply = call(wire, session, "GET", address)
        value = value_of(reply) if reply.status == 200 else {}
        rows = value.get("value")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise error_of(reply)
        assert reply.answered_at is not None
        link = value.get(NEXT) or value.get("@nextLink") or ""
        following = _joined(address, str(link)) if link else ""
        return Page(tuple(_plain(row) for row in rows), following, "", reply.answered_at)

    def count(self, wire: Wire, session: RecordsSession, asked: Asked) -> int | None:
        entity = self.entity(asked.entity)
        query = {name: text for name, text in asked.query.items() if name == "$filter"}
        url = _address(session, f"{entity.key}/$count", query)
        reply = call(wire, session, "GET", url, accept="text/plain")
        text = reply.body.decode("utf-8-sig", "replace").strip() if reply.status == 200 else ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None

    def may_read(self, wire: Wire, session: RecordsSession, key: str) -> bool:
        reply = call(wire, session, "GET", _address(session, key, {"$top": "1"}))
        return reply.status == 200 and isinstance(value_of(reply).get("value"), list)

    def request(self, session: RecordsSession, to_write: ToWrite) -> Request:
        entity = self.entity(to_write.entity)
        if to_write.action not in entity.actions:
            raise Refused(f"{entity.key} cannot be written with the action {to_write.action!r}.")
        path = entity.key
        if to_write.action in ("update", "delete"):
            path += _key(entity, to_write.path)
        body = b"" if to_write.action == "delete" else to_write.body
        if to_write.action == "execute" and not body:
            body = b"{}"
        url = _address(session, path, to_write.query)
        return Request(METHODS[to_write.action], url, body)

    def send(self, wire: Wire, session: RecordsSession, request: Request) -> Written:
        reply = call(wire, session, request.method, request.url, body=request.body)
        return _written(request, reply)

    def mark(self, to_write: ToWrite) -> Mark | None:
        sent = json.loads(to_write.body) if to_write.body else {}
        keys = self.entity(to_write.entity).row_key
        if not keys or not isinstance(sent, dict) or any(sent.get(k) in (None, "") for k in keys):
            return None
        return Mark(keys, unique=True)

    def find(self, wire: Wire, session: RecordsSession, key: str, wanted: ToFind) -> Found:
        entity = self.entity(key)
        condition = " and ".join(
            f"{name} eq {literal(_kind(entity, name), value)}"
            for name, value in wanted.values.items()
        )
        url = _address(session, key, {"$filter": condition, "$top": "3"})
        reply = call(wire, session, "GET", url)
        rows = value_of(reply).get("value") if reply.status == 200 else None
        if not isinstance(rows, list):
            problem = reply.problem or said_in(reply) or f"{reply.status}: no list in the answer"
            return Found(False, (), problem, reply.status == 401, throttled_until(reply))
        return Found(good=True, rows=tuple(_plain(row) for row in rows))

    def differences(self, key: str, sent: Mapping[str, Any], found: Row) -> list[str]:
        entity = self.entity(key)
        return [
            name
            for name, value in sent.items()
            if name in found
            and not isinstance(value, (list, dict))
            and not equal(_kind(entity, name), value, found[name])
        ]

    def created_at(self, row: Row) -> datetime | None:
        return None

    def key_of(self, key: str, row: Row) -> str:
        values = [row.get(name) for name in self.entity(key).row_key]
        return "" if None in values or not values else "|".join(str(value) for value in values)


def _joined(address: str, link: str) -> str:
    """Where the next page is. Refused for a link that is none."""
    try:
        return urljoin(address, link)
    except ValueError as error:
        raise Refused("The service names a next page that is no address.") from error


def _address(session: RecordsSession, path: str, query: Mapping[str, str]) -> str:
    safe = "$,/()':"
    options = "&".join(f"{quote(name, safe='$')}={quote(query[name], safe=safe)}" for name in query)
    return f"{session.site}/{path}" + (f"?{options}" if options else "")


def _key(entity: Entity, path: Mapping[str, str]) -> str:
    """The key in an address: the value of {id}, or of each key property by its own name."""
    given = {name.lower(): text.strip() for name, text in path.items()}
    if len(entity.row_key) == 1 and given.get("id"):
        given.setdefault(entity.row_key[0].lower(), given["id"])
    missing = [name for name in entity.row_key if not given.get(name.lower())]
    if missing or not entity.row_key:
        name = (missing or ["id"])[0]
        raise Refused(f"The path needs a value for {name!r}: the key.")
    parts = [
        (name, quote(literal(_kind(entity, name), given[name.lower()]), safe="'"))
        for name in entity.row_key
    ]
    if len(parts) == 1:
        return f"({parts[0][1]})"
    return "(" + ",".join(f"{name}={text}" for name, text in parts) + ")"


def _kind(entity: Entity, name: str) -> Kind:
    found = entity.property_named(name)
    return found.kind if found else Kind.TEXT


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the service says about the row."""
    return {name: value for name, value in row.items() if "@" not in name}


def _written(request: Request, reply: Reply) -> Written:
    if (nothing := unanswered(request, reply)) is not None:
        return nothing
    value = value_of(reply)
    if reply.status in (200, 201, 204):
        record = _plain(value) if value and "error" not in value else None
        return Written(Outcome.BOOKED, request, reply.status, record, reply=reply)
    outcome = OUTCOMES.get(reply.status, Outcome.UNKNOWN)
    if reply.status == 404:
        outcome = Outcome.STOPPED if request.method == "POST" else Outcome.REJECTED
    if reply.status == 500 and said_in(reply):
        outcome = Outcome.REFUSED_UNKNOWN
    until = throttled_until(reply) if outcome is Outcome.THROTTLED else None
    return Written(
        outcome, request, reply.status, None, said_in(reply), reply=reply, not_before=until
    )
