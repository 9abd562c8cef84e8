"""The only module that reads the time. Everything else is given a Clock.

Instants are UTC and aware. `monotonic` serves durations, because a wall clock can jump.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the product asks of a clock; a simulation brings its own."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, or in a simulation: move on."""
        ...


class Stopwatch:
    """How long ago it was started, by whichever clock says more: one may jump, one may stand."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._monotonic = clock.now(), clock.monotonic()

    def elapsed(self) -> timedelta:
        """Never less than what really passed, as long as not both clocks fail."""
        steady = timedelta(seconds=self._clock.monotonic() - self._monotonic)
        return max(self._clock.now() - self._wall, steady)


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
