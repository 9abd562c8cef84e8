"""Notifications on their way: sent when due by the sandbox's clock, again after 2^n minutes.

Invariant: one sender at a time; a notification is told when its address answered 200 or 201, lost
after the last retry (ten of them take about 34 hours), and never sent again by itself after that.
"""

from __future__ import annotations

import threading
from typing import Any

from retailvista.sandbox import callbacks
from retailvista.sandbox.store import Store

NAMES = ("number", "topic_of", "url", "body", "state", "tries", "due", "answer")
LISTED = (
    "SELECT n.seq, s.Topic, s.CallbackURL, n.body, n.state, n.tries, n.due, n.answer "
    "FROM notification n LEFT JOIN subscription s ON s.ID = n.subscription "
)


class Telling:
    """The sender of one store's notifications."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lock = threading.Lock()

    def release(self) -> int:
        """Send everything that is due, retries that fell due meanwhile included; how many went."""
        sent = 0
        with self.lock:
            while True:
                row = self._next()
                if row is None:
                    return sent
                self._send(*row)
                sent += 1

    def again(self, number: int) -> bool:
        """The same notification once more: what at-least-once means."""
        with self.store.transaction() as db:
            now = self.store.now_s()
            return bool(
                db.execute(
                    "INSERT INTO notification (subscription, body, due, made_at) "
                    "SELECT subscription, body, ?, ? FROM notification WHERE seq = ?",
                    (now, now, number),
                ).rowcount
            )

    def listed(self, limit: int = 200) -> list[dict[str, Any]]:
        """The notifications, newest first."""
        rows = self.store.rows(f"{LISTED} ORDER BY n.seq DESC LIMIT ?", limit)
        return [dict(zip(NAMES, row, strict=True)) for row in rows]

    def _next(self) -> tuple[Any, ...] | None:
        turned = self.store.setting("webhook_order") == "reversed"
        order = "n.seq DESC" if turned else "n.due, n.seq"
        return self.store.row(
            f"{LISTED} WHERE n.state = 'waiting' AND n.due <= ? ORDER BY {order}",
            self.store.now_s(),
        )

    def _send(
        self,
        number: int,
        _: str,
        url: str | None,
        body: str,
        __: str,
        tries: int,
        due: float,
        ___: str | None,
    ) -> None:
        if url is None:
            return self._settle(number, "lost", tries, due, "the subscription has ended")
        told = callbacks.post(url, body.encode())
        if told.is_taken:
            return self._settle(number, "told", tries + 1, due, told.text)
        tries += 1
        state = "lost" if tries > self.store.setting("webhook_retries") else "waiting"
        # Counted from when it was due, so that a clock moved by days plays every retry.
        return self._settle(number, state, tries, due + 60 * 2**tries, told.text)

    def _settle(self, number: int, state: str, tries: int, due: float, answer: str) -> None:
        with self.store.transaction() as db:
            db.execute(
                "UPDATE notification SET state = ?, tries = ?, due = ?, answer = ? WHERE seq = ?",
                (state, tries, due, answer, number),
            )
