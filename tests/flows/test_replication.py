"""Replication into DuckDB: what is there, what changed, what is gone, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from retailvista.connectors.exact_online.catalogue import catalogue
from tests.flows.flow_house import FlowHouse, replication
from tests.flows.mirror import Mirror, differences, loaded

ITEMS = "logistics/Items"


def entity(key: str):
    return catalogue().endpoint(key).entity


@pytest.fixture
def file(house: FlowHouse) -> Path:
    house.stage.sandbox.store.set("limits", "off")
    return house.stage.outside.spool.parent / "warehouses" / "1" / "warehouse.duckdb"


def test_one_endpoint_from_the_provider_into_the_warehouse(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS))
    run = house.fetch(flow.number)
    assert (run.outcome, run.problem) == ("done", "")
    assert run.counts["read"] == run.counts["new"] == 3
    source = Mirror.of(house.stage.sandbox).source(entity(ITEMS))
    assert len(source) == 3
    assert differences(loaded(file, entity(ITEMS)), source) == []
