"""Exact's limits: calls per calendar minute and day, and the block after ten errors in an hour.

Invariant: calls are counted per app and division; a 429 names only the breached family of headers
and has no body; `current/Me` and the token endpoint are not counted. Resets are UTC milliseconds.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from retailvista.sandbox.answers import Refusal, Request
from retailvista.sandbox.store import Store

MINUTE, DAY = 60, 86_400
COUNTED_ERRORS = (400, 401, 403, 404)
BLOCKED_TEXT = "API rate limit exceeded"


@dataclass(slots=True)
class Counter:
    """The calls of one app in one division."""

    minute: int = 0
    minute_calls: int = 0
    day: int = 0
    day_calls: int = 0


@dataclass(slots=True)
class Errors:
    """The errors of one key on one endpoint."""

    at: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0
    blocks: int = 0


class Limits:
    """All counters; the day's calls are counted again from the call log after a restart."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lock = threading.Lock()
        self.counters: dict[tuple[str, int], Counter] = {}
        self.errors: dict[tuple[str, str, int, str], Errors] = {}
        self._recount()

    def take(self, request: Request) -> list[tuple[str, str]]:
        """Count one call; the headers of its answer, or Refusal 429."""
        division = int(request.division or 0)
        with self.lock:
            counter = self._current(str(request.client_id), division)
            if self._limit("limits", request):
                if counter.day_calls >= self._limit("calls_day", request):
                    raise Refusal(429, "", dict(self.day_headers(counter, request)))
                if counter.minute_calls >= self._limit("calls_minute", request):
                    raise Refusal(429, "", dict(self.minute_headers(counter, request)))
            counter.minute_calls += 1
            counter.day_calls += 1
            request.counted = True
            return self.day_headers(counter, request) + self.minute_headers(counter, request)

    def headers_of(self, request: Request, family: str) -> list[tuple[str, str]]:
        """The headers of an exhausted minute or day, for a 429 that is made on purpose."""
        with self.lock:
            counter = self._current(str(request.client_id), int(request.division or 0))
            full = Counter(counter.minute, 10**9, counter.day, 10**9)
        make = self.day_headers if family == "day" else self.minute_headers
        return make(full, request)

    def day_headers(self, counter: Counter, request: Request) -> list[tuple[str, str]]:
        """Day family."""
        limit = self._limit("calls_day", request)
        return [
            ("X-RateLimit-Limit", str(limit)),
            ("X-RateLimit-Remaining", str(max(0, limit - counter.day_calls))),
            ("X-RateLimit-Reset", str((counter.day + 1) * DAY * 1000)),
        ]

    def minute_headers(self, counter: Counter, request: Request) -> list[tuple[str, str]]:
        """Minute family."""
        limit = self._limit("calls_minute", request)
        return [
            ("X-RateLimit-Minutely-Limit", str(limit)),
            ("X-RateLimit-Minutely-Remaining", str(max(0, limit - counter.minute_calls))),
            ("X-RateLimit-Minutely-Reset", str((counter.minute + 1) * MINUTE * 1000)),
        ]

    def check_block(self, user: str, request: Request, endpoint: str) -> None:
        """Refusal 429 while the key is blocked on this endpoint."""
        found = self.errors.get(self._key(user, request, endpoint))
        blocked = found is not None and self.store.now_s() < found.blocked_until
        if not blocked or not self._limit("limits", request):
            return
        if self.store.setting("error_block_text") == "json":
            raise Refusal(429, BLOCKED_TEXT)
        raise Refusal(429, BLOCKED_TEXT, {"Content-Type": "text/plain; charset=utf-8"})

    def count_error(self, user: str, request: Request, endpoint: str, status: int) -> bool:
        """Count 400, 401, 403 and 404 (500 is free); True when this one starts a block."""
        if status not in COUNTED_ERRORS or not self._limit("limits", request):
            return False
        now = self.store.now_s()
        with self.lock:
            found = self.errors.setdefault(self._key(user, request, endpoint), Errors())
            found.at.append(now)
            while found.at[0] < now - 3600:
                found.at.popleft()
            if len(found.at) < self._limit("errors_hour", request):
                return False
            # Lifted after an hour, longer when repeated.
            found.blocks += 1
            found.blocked_until = now + self._limit("error_block_s", request) * found.blocks
            found.at.clear()
            return True

    def forget(self) -> None:
        """All counters back to zero."""
        with self.lock:
            self.counters.clear()
            self.errors.clear()

    def _key(self, user: str, request: Request, endpoint: str) -> tuple[str, str, int, str]:
        return str(request.client_id), user, int(request.division or 0), endpoint

    def _limit(self, name: str, request: Request) -> int:
        return int(self.store.setting(name, int(request.division or 0), request.client_id))

    def _current(self, client_id: str, division: int) -> Counter:
        counter = self.counters.setdefault((client_id, division), Counter())
        now = int(self.store.now_s())
        if counter.minute != now // MINUTE:
            counter.minute, counter.minute_calls = now // MINUTE, 0
        if counter.day != now // DAY:
            counter.day, counter.day_calls = now // DAY, 0
        return counter

    def _recount(self) -> None:
        now = int(self.store.now_s())
        day, minute = now // DAY, now // MINUTE
        for client_id, division, calls, recent in self.store.rows(
            "SELECT client_id, division, count(*), sum(at >= ?) FROM call "
            "WHERE at >= ? AND counted AND client_id IS NOT NULL GROUP BY client_id, division",
            minute * MINUTE,
            day * DAY,
        ):
            self.counters[client_id, division] = Counter(minute, recent, day, calls)
