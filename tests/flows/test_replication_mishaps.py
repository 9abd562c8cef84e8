"""Replication when something goes wrong: old tables stay, nothing is missed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from retailvista.connectors.wire import Reply, Sending
from retailvista.flows import starting
from retailvista.flows.definition import FLAG
from retailvista.sandbox.seed import ZONNEDAUW
from tests.flows.flow_house import ACTOR, FlowHouse, replication
from tests.flows.mirror import LISTED, Mirror, differences, loaded, to_its_end
from tests.flows.replica import (
    ACCOUNTS,
    COSTCENTERS,
    ITEMS,
    at,
    counts,
    findings,
    put,
    query,
    remove,
    shown,
    used_this_minute,
)
from tests.flows.watching import Killed, log_in_again, watch
from tests.sandbox.visitor import GROENHOF, TESTSTORE, Visitor


@pytest.mark.statement("D-33")
def test_a_full_refresh_that_fails_leaves_the_old_table_in_place(house: FlowHouse, file: Path):
    put(house, ITEMS, *({"Code": f"P{number}"} for number in range(2_500)))
    flow = house.add(replication(ITEMS.key))
    house.fetch(flow.number)
    before = loaded(file, ITEMS)
    assert len(before) == 2_503
    put(house, ITEMS, {"Code": "later"})
    wire = watch(house, answers={"skiptoken": Reply(Sending.ANSWERED, 403, {}, **at(house))})
    failed = house.fetch(flow.number, mode="full")
    assert (failed.outcome, failed.counts["failed"]) == ("partial", 1)
    assert "no access" in house.log(failed)[-1]
    assert loaded(file, ITEMS) == before
    wire.answers.clear()
    assert house.fetch(flow.number, mode="full").outcome == "done"
    assert len(loaded(file, ITEMS)) == 2_504


def test_readers_see_nothing_of_a_table_before_its_last_page_is_there(house: FlowHouse, file: Path):
    put(house, ITEMS, *({"Code": f"P{number}"} for number in range(7_000)))
    flow = house.add(replication(ITEMS.key))
    seen = []
    watch(house, before=lambda call: seen.append(shown(file)) if "skiptoken" in call.url else None)
    house.fetch(flow.number)
    assert seen == [0] * 7
    assert shown(file) == 7_003


def test_a_reload_that_is_killed_between_pages_goes_on_where_it_was(house: FlowHouse, file: Path):
    put(house, ITEMS, *({"Code": f"P{number}"} for number in range(12_000)))
    flow = house.add(replication(ITEMS.key))
    wire = watch(house, kill_at=9)
    with pytest.raises(Killed):
        house.fetch(flow.number)
    wire.kill_at = 0
    calls = wire.calls
    house.fetch(flow.number)
    assert shown(file) == 12_003
    assert wire.calls - calls < 13, "the pages that were safe are not read again"
    source = Mirror.of(house.stage.sandbox).source(ITEMS)
    assert differences(ITEMS, loaded(file, ITEMS), source) == []


def test_two_months_without_listening_to_deletions_reload_everything(
    house: FlowHouse, file: Path, clock
):
    flow = house.add(replication(ITEMS.key))
    house.fetch(flow.number)
    keys = sorted(key for (key,) in loaded(file, ITEMS))
    remove(house, ITEMS, keys[0])
    clock.move(days=70)
    log_in_again(house)
    run = house.fetch(flow.number)
    assert "deletions were not read for too long" in " ".join(house.log(run))
    assert sorted(key for (key,) in loaded(file, ITEMS)) == keys[1:]


def test_a_division_that_was_moved_is_loaded_again(house: FlowHouse, file: Path, clock):
    flow = house.add(replication(ITEMS.key, ACCOUNTS.key))
    house.fetch(flow.number)
    Visitor(house.stage.sandbox).admin("move", division=GROENHOF)
    put(house, ITEMS, {"Code": "na de verhuizing"})
    clock.move(hours=21)
    run = house.fetch(flow.number)
    assert " ".join(house.log(run)).count("the division was moved") == 2
    mirror = Mirror.of(house.stage.sandbox)
    for found in (ITEMS, ACCOUNTS):
        assert differences(found, loaded(file, found), mirror.source(found)) == []
    assert counts(house.fetch(flow.number)) == {}


def test_deleted_rows_can_be_flagged_instead_of_removed(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key, deleted_rows=FLAG))
    house.fetch(flow.number)
    keys = sorted(key for (key,) in loaded(file, ITEMS))
    remove(house, ITEMS, keys[0])
    assert counts(house.fetch(flow.number))["deleted"] == 1
    assert len(loaded(file, ITEMS)) == 2
    flagged = query(file, 'SELECT "ID" FROM exact."Logistics_Items" WHERE _deleted_at NOTNULL')
    assert flagged == [(keys[0],)]
    house.fetch(flow.number, mode="full")
    assert query(file, 'SELECT count(*) FROM exact."Logistics_Items"') == [(3,)]


@pytest.mark.statement("D-15")
def test_one_flow_covers_many_divisions_and_one_without_rights_stops_no_other(
    house: FlowHouse, file: Path
):
    log_in_again(house, GROENHOF, ZONNEDAUW)
    spec = replication(ITEMS.key, COSTCENTERS.key)
    divisions = (GROENHOF, ZONNEDAUW, TESTSTORE)
    flow = house.add(replace(spec, source=replace(spec.source, divisions=divisions)))
    run = house.fetch(flow.number)
    assert (run.outcome, run.counts["failed"]) == ("partial", 2)
    mirror = Mirror.of(house.stage.sandbox)
    for division in (GROENHOF, ZONNEDAUW):
        for found in (ITEMS, COSTCENTERS):
            mine, theirs = loaded(file, found, division=division), mirror.source(found, division)
            assert len(theirs) > 1
            assert differences(found, mine, theirs) == []
    assert loaded(file, ITEMS, division=TESTSTORE) == {}


def test_a_run_leaves_the_reserve_of_the_postings_alone(house: FlowHouse, file: Path):
    flow = house.add(replication(*(found.key for found in LISTED)))
    asked = house.do(starting.fetch_now, flow.number, ACTOR)
    assert house.work() == 1
    run = house.run(asked)
    assert (run.state, run.problem) == ("waiting", "The calls of this minute are used up.")
    assert 40 < house.stage.ask(used_this_minute) <= 45  # of 60, 15 are for postings
    to_its_end(house, run)
    assert "too-many-calls" not in findings(house)
