"""Logs older than 90 days go; fiscal rows, files and audit never do."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from retailvista import db as database
from retailvista.companies.scope import across_companies
from retailvista.connectors.models import RequestLog
from retailvista.connectors.outside import Outside
from retailvista.runs.models import RunLog
from retailvista.scheduler.embedded import Duty

KEPT = timedelta(days=90)
EVERY = timedelta(hours=1)
# A small batch is a short write: nobody waits for it.
BATCH = 1000


def purger() -> Duty:
    """The duty, which looks once an hour and goes on at the next sweep while there is more."""
    due: list[datetime] = []

    def purge_logs(outside: Outside) -> int:
        now = outside.clock.now()
        if due and now < due[0]:
            return 0
        gone = purge(outside)
        due[:] = [] if gone else [now + EVERY]
        return gone

    return purge_logs


def purge(outside: Outside) -> int:
    """One batch of each kind of log; how many lines went."""
    gone = 0
    with outside.sessions() as session, across_companies():
        for table in (RunLog, RequestLog):
            with database.reading(session):
                before = database.now(session) - KEPT
                old = session.scalars(select(table.id).where(table.at < before).limit(BATCH)).all()
            if old:
                with database.transaction(session):
                    gone += database.changed(session, delete(table).where(table.id.in_(old)))
    return gone
