"""Logs older than 90 days go, and items as long as their flow keeps them; fiscal rows never do."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from retailvista import db as database
from retailvista.companies.scope import across_companies, company_scope
from retailvista.connectors.models import RequestLog
from retailvista.connectors.outside import Outside
from retailvista.flows import item_actions
from retailvista.flows.models import Flow
from retailvista.runs.models import RunLog
from retailvista.scheduler.embedded import Duty

KEPT = timedelta(days=90)
EVERY = timedelta(hours=1)
# A small batch is a short write: nobody waits for it.
BATCH = 1000


def purger() -> Duty:
    """The duty, which looks once an hour and goes on at the next sweep while there is more."""
    due: list[datetime] = []

    def purge_old(outside: Outside) -> int:
        now = outside.clock.now()
        if due and now < due[0]:
            return 0
        gone = purge(outside) + prune_items(outside)
        due[:] = [] if gone else [now + EVERY]
        return gone

    return purge_old


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


def prune_items(outside: Outside) -> int:
    """One batch of each flow, also of removed ones; how many items went."""
    gone = 0
    with outside.sessions() as session:
        with across_companies(), database.reading(session):
            flows = session.scalars(select(Flow).order_by(Flow.id)).all()
        for flow in flows:
            with company_scope(flow.company_id):
                gone += item_actions.prune(session, flow)
    return gone
