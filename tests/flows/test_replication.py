"""Replication into DuckDB: what is there, what changed, what is gone, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors.database.duck import SETTINGS
from retailvista.connectors.models import Lane
from retailvista.connectors.records import Entity
from retailvista.connectors.wire import Reply, Sending
from retailvista.flows import keeping, starting
from retailvista.flows.definition import FLAG
from retailvista.runs.models import Run
from retailvista.sandbox import records as store
from retailvista.sandbox.seed import ZONNEDAUW
from tests.flows.flow_house import ACTOR, FlowHouse, replication
from tests.flows.mirror import LISTED, Mirror, differences, entity_of, loaded, to_its_end
from tests.flows.watching import Killed, log_in_again, watch
from tests.sandbox.visitor import GROENHOF, TESTSTORE, Visitor

ITEMS = entity_of("logistics/Items")


@pytest.fixture
def file(house: FlowHouse) -> Path:
    house.stage.sandbox.store.set("limits", "off")
    return house.stage.outside.spool.parent / "warehouses" / "1" / "warehouse.duckdb"


COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'Logistics_Items' "
    "ORDER BY ordinal_position"
)


def query(file: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def shown(file: Path) -> int:
    """Items that a reader sees, while a run may be at work in this process."""
    with duckdb.connect(str(file), config=dict(SETTINGS)) as connection:
        found = connection.execute('SELECT count(*) FROM exact."Logistics_Items"').fetchall()
    return int(found[0][0])


def at(house: FlowHouse) -> dict[str, datetime]:
    now = house.stage.clock.now()
    return {"requested_at": now, "answered_at": now}


def used_this_minute(session: Session) -> int:
    with db.reading(session):
        return session.scalars(select(Lane.minute_used)).one()


def findings(house: FlowHouse) -> list[str]:
    house.stage.sandbox.judge.flush()
    return [row[0] for row in house.stage.sandbox.store.rows("SELECT rule FROM finding")]


def test_one_endpoint_from_the_provider_into_the_warehouse(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key))
    run = house.fetch(flow.number)
    assert (run.outcome, run.problem) == ("done", "")
    assert run.counts["read"] == run.counts["new"] == 3
    source = Mirror.of(house.stage.sandbox).source(ITEMS)
    assert len(source) == 3
    assert differences(ITEMS, loaded(file, ITEMS), source) == []


@pytest.mark.statement("D-18", "D-40")
def test_all_58_endpoints_are_equal_to_the_source_row_for_row(house: FlowHouse, file: Path):
    visitor = Mirror.of(house.stage.sandbox)
    visitor.visitor.book(
        visitor.visitor.line("8210", -100.10), visitor.visitor.line("1205", 100.10)
    )
    flow = house.add(replication(*(found.key for found in LISTED)))
    run = to_its_end(house, house.fetch(flow.number))
    assert (run.outcome, run.problem) == ("done", ""), house.log(run)
    for found in LISTED:
        assert differences(found, loaded(file, found), visitor.source(found)) == [], found.table


COSTCENTERS = entity_of("hrm/Costcenters")
BALANCE = entity_of("financial/ReportingBalance")
ACCOUNTS = entity_of("crm/Accounts")


def put(house: FlowHouse, found: Entity, *rows: dict[str, object], division: int = GROENHOF):
    return store.put(house.stage.sandbox.store, division, found.key, list(rows))


def remove(house: FlowHouse, found: Entity, key: str, division: int = GROENHOF) -> None:
    row = store.find(house.stage.sandbox.store, found.key, division, key)
    assert row is not None
    store.remove(house.stage.sandbox.store, row, "anna")


def counts(run: Run) -> dict[str, int]:
    """What it counted of rows."""
    names = ("read", "new", "changed", "deleted", "discarded", "failed")
    return {name: run.counts[name] for name in names if run.counts.get(name)}


@pytest.mark.statement("D-34", "D-36", "D-38", "D-39")
def test_the_next_run_asks_for_changes_alone_and_applies_deletions(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key))
    first = house.fetch(flow.number)
    assert counts(first) == {"read": 3, "new": 3}
    again = house.fetch(flow.number)
    assert (counts(again), again.counts["calls"]) == ({}, 2)  # the rows, and the deletions
    assert again.counts["calls_left"] == 5000 - first.counts["calls"] - 2
    keys = sorted(key for (key,) in loaded(file, ITEMS))
    put(house, ITEMS, {"ID": keys[0], "Code": "anders"}, {"Code": "nieuw"})
    remove(house, ITEMS, keys[1])
    assert counts(house.fetch(flow.number)) == {"read": 2, "new": 1, "changed": 1, "deleted": 1}
    source = Mirror.of(house.stage.sandbox).source(ITEMS)
    assert len(source) == 3
    assert differences(ITEMS, loaded(file, ITEMS), source) == []


@pytest.mark.statement("D-34")
def test_the_first_run_of_a_day_looks_back_and_discards_what_is_not_newer(
    house: FlowHouse, file: Path, clock
):
    flow = house.add(replication(ITEMS.key))
    house.fetch(flow.number)
    clock.move(days=1)
    assert counts(house.fetch(flow.number)) == {"read": 3, "discarded": 3}
    assert counts(house.fetch(flow.number)) == {}


@pytest.mark.statement("D-35")
def test_an_endpoint_that_says_nothing_of_changes_is_loaded_each_time(house: FlowHouse, file: Path):
    mirror = Mirror.of(house.stage.sandbox)
    mirror.visitor.book(mirror.visitor.line("8210", -50.0), mirror.visitor.line("1205", 50.0))
    flow = house.add(replication(BALANCE.key))
    first = house.fetch(flow.number)
    assert first.counts["new"] == first.counts["read"] > 0
    again = house.fetch(flow.number)
    assert again.counts["changed"] == again.counts["read"] == first.counts["read"]
    assert differences(BALANCE, loaded(file, BALANCE), mirror.source(BALANCE)) == []


def test_a_list_without_a_feed_finds_changes_by_modified_and_deletions_by_its_keys(
    house: FlowHouse, file: Path, clock
):
    flow = house.add(replication(COSTCENTERS.key))
    assert counts(house.fetch(flow.number)) == {"read": 2, "new": 2}
    clock.move(hours=2)
    assert counts(house.fetch(flow.number)) == {"read": 2, "discarded": 2}
    clock.move(hours=2)
    assert counts(house.fetch(flow.number)) == {}
    keys = sorted(key for (key,) in loaded(file, COSTCENTERS))
    put(house, COSTCENTERS, {"ID": keys[0], "Code": "W01", "Description": "Winkel een"})
    remove(house, COSTCENTERS, keys[1])
    put(house, COSTCENTERS, {"Code": "W03"})
    found = counts(house.fetch(flow.number))
    assert (found["new"], found["changed"], found["deleted"]) == (1, 1, 1)
    source = Mirror.of(house.stage.sandbox).source(COSTCENTERS)
    assert differences(COSTCENTERS, loaded(file, COSTCENTERS), source) == []


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


def test_headers_and_lines_of_one_feed_are_rows_of_their_own(house: FlowHouse, file: Path):
    lines = entity_of("financialtransaction/TransactionLines")
    mirror = Mirror.of(house.stage.sandbox)
    mirror.visitor.book(mirror.visitor.line("8210", -50.0), mirror.visitor.line("1205", 50.0))
    reply = mirror.visitor.book(mirror.visitor.line("8210", -0.1), mirror.visitor.line("1205", 0.1))
    flow = house.add(replication(lines.key))
    house.fetch(flow.number)
    source = mirror.source(lines)
    assert len(source) == 6
    assert differences(lines, loaded(file, lines), source) == []
    total = 'SELECT sum("AmountDC") FROM exact."FinancialTransaction_TransactionLines"'
    assert query(file, total) == [(Decimal("0.00000000"),)]
    entry = reply.json["d"]["EntryID"]
    gone = mirror.visitor.ask(
        "DELETE",
        f"/api/v1/{GROENHOF}/generaljournalentry/GeneralJournalEntries(guid'{entry}')",
        headers=mirror.visitor.headers,
    )
    assert gone.status == 204
    house.fetch(flow.number)
    assert differences(lines, loaded(file, lines), mirror.source(lines)) == []
    assert len(loaded(file, lines)) == 3


def test_new_columns_arrive_by_themselves(house: FlowHouse, file: Path):
    spec = replication(ITEMS.key)
    narrow = replace(spec, source=replace(spec.source, select=("Code",)))
    flow = house.add(narrow)
    house.fetch(flow.number)
    kept = [name for (name,) in query(file, COLUMNS)]
    assert [name for name in kept if not name.startswith("_")] == [
        *("ID", "Code", "Modified", "Timestamp")
    ]
    house.do(keeping.change_flow, flow.number, spec, ACTOR)
    run = house.fetch(flow.number, mode="full")
    assert run.outcome == "done"
    source = Mirror.of(house.stage.sandbox).source(ITEMS)
    assert differences(ITEMS, loaded(file, ITEMS), source) == []


def test_other_programs_read_a_parquet_file_per_table(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key))
    house.fetch(flow.number)
    parquet = file.with_suffix(".parquet") / "exact" / "Logistics_Items.parquet"
    assert duckdb.read_parquet(str(parquet)).count("*").fetchall() == [(3,)]
    written = parquet.stat().st_mtime_ns
    house.fetch(flow.number)
    assert parquet.stat().st_mtime_ns == written, "nothing changed, so it stays"
    put(house, ITEMS, {"Code": "nieuw"})
    house.fetch(flow.number)
    assert duckdb.read_parquet(str(parquet)).count("*").fetchall() == [(4,)]


def test_control_columns_say_whose_row_it_is_and_which_run_brought_it(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key))
    run = house.fetch(flow.number)
    rows = query(
        file,
        "SELECT DISTINCT _company, _division, _run, _loaded_at, _modified_at"
        ' FROM exact."Logistics_Items"',
    )
    nine = datetime(2026, 3, 14, 9, 0)  # noqa: DTZ001  UTC without a zone, as it is kept
    assert rows == [(1, GROENHOF, run.number, nine, nine)]


def test_a_run_leaves_the_reserve_of_the_postings_alone(house: FlowHouse, file: Path):
    flow = house.add(replication(*(found.key for found in LISTED)))
    asked = house.do(starting.fetch_now, flow.number, ACTOR)
    assert house.work() == 1
    run = house.run(asked)
    assert (run.state, run.problem) == ("waiting", "The calls of this minute are used up.")
    assert 40 < house.stage.ask(used_this_minute) <= 45  # of 60, 15 are for postings
    to_its_end(house, run)
    assert "too-many-calls" not in findings(house)
