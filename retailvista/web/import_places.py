"""At most two till files of one company are read in at the same time, in this process.

Reading a large file holds a thread of the web server for minutes; without this one company that
hands in twenty at once would keep all others from their screens. Files are not queued: who finds
no place sends again.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

PLACES = 2
RETRY_AFTER = {"Retry-After": "10"}
_taken: Counter[int] = Counter()
_lock = threading.Lock()


@contextmanager
def place(company_id: int) -> Iterator[bool]:
    """Whether there is a place for an import of this company; held until the block ends."""
    with _lock:
        free = _taken[company_id] < PLACES
        _taken[company_id] += free
    try:
        yield free
    finally:
        with _lock:
            _taken[company_id] -= free
