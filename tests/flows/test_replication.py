"""Replication into DuckDB: what is there, what changed, what is gone, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from retailvista.flows import keeping
from tests.flows.flow_house import ACTOR, FlowHouse, replication
from tests.flows.mirror import LISTED, Mirror, differences, entity_of, loaded, to_its_end
from tests.flows.replica import BALANCE, COLUMNS, COSTCENTERS, ITEMS, counts, put, query, remove
from tests.flows.watching import watch
from tests.sandbox.visitor import GROENHOF


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
    again = to_its_end(house, house.fetch(flow.number, mode="full"))
    assert (again.outcome, again.problem) == ("done", ""), house.log(again)
    read = counts(again)["read"]
    assert counts(again) == {"read": read, "discarded": read}, "everything is as it was"


@pytest.mark.parametrize(("rows", "calls"), [(99, 10), (100, 11)])
@pytest.mark.statement("D-39")
def test_a_load_costs_a_call_for_each_page(house: FlowHouse, file: Path, rows: int, calls: int):
    """A hundred thousand rows are a hundred pages; one that is just full leads to an empty one."""
    house.stage.sandbox.store.set("page_rows_sync", 10)
    put(house, ITEMS, *({"Code": f"P{number}"} for number in range(rows - 3)))
    asked: list[str] = []
    watch(house, before=lambda call: asked.append(call.url))
    run = house.fetch(house.add(replication(ITEMS.key)).number)
    assert run.counts["new"] == rows
    feed = [url for url in asked if "sync/Logistics/Items" in url and "inlinecount" not in url]
    assert len(feed) == calls
    # Whether the division moved, how many rows for the bar and to check, and the deletions.
    assert run.calls == calls + 4


@pytest.mark.statement("D-34", "D-36", "D-38", "D-39")
def test_the_next_run_asks_for_changes_alone_and_applies_deletions(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key))
    first = house.fetch(flow.number)
    assert counts(first) == {"read": 3, "new": 3}
    again = house.fetch(flow.number)
    assert (counts(again), again.counts["calls"]) == ({}, 1)  # its newest row, and how many
    assert again.counts["calls_left"] == 5000 - first.counts["calls"] - 1
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
    read = first.counts["read"]
    assert counts(again) == {"read": read, "discarded": read}, "nothing is new, nothing costs"
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
