"""Asking for a run from a screen, and where to watch it."""

from __future__ import annotations

from typing import Any

from flask import g, url_for

from retailvista import db as database
from retailvista.runs import asking
from retailvista.web import wiring


def ask_for(
    kind: str, key: str = "", args: dict[str, Any] | None = None, connector: int | None = None
) -> str:
    """Ask for a run in a transaction of its own; the address of the page that shows it."""
    session = wiring.session()
    with database.transaction(session):
        number = asking.ask(
            session, kind, key, args, asked_by=g.login.email, connector_number=connector
        )
    return url_for("runs.page", number=number)
