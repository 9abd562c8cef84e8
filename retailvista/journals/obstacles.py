"""Why released journals wait: a lock, a pause or a login. Read from the rows, for whoever asks.

Invariant: what stops a pass of the export without an error of its own has a sentence here that
says what to do; nothing waits without a reason that can be read.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.grants import login_state
from retailvista.connectors.holding import grant_of
from retailvista.connectors.models import Connector
from retailvista.journals.claiming import POSTED, READY, SENDING
from retailvista.journals.evidence import EXPORT
from retailvista.journals.numbering import sending_locked

LOGIN_TEXTS = {
    "none": "is not logged in",
    "login_needed": "needs a new login",
    "expired": "needs a new login: the last one has expired",
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason; `person` says that it does not end by itself."""

    text: str
    person: bool = True


def obstacles(session: Session, connector_number: int | None = None) -> list[Obstacle]:
    """What keeps the company's unsettled exports from going on. The caller's transaction."""
    waiting = _connectors_that_wait(session, connector_number)
    if not waiting:
        return []
    locked = sending_locked(session)
    found = [Obstacle(f"Sending is locked. {locked}")] if locked else []
    for connector in waiting:
        found += _of_connector(session, connector)
    return found


def _connectors_that_wait(session: Session, number: int | None) -> list[Connector]:
    unsettled = exists(
        select(EXPORT.c.id).where(
            EXPORT.c.connector_id == Connector.id,
            EXPORT.c.company_id == scoped_company_id(),
            EXPORT.c.live,
            EXPORT.c.decision == "",
            EXPORT.c.state.in_((READY, SENDING, POSTED)),
        )
    )
    query = select(Connector).where(unsettled).order_by(Connector.number)
    if number is not None:
        query = query.where(Connector.number == number)
    return list(session.scalars(query))


def _of_connector(session: Session, row: Connector) -> list[Obstacle]:
    name = f"Connector {row.number}"
    login = login_state(session, row)
    if login.kind in LOGIN_TEXTS:
        why = f": {login.why}" if login.why else "."
        return [Obstacle(f"{name} {LOGIN_TEXTS[login.kind]}{why}")]
    if row.paused and row.paused_until is None:
        return [Obstacle(f"{name} is paused: {row.paused} Resume it when that is dealt with.")]
    if row.paused and row.paused_until is not None and row.paused_until > db.now(session):
        until = f"{row.paused_until:%H:%M:%S} UTC"
        return [Obstacle(f"{name} rests until {until}: {row.paused}", person=False)]
    grant = grant_of(session, row)
    if grant is not None and grant.not_before is not None and grant.not_before > db.now(session):
        until = f"{grant.not_before:%H:%M:%S} UTC"
        text = f"{name} could not renew its login; it tries again at {until}."
        return [Obstacle(text, person=False)]
    return []
