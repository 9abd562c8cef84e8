"""Figures for /metrics: what an operator must see before a customer does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.models import Instance
from retailvista.companies.scope import across_companies
from retailvista.connectors.models import Grant, Notice
from retailvista.connectors.outside import Outside
from retailvista.db import Base
from retailvista.journals.models import Export
from retailvista.runs.models import WAITING, WORKING, Run


def figures(outside: Outside) -> Iterator[tuple[str, str, float]]:
    """Name, explanation and value of each; no tenant is named."""
    with outside.sessions() as session, across_companies(), database.reading(session):
        for state in ("ready", "sending", "posted", "verified", "rejected", "conflict"):
            count = _count(session, Export, Export.live, Export.state == state)
            yield f"exports_{state}", f"Live exports in state {state}", count
        unknown = _count(session, Export, Export.live, Export.unknown_since.is_not(None))
        yield (
            "exports_unknown",
            "Exports of which it is not known whether they were booked",
            unknown,
        )
        yield "oldest_unposted_seconds", "Age of the oldest released journal", _oldest(session)
        locked = _count(session, Instance, Instance.sending_locked != "")
        yield "sending_locked", "Whether sending is locked: a restored or copied database", locked
        needed = _count(session, Grant, Grant.login_needed_at.is_not(None))
        yield "logins_needed", "Grants that need a login", needed
        unsent = _count(session, Notice, Notice.sent_at.is_(None))
        yield "mails_waiting", "Mails that are decided and not sent", unsent
        for state in (WAITING, WORKING):
            yield (
                f"runs_{state}",
                f"Runs in state {state}",
                _count(session, Run, Run.state == state),
            )


def _count(session: Session, table: type[Base], *conditions: Any) -> float:
    return float(session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)


def _oldest(session: Session) -> float:
    oldest = session.scalar(
        select(func.min(Export.created_at)).where(
            Export.live, Export.state.in_(("ready", "sending"))
        )
    )
    return (database.now(session) - oldest).total_seconds() if oldest else 0.0
