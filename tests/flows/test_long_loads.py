"""Loads of many pages: a call a page, and a DuckDB file that is opened anew between them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from retailvista.connectors.database import duck
from retailvista.connectors.database.duck import DuckWarehouse
from retailvista.sandbox import records as store
from tests.flows.flow_house import FlowHouse, replication
from tests.flows.mirror import Mirror, differences, loaded
from tests.flows.replica import ITEMS
from tests.sandbox.visitor import GROENHOF

# Was the division moved, how many rows are there (for the bar, and to check), and the deletions.
BESIDES = 4


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The memory that was allowed each time the file was opened; here before every second page."""
    monkeypatch.setattr(duck, "OPENED_EVERY", 2)
    found: list[str] = []
    before = DuckWarehouse._open

    def noted(self: DuckWarehouse) -> None:
        before(self)
        found.append(self.rows("SELECT current_setting('memory_limit')")[0][0])

    monkeypatch.setattr(DuckWarehouse, "_open", noted)
    return found


def test_a_first_load_costs_a_call_a_page_and_nothing_new_costs_one(house: FlowHouse):
    books = house.stage.sandbox.store
    books.set("limits", "off")
    books.set("page_rows_sync", 2)
    there = len(list(store.every(books, ITEMS.key, GROENHOF)))
    store.put(books, GROENHOF, ITEMS.key, [{"Code": f"V{n}"} for n in range(39 - there)])
    flow = house.add(replication(ITEMS.key, parquet=False)).number
    first, second = house.fetch(flow), house.fetch(flow)
    assert first.counts["read"] == 39, "the last of 20 pages is not full: none comes after it"
    assert first.counts["calls"] == 20 + BESIDES
    assert second.counts["calls"] == 1


def test_a_file_that_is_opened_anew_between_pages_holds_every_row(
    house: FlowHouse, file: Path, opened: list[str]
):
    books = house.stage.sandbox.store
    books.set("page_rows_sync", 6)
    store.put(books, GROENHOF, ITEMS.key, [{"Code": f"V{n}"} for n in range(40)])
    flow = house.add(replication(ITEMS.key, parquet=False)).number
    mirror = Mirror.of(house.stage.sandbox)
    assert house.fetch(flow).outcome == "done"
    assert differences(ITEMS, loaded(file, ITEMS), mirror.source(ITEMS)) == []
    times = len(opened)
    assert times > 3, "the first load has seven pages"
    for row in list(store.every(books, ITEMS.key, GROENHOF))[:30]:
        row.body["Description"] = "changed"
        store.change(books, row)
    assert house.fetch(flow).outcome == "done"
    assert differences(ITEMS, loaded(file, ITEMS), mirror.source(ITEMS)) == []
    assert len(opened) > times + 1, "and the changes have five"


def test_what_a_load_may_use_of_memory_is_kept_when_the_file_is_opened_anew(
    house: FlowHouse, opened: list[str]
):
    books = house.stage.sandbox.store
    books.set("page_rows_sync", 6)
    store.put(books, GROENHOF, ITEMS.key, [{"Code": f"V{n}"} for n in range(40)])
    house.fetch(house.add(replication(ITEMS.key, parquet=False)).number)
    assert opened[0] == _said(duck.READER_MB), "nobody knows yet what is loaded"
    assert opened[1] == opened[2] != opened[0]


def _said(megabytes: int) -> str:
    with duckdb.connect(config={"memory_limit": f"{megabytes}MB"}) as connection:
        found = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert found is not None
    return str(found[0])
