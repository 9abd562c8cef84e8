"""Late commits: work whose connection died at once and that is done some seconds later.

Invariant: due work is done at most once, in the order in which it falls due, by the sandbox's own
clock and before any later request is looked at. It stands in the file, so a stop does not lose it.
"""

from __future__ import annotations

import heapq
import json
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from retailvista.sandbox.answers import Answer, Request
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.store import Store

# What a request says of its sender is settled on arrival; the file keeps no secret.
SECRETS = ("authorization", "cookie")


class Late:
    """The work that waits."""

    def __init__(self, store: Store, carry_out: Callable[[Request], Answer]) -> None:
        self.store = store
        self.carry_out = carry_out
        self.lock = threading.RLock()
        self.done: Callable[[Request, int], None] = lambda request, status: None  # noqa: ARG005
        self.waiting: list[tuple[float, int]] = [
            (due, seq) for due, seq in store.rows("SELECT due, seq FROM late ORDER BY due, seq")
        ]

    def add(self, request: Request, seconds: float) -> None:
        """Do it so many seconds from now; who asks is known, or it will be refused."""
        with self.lock:
            due = self.store.now_s() + seconds
            with self.store.transaction() as db:
                seq = self.store.next_number("late", 1)
                db.execute("INSERT INTO late VALUES (?,?,?)", (seq, due, _written(request)))
            heapq.heappush(self.waiting, (due, seq))

    def release(self) -> None:
        """Do what is due."""
        with self.lock:  # also when nothing waits any more: what is being done is not done yet
            while self.waiting and self.waiting[0][0] <= self.store.now_s():
                _, seq = heapq.heappop(self.waiting)
                request = self._taken(seq)
                answer = self.carry_out(request)
                self.done(request, answer.status)

    def forget(self) -> None:
        """Nothing waits any more."""
        with self.lock, self.store.transaction() as db:
            db.execute("DELETE FROM late")
            self.waiting.clear()

    def _taken(self, seq: int) -> Request:
        """Out of the file before it is done: a kill between the two loses it, never doubles it."""
        with self.store.transaction() as db:
            row = db.execute("DELETE FROM late WHERE seq = ? RETURNING request", (seq,)).fetchone()
        return _read(row[0])


def _written(request: Request) -> str:
    headers = {name: value for name, value in request.headers.items() if name not in SECRETS}
    asker = asdict(request.asker) if request.asker is not None else None
    return json.dumps(
        {
            "method": request.method,
            "target": request.target,
            "headers": headers,
            "body": request.body.decode("latin-1"),
            "client_id": request.client_id,
            "division": request.division,
            "asker": asker,
        }
    )


def _read(text: str) -> Request:
    known: dict[str, Any] = json.loads(text)
    asker = known["asker"]
    if asker is not None:
        asker = Asker(**asker | {"divisions": tuple(asker["divisions"])})
    body = known.pop("body").encode("latin-1")
    return Request(**known | {"asker": asker, "body": body})
