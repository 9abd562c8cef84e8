"""port of records for Sage Accounting: lists page by page, contacts and journals written.

Invariants: a page is one GET, the next one by the address Sage gave, under its own API only; each
write carries an idempotency_id made of what is sent, so that Sage answers a repeat with the first
answer; a voided journal counts as gone, whether or not the list still shows it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from retailvista.connectors.booking import Outcome
from retailvista.connectors.lists_only import ListsOnly, unanswered
from retailvista.connectors.port import Session
from retailvista.connectors.records import (
    Asked,
    Entity,
    Found,
    Mark,
    Page,
    RecordsSession,
    Request,
    Row,
    ToFind,
    ToWrite,
    Written,
)
from retailvista.connectors.sage_accounting import catalogue, urls
from retailvista.connectors.sage_accounting.businesses import Businesses
from retailvista.connectors.sage_accounting.client import call, error_of, read_list
from retailvista.connectors.sage_accounting.limits import throttled_until
from retailvista.connectors.sage_accounting.reading import errors_of, read_object, said_in, words
from retailvista.connectors.wire import Reply, Wire
from retailvista.errors import Refused, RetailVistaError

METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE", "execute": "POST"}
# Options of Sage's lists that a flow may set.
OPTIONS = ("updated_or_created_since", "deleted_since", "search", "attributes", "nested_attributes")
KEY = "idempotency_id"
OUTCOMES = {
    400: Outcome.REJECTED,
    401: Outcome.TOKEN_REFUSED,
    403: Outcome.STOPPED,
    404: Outcome.REJECTED,
    429: Outcome.THROTTLED,
}


class SageRecords(ListsOnly):
    """Which business a division is, is shared with the books: it follows from Sage's ids alone."""

    def __init__(self, businesses: Businesses) -> None:
        self._businesses = businesses

    def entities(self) -> tuple[Entity, ...]:
        return catalogue.ENTITIES

    def entity(self, key: str) -> Entity:
        return catalogue.entity(key)

    def first(self, session: RecordsSession, asked: Asked) -> str:
        entity = catalogue.entity(asked.entity)
        if not entity.listed:
            raise Refused(f"{entity.name} is a procedure: it is executed, not read.")
        if strange := [name for name in asked.query if name not in OPTIONS and name != "$top"]:
            raise Refused(f"Sage's lists take no {strange[0]!r}; they take: {', '.join(OPTIONS)}.")
        query: dict[str, str | int] = {"attributes": "all", **asked.query}
        top = str(query.pop("$top", ""))
        size = int(top) if top.isdecimal() and 0 < int(top) < urls.PAGE_ROWS else urls.PAGE_ROWS
        return urls.of(session.site, entity.key, items_per_page=size, page=1, **query)

    def page(self, wire: Wire, session: RecordsSession, asked: Asked, address: str) -> Page:
        if not address.startswith(f"{session.site}{urls.ROOT}"):
            raise Refused("Sage gave an address of another place for the next page.")
        reply = self._call(wire, session, "GET", address)
        value = read_object(reply) if reply.status == 200 else {}
        rows = value.get("$items")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise error_of(reply)
        assert reply.answered_at is not None, "a wire says when it answered"
        link = words(value.get("$next"))
        following = ""
        if link:
            # Sage tells page and size only: what else was asked for goes along.
            number = int(value["$page"]) + 1
            following = _paged(address, number)
        shown = tuple(_selected(row, asked.select) for row in rows)
        return Page(shown, following, "", reply.answered_at)

    def count(self, wire: Wire, session: RecordsSession, asked: Asked) -> int | None:
        url = urls.of(session.site, asked.entity, items_per_page=1, page=1)
        reply = self._call(wire, session, "GET", url)
        total = read_object(reply).get("$total") if reply.status == 200 else None
        return total if isinstance(total, int) else None

    def may_read(self, wire: Wire, session: RecordsSession, key: str) -> bool:
        url = urls.of(session.site, key, items_per_page=1, page=1)
        return self._call(wire, session, "GET", url).status == 200

    def request(self, session: RecordsSession, to_write: ToWrite) -> Request:
        entity = catalogue.entity(to_write.entity)
        if to_write.action not in entity.actions:
            raise Refused(f"{entity.key} cannot be written with the action {to_write.action!r}.")
        path = entity.key
        if to_write.action == "execute":
            path = f"{path.split('/')[0]}/{_id(to_write)}/{path.split('/')[1]}"
        elif to_write.action != "create":
            path = f"{path}/{_id(to_write)}"
        body = b"" if to_write.action in ("delete", "execute") else _wrapped(entity, to_write)
        return Request(METHODS[to_write.action], urls.of(session.site, path), body)

    def send(self, wire: Wire, session: RecordsSession, request: Request) -> Written:
        try:
            reply = self._call(wire, session, request.method, request.url, request.body)
        except RetailVistaError as error:
            return Written(Outcome.NOT_SENT, request, said=error.said or str(error))
        return _written(request, reply)

    def mark(self, to_write: ToWrite) -> Mark | None:
        sent = json.loads(to_write.body) if to_write.body else {}
        given = isinstance(sent, dict) and words(sent.get("reference"))
        return Mark(("reference",)) if given else None

    def find(self, wire: Wire, session: RecordsSession, key: str, wanted: ToFind) -> Found:
        """Sage filters by neither reference nor name: the list is read and looked through."""
        try:
            business = self._business(wire, session)
        except RetailVistaError as error:
            return Found(good=False, problem=error.said or str(error))
        token = Session(session.site, session.division, session.access_token)
        read = read_list(wire, token, business, key, attributes="all")
        if read.broken is not None or read.problem:
            broken = read.broken
            refused = broken is not None and broken.status == 401
            problem = read.problem or (said_in(broken) or broken.problem if broken else "")
            until = throttled_until(broken) if broken else None
            return Found(False, (), problem or "no list in the answer", refused, until)
        rows = [row for row in read.rows if not row.get("deleted_at")]
        found = [
            row
            for row in rows
            if all(words(row.get(n)) == words(v) for n, v in wanted.values.items())
        ]
        return Found(good=True, rows=tuple(found))

    def differences(self, key: str, sent: Mapping[str, Any], found: Row) -> list[str]:
        inner = sent.get(catalogue.SENT.get(key, ""), sent)
        return [
            name
            for name, value in (inner if isinstance(inner, Mapping) else {}).items()
            if name in found
            and name != KEY
            and not isinstance(value, (list, dict))
            and not _equal(value, found[name])
        ]

    def created_at(self, row: Row) -> datetime | None:
        try:
            return datetime.fromisoformat(words(row.get("created_at")))
        except ValueError:
            return None

    def key_of(self, key: str, row: Row) -> str:
        return words(row.get("id"))

    def _business(self, wire: Wire, session: RecordsSession) -> str:
        token = Session(session.site, session.division, session.access_token)
        return self._businesses.id_of(wire, token)

    def _call(
        self, wire: Wire, session: RecordsSession, method: str, url: str, body: bytes = b""
    ) -> Reply:
        token = Session(session.site, session.division, session.access_token)
        return call(wire, token, method, url, self._business(wire, session), body)


