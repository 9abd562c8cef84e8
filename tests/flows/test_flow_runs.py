"""Runs of flows: fetched by hand, counted, stopped, resumed, and never a success without rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import update

from retailvista.connectors.models import Grant
from retailvista.errors import Refused
from retailvista.flows import keeping, starting
from retailvista.flows.definition import FlowFacts
from retailvista.flows.tally import RunStopped, Tally
from retailvista.flows.variables import set_variable
from retailvista.flows.working import last_done, work_flow
from retailvista.runs import stopping, working
from tests.flows.flow_house import ACTOR, incoming


@pytest.mark.statement("D-11")
def test_fetch_now_is_a_run_that_needs_no_browser(house):
    house.add(incoming())
    run = house.fetch(1)
    assert (run.state, run.outcome, run.asked_by) == ("ended", "done", ACTOR)
    assert run.counts["read"] == run.counts["new"] > 0
    assert run.counts["pages"] == run.done_steps == run.total_steps


@pytest.mark.statement("D-39")
def test_a_run_tells_its_calls_and_what_is_left_of_the_day(house):
    house.add(incoming())
    run = house.fetch(1)
    assert run.calls == run.counts["calls"] == run.counts["pages"] == 1
    assert run.counts["calls_left"] == 5000 - run.calls
    again = house.fetch(1)
    assert again.counts["calls_left"] == 5000 - run.calls - again.calls


@pytest.mark.statement("D-48")
def test_wrong_credentials_never_end_as_success(house):
    house.add(incoming())
    house.stage.change(
        lambda s: s.execute(update(Grant).values(login_needed_at=house.stage.clock.now()))
    )
    run = house.fetch(1)
    assert (run.outcome, run.counts.get("read", 0)) == ("failed", 0)
    assert run.problem


@pytest.mark.statement("D-49")
def test_credentials_are_corrected_in_place(house):
    house.add(incoming())
    now = house.stage.clock.now()
    house.stage.change(lambda s: s.execute(update(Grant).values(login_needed_at=now)))
    assert house.fetch(1).outcome == "failed"
    house.stage.change(lambda s: s.execute(update(Grant).values(login_needed_at=None)))
    assert house.fetch(1).outcome == "done", "the same connector and the same flow"


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ({"entities": ["crm/Contacts"]}, "no entity crm/Contacts"),
        ({"divisions": [7]}, "no division 7"),
    ],
)
def test_what_the_flow_no_longer_has_is_refused(house, args, named):
    house.add(incoming())
    run = house.fetch(1, **{name: tuple(value) for name, value in args.items()})
    assert run.outcome == "failed"
    assert named in run.problem


def test_a_connector_without_a_division_stops_the_run_and_says_so(house):
    house.add(incoming())
    house.change_connector(division=None)
    assert "no division yet" in house.fetch(1).problem


# ---------------------------------------------------------------- counting and stopping


def claimed(house) -> Tally:
    """The tally of a run that is being worked on."""
    house.add(incoming())
    house.do(starting.fetch_now, 1, ACTOR)
    facts = working.claim(house.stage.outside, {"flow": work_flow})
    assert facts is not None
    return Tally(house.stage.outside, facts)


def test_a_stopped_run_ends_between_two_pages_and_keeps_what_it_did(house):
    tally = claimed(house)
    tally.page(read=60, new=60)
    house.do(stopping.stop_run, 1, ACTOR)
    with pytest.raises(RunStopped, match=ACTOR):
        tally.page(read=60, new=60)
    working.end(house.stage.outside, tally.facts, tally.counts, f"Stopped by {ACTOR}.")
    run = house.run(1)
    assert (run.outcome, run.counts["read"], run.counts["pages"]) == ("partial", 120, 2)
    with pytest.raises(Refused, match="ended already"):
        house.do(stopping.stop_run, 1, ACTOR)


def test_a_run_that_waits_is_stopped_at_once(house):
    house.add(incoming())
    house.do(starting.fetch_now, 1, ACTOR)
    house.do(stopping.stop_run, 1, ACTOR)
    run = house.run(1)
    assert (run.state, run.outcome, run.problem) == ("ended", "failed", f"Stopped by {ACTOR}.")
    assert house.work() == 0


def test_a_run_that_had_to_wait_goes_on_counting(house):
    tally = claimed(house)
    tally.expect(3)
    tally.page(read=60, new=50, changed=10)
    assert (house.run(1).done_steps, house.run(1).total_steps) == (1, 3)
    now = house.stage.clock.now()
    working.put_back(house.stage.outside, tally.facts, now, "The calls of today are used up.")
    facts = working.claim(house.stage.outside, {"flow": work_flow})
    again = Tally(house.stage.outside, facts)
    again.page(read=60, changed=60)
    assert again.counts == {
        "read": 120, "new": 50, "changed": 70, "pages": 2, "calls": 0,
    }  # fmt: skip
    assert facts.attempt == 2


def test_one_part_that_fails_makes_the_run_partial_and_is_in_the_log(house):
    tally = claimed(house)
    tally.page(read=60, new=60)
    tally.failed("crm/Contacts", "Forbidden")
    working.end(house.stage.outside, tally.facts, tally.counts, "")
    run = house.run(1)
    assert (run.outcome, run.counts["failed"]) == ("partial", 1)
    assert house.log(run) == ["crm/Contacts: Forbidden"]


def test_facts_know_only_two_modes():
    with pytest.raises(AssertionError, match="full or incremental"):
        FlowFacts(1, 1, "x", incoming(), "half", (), (), None, None)


def last_run(house) -> datetime | None:
    return house.read(lambda s: last_done(s, 1))


def test_the_last_run_is_when_one_that_did_everything_was_asked_for(house, clock):
    house.add(incoming(query={"$filter": "Modified ge datetime'[last_run]'"}))
    assert last_run(house) is None
    asked_at = clock.now()
    house.do(starting.fetch_now, 1, ACTOR)
    house.stage.sandbox.faults.add("429", path="*crm/Accounts*", times=1)
    house.work()
    assert last_run(house) is None, "it waits"
    clock.move(hours=2)
    house.work()
    assert last_run(house) == asked_at, "what changed while it waited is asked for again"
    clock.move(hours=1)
    house.fetch(1, entities=("crm/Accounts",))
    assert last_run(house) == asked_at, "a part by hand is not all of it"
    clock.move(hours=1)
    second = clock.now()
    house.fetch(1)
    assert last_run(house) == second
    house.stage.change(lambda s: s.execute(update(Grant).values(login_needed_at=clock.now())))
    clock.move(hours=1)
    house.fetch(1)
    assert last_run(house) == second, "one that failed is none"


def test_a_flow_that_asks_for_something_else_reads_all_of_that(house):
    everything = incoming()
    house.add(incoming(query={"$filter": "Name eq 'nobody'"}))
    assert house.fetch(1).counts["pages"] == 1
    house.do(keeping.change_flow, 1, replace(everything, description="no other question"), ACTOR)
    there = house.fetch(1).counts["new"]
    assert there > 0, "what did not fit the first filter is old, and unread"
    house.do(keeping.change_flow, 1, replace(everything, name="Another name"), ACTOR)
    assert house.fetch(1).counts.get("read", 0) == 0, "the same question goes on from its mark"
    fewer = replace(everything, source=replace(everything.source, select=("ID", "Name")))
    house.do(keeping.change_flow, 1, fewer, ACTOR)
    assert house.fetch(1).counts["read"] == there
    house.do(keeping.change_flow, 1, incoming(query={"$filter": "Name ne '[who]'"}), ACTOR)
    house.do(set_variable, "who", "nobody", ACTOR)
    house.stage.clock.move(days=2)
    assert house.fetch(1).counts["read"] == there
    house.stage.clock.move(hours=2)
    assert house.fetch(1).counts.get("read", 0) == 0
    house.do(set_variable, "who", "somebody", ACTOR)
    assert house.fetch(1).counts["read"] == there, "another value is another question"
