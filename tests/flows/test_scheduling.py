"""Schedules of flows: several per flow, full or incremental, in the zone of the store."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from retailvista.companies.models import Store
from retailvista.errors import NotFound, Refused
from retailvista.flows import keeping, scheduling, starting
from retailvista.flows.scheduling import NotConfirmed, When
from retailvista.runs import schedules
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


@pytest.mark.statement("D-50")
def test_a_schedule_of_a_connector_itself_asks_for_the_same_confirmation(house):
    house.stage.change(lambda s: schedules.add_defaults(s, house.stage.connector_id))
    house.change_connector(last_test={"kind": "expired"})

    def switch(*, on: bool, confirmed: bool = False) -> bool:
        return house.do(
            scheduling.switch_connector_schedule, 25, "export", ACTOR, on=on, confirmed=confirmed
        ).enabled

    assert not switch(on=False)
    with pytest.raises(NotConfirmed):
        switch(on=True)
    assert switch(on=True, confirmed=True)
    with pytest.raises(NotFound):
        house.do(scheduling.switch_connector_schedule, 40, "export", ACTOR, on=True)


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
