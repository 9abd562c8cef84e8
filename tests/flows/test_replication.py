"""Replication into DuckDB: what is there, what changed, what is gone, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from retailvista.connectors.exact_online.catalogue import catalogue
from retailvista.runs.models import ENDED, Run
from tests.flows.flow_house import FlowHouse, replication
from tests.flows.mirror import LISTED, Mirror, differences, loaded

ITEMS = "logistics/Items"


def entity(key: str):
    return catalogue().endpoint(key).entity


@pytest.fixture
def file(house: FlowHouse) -> Path:
    house.stage.sandbox.store.set("limits", "off")
    return house.stage.outside.spool.parent / "warehouses" / "1" / "warehouse.duckdb"


def to_its_end(house: FlowHouse, run: Run, minutes: int = 30) -> Run:
    """The engine goes on every minute, until the run has ended."""
    for _ in range(minutes):
        if run.state == ENDED:
            return run
        house.stage.clock.move(minutes=1)
        house.work()
        run = house.run(run.number)
    raise AssertionError(house.log(run))


def test_one_endpoint_from_the_provider_into_the_warehouse(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS))
    run = house.fetch(flow.number)
    assert (run.outcome, run.problem) == ("done", "")
    assert run.counts["read"] == run.counts["new"] == 3
    source = Mirror.of(house.stage.sandbox).source(entity(ITEMS))
    assert len(source) == 3
    assert differences(entity(ITEMS), loaded(file, entity(ITEMS)), source) == []


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
