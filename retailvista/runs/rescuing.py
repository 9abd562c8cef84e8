"""Runs whose worker is gone: they wait again, or end when a twin of them waits already.

A worker is gone when its lease is over, or at once when its process on this host is dead.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import across_companies
from retailvista.runs.models import ENDED, WAITING, WORKING, Run, RunLog

STALLED = "The process that worked on this run ended before it was done."


def working_owners(session: Session) -> set[str]:
    """Who says to be working, in all companies."""
    with across_companies():
        owners = select(Run.lease_owner).where(Run.state == WORKING).distinct()
        return set(session.scalars(owners))


def rescue(sessions: Callable[[], Session], dead: set[str]) -> int:
    """Free the runs of dead owners and those with a lease that is over; how many."""
    freed = 0
    with sessions() as session, across_companies(), database.transaction(session):
        now = database.now(session)
        rows = session.scalars(select(Run).where(Run.state == WORKING)).all()
        for run in rows:
            if run.lease_owner in dead or (run.lease_until is not None and run.lease_until < now):
                freed += _free(session, run)
    return freed


def give_back(sessions: Callable[[], Session], run_id: int, attempt: int) -> None:
    """Claimed and not begun, because the process stops: free for the next one at once."""
    mine = select(Run).where(Run.id == run_id, Run.state == WORKING, Run.attempt == attempt)
    with sessions() as session, across_companies(), database.transaction(session):
        run = session.scalar(mine)
        if run is not None:
            _free(session, run)


def _free(session: Session, run: Run) -> int:
    now = database.now(session)
    twin = session.scalar(
        select(Run.number).where(
            Run.company_id == run.company_id,
            Run.kind == run.kind,
            Run.key == run.key,
            Run.state == WAITING,
        )
    )
    values = (
        {"state": WAITING, "not_before": now, "lease_until": None, "problem": STALLED}
        if twin is None
        else {"state": ENDED, "outcome": "failed", "ended_at": now, "lease_until": None,
              "problem": f"{STALLED} Run {twin} goes on with it."}
    )  # fmt: skip
    done = database.changed(
        session,
        update(Run)
        .where(Run.id == run.id, Run.state == WORKING, Run.attempt == run.attempt)
        .values(**values),
    )
    session.add(
        RunLog(company_id=run.company_id, run_id=run.id, at=now, level="warning", text=STALLED)
    )
    structlog.get_logger("run").warning("run rescued", run=run.number, company=run.company_id)
    return done
