"""Records of a provider that has lists and nothing besides: what such providers answer alike.

Invariant: nothing here calls the provider. There is no feed of changes or of deletions, no bulk
and no mark of rows: changes are found by reading everything, deletions by comparing keys.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from retailvista.connectors.booking import Outcome
from retailvista.connectors.feed_marks import Deletion, Newest
from retailvista.connectors.records import (
    Entity,
    RecordsSession,
    Request,
    Row,
    ToWrite,
    Way,
    Written,
)
from retailvista.connectors.referring import Reference
from retailvista.connectors.wire import Reply, Sending, Wire
from retailvista.errors import Refused


class ListsOnly(ABC):
    """The part of the port of records that follows from having lists only."""

    __slots__ = ()

    @abstractmethod
    def entity(self, key: str) -> Entity:
        """As the port says."""

    @abstractmethod
    def request(self, session: RecordsSession, to_write: ToWrite) -> Request:
        """As the port says."""

    @abstractmethod
    def send(self, wire: Wire, session: RecordsSession, request: Request) -> Written:
        """As the port says."""

    def write(self, wire: Wire, session: RecordsSession, to_write: ToWrite) -> Written:
        return self.send(wire, session, self.request(session, to_write))

    def begins_by_bulk(self, key: str) -> bool:
        return False

    def names(self, key: str, way: Way) -> tuple[str, ...]:
        entity = self.entity(key)
        return tuple(each.name for each in entity.properties) if way is entity.way else ()

    def references(self, key: str) -> tuple[Reference, ...]:
        return ()

    def newest(self, wire: Wire, session: RecordsSession, key: str) -> Newest | None:
        return None

    def mark_of(self, wire: Wire, session: RecordsSession, key: str, on: datetime) -> str:
        return ""

    def moved(self, wire: Wire, session: RecordsSession) -> str:
        return ""

    def deletions(self) -> str:
        return ""

    def deletion(self, row: Row) -> Deletion:
        raise Refused("The service has no feed of deletions.")


def unanswered(request: Request, reply: Reply) -> Written | None:
    """What came of a write without an answer; None when there is one to be read."""
    if reply.sending is Sending.ANSWERED:
        return None
    outcome = Outcome.NOT_SENT if reply.sending is Sending.NOT_SENT else Outcome.UNKNOWN
    return Written(outcome, request, said=reply.problem, reply=reply)
