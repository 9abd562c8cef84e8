"""What a run's function is given in these tests: sessions and an owner, no provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import company_scope
from retailvista.runs.asking import ask
from retailvista.runs.models import Run


@dataclass(frozen=True)
class Worker:
    """One process that works runs."""

    sessions: Callable[[], Session]
    owner: str


def asked(
    sessions: Callable[[], Session], company_id: int, kind: str = "export", key: str = "1", **more
) -> int:
    """Ask in a transaction of its own; the run's number."""
    with sessions() as session, company_scope(company_id), database.transaction(session):
        return ask(session, kind, key, **more)


def run_row(sessions: Callable[[], Session], company_id: int, number: int) -> Run:
    """The run as it is now."""
    with sessions() as session, company_scope(company_id), database.reading(session):
        return session.scalars(select(Run).where(Run.number == number)).one()
