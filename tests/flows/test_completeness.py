"""A silent hole is found: rows are counted and amounts compared, after each run and on demand."""

from __future__ import annotations

from pathlib import Path

import duckdb

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.flows import replication as replicating
from retailvista.flows.tally import Tally
from retailvista.flows.working import Asked, facts_of
from retailvista.runs.models import Run
from retailvista.runs.working import RunFacts
from retailvista.sandbox import records as store
from tests.flows.flow_house import FlowHouse, replication
from tests.flows.mirror import Mirror, entity_of, loaded
from tests.sandbox.visitor import GROENHOF, Visitor

ITEMS, COSTCENTERS = entity_of("logistics/Items"), entity_of("hrm/Costcenters")
LINES = entity_of("financialtransaction/TransactionLines")
BALANCES = entity_of("financial/ReportingBalance")


def behind_our_back(file: Path, sql: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute(sql)


def warnings(house: FlowHouse, run: Run) -> list[str]:
    return [text for text in house.log(run) if "at the provider" in text]


def on_demand(house: FlowHouse, number: int, *, deep: bool = False) -> dict[str, int]:
    """A check of a flow outside its runs, with a run of its own to tell."""
    run = house.fetch(number)
    outside = house.stage.outside
    with outside.sessions() as session, db.reading(session):
        row = house.flow(number)
        flow = facts_of(session, outside, row, Asked("incremental", (), ()))
    facts = RunFacts(house.stage.company_id, run.id, run.number + 1, "flow", run.key, run.attempt)
    with company_scope(house.stage.company_id):
        tally = Quiet(outside, facts)
        replicating.check(outside, flow, tally, deep=deep)
    return tally.told


class Quiet(Tally):
    """Tells a test instead of a run."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.told: dict[str, int] = {}
        self.lines: list[str] = []

    def say(self, level: str, text: str) -> None:
        self.lines.append(text)

    def _tell(self) -> None:
        self.told = dict(self._counts)


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
    flow = house.add(replication(ITEMS.key))
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


def test_on_demand_every_amount_is_summed_again(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key))
    assert on_demand(house, flow.number, deep=True).get("differences", 0) == 0
    behind_our_back(
        file, """UPDATE exact."Logistics_Items" SET "CostPriceStandard" = 7 WHERE "Code" = '001'"""
    )
    assert on_demand(house, flow.number).get("differences", 0) == 0, "the rows are all there"
    assert on_demand(house, flow.number, deep=True)["differences"] == 1


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
