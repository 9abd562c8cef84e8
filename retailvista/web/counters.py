"""Counters of requests in the memory of this process, for the limits of pages and feeds.

Invariant: counting starts no thread and is done under one lock. The counters of the package start
a timer for it, and when two requests came at the same moment both started the same one: one of
them was answered with an error of ours.
"""

from __future__ import annotations

import threading

from limits.storage import Storage

from retailvista.clock import SystemClock

SCHEME = "counted"
CLEANED_SECONDS = 60.0
CLOCK = SystemClock()


class Counters(Storage):
    """How often something happened, each with the time when that is forgotten."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012  the package finds it by this list

    def __init__(self, uri: str = "", wrap_exceptions: bool = False, **_options: object) -> None:
        super().__init__(uri, wrap_exceptions)
        self._lock = threading.Lock()
        self._counted: dict[str, tuple[int, float]] = {}
        self._cleaned_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count; what is new is forgotten after so many seconds."""
        with self._lock:
            now = self._now()
            self._clean(now)
            many, until = self._counted.get(key, (0, 0.0))
            if until <= now:
                many, until = 0, now + expiry
            self._counted[key] = (many + amount, until)
            return many + amount

    def get(self, key: str) -> int:
        with self._lock:
            many, until = self._counted.get(key, (0, 0.0))
            return many if until > self._now() else 0

    def get_expiry(self, key: str) -> float:
        with self._lock:
            return self._counted.get(key, (0, self._now()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        """Forget everything; how many counters there were."""
        with self._lock:
            many = len(self._counted)
            self._counted.clear()
            return many

    def clear(self, key: str) -> None:
        with self._lock:
            self._counted.pop(key, None)

    def _now(self) -> float:
        """Seconds since 1970, which is what the package tells a client who has to wait."""
        return CLOCK.now().timestamp()

    def _clean(self, now: float) -> None:
        """What is over takes no room; looked for once a minute."""
        if now < self._cleaned_at + CLEANED_SECONDS:
            return
        self._cleaned_at = now
        over = [key for key, (_many, until) in self._counted.items() if until <= now]
        for key in over:
            del self._counted[key]
