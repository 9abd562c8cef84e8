"""Notices when wall time and monotonic time part: a paused machine, or a clock that was set.

A quarantine measured in wall time then proves nothing, so whoever waits in one starts it again.
"""

from __future__ import annotations

from datetime import timedelta

from retailvista.clock import Clock

PARTING_MAX = timedelta(seconds=30)


class ClockWatch:
    """Remembers both clocks; `parted` says whether they moved differently since then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._stopwatch = clock.now(), clock.monotonic()

    def parted(self) -> bool:
        """True once per parting of more than 30 seconds; watching starts again from now."""
        wall, stopwatch = self._clock.now(), self._clock.monotonic()
        drift = (wall - self._wall) - timedelta(seconds=stopwatch - self._stopwatch)
        if abs(drift) <= PARTING_MAX:
            return False
        self._wall, self._stopwatch = wall, stopwatch
        return True
