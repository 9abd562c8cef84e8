"""Usage: the seed's own price example, what costs nothing, and tariffs that can be set."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from retailvista.connectors.models import Grant
from retailvista.errors import Refused
from retailvista.flows import keeping, usage
from retailvista.flows.models import Flow
from retailvista.flows.usage import Used, used_by
from retailvista.runs.models import ENDED, Run
from tests.flows.flow_house import ACTOR, incoming, outgoing, replication
from tests.flows.mirror import Mirror
from tests.flows.replica import BALANCE, counts

MONDAY = date(2026, 3, 16)


def add_run(house, number: int, on: datetime, flow: int = 1, **counts: int) -> None:
    outcome = "done" if counts.get("pages") else "failed"

    def add(session):
        session.add(
            Run(
                number=number, kind="flow", key=f"flow {flow}", state=ENDED, outcome=outcome,
                asked_at=on, not_before=on, started_at=on, ended_at=on, counts=counts, args={},
            )
        )  # fmt: skip

    house.stage.change(add)


def old_flow(house, spec=None) -> None:
    """A flow whose trial is over."""
    house.add(spec or replication())
    before = house.stage.clock.now() - timedelta(days=30)
    house.stage.change(lambda s: s.execute(update(Flow).values(created_at=before)))


def week(house) -> usage.Usage:
    return house.read(lambda s: usage.usage(s, MONDAY, MONDAY + timedelta(days=6)))


def at_seven(day: int) -> datetime:
    return datetime(2026, 3, 16, 6, tzinfo=UTC) + timedelta(days=day)


@pytest.mark.statement("D-41", "D-42")
def test_five_refreshes_of_2000_rows_cost_55_cents_a_week(house):
    old_flow(house)
    for day in range(5):
        add_run(house, day + 1, at_seven(day), read=2500, new=1500, changed=500, discarded=500,
                pages=3, calls=3, calls_left=4997)  # fmt: skip
    found = week(house)
    assert found.total == Used(refreshes=5, rows=10_000)
    assert (found.cost, found.weekly, found.prices.currency) == (
        Decimal("0.55"),
        Decimal("0.55"),
        "EUR",
    )
    assert found.by_flow == {1: Used(5, 10_000)}
    assert list(found.by_day) == [MONDAY + timedelta(days=day) for day in range(5)]


@pytest.mark.statement("D-43")
def test_runs_in_which_every_call_failed_and_discarded_records_cost_nothing(house):
    old_flow(house)
    add_run(house, 1, at_seven(0), failed=3, calls=3)
    add_run(house, 2, at_seven(1))
    assert (week(house).total, week(house).cost) == (Used(), Decimal("0.00"))
    add_run(house, 3, at_seven(2), read=1000, discarded=1000, pages=1)
    assert week(house).total == Used(refreshes=1, rows=0)
    add_run(house, 4, at_seven(3), read=60, new=60, failed=2, pages=1)
    assert week(house).total == Used(refreshes=2, rows=60), "a partial run costs what it brought"


@pytest.mark.statement("D-43")
def test_a_real_run_without_a_login_costs_nothing_and_one_with_it_does(house):
    old_flow(house, incoming())
    now = house.stage.clock.now()
    house.stage.change(lambda s: s.execute(update(Grant).values(login_needed_at=now)))
    house.fetch(1)
    today = date(2026, 3, 14)
    assert house.read(lambda s: usage.usage(s, today, today)).total == Used()
    house.stage.change(lambda s: s.execute(update(Grant).values(login_needed_at=None)))
    run = house.fetch(1)
    house.fetch(1)
    total = house.read(lambda s: usage.usage(s, today, today)).total
    assert total == Used(refreshes=2, rows=run.counts["new"]), "the second brought nothing new"


@pytest.mark.statement("D-41", "D-43")
def test_a_table_that_is_read_whole_costs_rows_only_for_what_is_new(house):
    mirror = Mirror.of(house.stage.sandbox)
    mirror.visitor.book(mirror.visitor.line("8210", -50.0), mirror.visitor.line("1205", 50.0))
    old_flow(house, replication(BALANCE.key))
    today = date(2026, 3, 14)

    def total():
        return house.read(lambda s: usage.usage(s, today, today)).total

    first = counts(house.fetch(1))
    read = first["read"]
    assert first == {"read": read, "new": read}
    assert counts(house.fetch(1)) == {"read": read, "discarded": read}
    assert counts(house.fetch(1, mode="full")) == {"read": read, "discarded": read}
    assert total() == Used(refreshes=3, rows=read), "what was here already is not priced"
    mirror.visitor.book(mirror.visitor.line("8210", -25.0), mirror.visitor.line("1205", 25.0))
    later = counts(house.fetch(1))
    differ = later.get("new", 0) + later.get("changed", 0)
    assert 0 < differ == later["read"] - later.get("discarded", 0)
    assert total() == Used(refreshes=4, rows=read + differ)


@pytest.mark.statement("D-44")
def test_the_first_seven_days_are_free_and_shown_apart(house, clock):
    house.add(replication())
    begun = clock.now()
    add_run(house, 1, begun + timedelta(days=6, hours=23), new=2000, pages=1)
    add_run(house, 2, begun + timedelta(days=7), new=2000, pages=1)
    found = house.read(lambda s: usage.usage(s, date(2026, 3, 14), date(2026, 3, 31)))
    assert found.prices.trial_until == begun + timedelta(days=7)
    assert found.total == Used(refreshes=1, rows=2000, free_refreshes=1, free_rows=2000)
    assert found.cost == Decimal("0.11")
    house.do(keeping.remove_flow, 1, ACTOR)
    house.add(replication())
    again = house.read(usage.prices)
    assert again.trial_until == begun + timedelta(days=7), "a new flow begins no new trial"


@pytest.mark.statement("D-53")
def test_tariff_and_currency_can_be_set(house):
    old_flow(house)
    add_run(house, 1, at_seven(0), new=1_000_000, pages=1000)
    house.do(usage.set_prices, ACTOR, "usd", Decimal("0.25"), Decimal("7.5"))
    found = week(house)
    assert (found.prices.currency, found.cost) == ("USD", Decimal("7.75"))
    house.do(usage.set_prices, ACTOR, "EUR", Decimal(0), Decimal(0))
    assert week(house).cost == Decimal("0.00")


@pytest.mark.parametrize(
    ("currency", "per_refresh", "per_million"),
    [
        ("euro", "1", "1"),
        ("EUR", "-0.1", "1"),
        ("EUR", "1", "100001"),
        ("EUR", "0.00001", "1"),
        ("EUR", "NaN", "1"),
    ],
)
def test_a_tariff_that_is_none_is_refused(house, currency, per_refresh, per_million):
    with pytest.raises(Refused):
        house.do(usage.set_prices, ACTOR, currency, Decimal(per_refresh), Decimal(per_million))


def test_writing_to_a_provider_is_not_priced(house):
    old_flow(house, outgoing())
    add_run(house, 1, at_seven(0), sent=50, pages=1)
    assert week(house).total == Used()


def test_a_period_that_ends_before_it_begins_is_refused(house):
    with pytest.raises(Refused, match="before the first"):
        house.read(lambda s: usage.usage(s, MONDAY, MONDAY - timedelta(days=1)))


def test_days_are_those_of_the_store(house):
    old_flow(house)
    # 23:30 in UTC on Sunday is half past midnight on Monday in Amsterdam.
    add_run(house, 1, datetime(2026, 3, 15, 23, 30, tzinfo=UTC), new=1, pages=1)
    assert list(week(house).by_day) == [MONDAY]


def test_a_page_without_rows_is_a_refresh():
    assert used_by({"pages": 1}) == Used(refreshes=1)
    assert used_by({"failed": 1, "calls": 4}) == Used()
