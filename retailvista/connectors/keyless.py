"""A lost master key: every login is gone until the key is back; nothing else changes.

The stored tokens cannot be opened, so all grants say that a login is needed and nothing is sent.
When the right key file is back, exactly the grants that this marked work again.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import across_companies
from retailvista.connectors.models import Grant

WHY = "The master key of this installation is missing: its stored logins cannot be opened."


def mark_lost(session: Session, why: str = WHY) -> int:
    """Login needed on every grant that had none; how many."""
    with across_companies(), database.transaction(session):
        return database.changed(
            session,
            update(Grant)
            .where(Grant.login_needed_at.is_(None))
            .values(login_needed_at=database.now(session), login_needed_why=why),
        )


def mark_found(session: Session) -> int:
    """The key is back: the grants that only missed it work again; how many."""
    with across_companies():
        with database.reading(session):
            if session.scalar(select(Grant.id).where(Grant.login_needed_why == WHY)) is None:
                return 0
        with database.transaction(session):
            return database.changed(
                session,
                update(Grant)
                .where(Grant.login_needed_why == WHY)
                .values(login_needed_at=None, login_needed_why=""),
            )
