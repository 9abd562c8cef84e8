"""port of records for Exact Online: reading is feeding.py, writing record_writing.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from retailvista.connectors.exact_online import feeding, record_finding, record_writing, references
from retailvista.connectors.exact_online.catalogue import DELETED_FEED, REGULAR, catalogue
from retailvista.connectors.feed_marks import Deletion, Newest
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
    Way,
    Written,
)
from retailvista.connectors.referring import Reference
from retailvista.connectors.wire import Wire


class ExactRecords:
    """Stateless: what is needed comes in as arguments."""

    def entities(self) -> tuple[Entity, ...]:
        return catalogue().entities

    def entity(self, key: str) -> Entity:
        return catalogue().endpoint(key).entity

    def begins_by_bulk(self, key: str) -> bool:
        return catalogue().endpoint(key).begins_by_bulk

    def names(self, key: str, way: Way) -> tuple[str, ...]:
        return catalogue().endpoint(key).names(feeding.FORMS.get(way, REGULAR))

    def references(self, key: str) -> tuple[Reference, ...]:
        return references.references(key)

    def first(self, session: RecordsSession, asked: Asked) -> str:
        return feeding.first(session, catalogue().endpoint(asked.entity), asked)

    def page(self, wire: Wire, session: RecordsSession, asked: Asked, address: str) -> Page:
        return feeding.page(wire, session, asked, address)

    def count(self, wire: Wire, session: RecordsSession, asked: Asked) -> int | None:
        return feeding.count(wire, session, catalogue().endpoint(asked.entity), asked)

    def newest(self, wire: Wire, session: RecordsSession, key: str) -> Newest | None:
        return feeding.newest(wire, session, catalogue().endpoint(key))

    def may_read(self, wire: Wire, session: RecordsSession, key: str) -> bool:
        return record_finding.may_read(wire, session, self.entity(key))

    def mark_of(self, wire: Wire, session: RecordsSession, key: str, on: datetime) -> str:
        return feeding.mark_of(wire, session, catalogue().endpoint(key), on)

    def moved(self, wire: Wire, session: RecordsSession) -> str:
        return feeding.moved(wire, session)

    def deletions(self) -> str:
        return DELETED_FEED

    def deletion(self, row: Row) -> Deletion:
        return feeding.deletion(row)

    def write(self, wire: Wire, session: RecordsSession, to_write: ToWrite) -> Written:
        return record_writing.send(wire, session, self.request(session, to_write))

    def request(self, session: RecordsSession, to_write: ToWrite) -> Request:
        return record_writing.request_of(session, self.entity(to_write.entity), to_write)

    def send(self, wire: Wire, session: RecordsSession, request: Request) -> Written:
        return record_writing.send(wire, session, request)

    def mark(self, to_write: ToWrite) -> Mark | None:
        sent = record_finding.sent_in(to_write.body)
        return record_finding.mark_for(self.entity(to_write.entity), sent)

    def find(self, wire: Wire, session: RecordsSession, key: str, wanted: ToFind) -> Found:
        endpoint = catalogue().endpoint(key)
        shown = endpoint.names(REGULAR)
        return record_finding.find(wire, session, endpoint.entity, shown, wanted)

    def differences(self, key: str, sent: Mapping[str, Any], found: Row) -> list[str]:
        return record_finding.differences(self.entity(key), sent, found)

    def created_at(self, row: Row) -> datetime | None:
        return record_finding.created_at(row)

    def key_of(self, key: str, row: Row) -> str:
        return record_finding.key_of_row(self.entity(key), row)
