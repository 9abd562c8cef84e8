"""Working a run: claim it by one conditional UPDATE, call its function, write what came of it.

A claim is a lease that a heartbeat renews. Results are fenced by owner and attempt: a worker that
was thought dead cannot end a run that another one took over. The outcome is computed from the
counts, never set by hand. A run's function may run twice, late or never without harm.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import and_, exists, select, update
from sqlalchemy.orm import Session, aliased

from retailvista import db as database
from retailvista.companies.scope import across_companies, company_scope
from retailvista.errors import Later, RetailVistaError
from retailvista.runs.calls import calls_sent, counting
from retailvista.runs.models import ENDED, WAITING, WORKING, Run, RunLog

LEASE = timedelta(minutes=5)
HEARTBEAT_SECONDS = 60.0
# Counts with these names mean that something needs attention; all others are work done.
BAD_COUNTS = frozenset(("failed", "refused", "rejected", "conflict", "unknown", "errors"))
# What a run is there to find: somebody must look, but the run itself did its work.
FINDINGS = frozenset(("problems", "differences"))
# What was spent on it, which is neither good nor bad.
SPENT = frozenset(("calls", "calls_left"))
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run's function is told. `args` is what ask() was given."""

    company_id: int
    run_id: int
    number: int
    kind: str
    key: str
    attempt: int
    asked_by: str = ""
    connector_number: int | None = None
    args: dict[str, Any] = field(default_factory=dict)


class Surroundings(Protocol):
    """The part of the way to the outside world that working needs."""

    @property
    def sessions(self) -> Callable[[], Session]:
        """Opens a database session."""
        ...

    @property
    def owner(self) -> str:
        """This process, in leases."""
        ...


RunFunction = Callable[[Any, RunFacts], Counts]
Kinds = Mapping[str, RunFunction]
_present: ContextVar[RunFacts | None] = ContextVar("present_run", default=None)


def present_run() -> RunFacts | None:
    """The run this thread works on: request logs carry its id."""
    return _present.get()


def outcome_of(counts: Counts, problem: str) -> str:
    """done, partial or failed: failed when nothing but trouble came of it."""
    bad = sum(count for name, count in counts.items() if name in BAD_COUNTS)
    found = sum(count for name, count in counts.items() if name in FINDINGS)
    spent = sum(count for name, count in counts.items() if name in SPENT)
    good = sum(counts.values()) - bad - found - spent
    if problem or bad:
        return "partial" if good else "failed"
    return "partial" if found else "done"


def claim(outside: Surroundings, kinds: Kinds, run_id: int | None = None) -> RunFacts | None:
    """Take the waiting run that is due longest (or that one), if no twin of it is being worked."""
    with outside.sessions() as session, across_companies(), database.transaction(session):
        now = database.now(session)
        chosen = _due(session, kinds, now, run_id)
        if chosen is None:
            return None
        taken = database.changed(
            session,
            update(Run)
            .where(Run.id == chosen.id, Run.state == WAITING, Run.attempt == chosen.attempt)
            .values(
                state=WORKING,
                attempt=chosen.attempt + 1,
                lease_owner=outside.owner,
                lease_until=now + LEASE,
                started_at=now,
                problem="",
            ),
        )
        if taken != 1:
            return None
        return RunFacts(
            company_id=chosen.company_id,
            run_id=chosen.id,
            number=chosen.number,
            kind=chosen.kind,
            key=chosen.key,
            attempt=chosen.attempt + 1,
            asked_by=chosen.asked_by,
            connector_number=chosen.connector_number,
            args=dict(chosen.args),
        )


def _due(session: Session, kinds: Kinds, now: datetime, run_id: int | None) -> Run | None:
    twin = aliased(Run)
    being_worked = exists().where(
        and_(
            twin.company_id == Run.company_id,
            twin.kind == Run.kind,
            twin.key == Run.key,
            twin.state == WORKING,
        )
    )
    query = select(Run).where(Run.state == WAITING, Run.kind.in_(list(kinds)), ~being_worked)
    query = query.where(Run.id == run_id) if run_id else query.where(Run.not_before <= now)
    return session.scalar(query.order_by(Run.not_before, Run.id).limit(1))


def work(outside: Surroundings, kinds: Kinds, facts: RunFacts) -> None:
    """Call the run's function in its company's scope and write its end. Bugs pass on, ended."""
    with counting():
        _work(outside, kinds, facts)


