"""The embedded engine: APScheduler ticks each second in the one process; work runs in threads.

A tick asks one indexed question: is a schedule, a run or a rescue due? Every fifth tick it also
sweeps: looks, retries, mails and the leases of dead processes. Nothing is kept here: a stopped
engine loses no work, because all of it is rows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import event, exists, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import across_companies
from retailvista.connectors.outside import Outside
from retailvista.errors import RetailVistaError
from retailvista.flows.outgoing import ITEMS_RUN
from retailvista.flows.starting import CHECK_RUN, FLOW_RUN
from retailvista.runs import working
from retailvista.runs.models import WAITING, WORKING, Run, Schedule
from retailvista.runs.rescuing import give_back, rescue
from retailvista.runs.working import Kinds, RunFacts
from retailvista.scheduler import slots

TICK_SECONDS = 1
SWEEP_TICKS = 5
THREADS = 4
FLOW_KINDS = frozenset((FLOW_RUN, CHECK_RUN, ITEMS_RUN))
# A call in hand ends by its own deadline (130 s for a POST) and is then written down.
STOP_SECONDS = 135.0

Duty = Callable[[Outside], object]


class Engine:
    """Ticks, claims and works. `duties` are called every sweep, each on its own."""

    def __init__(
        self, outside: Outside, kinds: Kinds, duties: Sequence[Duty] = (), threads: int = THREADS
    ) -> None:
        self._outside = outside
        self._kinds = kinds
        self._duties = duties
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="run")
        self._sweeper = ThreadPoolExecutor(1, thread_name_prefix="sweep")
        self._sweep: Future[None] | None = None
        self._in_hand: set[Future[None]] = set()
        self._busy = threading.Semaphore(threads)
        # Flows may take long; what is posted finds a thread whatever they do.
        self._room_for_flows = threading.Semaphore(max(1, threads - 1))
        self._short_kinds = {kind: kinds[kind] for kind in kinds if kind not in FLOW_KINDS}
        self._stopping = threading.Event()
        # Held by a tick: once stop() has it, nothing is taken or begun any more.
        self._ticking = threading.Lock()
        self._ticks = 0
        self._log = structlog.get_logger("engine")
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Begin to tick. The first sweep is at once: what a crash left is picked up."""
        self._scheduler.add_job(self.tick, IntervalTrigger(seconds=TICK_SECONDS), id="tick")
        self._scheduler.start()
        self._log.info("engine started", owner=self._outside.owner, threads=self._threads)

    def stop(self) -> bool:
        """Take nothing new and let the calls in hand finish and commit.

        False when work is still going on at the end of that time: cut off it is safe too.
        """
        self._stopping.set()
        self._log.info("engine stopping")
        end = self._outside.clock.monotonic() + STOP_SECONDS
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        no_tick = self._ticking.acquire(timeout=STOP_SECONDS)
        for pool in (self._pool, self._sweeper):
            pool.shutdown(wait=False)
        begun = {*self._in_hand, *([self._sweep] if self._sweep is not None else [])}
        left = wait(begun, timeout=max(end - self._outside.clock.monotonic(), 0)).not_done
        if no_tick:
            self._ticking.release()
        self._log.info("engine stopped", cut_off=len(left))
        return no_tick and not left

    def wake(self) -> None:
        """Somebody asked for a run: look now instead of at the next tick."""
        if self._scheduler.running and not self._stopping.is_set():
            # The engine may stop between the question and this line; then nobody looks.
            with suppress(JobLookupError):
                self._scheduler.modify_job("tick", next_run_time=self._outside.clock.now())

    def tick(self) -> None:
        """One look. A database that is away for a moment is said, and looked at again."""
        with self._ticking:
            if self._stopping.is_set():
                return
            try:
                self._look()
            except OperationalError as error:
                self._log.warning("database away", problem=str(error.orig))

    def _look(self) -> None:
        if self._ticks % SWEEP_TICKS == 0 and (self._sweep is None or self._sweep.done()):
            self._sweep = self._sweeper.submit(self.sweep)
        self._ticks += 1
        if self._is_anything_due():
            slots.fill(self._outside)
            self._take_runs()

    def sweep(self) -> None:
        """What time alone makes due. One duty that fails does not keep the others."""
        for duty in (_rescue_overdue, slots.complete_schedules, *self._duties):
            if self._stopping.is_set():
                return
            try:
                duty(self._outside)
            except (RetailVistaError, OperationalError) as error:
                self._log.warning("duty failed", duty=duty.__name__, problem=str(error))
            except BaseException:
                self._log.exception("bug in a duty", duty=duty.__name__)
                raise

    def _is_anything_due(self) -> bool:
        with self._outside.sessions() as session, across_companies(), database.reading(session):
            now = database.now(session)
            return bool(
                session.scalar(
                    select(
                        or_(
                            exists().where(Schedule.enabled, Schedule.next_at <= now),
                            exists().where(Run.state == WAITING, Run.not_before <= now),
                        )
                    )
                )
            )

    def _take_runs(self) -> None:
        while not self._stopping.is_set() and self._busy.acquire(blocking=False):
            room = self._room_for_flows.acquire(blocking=False)
            facts = None
            try:
                facts = working.claim(self._outside, self._kinds if room else self._short_kinds)
            finally:
                # Room is kept by a flow that was taken, a thread by anything that was.
                if room and (facts is None or facts.kind not in FLOW_KINDS):
                    self._room_for_flows.release()
                if facts is None:
                    self._busy.release()
            if facts is None:
                return
            taken = self._pool.submit(self._work, facts)
            self._in_hand.add(taken)
            taken.add_done_callback(self._said)

    def _work(self, facts: RunFacts) -> None:
        try:
            if self._stopping.is_set():
                give_back(self._outside.sessions, facts.run_id, facts.attempt)
            else:
                working.work(self._outside, self._kinds, facts)
        finally:
            if facts.kind in FLOW_KINDS:
                self._room_for_flows.release()
            self._busy.release()
        self.wake()

    def _said(self, future: Future[None]) -> None:
        self._in_hand.discard(future)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._log.error("bug in a run", exc_info=error)


class WakeUp:
    """The bell of the embedded engine: after the commit, the engine looks at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ring(self, session: Session, kind: str, key: str) -> None:
        """Wake the engine when, and only if, the run is committed."""
        event.listen(session, "after_commit", self._wake, once=True)

    def _wake(self, _session: Session) -> None:
        self._engine.wake()


def _rescue_overdue(outside: Outside) -> int:
    with outside.sessions() as session, across_companies(), database.reading(session):
        now = database.now(session)
        overdue = session.scalar(
            select(exists().where(Run.state == WORKING, Run.lease_until < now))
        )
    return rescue(outside.sessions, set()) if overdue else 0
