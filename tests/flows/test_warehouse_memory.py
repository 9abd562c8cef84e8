"""A warehouse file that runs out of the memory it may use: nothing is half, more is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from retailvista.connectors.database import duck
from retailvista.connectors.database.duck import DuckWarehouse
from retailvista.errors import Later, Refused

SORTED = "SELECT list(i::VARCHAR || repeat('x', 100) ORDER BY hash(i)) FROM range({0}) made(i)"


@pytest.fixture
def file(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    yield path
    duck.MORE_MB.pop(path, None)


def limit_of(warehouse: DuckWarehouse) -> float:
    """In MB; DuckDB tells it in MiB."""
    told = str(warehouse.rows("SELECT current_setting('memory_limit')")[0][0])
    number, unit = told.split()
    assert unit == "MiB"
    return round(float(number) * 1.048576)


def run_out(warehouse: DuckWarehouse) -> None:
    warehouse.prepare("main", ())
    with warehouse.transaction():
        warehouse.changed("INSERT INTO kept VALUES (1)")
        warehouse.rows(SORTED.format(3_000_000))


def test_what_ran_out_of_memory_is_kept_by_nobody_and_goes_on_with_more(file: Path, clock):
    warehouse = DuckWarehouse(file, clock)
    warehouse.changed("CREATE TABLE kept (i INTEGER)")
    with pytest.raises(Later, match="goes on by itself with more"):
        run_out(warehouse)
    before = limit_of(warehouse)
    warehouse.close()
    again = DuckWarehouse(file, clock)
    assert again.rows("SELECT * FROM kept") == []
    again.prepare("main", ())
    assert limit_of(again) >= before + 64
    again.close()


def test_there_is_an_end_to_it_with_a_remedy(file: Path, clock):
    warehouse = DuckWarehouse(file, clock)
    warehouse.prepare("main", ())
    duck.MORE_MB[file] = duck.MORE_MOST_MB
    with pytest.raises(Refused, match="Load fewer tables in one flow"):
        warehouse.rows(SORTED.format(3_000_000))
    warehouse.close()
