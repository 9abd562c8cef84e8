"""A silent hole is found: rows are counted and amounts compared, after each run and on demand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select

from retailvista.connectors.wire import Call, Reply, Sending
from retailvista.errors import Refused
from retailvista.flows import keeping, starting
from retailvista.runs.models import Run, RunItem
from retailvista.sandbox import records as store
from tests.flows.flow_house import ACTOR, FlowHouse, incoming, replication
from tests.flows.mirror import Mirror, entity_of, loaded, to_its_end
from tests.flows.replica import ACCOUNTS
from tests.flows.watching import watch
from tests.sandbox.visitor import GROENHOF, Visitor

ITEMS, COSTCENTERS = entity_of("logistics/Items"), entity_of("hrm/Costcenters")
LINES = entity_of("financialtransaction/TransactionLines")
BALANCES = entity_of("financial/ReportingBalance")


def behind_our_back(file: Path, sql: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute(sql)


def warnings(house: FlowHouse, run: Run) -> list[str]:
    return [text for text in house.log(run) if "at the provider" in text]


def compare(house: FlowHouse, number: int, *, totals: bool = False) -> tuple[Run, list[RunItem]]:
    """The button Compare, worked to its end; its items by name."""
    asked = house.do(starting.check_now, number, ACTOR, totals=totals)
    house.work()
    run = to_its_end(house, house.run(asked))
    query = select(RunItem).where(RunItem.run_id == run.id).order_by(RunItem.name)
    return run, house.read(lambda session: list(session.scalars(query)))


def test_a_row_that_is_missing_is_found_in_the_next_run_that_changes_the_table(
    house: FlowHouse, file: Path
):
    flow = house.add(replication(ITEMS.key))
    house.fetch(flow.number)
    behind_our_back(file, """DELETE FROM exact."Logistics_Items" WHERE "Code" = '001'""")
    store.put(house.stage.sandbox.store, GROENHOF, ITEMS.key, [{"Code": "nieuw"}])
    run = house.fetch(flow.number)
    assert (run.outcome, run.counts["differences"]) == ("partial", 1)
    expected = (
        "Logistics_Items, division 1000001: the number of rows is 3 in the warehouse and 4 at the"
        " provider. A full refresh of this table repairs it."
    )
    assert warnings(house, run) == [expected]
    repaired = house.fetch(flow.number, mode="full")
    assert (repaired.outcome, repaired.counts.get("differences", 0)) == ("done", 0)
    assert len(loaded(file, ITEMS)) == 4


def test_every_table_is_counted_once_a_day_also_when_nothing_changed(
    house: FlowHouse, file: Path, clock
):
    flow = house.add(replication(ITEMS.key, ACCOUNTS.key))
    house.fetch(flow.number)
    behind_our_back(
        file,
        """INSERT INTO exact."Logistics_Items" BY NAME
        SELECT * REPLACE ('x' AS "ID") FROM exact."Logistics_Items" LIMIT 1""",
    )
    assert house.fetch(flow.number).outcome == "done"
    clock.move(hours=25)
    run = house.fetch(flow.number)
    assert "is 4 in the warehouse and 3 at the provider" in warnings(house, run)[0]


def test_the_balances_of_the_books_are_the_control_total_of_the_lines(house: FlowHouse, file: Path):
    mirror = Mirror.of(house.stage.sandbox)
    visitor = mirror.visitor
    visitor.book(visitor.line("8210", -100.10), visitor.line("1205", 100.10))
    flow = house.add(replication(LINES.key, BALANCES.key))
    assert house.fetch(flow.number).outcome == "done"
    behind_our_back(
        file,
        'UPDATE exact."FinancialTransaction_TransactionLines" SET "AmountDC" = "AmountDC" + 1'
        """ WHERE "GLAccountCode" = '1205'""",
    )
    visitor.book(visitor.line("8210", -10.0), visitor.line("1205", 10.0))
    run = house.fetch(flow.number)
    assert run.outcome == "partial"
    expected = (
        "FinancialTransaction_TransactionLines, division 1000001: the balance of account 1205 in"
        " 2026/3 is 111.10 in the warehouse and 110.10 at the provider. A full refresh of this"
        " table repairs it."
    )
    assert warnings(house, run) == [expected]


def test_on_demand_every_table_is_counted_and_every_amount_summed(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key, COSTCENTERS.key))
    house.fetch(flow.number)
    run, found = compare(house, flow.number, totals=True)
    assert (run.outcome, run.counts["compared"], run.counts["differences"]) == ("done", 2, 0)
    assert [(item.state, item.detail["ours"], item.detail["theirs"]) for item in found] == [
        ("equal", 2, 2),
        ("equal", 3, 3),
    ]
    behind_our_back(
        file, """UPDATE exact."Logistics_Items" SET "CostPriceStandard" = 7 WHERE "Code" = '001'"""
    )
    run, _found = compare(house, flow.number)
    assert run.outcome == "done", "the rows are all there"
    run, found = compare(house, flow.number, totals=True)
    assert (run.outcome, run.counts["differences"]) == ("partial", 1)
    assert (found[1].name, found[1].state) == (f"{GROENHOF} {ITEMS.key}", "different")
    differing = [name for name, ours, theirs in found[1].detail["totals"] if ours != theirs]
    assert differing == ["CostPriceStandard"]
    assert "the total of CostPriceStandard is 13.25 in the warehouse" in warnings(house, run)[0]
    house.fetch(flow.number, mode="full", entities=(ITEMS.key,))
    assert compare(house, flow.number, totals=True)[0].outcome == "done"


def test_what_was_new_at_the_source_is_fetched_before_it_is_compared(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key))
    house.fetch(flow.number)
    store.put(
        house.stage.sandbox.store, GROENHOF, ITEMS.key, [{"Code": "nieuw", "CostPriceStandard": 5}]
    )
    run, found = compare(house, flow.number, totals=True)
    assert (run.outcome, found[0].detail["ours"]) == ("done", 4)


def test_a_comparison_that_has_to_wait_goes_on_where_it_was(house: FlowHouse, file: Path):
    books = house.stage.sandbox.store
    flow = house.add(replication(ITEMS.key))
    house.fetch(flow.number)
    books.set("page_rows_sync", 1)
    wire = watch(house)
    # After two pages of amounts the provider is busy for a while.
    now = house.stage.clock.now()
    busy = Reply(Sending.ANSWERED, 429, {}, b"", requested_at=now, answered_at=now)
    amounts, pages = "CostPriceStandard", []

    def count(call: Call) -> None:
        if amounts in call.url and "inlinecount" not in call.url:
            pages.append(call.url)
            wire.answers = {amounts: busy} if len(pages) == 3 else {}

    wire.before = count
    run, found = compare(house, flow.number, totals=True)
    assert (run.outcome, run.attempt, found[0].state) == ("done", 2, "equal")
    assert len(pages) == 2 + 1 + 2, "two, the refused one, and the rest"


@pytest.mark.parametrize("kind", ["incoming", "switched off"])
def test_only_a_replication_that_is_on_is_compared(house: FlowHouse, kind):
    flow = house.add(incoming() if kind == "incoming" else replication(ITEMS.key))
    if kind == "switched off":
        house.do(keeping.set_disabled, flow.number, ACTOR, disabled=True)
    with pytest.raises(Refused, match=r"fills no warehouse|is switched off"):
        house.do(starting.check_now, flow.number, ACTOR)


def test_lost_rights_look_like_an_empty_list_and_empty_no_table(
    house: FlowHouse, file: Path, clock
):
    flow = house.add(replication(ITEMS.key, COSTCENTERS.key))
    house.fetch(flow.number)
    Visitor(house.stage.sandbox).admin("profile", name="rights-lost")
    clock.move(hours=3)
    run = house.fetch(flow.number)
    assert run.outcome != "done"
    assert "the right to read it is not confirmed" in " ".join(house.log(run))
    full = house.fetch(flow.number, mode="full")
    assert (full.outcome, full.counts["failed"]) != ("done", 0)
    assert (len(loaded(file, ITEMS)), len(loaded(file, COSTCENTERS))) == (3, 2)
    Visitor(house.stage.sandbox).admin("profile", name="rights-kept")
    assert house.fetch(flow.number, mode="full").outcome == "done"
    assert (len(loaded(file, ITEMS)), len(loaded(file, COSTCENTERS))) == (3, 2)
