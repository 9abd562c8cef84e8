"""Many workers on one PostgreSQL: asked once, numbered without gaps, claimed by one."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from retailvista import db as database
from retailvista.companies.scope import company_scope
from retailvista.runs import working
from retailvista.runs.models import Run
from retailvista.runs.rescuing import rescue
from tests.runs.surroundings import Worker, asked, run_row
from tests.world import add_company

KINDS = {"export": lambda _outside, _facts: {"posted": 1}}


def all_at_once(function, arguments):
    threads = [threading.Thread(target=function, args=one) for one in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def company(postgres_sessions):
    with postgres_sessions() as session:
        return add_company(session)


@pytest.mark.postgres
def test_askers_and_workers_at_the_same_time(postgres_sessions, company):
    def ask_many(first):
        for key in range(first, first + 10):
            asked(postgres_sessions, company, key=str(key))

    # Two ask for the same keys, two for others.
    all_at_once(ask_many, [(0,), (0,), (10,), (20,)])
    with postgres_sessions() as session, company_scope(company), database.reading(session):
        numbers = sorted(session.scalars(select(Run.number)))
    assert numbers == list(range(1, 31)), "30 keys, 30 runs, no number left out"

    worked = []

    def work_all(worker):
        while (facts := working.claim(worker, KINDS)) is not None:
            worked.append(facts.number)
            working.work(worker, KINDS, facts)

    all_at_once(work_all, [(Worker(postgres_sessions, f"host{n}.1.x"),) for n in range(4)])
    # A worker that finds a row taken ends its turn; what is left is there for the next one.
    work_all(Worker(postgres_sessions, "last.1.x"))
    assert sorted(worked) == numbers


@pytest.mark.postgres
def test_a_dead_worker_is_rescued_and_cannot_write_any_more(postgres_sessions, company):
    first, second = (Worker(postgres_sessions, f"host{n}.1.x") for n in range(2))
    number = asked(postgres_sessions, company)
    lost = working.claim(first, KINDS)
    assert rescue(postgres_sessions, {first.owner}) == 1
    taken = working.claim(second, KINDS)
    assert not working.end(first, lost, {"posted": 9}, "")
    working.work(second, KINDS, taken)
    assert run_row(postgres_sessions, company, number).counts == {"posted": 1}
