"""Replication into DuckDB: what is there, what changed, what is gone, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.flow_house import FlowHouse, replication
from tests.flows.mirror import LISTED, Mirror, differences, entity_of, loaded, to_its_end

ITEMS = entity_of("logistics/Items")


@pytest.fixture
def file(house: FlowHouse) -> Path:
    house.stage.sandbox.store.set("limits", "off")
    return house.stage.outside.spool.parent / "warehouses" / "1" / "warehouse.duckdb"


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
