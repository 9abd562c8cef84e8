"""An answer of a feed waits for the pages that are being made, and never for good."""

from __future__ import annotations

import threading

import pytest

from retailvista.clock import SystemClock
from retailvista.connectors.database.duck import ROWS_AT_ONCE, DuckWarehouse
from retailvista.turns import while_giving_way
from retailvista.web.courtesy import PEOPLE_SECONDS, Screens
from tests.conftest import TestClock


@pytest.fixture
def screens() -> Screens:
    return Screens(SystemClock())


def test_nobody_waits_where_no_page_is_made(screens):
    assert screens.let_go_first()


def test_an_answer_goes_on_when_the_page_is_there(screens):
    screens.begin()
    threading.Timer(0.01, screens.end).start()
    assert screens.let_go_first()


def test_an_answer_waits_for_the_last_of_two_pages(screens):
    screens.begin()
    screens.begin()
    screens.end()
    assert not screens.let_go_first()
    screens.end()
    assert screens.let_go_first()


def test_pages_without_end_do_not_keep_an_answer_for_good(screens):
    """One page after the other: the answer takes the gap between two of them."""
    done, gaps = threading.Event(), []

    def visit() -> None:
        while not done.wait(0.001):
            screens.begin()
            done.wait(0.004)
            screens.end()

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        gaps = [screens.let_go_first() for _ in range(3)]
    finally:
        done.set()
        visitor.join()
    assert gaps == [True, True, True]


class Ticking(TestClock):
    """Half a millisecond goes by each time somebody looks."""

    def monotonic(self) -> float:
        self.move(seconds=0.0005)
        return super().monotonic()


def test_an_answer_rests_while_people_are_at_work():
    """Between two pages it works less than half the time; when nobody is there it does not rest."""
    clock = Ticking()
    screens = Screens(clock)

    def rested(resting: bool = True) -> float:
        before = clock.now()
        assert screens.let_go_first(resting=resting)
        return (clock.now() - before).total_seconds()

    assert rested() < 0.002
    screens.begin()
    screens.end()
    clock.move(seconds=1)
    assert rested() >= 0.003
    assert rested(resting=False) < 0.002
    clock.move(seconds=PEOPLE_SECONDS)
    assert rested() < 0.002


def test_a_warehouse_that_makes_many_rows_gives_way_between_them(tmp_path):
    turns: list[str] = []
    with DuckWarehouse(tmp_path / "copy.duckdb", TestClock()) as warehouse:
        sql = f"SELECT * FROM range({ROWS_AT_ONCE * 3})"  # noqa: S608  a number
        with while_giving_way(lambda: turns.append("others")):
            assert len(warehouse.rows(sql)) == ROWS_AT_ONCE * 3
        assert len(turns) == 3
        warehouse.rows(sql)
        assert len(turns) == 3
