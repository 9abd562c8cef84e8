"""Logins that must rest: the master key is lost, or the database is a copy in another place.

All grants say that a login is needed, so nothing is sent and no token is presented. When the key
is back, or a person says that the database moved, exactly the grants marked here work again.
"""

from __future__ import annotations

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import installation
from retailvista.companies.scope import across_companies
from retailvista.connectors.models import Grant

ELSEWHERE = "The logins of this database may still be used where it came from."
WHY = "The master key of this installation is missing: its stored logins cannot be opened."


def check_place(session: Session, found: installation.Installation, host_mark: str) -> None:
    """A copy in another place presents no token of the original, and sends nothing."""
    if installation.is_elsewhere(found, host_mark):
        if not found.sending_locked:
            mark_lost(session, ELSEWHERE)
            with database.transaction(session):
                installation.lock_sending(session, installation.ELSEWHERE)
            structlog.get_logger("place").warning("sending locked", why=installation.ELSEWHERE)
    elif host_mark and not found.host_mark:
        with database.transaction(session):
            installation.settle_here(session, host_mark)


def mark_lost(session: Session, why: str = WHY) -> int:
    """Login needed on every grant that had none; how many."""
    with across_companies(), database.transaction(session):
        return database.changed(
            session,
            update(Grant)
            .where(Grant.login_needed_at.is_(None))
            .values(login_needed_at=database.now(session), login_needed_why=why),
        )


def mark_found(session: Session, why: str = WHY) -> int:
    """The reason is gone: the grants that rested for it alone work again; how many."""
    with across_companies():
        with database.reading(session):
            if session.scalar(select(Grant.id).where(Grant.login_needed_why == why)) is None:
                return 0
        with database.transaction(session):
            return database.changed(
                session,
                update(Grant)
                .where(Grant.login_needed_why == why)
                .values(login_needed_at=None, login_needed_why=""),
            )
