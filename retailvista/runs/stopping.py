"""The button Stop: a run that waits ends now, one that works ends between two of its steps."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.errors import Refused
from retailvista.runs import working
from retailvista.runs.asking import run_by_number
from retailvista.runs.models import ENDED, WAITING, Run

# Kinds whose functions look for it between two steps.
STOPPABLE = frozenset(("flow", "items", "check"))


def stop_run(session: Session, number: int, actor: str) -> None:
    """Ask a run to stop. Refused when it has ended, or cannot be stopped half-way."""
    with database.transaction(session):
        run = run_by_number(session, number)
        if run.state == ENDED:
            raise Refused(f"Run {number} has ended already.")
        if run.kind not in STOPPABLE:
            raise Refused(f"Run {number} cannot be stopped half-way.")
        ended = _end_waiting(session, run, actor)
        if not ended:
            run.stop_asked_by = actor[:254]
        working.log(session, run.id, "warning", f"Stop asked by {actor}.")
        audit.record(session, actor, "run_stopped", f"run {number}")


def _end_waiting(session: Session, run: Run, actor: str) -> bool:
    """One that waits for its time, perhaps with a part of its work done."""
    problem = f"Stopped by {actor}."
    values = {
        "state": ENDED,
        "outcome": working.outcome_of(run.counts, problem),
        "problem": problem,
        "ended_at": database.now(session),
    }
    waiting = update(Run).where(Run.id == run.id, Run.state == WAITING)
    return bool(database.changed(session, waiting.values(**values)))
