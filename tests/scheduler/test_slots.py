"""Slots over down-times, clock changes and two engines: nothing missing, nothing double."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from retailvista import db as database
from retailvista.companies.scope import across_companies
from retailvista.connectors.models import Connector
from retailvista.runs import working
from retailvista.runs.models import Run, Schedule, Slot
from retailvista.scheduler import slots

KINDS = {kind: lambda _outside, _facts: {} for kind in ("export", "control", "master")}


def rows(outside, table):
    with outside.sessions() as session, across_companies(), database.reading(session):
        return list(session.scalars(select(table).order_by(table.id)))


def work_all(outside):
    while (facts := working.claim(outside, KINDS)) is not None:
        working.work(outside, KINDS, facts)


@pytest.mark.statement("R-49")
def test_a_connector_that_is_saved_has_its_schedules(way_out, groenhof):
    assert groenhof
    kinds = {row.kind: (row.every_minutes, bool(row.daily_at)) for row in rows(way_out(), Schedule)}
    assert kinds == {"export": (15, False), "control": (None, True), "master": (None, True)}


def test_a_schedule_that_is_due_becomes_one_run_of_its_connector(way_out, groenhof, clock):
    assert groenhof
    outside = way_out()
    assert slots.fill(outside) == 0
    clock.move(minutes=15)
    assert slots.fill(outside) == 1
    assert slots.fill(outside) == 0
    (run,) = rows(outside, Run)
    assert (run.kind, run.key, run.connector_number, run.asked_by) == (
        "export", "25", 25, "schedule",
    )  # fmt: skip
    (slot,) = rows(outside, Slot)
    assert slot.run_id == run.id


def test_after_any_down_time_one_run_catches_up(way_out, groenhof, clock):
    assert groenhof
    outside = way_out()
    clock.move(days=60, minutes=7)
    assert slots.fill(outside) == 3
    assert sorted(run.kind for run in rows(outside, Run)) == ["control", "export", "master"]
    for row in rows(outside, Schedule):
        assert row.next_at > clock.now()


def test_a_run_that_waits_for_its_time_is_not_hurried_by_the_schedule(way_out, groenhof, clock):
    assert groenhof
    outside = way_out()
    clock.move(minutes=15)
    slots.fill(outside)
    facts = working.claim(outside, KINDS)
    later = clock.now().replace(hour=20)
    working.put_back(outside, facts, later, "throttled")
    clock.move(minutes=15)
    assert slots.fill(outside) == 1
    (run,) = rows(outside, Run)
    assert run.not_before == later


def test_a_removed_connector_is_asked_for_nothing(way_out, groenhof, clock):
    assert groenhof
    outside = way_out()
    with outside.sessions() as session, across_companies(), database.transaction(session):
        session.scalars(select(Connector)).one().deleted_at = database.now(session)
    clock.move(days=2)
    slots.fill(outside)
    assert rows(outside, Run) == []


def test_random_down_times_over_a_year_with_two_engines(way_out, groenhof, clock):
    """Both days of the clock change are in it; the seed is fixed, so a failure can be repeated."""
    assert groenhof
    dice = random.Random(20260314)
    both = [way_out("here.1.one"), way_out("here.2.two")]
    end = datetime(2027, 4, 1, tzinfo=UTC)
    while clock.now() < end:
        clock.move(minutes=dice.choice((1, 15, 60, 60 * 24, 60 * 24 * dice.randint(2, 60))))
        threads = [threading.Thread(target=slots.fill, args=(one,)) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work_all(dice.choice(both))
    made = rows(both[0], Slot)
    moments = Counter((slot.schedule_id, slot.due_at) for slot in made)
    assert set(moments.values()) == {1}
    assert all(slot.run_id is not None for slot in made)
    assert {run.outcome for run in rows(both[0], Run)} == {"done"}
    assert len(made) == len(rows(both[0], Run))