def _work(outside: Surroundings, kinds: Kinds, facts: RunFacts) -> None:
    voice = structlog.get_logger("run").bind(
        company=facts.company_id, run=facts.number, kind=facts.kind, key=facts.key
    )
    voice.info("run started", attempt=facts.attempt)
    counts: Counts = {}
    problem = ""
    token = _present.set(facts)
    try:
        with company_scope(facts.company_id), _heartbeat(outside, facts):
            counts = kinds[facts.kind](outside, facts)
    except Later as later:
        put_back(outside, facts, later.not_before, str(later))
        voice.info("run later", not_before=later.not_before.isoformat(), why=str(later))
        return
    except RetailVistaError as error:
        problem, counts = str(error), told(outside, facts)
    except BaseException as error:
        counts = told(outside, facts)
        end(outside, facts, counts, f"Stopped by an error in RetailVista: {type(error).__name__}.")
        raise
    finally:
        _present.reset(token)
    end(outside, facts, counts, problem)
    voice.info("run ended", outcome=outcome_of(counts, problem), problem=problem, **counts)


def end(outside: Surroundings, facts: RunFacts, counts: Counts, problem: str) -> bool:
    """Write the end of a claimed run. False when the claim was lost: then nothing is written."""
    with _writing(outside, facts) as session:
        written = database.changed(
            session,
            _mine(outside, facts).values(
                state=ENDED,
                outcome=outcome_of(counts, problem),
                counts=dict(counts),
                calls=Run.calls + calls_sent(),
                problem=problem,
                ended_at=database.now(session),
                lease_until=None,
            ),
        )
        if written and problem:
            log(session, facts.run_id, "error", problem)
        return bool(written)


def put_back(outside: Surroundings, facts: RunFacts, not_before: datetime, why: str) -> None:
    """The run's function asked to be called again later: it waits on, unless a twin does."""
    with _writing(outside, facts) as session:
        if _waiting_twin(session, facts.kind, facts.key):
            values: dict[str, Any] = {
                "state": ENDED, "outcome": "partial", "ended_at": database.now(session),
            }  # fmt: skip
        else:
            values = {"state": WAITING, "not_before": not_before}
        written = database.changed(
            session,
            _mine(outside, facts).values(
                **values, problem=why, lease_until=None, calls=Run.calls + calls_sent()
            ),
        )
        if written:
            log(session, facts.run_id, "info", why)


def log(session: Session, run_id: int, level: str, text: str) -> None:
    """A line in a run's log, inside the caller's transaction. Never a secret."""
    session.add(RunLog(run_id=run_id, at=database.now(session), level=level, text=text[:4000]))


def say(outside: Surroundings, facts: RunFacts, level: str, text: str) -> None:
    """A line in the log of the run that is being worked, in a transaction of its own."""
    with _writing(outside, facts) as session:
        log(session, facts.run_id, level, text)


def progress(outside: Surroundings, facts: RunFacts, done: int, total: int) -> None:
    """How far the run is, for the page that watches it."""
    with _writing(outside, facts) as session:
        session.execute(_mine(outside, facts).values(done_steps=done, total_steps=total))


def tell(
    outside: Surroundings, facts: RunFacts, counts: Counts, done: int, total: int
) -> str | None:
    """What a run has counted so far, also for its next attempt; who asked it to stop ('' nobody).

    None when the claim was lost: another worker goes on with the run.
    """
    with _writing(outside, facts) as session:
        values = {"counts": dict(counts), "done_steps": done, "total_steps": total}
        if not database.changed(session, _mine(outside, facts).values(**values)):
            return None
        return session.scalar(select(Run.stop_asked_by).where(Run.id == facts.run_id)) or ""


def told(outside: Surroundings, facts: RunFacts) -> dict[str, int]:
    """What this run has counted so far, in earlier attempts too."""
    with (
        outside.sessions() as session,
        company_scope(facts.company_id),
        database.reading(session),
    ):
        return dict(session.scalar(select(Run.counts).where(Run.id == facts.run_id)) or {})


def renew(outside: Surroundings, facts: RunFacts) -> bool:
    """Hold the claim for another lease. False when it was lost."""
    with _writing(outside, facts) as session:
        until = database.now(session) + LEASE
        held = database.changed(session, _mine(outside, facts).values(lease_until=until))
        return bool(held)


@contextmanager
def _writing(outside: Surroundings, facts: RunFacts) -> Iterator[Session]:
    with (
        outside.sessions() as session,
        company_scope(facts.company_id),
        database.transaction(session),
    ):
        yield session


def _mine(outside: Surroundings, facts: RunFacts) -> Any:
    return (
        update(Run)
        .where(Run.company_id == facts.company_id, Run.id == facts.run_id)
        .where(Run.state == WORKING, Run.attempt == facts.attempt)
        .where(Run.lease_owner == outside.owner)
    )


def _waiting_twin(session: Session, kind: str, key: str) -> bool:
    twin = select(Run.id).where(Run.kind == kind, Run.key == key, Run.state == WAITING)
    return session.scalar(twin) is not None


@contextmanager
def _heartbeat(outside: Surroundings, facts: RunFacts) -> Iterator[None]:
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            renew(outside, facts)

    thread = threading.Thread(target=beat, name=f"heartbeat-{facts.run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
