"""Reading the records of a division: a visit of its own for every call.

Invariant: the lane is given back after each page, so that a posting goes out between two pages;
what is read leaves the posting reserve alone. Between the pages nothing is held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from retailvista.connectors.connector_facts import connector_facts
from retailvista.connectors.feed_marks import Newest
from retailvista.connectors.lanes import LaneClosed
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import TokenRefused
from retailvista.connectors.records import Asked, Page, Records
from retailvista.connectors.visits import Visit, open_visit
from retailvista.errors import Refused

T = TypeVar("T")
# A posting takes seconds; waiting for it here is cheaper than a run that is put back.
BUSY_SECONDS = 8
BUSY_TRIES = 5


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the records of one division through a connector."""

    outside: Outside
    connector_id: int
    division: int
    site: str
    lane_key: str
    records: Records

    def page(self, asked: Asked, address: str = "") -> Page:
        """A page by its address, else the first one. Raises Later, Refused or LoginNeeded."""

        def read(visit: Visit) -> Page:
            session = visit.records_session()
            where = address or self.records.first(session, asked)
            return self.records.page(visit.wire, session, asked, where)

        return self.visited(read)

    def count(self, asked: Asked) -> int | None:
        """How many rows there are; None when the provider does not tell."""
        return self.visited(
            lambda visit: self.records.count(visit.wire, visit.records_session(), asked)
        )

    def newest(self, key: str) -> Newest | None:
        """How many rows a feed has and its newest one; None when the provider does not tell."""
        return self.visited(
            lambda visit: self.records.newest(visit.wire, visit.records_session(), key)
        )

    def may_read(self, key: str) -> bool:
        """Whether the right to read an entity is confirmed."""
        return self.visited(
            lambda visit: self.records.may_read(visit.wire, visit.records_session(), key)
        )

    def mark_of(self, key: str, on: datetime) -> str:
        """The mark after which everything was changed since a moment."""
        return self.visited(
            lambda visit: self.records.mark_of(visit.wire, visit.records_session(), key, on)
        )

    def moved(self) -> str:
        """Changes when the division was moved."""
        return self.visited(lambda visit: self.records.moved(visit.wire, visit.records_session()))

    def visited(self, work: Callable[[Visit], T]) -> T:
        """One call in a visit of its own; an old token that is refused is refreshed once."""
        tries = BUSY_TRIES
        while True:
            tries -= 1
            try:
                return self._once(work)
            except LaneClosed as closed:
                wait = (closed.not_before - self.outside.clock.now()).total_seconds()
                if tries <= 0 or not 0 < wait <= BUSY_SECONDS:
                    raise
                self.outside.clock.sleep(wait)

    def _once(self, work: Callable[[Visit], T]) -> T:
        with open_visit(self.outside, self.connector_id, division=self.division) as visit:
            try:
                return work(visit)
            except TokenRefused:
                if visit.token_age < visit.provider.authorizer.refresh_not_before:
                    raise
                visit.refresh_now()
                return work(visit)


def reader_for(outside: Outside, connector_id: int, division: int = 0) -> Reader:
    """A reader of a division, or of the connector's own. Refused when it may not be used."""
    facts, provider = connector_facts(outside, connector_id)
    if provider.records is None:
        raise Refused(f"{provider.name} has no records that a flow can read or write.")
    with_own = Reader(
        outside, connector_id, facts.division, facts.site, facts.lane_key, provider.records
    )
    if not provider.keeps_books or not division or division == facts.division:
        return with_own
    return replace(with_own, division=division, lane_key=facts.at(division).lane_key)
