"""Schedules and runs of flows: several per flow, full or incremental, by hand, stopped, resumed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from retailvista.companies.models import Store
from retailvista.connectors.models import Grant
from retailvista.errors import NotFound, Refused
from retailvista.flows import keeping, scheduling, starting
from retailvista.flows.definition import FlowFacts
from retailvista.flows.scheduling import NotConfirmed, When
from retailvista.flows.tally import RunStopped, Tally
from retailvista.flows.working import last_done, work_flow
from retailvista.runs import stopping, working
from retailvista.runs.models import Run, Schedule, Slot
from retailvista.scheduler import slots
from tests.flows.flow_house import ACTOR, incoming, replication


def schedule(house, when: When, **more) -> Schedule:
    return house.do(scheduling.add_schedule, 1, when, ACTOR, **more)


def runs(house) -> list[Run]:
    return house.read(lambda s: list(s.scalars(select(Run).order_by(Run.number))))


def local(moment: datetime) -> str:
    """Groenhof's clock in March: an hour before UTC's."""
    return f"{moment + timedelta(hours=1):%d %H:%M}"


@pytest.mark.statement("D-12", "D-13", "D-46")
def test_a_flow_has_several_schedules_each_with_its_mode(house, clock):
    house.add(incoming())
    every = schedule(house, When(every_minutes=15), name="Vaak")
    daily = schedule(house, When(daily_at="07:00"), mode="full", name="Elke nacht")
    weekly = schedule(house, When(cron="30 6 * * mon"))
    assert [row.number for row in (every, daily, weekly)] == [1, 2, 3]
    # It is Saturday 14 March, 10:00 in Amsterdam.
    assert [local(row.next_at) for row in (every, daily, weekly)] == [
        "14 10:15",
        "15 07:00",
        "16 06:30",
    ]
    clock.move(minutes=16)
    assert slots.fill(house.stage.outside) == 1
    clock.move(hours=21)
    assert slots.fill(house.stage.outside) == 2
    # Both fell due while nobody worked: one run, that does the more of the two.
    [run] = runs(house)
    assert (run.kind, run.key, run.args["mode"], run.asked_by) == (
        "flow",
        "flow 1",
        "full",
        "schedule",
    )
    assert run.connector_number == 25
    house.work()
    clock.move(minutes=15)
    slots.fill(house.stage.outside)
    assert runs(house)[-1].args["mode"] == "incremental"


def test_a_schedule_runs_in_the_zone_of_the_store(house):
    house.add(incoming())
    house.stage.change(lambda s: s.execute(update(Store).values(zone="Europe/London")))
    row = schedule(house, When(daily_at="07:00"))
    assert (row.zone, row.next_at.hour) == ("Europe/London", 7)
    assert schedule(house, When(cron="0 7 * * *", zone="Europe/Oslo")).next_at.hour == 6


@pytest.mark.parametrize(
    ("when", "named"),
    [
        (When(), "one of"),
        (When(every_minutes=5, daily_at="07:00"), "one of"),
        (When(every_minutes=1441), "1 to 1440"),
        (When(every_minutes=-5), "1 to 1440"),
        (When(daily_at="7:00"), "07:00"),
        (When(daily_at="24:00"), "07:00"),
        (When(daily_at="ab:cd"), "07:00"),
        (When(cron="every day"), "five fields"),
        (When(daily_at="07:00", zone="Mars/Base"), "time zone"),
    ],
)
def test_a_time_that_is_none_is_refused(house, when, named):
    house.add(incoming())
    with pytest.raises(Refused, match=named):
        schedule(house, when)
    with pytest.raises(Refused, match="full or incremental"):
        schedule(house, When(daily_at="07:00"), mode="half")
    assert house.read(scheduling.flow_schedules) == []


@pytest.mark.statement("D-50")
def test_no_schedule_goes_on_after_a_failed_test_unless_somebody_confirms(house):
    house.add(replication())
    house.change_connector(last_test={"kind": "expired"})
    with pytest.raises(NotConfirmed, match="last test of connector 25 failed"):
        schedule(house, When(every_minutes=15))
    off = schedule(house, When(every_minutes=15), enabled=False)
    with pytest.raises(NotConfirmed):
        house.do(scheduling.switch_schedule, 1, off.number, ACTOR, on=True)
    row = house.do(scheduling.switch_schedule, 1, off.number, ACTOR, on=True, confirmed=True)
    assert row.enabled
    house.change_connector(last_test={"kind": "connected"})
    house.change_connector(number=40, last_test={"kind": "refused"})
    with pytest.raises(NotConfirmed, match="connector 40"):
        schedule(house, When(every_minutes=30))


def test_a_schedule_is_changed_switched_and_removed(house, clock):
    house.add(incoming())
    schedule(house, When(every_minutes=15))
    house.do(
        scheduling.change_schedule, 1, 1, When(daily_at="06:00"), ACTOR, mode="full", name="Vroeg"
    )
    [row] = house.read(scheduling.flow_schedules)
    assert (row.name, row.mode, row.every_minutes, row.daily_at) == ("Vroeg", "full", None, "06:00")
    house.do(scheduling.switch_schedule, 1, 1, ACTOR, on=False)
    clock.move(days=3)
    assert slots.fill(house.stage.outside) == 0
    again = house.do(scheduling.switch_schedule, 1, 1, ACTOR, on=True)
    assert again.next_at > clock.now(), "what fell due while it was off is not made up for"
    clock.move(days=1)
    slots.fill(house.stage.outside)
    house.do(scheduling.remove_schedule, 1, 1, ACTOR)
    assert house.read(lambda s: s.scalars(select(Slot)).all()) == []
    assert len(runs(house)) == 1, "the run that was asked for stays"
    with pytest.raises(NotFound):
        house.do(scheduling.remove_schedule, 1, 1, ACTOR)


@pytest.mark.statement("A-24")
def test_a_flow_that_is_switched_off_does_nothing(house, clock):
    house.add(incoming())
    schedule(house, When(every_minutes=15))
    run = house.do(starting.fetch_now, 1, ACTOR)
    house.do(keeping.set_disabled, 1, ACTOR, disabled=True)
    house.work()
    assert house.log(house.run(run)) == ["The flow is switched off: nothing was done."]
    clock.move(minutes=20)
    assert slots.fill(house.stage.outside) == 1
    assert len(runs(house)) == 1, "a slot without a run"
    with pytest.raises(Refused, match="switched off"):
        house.do(starting.fetch_now, 1, ACTOR)
    assert house.stage.sandbox.store.rows("SELECT 1 FROM call WHERE path LIKE '%crm%'") == []


def test_asking_for_more_makes_the_waiting_run_do_more(house):
    house.add(replication("financial/GLAccounts", "crm/Accounts", "crm/Contacts"))

    def ask(**more):
        number = house.do(starting.fetch_now, 1, ACTOR, **more)
        args = house.run(number).args
        return number, args["mode"], args["entities"]

    assert ask(entities=("crm/Accounts",)) == (1, "incremental", ["crm/Accounts"])
    both = ["crm/Accounts", "crm/Contacts"]
    assert ask(entities=("crm/Contacts",), mode="full") == (1, "full", both)
    assert ask() == (1, "full", [])
    assert ask(entities=("crm/Contacts",)) == (1, "full", [])


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
