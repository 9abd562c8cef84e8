"""Old items go by themselves, each flow's after its own number of days."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from retailvista.flows.models import Item
from retailvista.scheduler.purging import purger
from tests.flows.flow_house import incoming


def kept(house, flow_id: int) -> int:
    """Items that still have their content."""
    query = select(func.count()).select_from(Item).where(Item.flow_id == flow_id)
    return house.read(lambda s: s.scalar(query.where(Item.removed_at.is_(None))))


@pytest.mark.statement("A-26")
def test_items_are_pruned_after_the_days_of_their_flow(house, clock):
    short = house.add(replace(incoming(), keep_days=10))
    long = house.add(replace(incoming(), keep_days=60))
    there = house.fetch(1).counts["new"]
    assert house.fetch(2).counts["new"] == there > 0
    purge = purger()
    clock.move(days=9)
    assert purge(house.stage.outside) == 0
    assert (kept(house, short.id), kept(house, long.id)) == (there, there)
    clock.move(days=2)
    assert purge(house.stage.outside) == there
    assert (kept(house, short.id), kept(house, long.id)) == (0, there)
    assert purge(house.stage.outside) == 0
    clock.move(days=50)
    purge(house.stage.outside)
    assert kept(house, long.id) == 0
