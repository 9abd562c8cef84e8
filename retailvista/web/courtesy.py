"""Screens go first: while a page is being made, the answers of feeds wait a moment.

Python runs one thread at a time, and a feed that writes rows without a break would take every
other turn from the person in front of the screen. Invariant: a wait ends when no page is being
made, and after WAIT_SECONDS at the latest, so that a feed always comes to its end.
"""

from __future__ import annotations

import threading

from flask import Flask, g, request

FEEDS = "odata."
WAIT_SECONDS = 0.05


class Screens:
    """How many pages are being made at this moment."""

    def __init__(self) -> None:
        self._working = 0
        self._quiet = threading.Condition()

    def begin(self) -> None:
        with self._quiet:
            self._working += 1

    def end(self) -> None:
        with self._quiet:
            self._working -= 1
            if not self._working:
                self._quiet.notify_all()

    def let_go_first(self, seconds: float = WAIT_SECONDS) -> bool:
        """Wait until no page is being made. False when the time was over before."""
        with self._quiet:
            return self._quiet.wait_for(lambda: not self._working, seconds)


screens = Screens()


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
