"""Late commits: work whose connection died at once and that is done some seconds later.

Invariant: due work is done in the order in which it falls due, by the sandbox's own clock, and
before any later request is looked at. It lives in memory: a stop of the sandbox loses it.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable

from retailvista.sandbox.answers import Answer, Request
from retailvista.sandbox.store import Store


class Late:
    """The work that waits."""

    def __init__(self, store: Store, carry_out: Callable[[Request], Answer]) -> None:
        self.store = store
        self.carry_out = carry_out
        self.lock = threading.RLock()
        self.waiting: list[tuple[float, int, Request]] = []
        self.given = 0
        self.done: Callable[[Request, int], None] = lambda request, status: None  # noqa: ARG005

    def add(self, request: Request, seconds: float) -> None:
        """Do it so many seconds from now."""
        with self.lock:
            self.given += 1
            heapq.heappush(self.waiting, (self.store.now_s() + seconds, self.given, request))

    def release(self) -> None:
        """Do what is due."""
        if not self.waiting:
            return
        with self.lock:
            while self.waiting and self.waiting[0][0] <= self.store.now_s():
                _, _, request = heapq.heappop(self.waiting)
                answer = self.carry_out(request)
                self.done(request, answer.status)
