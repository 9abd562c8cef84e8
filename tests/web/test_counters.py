"""Requests are counted exactly, also when many come at the same moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits.storage import Storage

from retailvista.web.login import limiter

THREADS, TIMES = 8, 400


@pytest.fixture
def counters(site) -> Storage:
    """Those of the product."""
    limiter.storage.clear("visits")
    return limiter.storage


def test_counting_starts_no_thread(counters):
    """Two requests at the same moment started the same timer: one was answered with a 500."""
    before = set(threading.enumerate())
    counters.incr("visits", 60)
    assert set(threading.enumerate()) <= before


def test_many_at_the_same_moment_are_all_counted(counters):
    with ThreadPoolExecutor(THREADS) as pool:
        work = [pool.submit(_count, counters) for _ in range(THREADS)]
    assert all(each.exception() is None for each in work)
    assert counters.get("visits") == THREADS * TIMES


def _count(counters: Storage) -> None:
    for _ in range(TIMES):
        counters.incr("visits", 60)


def test_what_is_over_is_forgotten(counters):
    assert counters.incr("visits", 0) == 1
    assert counters.get("visits") == 0
    assert counters.incr("visits", 60, amount=3) == 3
    assert counters.incr("visits", 60) == 4
    counters.clear("visits")
    assert counters.get("visits") == 0
