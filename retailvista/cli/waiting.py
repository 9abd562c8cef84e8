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
from retailvista.runs.owners import others_live
from retailvista.runs.rescuing import rescue
from retailvista.scheduler.dead import releaser

LOOK_SECONDS = 0.2
# An engine looks every second; after this it has none free, or there is none.
PATIENCE_SECONDS = 5.0


def run_and_wait(
    outside: Outside,
    kind: str,
    key: str = "",
    args: dict[str, Any] | None = None,
    connector_number: int | None = None,
    patience: float = 0.0,
) -> Run:
    """The ended run. One that must wait for its time is given back as it waits."""
    with outside.sessions() as session, database.transaction(session):
        number = ask(session, kind, key, args, asked_by=ACTOR, connector_number=connector_number)
    return wait_for(outside, number, patience)


def wait_for(outside: Outside, number: int, patience: float = 0.0) -> Run:
    """The same for a run that was asked for already.

    So many seconds are left to another process that lives, such as a server: what it has open,
    a warehouse file for one, belongs to it.
    """
    kinds = present_program().kinds
    instance_dir = present_program().load_settings().instance_dir
    release_dead = releaser(instance_dir)
    if not others_live(instance_dir, outside.owner):
        patience = 0.0
    own_turn_at = outside.clock.monotonic() + patience
    while True:
        # Perhaps no engine runs that would do this: what a killed command held is free at once.
        release_dead(outside)
        run = _run(outside, number)
        if run.state == ENDED or _waits_for_time(outside, run):
            return run
        if run.state == WAITING and outside.clock.monotonic() >= own_turn_at:
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
