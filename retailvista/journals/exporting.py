"""The export pass: everything that is due through the connectors of a company, until nothing is.

Invariants: a pass may run twice, late, never, or beside another without harm; waiting stands in
rows (`not_before`), so a pass simply ends; looks come before sends, oldest business date first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import company_scope, scoped_company_id
from retailvista.connectors.outside import Outside
from retailvista.connectors.visits import open_visit
from retailvista.errors import Later, LoginNeeded, Refused
from retailvista.journals import actions, claiming
from retailvista.journals.claiming import POSTED, READY, REJECTED, SENDING
from retailvista.journals.due_exports import CONNECTOR, due_companies, due_now, open_connector
from retailvista.journals.evidence import EXPORT, ExportFacts, read_facts
from retailvista.journals.ladder import Next
from retailvista.journals.looking import look
from retailvista.journals.numbering import sending_locked
from retailvista.journals.preparing import prepare
from retailvista.journals.renumbering import give_new_number
from retailvista.journals.sending import send
from retailvista.journals.settling import end_pause
from retailvista.journals.taking_over import take_over
from retailvista.journals.verifying import BATCH, verify
from retailvista.journals.working import ConnectorStops, PassCounts, ProcessStops, Work

__all__ = ["PassCounts", "due_companies", "due_now", "export_pass"]

STOP_WAIT = timedelta(minutes=1)
LOGIN_WAIT = timedelta(minutes=1)
REFUSED_WAIT = timedelta(minutes=15)
# A command waits for what comes due so soon, such as the first looks after a lost answer.
IDLE_WITHIN = timedelta(seconds=30)
IDLE_ROUNDS = 4


def export_pass(
    outside: Outside,
    company_id: int,
    connector_number: int | None = None,
    until_idle: bool = False,
) -> PassCounts:
    """Work through all that is due; counts of this pass, and what waits after it."""
    with company_scope(company_id):
        session = outside.sessions()
        try:
            numbers = _connectors(session, connector_number)
            counts = _round(outside, session, numbers)
            for _ in range(IDLE_ROUNDS if until_idle else 0):
                pause = _soon_due(session, numbers)
                if pause is None or outside.stopping():
                    break
                outside.clock.sleep(max(pause.total_seconds(), 0.05))
                counts += _round(outside, session, numbers)
            return counts + _standing(session, numbers)
        finally:
            session.close()


def _connectors(session: Session, number: int | None) -> list[int]:
    """Connectors of the company with live exports, by number."""
    with db.reading(session):
        mine = exists(
            select(EXPORT.c.id).where(
                EXPORT.c.connector_id == CONNECTOR.c.id,
                EXPORT.c.company_id == scoped_company_id(),
                EXPORT.c.live,
            )
        )
        statement = (
            select(CONNECTOR.c.id)
            .where(CONNECTOR.c.company_id == scoped_company_id(), mine)
            .order_by(CONNECTOR.c.number)
        )
        if number is not None:
            statement = statement.where(CONNECTOR.c.number == number)
        return list(session.scalars(statement))


def _round(outside: Outside, session: Session, connector_ids: list[int]) -> PassCounts:
    counts = PassCounts()
    for connector_id in connector_ids:
        counts += _visit(outside, session, connector_id)
    return counts


def _visit(outside: Outside, session: Session, connector_id: int) -> PassCounts:
    """One connector: take over what was left, then visit it when there is something to do."""
    with db.transaction(session):
        take_over(session, connector_id, outside.clock)
        end_pause(session, connector_id)
    with db.reading(session):
        if outside.stopping() or sending_locked(session) or not _due(session, connector_id):
            return PassCounts()
    work: Work | None = None
    try:
        with open_visit(outside, connector_id, calls=1, posting=True) as visit:
            work = Work(outside, session, visit, connector_id)
            _work_through(work)
    except ConnectorStops as stop:
        _postpone(session, connector_id, stop.not_before, STOP_WAIT)
    except Later as error:
        _postpone(session, connector_id, error.not_before)
    except LoginNeeded:
        _postpone(session, connector_id, None, LOGIN_WAIT)
    except Refused:
        _postpone(session, connector_id, None, REFUSED_WAIT)
    except ProcessStops:
        structlog.get_logger("export").info("stopped in order", connector=connector_id)
    if work is None:
        return PassCounts()
    work.ask_for_master()
    return PassCounts(posted=len(work.posted), verified=len(work.verified))


def _due(session: Session, connector_id: int) -> bool:
    now = db.now(session)
    found = session.scalar(
        select(EXPORT.c.id)
        .join(CONNECTOR, CONNECTOR.c.id == EXPORT.c.connector_id)
        .where(
            EXPORT.c.company_id == scoped_company_id(),
            EXPORT.c.connector_id == connector_id,
            EXPORT.c.live,
            due_now(now),
            open_connector(now),
        )
        .limit(1)
    )
    return found is not None


def _work_through(work: Work) -> None:
    """Looks first, then sends with read-backs in between, until nothing moves any more."""
    while True:
        moved = _look_for_unknown(work)
        moved = _send_ready(work) or moved
        work.go_on()
        moved = bool(verify(work)) or moved
        if not moved:
            return


def _look_for_unknown(work: Work) -> bool:
    moved = False
    for facts in _read(work, EXPORT.c.decision == actions.NEW_NUMBER_ASKED):
        moved = give_new_number(work, facts) or moved
    while True:
        unknown = _read(work, EXPORT.c.state == SENDING, EXPORT.c.decision == "", _unknown)
        looked = [work.noted(_look(work, facts)) for facts in unknown]
        moved = moved or any(outcome is not None for outcome in looked)
        # A second send that was refused in words asks for its own look at once.
        if not any(outcome is not None for outcome in looked):
            return moved


def _look(work: Work, facts: ExportFacts) -> Next | None:
    work.go_on()
    return look(work, facts)


_unknown = EXPORT.c.unknown_since.is_not(None)


def _read(work: Work, *conditions: Any, limit: int = 1000) -> list[ExportFacts]:
    """Exports of the visited connector that are due."""
    with db.reading(work.session):
        now = db.now(work.session)
        own = EXPORT.c.connector_id == work.connector_id
        return read_facts(work.session, own, due_now(now), *conditions, limit=limit)


def _send_ready(work: Work) -> bool:
    """Send in order of business date; stop where a look or a read-back must come first."""
    moved = False
    while ready := _read(work, EXPORT.c.state == READY, EXPORT.c.decision == "", limit=BATCH):
        work.go_on()
        prepared = prepare(work, ready)
        outcome = work.noted(send(work, prepared)) if prepared else Next.REJECTED
        moved = moved or outcome is not None
        if outcome in {None, Next.CHECK, Next.CONFLICT} or work.alone:
            work.alone = False
            return moved
        if len(work.posted - work.verified) >= BATCH:
            verify(work)
    return moved


def _postpone(
    session: Session,
    connector_id: int,
    until: datetime | None,
    wait: timedelta = timedelta(0),
) -> None:
    """What is ready or unknown through the connector is not tried again before that."""
    with db.transaction(session):
        now = db.now(session)
        later = until or now + wait
        session.execute(
            update(EXPORT)
            .where(
                EXPORT.c.company_id == scoped_company_id(),
                EXPORT.c.connector_id == connector_id,
                EXPORT.c.state.in_((READY, SENDING, POSTED)),
                or_(EXPORT.c.lease_until.is_(None), EXPORT.c.lease_until <= now),
                EXPORT.c.not_before < later,
            )
            .values(not_before=later)
        )


def _soon_due(session: Session, connector_ids: list[int]) -> timedelta | None:
    """How long until something comes due, when that is soon; None otherwise."""
    with db.reading(session):
        now = db.now(session)
        following = session.scalar(
            select(func.min(EXPORT.c.not_before))
            .join(CONNECTOR, CONNECTOR.c.id == EXPORT.c.connector_id)
            .where(
                EXPORT.c.company_id == scoped_company_id(),
                EXPORT.c.connector_id.in_(connector_ids),
                EXPORT.c.live,
                EXPORT.c.decision == "",
                EXPORT.c.state.in_((READY, SENDING, POSTED)),
                EXPORT.c.lease_until.is_(None),
                EXPORT.c.not_before > now,
                EXPORT.c.not_before <= now + IDLE_WITHIN,
                open_connector(now),
            )
        )
        return None if following is None else following - now


def _standing(session: Session, connector_ids: list[int]) -> PassCounts:
    """How many exports wait, for time or for a person, after the pass."""
    with db.reading(session):
        rows = session.execute(
            select(EXPORT.c.state, func.count())
            .where(
                EXPORT.c.company_id == scoped_company_id(),
                EXPORT.c.connector_id.in_(connector_ids),
                EXPORT.c.live,
            )
            .group_by(EXPORT.c.state)
        )
        standing: dict[str, int] = dict(rows.tuples().all())
    return PassCounts(
        waiting=standing.get(READY, 0),
        unknown=standing.get(SENDING, 0),
        rejected=standing.get(REJECTED, 0),
        conflict=standing.get(claiming.CONFLICT, 0),
    )
