"""The call log and the judge: what clients did, and which of Exact's rules they broke.

Invariant: no secret is kept: no token, no query string of the authorise page, no body.
"""

from __future__ import annotations

import threading
from typing import Any

from retailvista.sandbox.answers import Request
from retailvista.sandbox.details import told
from retailvista.sandbox.rules import RULES, explained
from retailvista.sandbox.store import Store


class Judge:
    """Writes calls in batches and findings at once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.waiting: list[tuple[Any, ...]] = []
        self.busy: dict[tuple[str, int], int] = {}
        self.lock = threading.Lock()

    def find(self, rule: str, request: Request, detail: str) -> None:
        """One broken rule."""
        assert rule in RULES, rule
        self.store.insert(
            "finding",
            {
                "at": self.store.now_s(),
                "rule": rule,
                "client_id": request.client_id,
                "division": request.division,
                "method": request.method,
                "path": request.path,
                "detail": detail,
            },
        )

    def enter(self, request: Request) -> None:
        """A call to a division begins."""
        # A late commit is the network's doing: its client hung up long ago.
        if request.division is None or request.asker is not None:
            return
        key = (str(request.client_id), request.division)
        request.busy = True
        with self.lock:
            self.busy[key] = self.busy.get(key, 0) + 1
            parallel = self.busy[key] > 1
        if parallel:
            self.find("parallel-calls", request, "Exact queues them in random order.")

    def leave(self, request: Request) -> None:
        """The call is answered."""
        if not request.busy:
            return
        request.busy = False
        with self.lock:
            self.busy[str(request.client_id), int(request.division or 0)] -= 1

    def log(self, request: Request, status: int, ms: float, fault: str | None) -> None:
        """One line of the call log; written down a little later, with others."""
        row = (
            self.store.now_s(),
            request.method,
            request.path,
            status,
            request.client_id,
            request.division,
            round(ms, 2),
            fault,
            int(request.counted),
        )
        with self.lock:
            self.waiting.append(row)

    def flush(self) -> None:
        """Write the waiting lines and forget the oldest."""
        with self.lock:
            rows, self.waiting = self.waiting, []
        if not rows:
            return
        with self.store.transaction() as db:
            db.executemany(
                "INSERT INTO call (at, method, path, status, client_id, division, ms, fault, "
                "counted) VALUES (?,?,?,?,?,?,?,?,?)",
                rows,
            )
            db.execute(
                "DELETE FROM call WHERE seq <= (SELECT max(seq) FROM call) - ?",
                (self.store.setting("keep_calls"),),
            )

    def findings(self, limit: int = 1000, language: str = "en") -> list[dict[str, Any]]:
        """The broken rules, newest first, each with what the rule says."""
        names = ("at", "rule", "client_id", "division", "method", "path", "detail")
        rows = self.store.rows(
            # Names from above; nothing of a client stands in the text.
            f"SELECT {', '.join(names)} FROM finding ORDER BY seq DESC LIMIT ?",  # noqa: S608
            limit,
        )
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [
            one
            | {
                "says": explained(one["rule"], language),
                "detail": told(one["detail"], language),
            }
            for one in found
        ]

    def calls(self, limit: int = 1000) -> list[dict[str, Any]]:
        """The call log, newest first."""
        self.flush()
        names = ("at", "method", "path", "status", "client_id", "division", "ms", "fault")
        rows = self.store.rows(
            # Names from above; nothing of a client stands in the text.
            f"SELECT {', '.join(names)} FROM call ORDER BY seq DESC LIMIT ?",  # noqa: S608
            limit,
        )
        return [dict(zip(names, row, strict=True)) for row in rows]
