"""Whose turn it is: calls of one app to one division are carried out one at a time.

Source: Exact's page on restrictions: parallel calls are queued, and the order is random.
Invariant: whoever entered gets his turn, and the next one is chosen when he leaves.
"""

from __future__ import annotations

import threading

from retailvista.sandbox.store import Store

Lane = tuple[str, int]


class Turns:
    """The queues before the divisions of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lock = threading.Lock()
        # Who waits behind the call that is carried out now; no entry: nobody is.
        self.waiting: dict[Lane, list[threading.Event]] = {}

    def enter(self, lane: Lane) -> None:
        """Returns when it is the caller's turn."""
        with self.lock:
            if lane not in self.waiting:
                self.waiting[lane] = []
                return
            called = threading.Event()
            self.waiting[lane].append(called)
        called.wait()

    def leave(self, lane: Lane) -> None:
        """The turn goes to one of those who wait."""
        with self.lock:
            queue = self.waiting[lane]
            if queue:
                queue.pop(self._place(len(queue))).set()
            else:
                del self.waiting[lane]

    def _place(self, count: int) -> int:
        if self.store.setting("parallel_order") != "random":
            return 0
        return int.from_bytes(self.store.entropy.text(8).encode()) % count
