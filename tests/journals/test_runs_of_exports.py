"""What a run of an export leaves: its calls counted, and a fresh copy of books that refused."""

from __future__ import annotations

from sqlalchemy import select

from retailvista import db
from retailvista.journals.preview import preview
from retailvista.journals.preview_checks import PreviewCheck
from retailvista.runs import working
from retailvista.runs.asking import ask
from retailvista.runs.models import Run
from retailvista.scheduler.kinds import KINDS
from tests.conftest import TestClock
from tests.sandbox.visitor import GROENHOF, Visitor
from tests.stage import CONNECTOR_NUMBER, Stage

CLOSED = {"division": GROENHOF, "year": 2026, "period": 3, "closed": True, "journal": "91"}


def work_one(stage: Stage, kind: str) -> Run:
    """Work the run of this kind that waits."""
    key = str(CONNECTOR_NUMBER)
    stage.change(lambda s: ask(s, kind, key, connector_number=CONNECTOR_NUMBER))
    facts = working.claim(stage.outside, {kind: KINDS[kind]})
    assert facts is not None
    working.work(stage.outside, KINDS, facts)
    return next(run for run in runs(stage) if run.id == facts.run_id)


def runs(stage: Stage) -> list[Run]:
    def read(session):
        with db.reading(session):
            return list(session.scalars(select(Run).order_by(Run.id)))

    found = stage.ask(read)
    assert isinstance(found, list)
    return found


def period_check(stage: Stage) -> PreviewCheck:
    def read(session):
        with db.reading(session):
            return preview(session, 1)

    return next(check for check in stage.ask(read).checks if check.what == "period")


def calls_seen(stage: Stage) -> int:
    """Every call that reached the sandbox, for the books and for a token."""
    stage.sandbox.judge.flush()
    return len(stage.sandbox.store.rows("SELECT path FROM call"))


def test_the_calls_of_a_run_are_counted(stage: Stage, clock: TestClock) -> None:
    stage.add_days(1)
    stage.release()
    before = calls_seen(stage)
    clock.move(hours=1)
    run = work_one(stage, "export")
    made = calls_seen(stage) - before
    assert (run.outcome, run.counts["verified"]) == ("done", 1)
    assert run.calls == made > 1


def test_after_a_refusal_the_books_are_read_anew_so_that_no_check_stays_green(
    stage: Stage, clock: TestClock
) -> None:
    stage.add_days(1)
    stage.release()
    first = period_check(stage)
    assert (first.result, first.fetched_at) == ("passed", clock.now())
    clock.move(hours=2)
    Visitor(stage.sandbox).admin("periods", **CLOSED)
    work_one(stage, "export")
    assert stage.states() == ["rejected"]
    assert [(run.kind, run.state, run.asked_by) for run in runs(stage)][1:] == [
        ("master", "waiting", "sweep")
    ]
    work_one(stage, "master")
    then = period_check(stage)
    assert (then.result, then.fetched_at) == ("failed", clock.now())
