"""Nothing new costs one call where a table is alone, and no answer is believed too soon."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from retailvista.connectors.wire import Call, Reply, Wire
from tests.flows.flow_house import FlowHouse, replication
from tests.flows.mirror import Mirror, differences, loaded
from tests.flows.replica import ACCOUNTS, ITEMS, put, remove
from tests.flows.test_completeness import behind_our_back
from tests.flows.watching import watch


@dataclass
class OtherOrder:
    """An Exact that takes another order than the one it is asked for, or refuses it."""

    inner: Wire
    order: str

    def send(self, call: Call) -> Reply:
        url = re.sub(r"(orderby=Timestamp(%20|\+| ))desc", rf"\1{self.order}", call.url)
        return self.inner.send(replace(call, url=url))


def calls(house: FlowHouse, flow: int) -> int:
    run = house.fetch(flow)
    assert run.outcome == "done", house.log(run)
    return run.counts["calls"]


def equal(house: FlowHouse, file: Path) -> bool:
    source = Mirror.of(house.stage.sandbox).source(ITEMS)
    return differences(ITEMS, loaded(file, ITEMS), source) == []


@pytest.mark.statement("D-36", "D-38", "D-39")
def test_nothing_new_is_one_call_and_a_deletion_alone_is_seen_at_once(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key)).number
    house.fetch(flow)
    assert [calls(house, flow), calls(house, flow)] == [1, 1]
    remove(house, ITEMS, min(key for (key,) in loaded(file, ITEMS)))
    run = house.fetch(flow)
    assert run.counts["deleted"] == 1
    # One row goes and another one comes: as many as before.
    remove(house, ITEMS, max(key for (key,) in loaded(file, ITEMS)))
    put(house, ITEMS, {"Code": "nieuw"})
    run = house.fetch(flow)
    assert (run.counts["new"], run.counts["deleted"]) == (1, 1)
    assert equal(house, file)
    assert calls(house, flow) == 1


def test_what_was_lost_here_is_told_although_nothing_is_new_there(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key)).number
    house.fetch(flow)
    behind_our_back(file, """DELETE FROM exact."Logistics_Items" WHERE "Code" = '001'""")
    run = house.fetch(flow)
    assert (run.outcome, run.counts["differences"]) == ("partial", 1)
    house.fetch(flow, mode="full")
    assert equal(house, file)


def test_two_tables_share_the_feed_of_deletions(house: FlowHouse, file: Path):
    flow = house.add(replication(ITEMS.key, ACCOUNTS.key)).number
    house.fetch(flow)
    assert calls(house, flow) == 3


@pytest.mark.parametrize("order", ["asc", "upwards"])
def test_a_provider_that_orders_nothing_is_asked_once_and_read_as_before(
    house: FlowHouse, file: Path, order
):
    flow = house.add(replication(ITEMS.key)).number
    house.fetch(flow)
    wire = watch(house)
    wire.inner = OtherOrder(wire.inner, order)
    assert calls(house, flow) == 3, "the question, the rows and the deletions"
    assert calls(house, flow) == 2, "not asked again"
    remove(house, ITEMS, min(key for (key,) in loaded(file, ITEMS)))
    assert house.fetch(flow).counts["deleted"] == 1
    assert equal(house, file)
