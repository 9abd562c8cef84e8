"""Asking for a run and waiting for it: the engine works it, or this process when there is none."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from retailvista import db as database
from retailvista.cli.program import ACTOR, present_program
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.outside import Outside
from retailvista.runs import working
from retailvista.runs.asking import ask
from retailvista.runs.models import ENDED, WAITING, Run
from retailvista.runs.rescuing import rescue
from retailvista.scheduler.dead import releaser

LOOK_SECONDS = 0.2


def run_and_wait(
    outside: Outside,
    kind: str,
    key: str = "",
    args: dict[str, Any] | None = None,
    connector_number: int | None = None,
) -> Run:
    """The ended run. One that must wait for its time is given back as it waits."""
    with outside.sessions() as session, database.transaction(session):
        number = ask(session, kind, key, args, asked_by=ACTOR, connector_number=connector_number)
    return wait_for(outside, number)


def wait_for(outside: Outside, number: int) -> Run:
    """The same for a run that was asked for already."""
    kinds = present_program().kinds
    release_dead = releaser(present_program().load_settings().instance_dir)
    while True:
        # Perhaps no engine runs that would do this: what a killed command held is free at once.
        release_dead(outside)
        run = _run(outside, number)
        if run.state == ENDED or _waits_for_time(outside, run):
            return run
        if run.state == WAITING:
            facts = working.claim(outside, kinds, run.id)
            if facts is not None:
                working.work(outside, kinds, facts)
                continue
        rescue(outside.sessions, set())
        outside.clock.sleep(LOOK_SECONDS)


def _run(outside: Outside, number: int) -> Run:
    assert scoped_company_id() > 0
    with outside.sessions() as session, database.reading(session):
        return session.scalars(select(Run).where(Run.number == number)).one()


def _waits_for_time(outside: Outside, run: Run) -> bool:
    with outside.sessions() as session, database.reading(session):
        return run.state == WAITING and run.attempt > 0 and run.not_before > database.now(session)
