"""The seeded scheduler: workers are greenlets, time is ours, and every step is chosen by dice.

Invariant: one dice, one clock, one thread: the same seed gives the same run, step by step. A
worker yields before it writes, after it has written, and around every call; nowhere else.
"""

from __future__ import annotations

import contextlib
import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from greenlet import greenlet
from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from retailvista.plain import WorkSession

ASK_EVERY = timedelta(seconds=15)
START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


class Crash(BaseException):
    """The process is gone, as by kill -9: not an Exception, so that no handler can soften it."""


class VirtualClock:
    """The time of the product, the database and the sandbox; sleeping lets others work."""

    def __init__(self, start: datetime = START) -> None:
        self.at = start
        self.sleeper: Callable[[float], None] | None = None

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds() + 1000.0

    def sleep(self, seconds: float) -> None:
        if self.sleeper is not None:
            self.sleeper(seconds)
        else:
            self.at += timedelta(seconds=seconds)


class Worker:
    """One process: it works in turns, may be stopped for long, and may die at any step."""

    def __init__(self, name: str, wake_at: datetime) -> None:
        self.name = name
        self.wake_at = wake_at
        self.life = 0
        self.dead = False
        self.thread: greenlet | None = None


class Scheduler:
    """Chooses who goes next, moves the clock, and keeps the log of the run."""

    def __init__(self, seed: int, clock: VirtualClock) -> None:
        self.dice = random.Random(seed)
        self.clock = clock
        self.clock.sleeper = self.pause
        self.workers: list[Worker] = []
        self.current: Worker | None = None
        self.log: list[str] = []
        self.events: list[tuple[datetime, int, Callable[[], None]]] = []
        self.crash_rate = 0.0
        self.stop_rate = 0.0
        self.ended = False
        self._hub = greenlet.getcurrent()
        self._count = 0

    def add(self, name: str, work: Callable[[Worker], None]) -> Worker:
        """A worker that repeats `work` for ever, also after it died."""
        worker = Worker(name, self.clock.now())
        worker.thread = self._thread(worker, work)
        self.workers.append(worker)
        return worker

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Something that happens outside our processes, such as a late commit."""
        self._count += 1
        at = self.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self.events, (at, self._count, action))

    def note(self, text: str) -> None:
        """One line of the run's log."""
        seconds = (self.clock.now() - START).total_seconds()
        name = self.current.name if self.current else "-"
        self.log.append(f"{seconds:10.3f} {name} {text}")

    def run(self, until: Callable[[], bool], seconds: float) -> bool:
        """Work until `until` is true; False when so many virtual seconds were not enough."""
        end = self.clock.now() + timedelta(seconds=seconds)
        ask_at = self.clock.now()
        while self.clock.now() < end:
            if self.clock.now() >= ask_at:
                if until():
                    return True
                ask_at = self.clock.now() + ASK_EVERY
            self._step()
        return until()

    def close(self) -> None:
        """End every worker here and now, so that none is ended in the middle of another run."""
        self.ended = True
        for worker in self.workers:
            self.current, worker.dead = worker, True
            if worker.thread:  # one that never ran has nothing to end
                with contextlib.suppress(Crash):
                    worker.thread.throw(Crash)
        self.current = None

    def _step(self) -> None:
        now = self.clock.now()
        if self.events and self.events[0][0] <= now:
            heapq.heappop(self.events)[2]()
            return
        awake = [worker for worker in self.workers if worker.wake_at <= now]
        if not awake:
            wakes = [worker.wake_at for worker in self.workers]
            self.clock.at = min([*wakes, *(event[0] for event in self.events[:1])])
            return
        worker = awake[self.dice.randrange(len(awake))]
        self.clock.at += timedelta(milliseconds=self.dice.randrange(1, 20))
        self.current = worker
        assert worker.thread is not None
        worker.thread.switch()
        self.current = None

    def _thread(self, worker: Worker, work: Callable[[Worker], None]) -> greenlet:
        def live() -> None:
            while True:
                try:
                    work(worker)
                except Crash:
                    if self.ended:
                        return
                    self.note("crashed")
                    worker.life += 1
                    worker.wake_at = self.clock.now() + timedelta(
                        seconds=self.dice.uniform(0.5, 30)
                    )
                    self._hub.switch()
                    worker.dead = False

        return greenlet(live, parent=self._hub)

    def pause(self, seconds: float = 0.0) -> None:
        """Give the turn away; called by whatever a worker does that takes time."""
        worker = self.current
        if worker is None:
            self.clock.at += timedelta(seconds=seconds)
            return
        worker.wake_at = self.clock.now() + timedelta(seconds=seconds)
        self._hub.switch()
        if worker.dead:
            raise Crash

    def step(self, where: str) -> None:
        """A place where a process may be stopped, or die."""
        worker = self.current
        if worker is None:
            return
        if worker.dead:
            raise Crash
        if self.dice.random() < self.crash_rate:
            self.note(f"crash at {where}")
            worker.dead = True
            raise Crash
        rest = 0.0
        if self.dice.random() < self.stop_rate:
            rest = self.dice.choice([20, 100, 170, 301, 700, 1000])
            self.note(f"stopped {rest:.0f} s at {where}")
        self.pause(rest)


class StepSession(WorkSession):
    """A session whose writing transactions are steps; a dead worker's sessions do nothing."""

    scheduler: Scheduler

    def connection(self, *args: object, **kwargs: object):
        options = kwargs.get("execution_options") or {}
        if isinstance(options, dict) and options.get("rv_writing"):
            self.scheduler.step("begin")
            self.info["writing"] = True
        return super().connection(*args, **kwargs)

    def commit(self) -> None:
        writing = self.info.pop("writing", False)
        self._may_die(writing=writing)
        super().commit()
        if writing:
            self.scheduler.step("committed")

    def begin_plain(self, connection: Connection) -> None:
        self.scheduler.step("begin")
        super().begin_plain(connection)

    def commit_plain(self, connection: Connection) -> None:
        self._may_die(writing=True)
        super().commit_plain(connection)
        self.scheduler.step("committed")

    def _may_die(self, *, writing: bool) -> None:
        """Right before a commit, which then never happens."""
        worker = self.scheduler.current
        if worker is None:
            return
        if worker.dead:
            raise Crash
        if writing and self.scheduler.dice.random() < self.scheduler.crash_rate:
            self.scheduler.note("crash before commit")
            worker.dead = True
            raise Crash


def step_sessions(engine: Engine, scheduler: Scheduler) -> Callable[[], Session]:
    """Sessions of simulated workers."""

    def open_session() -> Session:
        session = StepSession(engine, expire_on_commit=False)
        session.scheduler = scheduler
        return session

    return open_session
