"""A run from asking to its end: asked once, claimed by one, ended by who holds the claim."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from retailvista import db as database
from retailvista.companies.scope import company_scope
from retailvista.errors import Later, LoginNeeded
from retailvista.runs import working
from retailvista.runs.asking import ask
from retailvista.runs.models import Run, RunLog
from retailvista.runs.rescuing import rescue
from tests.runs.surroundings import asked, run_row

DONE = {"export": lambda _outside, _facts: {"posted": 2}}


def test_asking_twice_is_asking_once_and_numbers_have_no_gaps(sessions, groenhof, teststore):
    assert asked(sessions, groenhof) == 1
    assert asked(sessions, groenhof) == 1
    assert asked(sessions, groenhof, key="2") == 2
    assert asked(sessions, teststore) == 1, "numbers are per company"


def test_a_reason_that_is_rolled_back_takes_its_run_along(sessions, groenhof):
    def ask_and_fail(session):
        with company_scope(groenhof), database.transaction(session):
            ask(session, "export", "1")
            raise LoginNeeded

    with sessions() as session, pytest.raises(LoginNeeded):
        ask_and_fail(session)
    assert asked(sessions, groenhof, key="9") == 1, "the number is not used up"


def test_a_run_is_worked_in_its_company_and_ends_with_an_outcome(sessions, groenhof, worker):
    asked(sessions, groenhof, args={"until": "2026-03-01"}, connector_number=25)
    seen = []

    def function(outside, facts):
        with outside.sessions() as session, database.reading(session):
            runs = session.scalars(select(Run)).all()
        seen.append((facts.args, facts.connector_number, len(runs), working.present_run()))
        working.say(outside, facts, "info", "half way")
        working.progress(outside, facts, 1, 2)
        return {"posted": 2, "rejected": 1}

    kinds = {"export": function}
    facts = working.claim(worker, kinds)
    working.work(worker, kinds, facts)
    assert seen == [({"until": "2026-03-01"}, 25, 1, facts)]
    assert working.present_run() is None
    row = run_row(sessions, groenhof, 1)
    assert (row.state, row.outcome, row.counts) == (
        "ended",
        "partial",
        {"posted": 2, "rejected": 1},
    )
    assert (row.done_steps, row.total_steps) == (1, 2)
    with sessions() as session, company_scope(groenhof), database.reading(session):
        assert [line.text for line in session.scalars(select(RunLog))] == ["half way"]


@pytest.mark.parametrize(
    ("counts", "problem", "outcome"),
    [
        ({}, "", "done"),
        ({"posted": 3}, "", "done"),
        ({"posted": 3, "rejected": 1}, "", "partial"),
        ({"posted": 0, "rejected": 1}, "", "failed"),
        ({"conflict": 1}, "", "failed"),
        ({"built": 0, "problems": 3}, "", "partial"),
        ({"days": 0, "differences": 1}, "", "partial"),
        ({"built": 0, "problems": 0}, "", "done"),
        ({"posted": 3}, "stopped", "partial"),
        ({}, "stopped", "failed"),
    ],
)
def test_the_outcome_follows_from_the_counts(counts, problem, outcome):
    assert working.outcome_of(counts, problem) == outcome


def test_a_run_is_claimed_by_one_of_many(sessions, groenhof, worker, other_worker):
    for key in range(20):
        asked(sessions, groenhof, key=str(key))
    claimed = []

    def claim_all(one):
        while facts := working.claim(one, DONE):
            claimed.append(facts.run_id)

    threads = [
        threading.Thread(target=claim_all, args=(one,)) for one in (worker, other_worker) * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 20 == len(set(claimed))


def test_a_twin_waits_until_the_first_is_done(sessions, groenhof, worker, other_worker):
    asked(sessions, groenhof)
    facts = working.claim(worker, DONE)
    assert asked(sessions, groenhof) == 2, "the first no longer waits, so this is a new run"
    assert working.claim(other_worker, DONE) is None
    working.work(worker, DONE, facts)
    assert working.claim(other_worker, DONE).number == 2


def test_a_run_is_not_worked_before_its_time(sessions, groenhof, worker, clock):
    asked(sessions, groenhof, not_before=clock.now() + timedelta(minutes=5))
    assert working.claim(worker, DONE) is None
    clock.move(minutes=5)
    assert working.claim(worker, DONE)


def test_a_run_that_must_wait_goes_back_and_is_worked_later(sessions, groenhof, worker, clock):
    asked(sessions, groenhof)
    reset = clock.now() + timedelta(minutes=1)

    def function(_outside, _facts):
        raise Later("The budget of this minute is used up.", not_before=reset)

    kinds = {"export": function}
    working.work(worker, kinds, working.claim(worker, kinds))
    row = run_row(sessions, groenhof, 1)
    assert (row.state, row.not_before) == ("waiting", reset)
    clock.move(minutes=1)
    working.work(worker, DONE, working.claim(worker, DONE))
    assert run_row(sessions, groenhof, 1).outcome == "done"


def test_an_expected_failure_is_a_sentence_and_a_bug_passes_on(sessions, groenhof, worker):
    def login_needed(_outside, _facts):
        raise LoginNeeded("Log in again at connector 25.")

    def bug(_outside, _facts):
        raise ZeroDivisionError

    asked(sessions, groenhof, key="a")
    kinds = {"export": login_needed}
    working.work(worker, kinds, working.claim(worker, kinds))
    assert run_row(sessions, groenhof, 1).problem == "Log in again at connector 25."

    asked(sessions, groenhof, key="b")
    kinds = {"export": bug}
    with pytest.raises(ZeroDivisionError):
        working.work(worker, kinds, working.claim(worker, kinds))
    row = run_row(sessions, groenhof, 2)
    assert (row.state, row.outcome) == ("ended", "failed")
    assert "ZeroDivisionError" in row.problem


def test_a_worker_that_was_thought_dead_cannot_end_what_another_took_over(
    sessions, groenhof, worker, other_worker, clock
):
    asked(sessions, groenhof)
    paused = working.claim(worker, DONE)
    clock.move(minutes=6)
    assert rescue(sessions, set()) == 1
    taken = working.claim(other_worker, DONE)
    assert taken.attempt == paused.attempt + 1
    assert not working.end(worker, paused, {"posted": 9}, "")
    assert not working.renew(worker, paused)
    assert working.end(other_worker, taken, {"posted": 1}, "")
    assert run_row(sessions, groenhof, 1).counts == {"posted": 1}


def test_a_lease_that_is_renewed_is_not_rescued(sessions, groenhof, worker, clock):
    asked(sessions, groenhof)
    facts = working.claim(worker, DONE)
    for _ in range(4):
        clock.move(minutes=4)
        assert working.renew(worker, facts)
        assert rescue(sessions, set()) == 0


def test_the_runs_of_a_dead_process_are_free_at_once(sessions, groenhof, worker, other_worker):
    asked(sessions, groenhof)
    working.claim(worker, DONE)
    assert rescue(sessions, {worker.owner}) == 1
    assert working.claim(other_worker, DONE).number == 1


def test_a_stalled_run_ends_when_a_twin_waits_already(sessions, groenhof, worker):
    asked(sessions, groenhof)
    working.claim(worker, DONE)
    asked(sessions, groenhof)
    assert rescue(sessions, {worker.owner}) == 1
    first = run_row(sessions, groenhof, 1)
    assert (first.state, first.outcome) == ("ended", "failed")
    assert "Run 2 goes on" in first.problem
    assert run_row(sessions, groenhof, 2).state == "waiting"
