"""Loads whose process is killed by the system, at calls and in the middle of commits."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from retailvista.runs import rescuing
from retailvista.runs.models import WAITING
from retailvista.sandbox import records as store
from tests.flows.flow_house import FlowHouse, replication
from tests.flows.killed import AFTER, ANSWERED, ASKED, BEFORE, DURING, OWNER, Death, Place
from tests.flows.killed import killed_by as killed
from tests.flows.mirror import Mirror, differences, loaded, to_its_end
from tests.flows.replica import COSTCENTERS, ITEMS
from tests.flows.test_postgres_warehouse import open_server
from tests.flows.watching import log_in_again
from tests.sandbox.visitor import GROENHOF

# The first load and what follows: a reload has 2 + 4 commits here, a pass over changes 1 + 1.
DEATHS = (
    Death(ASKED, 3),
    Death(BEFORE, 2),
    Death(DURING, 2, 0.0002),
    Death(ANSWERED, 6),
    Death(DURING, 4, 0.001),
    Death(AFTER, 5),
    Death(DURING, 1, 0.0005),
    Death(BEFORE, 1),
)


def play(house: FlowHouse, tmp_path: Path, look, dice: random.Random) -> int:
    """Changes, a process that dies, again and again; then rest. How often it was killed."""
    flow = house.add(replication(ITEMS.key, COSTCENTERS.key, parquet=False)).number
    outside, deaths = house.stage.outside, 0
    for death in DEATHS:
        change(house, dice)
        log_in_again(house)
        here = Place.of(house, tmp_path)
        was_killed = killed(here, flow, death)
        deaths += was_killed
        # A run that somebody works on is his until his lease ends, or he is known to be dead.
        if was_killed:
            assert rescuing.rescue(outside.sessions, {OWNER}) == 1
            assert house.run(1).state == WAITING or house.run(1).outcome == "done"
        house.stage.clock.move(minutes=6)
    log_in_again(house)
    house.work()
    run = to_its_end(house, house.fetch(flow))
    assert run.outcome == "done", house.log(run)
    mirror = Mirror.of(house.stage.sandbox)
    for found in (ITEMS, COSTCENTERS):
        assert differences(found, look(found), mirror.source(found)) == [], found.table
    return deaths


def change(house: FlowHouse, dice: random.Random) -> None:
    """Some rows come, one changes, one goes."""
    books = house.stage.sandbox.store
    for found in (ITEMS, COSTCENTERS):
        rows = list(store.every(books, found.key, GROENHOF))
        rows[0].body["Description"] = f"C{dice.randrange(10**9)}"
        store.change(books, rows[0])
        store.remove(books, rows[-1], "anna")
        new = [{"Code": f"N{dice.randrange(10**9)}"} for _ in range(3)]
        store.put(books, GROENHOF, found.key, new)


def prepare(house: FlowHouse) -> None:
    books = house.stage.sandbox.store
    for name, value in (("limits", "off"), ("page_rows_sync", 6), ("page_rows", 6)):
        books.set(name, value)
    for found in (ITEMS, COSTCENTERS):
        store.put(books, GROENHOF, found.key, [{"Code": f"V{n}"} for n in range(20)])


_LEAVE = pytest.mark.judge_allows(
    "refresh-too-early", "too-many-token-calls", "broken-chain", reason="a login a round"
)


@_LEAVE
@pytest.mark.statement("D-47")
def test_a_load_into_duckdb_that_is_killed_again_and_again_is_whole(
    house: FlowHouse, tmp_path: Path, file: Path
):
    prepare(house)
    deaths = play(house, tmp_path, lambda found: loaded(file, found), random.Random(4))
    assert deaths >= len(DEATHS) - 2


@_LEAVE
@pytest.mark.postgres
@pytest.mark.statement("D-47")
def test_a_load_into_postgresql_that_is_killed_again_and_again_is_whole(
    house: FlowHouse, tmp_path: Path, postgres_database: str
):
    prepare(house)
    server = open_server(house, postgres_database)
    deaths = play(house, tmp_path, server.loaded, random.Random(5))
    assert deaths >= len(DEATHS) - 2