def _id(to_write: ToWrite) -> str:
    sent = json.loads(to_write.body) if to_write.body else {}
    given = next((text for name, text in to_write.path.items() if name.lower() == "id"), "")
    given = given.strip() or words(sent.get("id") if isinstance(sent, dict) else "")
    if not given:
        raise Refused("The path needs a value for {id}: the key of the record.")
    return quote(given, safe="")


def _wrapped(entity: Entity, to_write: ToWrite) -> bytes:
    """As Sage wants it: the resource under its name, with a key made of what is sent."""
    sent = json.loads(to_write.body, parse_float=Decimal) if to_write.body else {}
    if not isinstance(sent, dict):
        raise Refused("A record of Sage is an object.")
    name = catalogue.SENT[entity.key]
    inner = sent.get(name) if isinstance(sent.get(name), dict) else sent
    assert isinstance(inner, dict), "just looked at"
    if to_write.action == "create":
        mark = hashlib.sha256(f"{entity.key}|".encode() + to_write.body).hexdigest()[:32]
        inner = {**inner, KEY: inner.get(KEY) or mark}
    return json.dumps({name: inner}, default=str, sort_keys=True).encode()


def _paged(address: str, number: int) -> str:
    start, _, rest = address.partition("&page=")
    return f"{start}&page={number}" + rest.lstrip("0123456789")


def _selected(row: Row, names: tuple[str, ...]) -> Row:
    wanted = {"id", *names}
    return {name: value for name, value in row.items() if not names or name in wanted}


def _equal(sent: Any, stored: Any) -> bool:
    if isinstance(stored, (int, Decimal)) and not isinstance(stored, bool):
        try:
            return Decimal(str(sent)) == Decimal(stored)
        except ArithmeticError:
            return False
    return words(sent) == words(stored)


def _written(request: Request, reply: Reply) -> Written:
    if (nothing := unanswered(request, reply)) is not None:
        return nothing
    record = read_object(reply)
    if (reply.status in (200, 201) and record) or reply.status == 204:
        return Written(Outcome.BOOKED, request, reply.status, record or None, reply=reply)
    outcome = OUTCOMES.get(reply.status, Outcome.UNKNOWN)
    if reply.status == 422:
        outcome = Outcome.REJECTED if errors_of(reply) else Outcome.UNKNOWN
    if reply.status == 500 and errors_of(reply):
        outcome = Outcome.REFUSED_UNKNOWN
    until = throttled_until(reply) if outcome is Outcome.THROTTLED else None
    said = said_in(reply)
    return Written(outcome, request, reply.status, None, said, reply=reply, not_before=until)
