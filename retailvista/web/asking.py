"""Asking for a run from a screen, and where to watch it.

Clicking on is not asking again: who clicks 360 times gets the run that is under way or has just
ended, unless somebody changed something since it began, which it may not have seen.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, url_for
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.models import AuditEvent
from retailvista.runs import asking
from retailvista.runs.models import ENDED, WORKING, Run
from retailvista.web import wiring

CALM = timedelta(seconds=10)


def ask_for(
    kind: str, key: str = "", args: dict[str, Any] | None = None, connector: int | None = None
) -> str:
    """Ask for a run in a transaction of its own; the address of the page that shows it."""
    session = wiring.session()
    with database.transaction(session):
        number = _just_done(session, kind, key, args or {}) or asking.ask(
            session, kind, key, args, asked_by=g.login.email, connector_number=connector
        )
    return url_for("runs.page", number=number)


def _just_done(session: Session, kind: str, key: str, args: dict[str, Any]) -> int | None:
    """The number of the last run that did or does exactly this, if it has seen everything."""
    lately = and_(Run.state == ENDED, Run.ended_at > database.now(session) - CALM)
    last = session.scalar(
        select(Run)
        .where(Run.kind == kind, Run.key == key, Run.started_at.is_not(None))
        .where(or_(Run.state == WORKING, lately))
        .order_by(Run.number.desc())
        .limit(1)
    )
    if last is None or last.args != args:
        return None
    changed = select(AuditEvent.id).where(
        AuditEvent.at >= last.started_at, AuditEvent.actor != "system"
    )
    return None if session.scalar(changed.limit(1)) else last.number
