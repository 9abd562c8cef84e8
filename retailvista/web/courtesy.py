"""Screens go first: while a page is being made, the answers of feeds wait a moment.

Python runs one thread at a time, and a feed that writes rows without a break would take every
other turn from the person in front of the screen. Invariant: a wait ends when no page is being
made, and after WAIT_SECONDS at the latest, so that a feed always comes to its end.
"""

from __future__ import annotations

import threading

from flask import Flask, g, request

from retailvista.clock import Clock, SystemClock

FEEDS = "odata."
WAIT_SECONDS = 0.08
# A page that was made still has to be sent, and the next one may be on its way: that is waited for
# as well, at first.
AFTER_SECONDS, PATIENT_SECONDS = 0.002, 0.03
# While people are at work an answer rests before each piece, which takes 1 to 2 ms itself: a page
# that is asked for mostly finds its turn free, and what it needs still close to the processor.
PEOPLE_SECONDS, REST_SECONDS = 5.0, 0.004


class Screens:
    """How many pages are being made at this moment."""

    def __init__(self, clock: Clock) -> None:
        self._working = 0
        self._clock = clock
        self._ended_at = float("-inf")
        self._quiet = threading.Condition()

    def begin(self) -> None:
        with self._quiet:
            self._working += 1

    def end(self) -> None:
        with self._quiet:
            self._working -= 1
            self._ended_at = self._clock.monotonic()
            if not self._working:
                self._quiet.notify_all()

    def let_go_first(self, *, resting: bool = True) -> bool:
        """Wait until no page is being made. False when the time was over before.

        Who holds on to something that others need does not rest between pages.
        """
        began = self._clock.monotonic()
        with self._quiet:
            while pause := self._pause(self._clock.monotonic() - began, resting):
                if pause < 0:
                    return False
                self._quiet.wait(pause)
        return True

    def _pause(self, waited: float, resting: bool) -> float:
        """How long to wait before looking again; 0 when nobody is in the way, below 0 too long.

        Who has waited some time takes the first gap between two pages.
        """
        if self._working:
            return WAIT_SECONDS - waited
        if not resting or waited > PATIENT_SECONDS:
            return 0.0
        since = self._clock.monotonic() - self._ended_at
        rest = REST_SECONDS - waited if since < PEOPLE_SECONDS else 0.0
        return max(AFTER_SECONDS - since, rest, 0.0)


screens = Screens(SystemClock())


def let_pages_be_made() -> None:
    """For work that has a file open: pages first, without a rest."""
    screens.let_go_first(resting=False)


def install(app: Flask) -> None:
    app.before_request(_begin)
    app.teardown_request(_end)


def _begin() -> None:
    if not (request.endpoint or "").startswith(FEEDS):
        g.goes_first = True
        screens.begin()


def _end(_error: BaseException | None) -> None:
    if g.pop("goes_first", False):
        screens.end()
