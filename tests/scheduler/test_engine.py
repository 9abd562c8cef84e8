"""The embedded engine with real time: it works what waits, soon, and stops in order."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from retailvista import db as database
from retailvista.clock import SystemClock
from retailvista.companies.scope import across_companies, company_scope
from retailvista.connectors.models import Lane
from retailvista.runs import bell
from retailvista.runs.asking import ask
from retailvista.runs.models import Run
from retailvista.runs.owners import Owner
from retailvista.scheduler import embedded
from retailvista.scheduler.dead import releaser
from retailvista.scheduler.embedded import Engine, WakeUp
from tests.scenarios.house import wait_for
from tests.world import new_database


@pytest.fixture
def database_file(tmp_path):
    engine = new_database(tmp_path, SystemClock())
    yield engine
    engine.dispose()


@pytest.fixture
def live(way_out):
    return replace(way_out(), clock=SystemClock())


@pytest.fixture
def started(live):
    """Starts an engine with these kinds and duties; stopped at the end."""
    engines = []

    def start(kinds, duties=()):
        engine = Engine(live, kinds, duties)
        bell.hang(WakeUp(engine))
        engine.start()
        engines.append(engine)
        return engine

    yield start
    bell.hang(bell.NoBell())
    for engine in engines:
        engine.stop()


def asked(live, company_id, kind="export", key="25"):
    with live.sessions() as session, company_scope(company_id), database.transaction(session):
        return ask(session, kind, key)


def run_of(live, number):
    with live.sessions() as session, across_companies(), database.reading(session):
        return session.scalars(select(Run).where(Run.number == number)).one()


def test_what_is_asked_for_is_worked_within_a_moment(live, groenhof, started):
    started({"export": lambda _outside, _facts: {"posted": 1}})
    number = asked(live, groenhof)
    wait_for(lambda: run_of(live, number).state == "ended", 10)
    assert run_of(live, number).outcome == "done"


def test_a_bug_in_one_run_leaves_the_engine_working(live, groenhof, started):
    def function(_outside, facts):
        if facts.key == "bad":
            raise ZeroDivisionError
        return {"posted": 1}

    started({"export": function})
    bad, good = asked(live, groenhof, key="bad"), asked(live, groenhof, key="good")
    wait_for(lambda: run_of(live, good).state == run_of(live, bad).state == "ended", 10)
    assert (run_of(live, bad).outcome, run_of(live, good).outcome) == ("failed", "done")


def test_stopping_lets_the_call_in_hand_finish_and_takes_nothing_new(live, groenhof, started):
    begun, may_end = threading.Event(), threading.Event()

    def function(_outside, _facts):
        begun.set()
        assert may_end.wait(20)
        return {"posted": 1}

    engine = started({"export": function})
    first = asked(live, groenhof, key="1")
    assert begun.wait(10)
    stopper = threading.Thread(target=engine.stop)
    stopper.start()
    second = asked(live, groenhof, key="2")
    may_end.set()
    stopper.join(20)
    assert not stopper.is_alive()
    assert run_of(live, first).outcome == "done", "its result is committed"
    assert run_of(live, second).state == "waiting", "its row waits for the next engine"


def test_work_that_does_not_end_is_left_behind_after_its_time(live, groenhof, started, monkeypatch):
    begun, may_end = threading.Event(), threading.Event()

    def function(_outside, _facts):
        begun.set()
        assert may_end.wait(20)
        return {"posted": 1}

    monkeypatch.setattr(embedded, "STOP_SECONDS", 0.2)
    engine = started({"export": function})
    number = asked(live, groenhof)
    assert begun.wait(10)
    assert engine.stop() is False
    assert run_of(live, number).state == "working", "the next process finds whose it was"
    may_end.set()
    assert wait_for(lambda: run_of(live, number).state == "ended", 10)
    assert engine.stop() is True


class Interrupted(dict[str, object]):
    """Kinds of runs; once armed, whoever asks for them meets an engine that is told to stop."""

    stopping: threading.Thread | None = None

    def __iter__(self):
        if self.stopping is not None and not self.stopping.ident:
            self.stopping.start()
            self.stopping.join(0.3)
        return super().__iter__()


def test_what_was_claimed_while_the_engine_stopped_waits_for_the_next_one(live, groenhof):
    """Not until its lease ends: nothing was begun, and nobody works on it."""
    number, worked = asked(live, groenhof), []
    kinds = Interrupted(export=lambda _outside, facts: worked.append(facts) or {})
    engine = Engine(live, kinds)
    kinds.stopping = threading.Thread(target=engine.stop)
    engine.start()
    wait_for(lambda: kinds.stopping.ident, 10)
    kinds.stopping.join(20)
    assert not kinds.stopping.is_alive()
    assert (run_of(live, number).state, worked) == ("waiting", [])


def test_a_duty_that_fails_does_not_keep_the_others_from_their_work(live, groenhof, started):
    assert groenhof
    done = threading.Event()

    def refuses(_outside):
        from retailvista.errors import Refused

        raise Refused("not today")

    def works(_outside):
        done.set()

    started({}, (refuses, works))
    assert done.wait(10)


def test_leases_of_a_dead_process_end_at_once_and_of_a_living_one_stay(live, tmp_path):
    living, dead = Owner(tmp_path), Owner(tmp_path)
    with live.sessions() as session, database.transaction(session):
        until = database.now(session) + timedelta(minutes=5)
        for number, owner in enumerate((living.name, dead.name, "elsewhere.7.aa")):
            session.add(Lane(key=str(number), lease_owner=owner, lease_until=until))
    dead.leave()
    assert releaser(tmp_path)(live) == 1
    with live.sessions() as session, database.reading(session):
        lanes = {lane.key: lane.lease_until for lane in session.scalars(select(Lane))}
    assert lanes["1"] < until
    assert lanes["0"] == lanes["2"] == until
    with live.sessions() as session, database.transaction(session):
        session.execute(update(Lane).values(lease_until=None))
    living.leave()


def test_flows_that_take_long_leave_a_thread_for_what_is_posted(live, groenhof, started):
    release, begun = threading.Event(), []

    def long(_outside, facts):
        begun.append(facts.key)
        release.wait(20)
        return {"read": 1}

    started({"flow": long, "export": lambda _outside, _facts: {"posted": 1}})
    flows = [asked(live, groenhof, "flow", f"flow {number}") for number in range(1, 7)]
    wait_for(lambda: len(begun) == embedded.THREADS - 1, 10)
    number = asked(live, groenhof)
    wait_for(lambda: run_of(live, number).state == "ended", 10)
    assert len(begun) == embedded.THREADS - 1
    release.set()
    wait_for(lambda: all(run_of(live, one).state == "ended" for one in flows), 10)
