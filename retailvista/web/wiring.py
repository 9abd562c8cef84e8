"""What the screens are wired to, and the one database session of a request.

app.py puts a Wired into `app.extensions["retailvista"]` before it calls web.register(). The
session is opened when a view first asks for it and closed when the request ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app, g
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.clock import Clock
from retailvista.config import Settings
from retailvista.connectors.outside import Outside

KEY = "retailvista"


@dataclass(frozen=True, slots=True)
class Wired:
    """Settings of the installation and the way to the outside world (with clock and vault)."""

    settings: Settings
    outside: Outside


def wired(app: Flask | None = None) -> Wired:
    """What app.py wired."""
    return cast(Wired, (app or current_app).extensions[KEY])


def settings() -> Settings:
    return wired().settings


def outside() -> Outside:
    return wired().outside


def clock() -> Clock:
    return wired().outside.clock


def session() -> Session:
    """The session of this request; use cases open their own transaction on it."""
    if "rv_session" not in g:
        g.rv_session = outside().sessions()
    return cast(Session, g.rv_session)


@contextmanager
def reading() -> Iterator[Session]:
    """A reading transaction on the request's session; rows stay usable after it."""
    with database.reading(session()) as open_session:
        yield open_session


def close_session(_error: BaseException | None = None) -> None:
    """Registered as teardown: nothing stays open after a request."""
    open_session: Session | None = g.pop("rv_session", None)
    if open_session is not None:
        open_session.close()
