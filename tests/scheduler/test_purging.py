"""Logs of 90 days and no more; everything else stays."""

from __future__ import annotations

from sqlalchemy import select

from retailvista import db as database
from retailvista.companies.models import AuditEvent
from retailvista.companies.registering import add_store
from retailvista.companies.scope import across_companies, company_scope
from retailvista.runs.asking import ask
from retailvista.runs.models import Run, RunLog
from retailvista.runs.working import log
from retailvista.scheduler.purging import purger


def test_log_lines_go_after_90_days_and_runs_and_audit_stay(way_out, groenhof, clock):
    outside = way_out()
    with outside.sessions() as session, company_scope(groenhof):
        with database.transaction(session):
            ask(session, "build")
            (run_id,) = session.scalars(select(Run.id))
            log(session, run_id, "info", "old")
        add_store(session, "9", "Negen", actor="cli")
        clock.move(days=89)
        with database.transaction(session):
            log(session, run_id, "info", "new")
    purge = purger()
    assert purge(outside) == 0
    clock.move(days=2)
    assert purge(outside) == 1
    assert purge(outside) == 0
    with outside.sessions() as session, across_companies(), database.reading(session):
        assert [line.text for line in session.scalars(select(RunLog))] == ["new"]
        assert len(session.scalars(select(Run)).all()) == 1
        assert session.scalars(select(AuditEvent)).all()
