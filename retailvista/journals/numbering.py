"""Seats, entry numbers and posting keys: who may post where, and under which number.

Invariants: one live connector of the whole installation posts to a (site, division, journal code);
a number is reserved once, for life; it fits Exact's int32. The posting key stands in every line
and names installation, company and journal.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista.companies.models import Company, Instance
from retailvista.companies.scope import across_companies, scoped_company_id
from retailvista.connectors.models import Connector, NumberSeries, PostingSeat
from retailvista.errors import Refused

YEAR_FACTOR = 1_000_000
HIGHEST = 2**31 - 1
SHORT_ID = 6


def seat_key(site: str, division: int, journal_code: str) -> str:
    """What a seat is, by hash: unique in the installation."""
    return hashlib.sha256(f"{site}|{division}|{journal_code}".encode()).hexdigest()


def claim_seat(session: Session, connector: Connector) -> PostingSeat:
    """The seat of the connector's journal code; Refused when another connector has it."""
    if connector.division is None or not connector.journal_code:
        raise Refused(
            f"Connector {connector.number} has no division or no journal code yet. Choose both on"
            " the connector."
        )
    key = seat_key(connector.site, connector.division, connector.journal_code)
    with across_companies():
        seat = session.scalar(select(PostingSeat).where(PostingSeat.seat_key == key))
    if seat is None:
        return _new_seat(session, connector, key)
    if seat.company_id != scoped_company_id():
        raise Refused(
            f"Another company of this installation already posts to journal"
            f" {connector.journal_code} of division {connector.division}."
        )
    if seat.connector_id != connector.id:
        _take_over(session, seat, connector)
    return seat


def _new_seat(session: Session, connector: Connector, key: str) -> PostingSeat:
    seat = PostingSeat(
        seat_key=key,
        connector_id=connector.id,
        division=connector.division,
        journal_code=connector.journal_code,
    )
    session.add(seat)
    session.flush()
    return seat


def _take_over(session: Session, seat: PostingSeat, connector: Connector) -> None:
    """A removed connector, or one that posts elsewhere now, leaves its seat to the next."""
    holder = session.scalar(select(Connector).where(Connector.id == seat.connector_id))
    assert holder is not None, "a seat belongs to a connector"
    held = holder.deleted_at is None and holder.journal_code == seat.journal_code
    if held and (holder.site, holder.division) == (connector.site, connector.division):
        raise Refused(
            f"Connector {holder.number} already posts to journal {seat.journal_code} of division"
            f" {seat.division}. Give connector {connector.number} a journal code of its own."
        )
    seat.connector_id = connector.id


def reserve_entry_number(session: Session, seat: PostingSeat, year: int) -> int:
    """The next number of the seat in a financial year, reserved in the caller's transaction."""
    table = NumberSeries.__table__
    here = (table.c.company_id == scoped_company_id(), table.c.seat_id == seat.id)
    step = (
        update(table)
        .where(*here, table.c.year == year)
        .values(next_sequence=table.c.next_sequence + 1)
        .returning(table.c.next_sequence)
    )
    following = session.scalar(step)
    if following is None:
        session.add(NumberSeries(seat_id=seat.id, year=year, next_sequence=2))
        session.flush()
        following = 2
    return entry_number(year, following - 1)


def entry_number(year: int, sequence: int) -> int:
    """
    >>> entry_number(2026, 17)
    26000017
    """
    assert 0 < sequence < YEAR_FACTOR, "a journal code holds fewer than a million entries a year"
    number = year % 100 * YEAR_FACTOR + sequence
    assert 0 < number <= HIGHEST, "entry numbers are int32"
    return number


def posting_key(session: Session, journal_sequence: int) -> str:
    """'RV:1a2b3c-1-17': installation, company number and journal; filterable in the books."""
    uuid = session.scalar(select(Instance.uuid)) or ""
    number = session.scalar(select(Company.number).where(Company.id == scoped_company_id()))
    assert uuid, "the installation has no identity yet"
    return f"RV:{uuid.replace('-', '')[:SHORT_ID]}-{number}-{journal_sequence}"


def carries(description: str, key: str) -> bool:
    """Whether a line is ours: the key ends at a blank, so that 1-1 is never taken for 1-17.

    >>> carries("RV:1a2b3c-1-1 Kas", "RV:1a2b3c-1-1"), carries("RV:1a2b3c-1-17", "RV:1a2b3c-1-1")
    (True, False)
    """
    return description == key or description.startswith(key + " ")


def sending_locked(session: Session) -> str:
    """Why nothing may be sent: a restored or cloned database is locked. Empty = it may."""
    return session.scalar(select(Instance.sending_locked)) or ""


def wall_minus_monotonic(now: datetime, monotonic: float) -> int:
    """The difference of the two clocks in milliseconds; it moves when one of them jumps."""
    return round((now.timestamp() - monotonic) * 1000)
