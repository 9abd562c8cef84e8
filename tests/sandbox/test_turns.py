"""Parallel calls of one app to one division are queued, in random order (Exact, restrictions)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from retailvista.sandbox.store import Store
from retailvista.sandbox.turns import Turns

LANE = ("app", 1000001)
COUNT = 12


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "turns.sqlite")
    yield made
    made.close()


def order_of_service(store: Store) -> list[int]:
    """Twelve calls come in one after the other while a thirteenth is being carried out."""
    turns, served, running = Turns(store), list[int](), list[int]()

    def call(number: int) -> None:
        turns.enter(LANE)
        running.append(number)
        assert running == [number], "one at a time"
        served.append(number)
        running.clear()
        turns.leave(LANE)

    turns.enter(LANE)
    threads = []
    for number in range(COUNT):
        threads.append(threading.Thread(target=call, args=(number,)))
        threads[-1].start()
        while len(turns.waiting[LANE]) <= number:
            threading.Event().wait(0.001)
    assert served == []
    turns.enter(("app", 1000002))
    turns.leave(("app", 1000002))
    turns.leave(LANE)
    for thread in threads:
        thread.join(10)
    assert turns.waiting == {}
    return served


def test_the_order_is_random_and_a_seed_repeats_it(store: Store) -> None:
    store.entropy.seed(7)
    first = order_of_service(store)
    assert sorted(first) == list(range(COUNT)) != first
    store.entropy.seed(7)
    assert order_of_service(store) == first
    store.entropy.seed(8)
    assert order_of_service(store) != first


def test_the_other_way_is_a_switch(store: Store) -> None:
    store.set("parallel_order", "as-they-come")
    assert order_of_service(store) == list(range(COUNT))
