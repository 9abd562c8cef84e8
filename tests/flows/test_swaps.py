"""What a reload tells of its rows: only those that differ from what was here have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from retailvista.connectors.database.columns import Stamp, arrow_of
from retailvista.connectors.database.duck import DuckWarehouse
from retailvista.connectors.database.shapes import CONTROL, Column, TableShape
from retailvista.connectors.database.warehouse import Counted, Cursor
from retailvista.connectors.records import Kind
from tests.conftest import TestClock

RATES = TableShape(
    "Rates",
    (
        Column("ID", Kind.TEXT), Column("Name", Kind.TEXT), Column("Rate", Kind.DECIMAL, 8),
        Column("Timestamp", Kind.WHOLE), *CONTROL,
    ),
    key=("ID",),
)  # fmt: skip
Rows = Sequence[Mapping[str, Any]]
Swap = Callable[..., Counted]


def rate(key: str, name: str | None = "laag", value: str | None = "9", mark: int = 1) -> Any:
    found = Decimal(value) if value else None
    return {"ID": key, "Name": name, "Rate": found, "Timestamp": mark}


@pytest.fixture
def swap(tmp_path: Path, clock: TestClock) -> Iterator[Swap]:
    """Stage rows for a division and show them; another division has rows of its own."""
    with DuckWarehouse(tmp_path / "a.duckdb", clock) as warehouse:

        def swapped(rows: Rows, shape=RATES, division=1, flags=False) -> Counted:
            now = clock.move(minutes=5)
            cursor = Cursor(1, division, "rates", shape.name, "test")
            stamp = Stamp(1, division, now.minute, now, ZoneInfo("Europe/Amsterdam"))
            warehouse.prepare("exact", [shape])
            warehouse.make_staging("exact", shape)
            name = warehouse.bring(
                "exact", shape.staging, arrow_of(shape.staging, list(rows), stamp)
            )
            with warehouse.transaction():
                warehouse.stage("exact", shape, name)
                return warehouse.swap("exact", shape, cursor, now if flags else None)

        swapped([rate("a"), rate("b")], division=2)
        yield swapped


BEFORE = (rate("a"), rate("b", None, None), rate("c"))


@pytest.mark.statement("D-41", "D-43")
@pytest.mark.parametrize(
    ("rows", "counted"),
    [
        pytest.param(BEFORE, Counted(discarded=3), id="nothing new"),
        pytest.param([rate("a", mark=9), *BEFORE[1:]], Counted(discarded=3), id="rowversion"),
        pytest.param([rate("a", "hoog"), *BEFORE[1:]], Counted(0, 1, 2), id="a text"),
        pytest.param([rate("a", None), *BEFORE[1:]], Counted(0, 1, 2), id="emptied"),
        pytest.param([BEFORE[0], rate("b", None, "0"), BEFORE[2]], Counted(0, 1, 2), id="filled"),
        pytest.param([*BEFORE, rate("d")], Counted(1, 0, 3), id="one more"),
        pytest.param([*BEFORE[1:], rate("d")], Counted(1, 0, 2, 1), id="came and went"),
        pytest.param([*BEFORE, rate("c")], Counted(discarded=4), id="read twice"),
        pytest.param([], Counted(deleted=3), id="all gone"),
    ],
)
def test_only_what_differs_has_changed(swap: Swap, rows: Rows, counted: Counted):
    assert swap(BEFORE) == Counted(new=3)
    assert swap(rows) == counted
    assert swap(rows) == Counted(discarded=len(rows)), "the second time nothing is new"


def test_a_flagged_row_is_deleted_once_and_changes_when_it_is_there_again(swap: Swap):
    swap(BEFORE, flags=True)
    assert swap(BEFORE[1:], flags=True) == Counted(discarded=2, deleted=1)
    assert swap(BEFORE[1:], flags=True) == Counted(discarded=2)
    assert swap(BEFORE, flags=True) == Counted(changed=1, discarded=2)


def test_a_column_that_came_counts_where_it_holds_something_one_that_went_does_not(swap: Swap):
    less = replace(RATES, columns=tuple(c for c in RATES.columns if c.name != "Rate"))
    swap(BEFORE)
    assert swap(BEFORE, shape=less) == Counted(discarded=3)
    assert swap(BEFORE) == Counted(changed=2, discarded=1), "b holds nothing in it"


def test_without_a_key_equal_rows_are_counted(swap: Swap):
    keyless = replace(RATES, name="Keyless", key=())
    assert swap([rate("a"), rate("a"), rate("b", None)], shape=keyless) == Counted(new=3)
    again = [rate("b", None), rate("a"), rate("c", None)]
    assert swap(again, shape=keyless) == Counted(new=1, discarded=2, deleted=1)
    assert swap(again, shape=keyless) == Counted(discarded=3)
