"""Why released journals wait: a lock, a pause or a login. Read from the rows, for whoever asks.

Invariant: what stops a pass of the export without an error of its own has a sentence here that
says what to do; nothing waits without a reason that can be read.
"""

from __future__ import annotations

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.choosing import check_licence
from retailvista.connectors.connector_facts import facts_of
from retailvista.connectors.grants import login_state
from retailvista.connectors.holding import grant_of
from retailvista.connectors.models import Connector, Lane
from retailvista.connectors.registry import provider_of
from retailvista.errors import NotAllowed
from retailvista.journals import actions
from retailvista.journals.blocking import Obstacle, of_journals
from retailvista.journals.claiming import POSTED, READY, SENDING
from retailvista.journals.evidence import EXPORT
from retailvista.journals.journal_rows import BUILT
from retailvista.journals.models import JournalRow
from retailvista.journals.numbering import sending_locked

LOGIN_TEXTS = {
    "none": "is not logged in",
    "login_needed": "needs a new login",
    "expired": "needs a new login: the last one has expired",
}


def obstacles(session: Session, connector_number: int | None = None) -> list[Obstacle]:
    """What keeps the company's journals from going out and on. The caller's transaction."""
    waiting = _connectors_that_wait(session, connector_number)
    if not waiting:
        return _not_released(session)
    locked = sending_locked(session)
    found = [Obstacle(f"Sending is locked. {locked}")] if locked else []
    for connector in waiting:
        found += _of_connector(session, connector, locked=bool(locked))
    return found


def _not_released(session: Session) -> list[Obstacle]:
    """Nothing has been given to a connector: what a person has to do first."""
    query = select(JournalRow.problem, func.count()).where(JournalRow.state == BUILT)
    counted: dict[bool, int] = {True: 0, False: 0}
    for problem, count in session.execute(query.group_by(JournalRow.problem)).tuples():
        counted[bool(problem)] += count
    found = []
    if count := counted[True]:
        found.append(Obstacle(f"{_journals(count)} a problem; see journals list."))
    if count := counted[False]:
        found.append(Obstacle(f"{_journals(count, 'waits', 'wait')} to be released.", person=False))
    return found


def _journals(count: int, one: str = "has", many: str = "have") -> str:
    return f"1 journal {one}" if count == 1 else f"{count} journals {many}"


def _connectors_that_wait(session: Session, number: int | None) -> list[Connector]:
    unsettled = exists(
        select(EXPORT.c.id).where(
            EXPORT.c.connector_id == Connector.id,
            EXPORT.c.company_id == scoped_company_id(),
            EXPORT.c.live,
            or_(
                and_(EXPORT.c.decision == "", EXPORT.c.state.in_((READY, SENDING, POSTED))),
                EXPORT.c.decision.in_(actions.WAITING_FOR_PERSON),
            ),
        )
    )
    query = select(Connector).where(unsettled).order_by(Connector.number)
    if number is not None:
        query = query.where(Connector.number == number)
    return list(session.scalars(query))


def _of_connector(session: Session, row: Connector, *, locked: bool) -> list[Obstacle]:
    """What stops the connector as a whole; else which of its journals stand still."""
    stopped = _stopped(session, row)
    if stopped is not None:
        return [stopped]
    found = of_journals(session, row.id, row.number)
    if locked or any("is of unknown" in one.text or one.person for one in found):
        return found
    return [busy] if (busy := _lane(session, row)) is not None else found


def _stopped(session: Session, row: Connector) -> Obstacle | None:
    name = f"Connector {row.number}"
    try:
        check_licence(session, provider_of(row))
    except NotAllowed as error:
        return Obstacle(f"{name} may not be used. {error}")
    login = login_state(session, row)
    if login.kind in LOGIN_TEXTS:
        why = f": {login.why}" if login.why else "."
        return Obstacle(f"{name} {LOGIN_TEXTS[login.kind]}{why}")
    if row.paused and row.paused_until is None:
        return Obstacle(f"{name} is paused: {row.paused} Resume it when that is dealt with.")
    now = db.now(session)
    if row.paused and row.paused_until is not None and row.paused_until > now:
        return _rests(f"{name} rests until {row.paused_until:%H:%M:%S} UTC: {row.paused}")
    grant = grant_of(session, row)
    if grant is not None and grant.not_before is not None and grant.not_before > now:
        until = f"{grant.not_before:%H:%M:%S} UTC"
        return _rests(f"{name} could not renew its login; it tries again at {until}.")
    return None


def _rests(text: str) -> Obstacle:
    return Obstacle(text, person=False)


def _lane(session: Session, row: Connector) -> Obstacle | None:
    """The provider's limits, and another process that sends there now."""
    name = f"Connector {row.number}"
    key = facts_of(row).lane_key
    lane = session.scalar(select(Lane).where(Lane.key == key))
    now = db.now(session)
    if lane is None:
        return None
    if lane.not_before is not None and lane.not_before > now:
        until = f"{lane.not_before:%H:%M:%S} UTC"
        return _rests(f"{name} waits: the limit of calls is reached; it goes on at {until}.")
    if lane.lease_until is not None and lane.lease_until > now:
        return _rests(f"{name} waits. Another process works with the same administration now.")
    return None
