"""Asking for a run: one row in the caller's transaction, so work and its reason commit together.

Asking twice is asking once: per company, kind and key at most one run waits. Numbers have no gaps
because the company's row is held while the next one is taken.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.models import Company
from retailvista.companies.scope import scoped_company_id
from retailvista.errors import NotFound
from retailvista.runs import bell
from retailvista.runs.models import WAITING, Run


def ask(  # noqa: PLR0913  the facts of a run
    session: Session,
    kind: str,
    key: str = "",
    args: dict[str, Any] | None = None,
    *,
    asked_by: str = "",
    connector_number: int | None = None,
    not_before: datetime | None = None,
    sooner: bool = True,
) -> int:
    """The number of the waiting run, new or already there. Inside the caller's transaction.

    With `sooner` False one that waits keeps its time: a schedule does not undo why it waits.
    """
    assert session.in_transaction(), "ask() belongs to the transaction that has the reason"
    _hold_company(session)
    due = not_before or database.now(session)
    waiting = _waiting(session, kind, key)
    if waiting is not None:
        waiting.not_before = min(waiting.not_before, due) if sooner else waiting.not_before
        waiting.args = waiting.args | (args or {})
        bell.ring(session, kind, key)
        return waiting.number
    number = (session.scalar(select(func.max(Run.number))) or 0) + 1
    session.add(
        Run(
            number=number,
            kind=kind,
            key=key,
            args=args or {},
            asked_by=asked_by[:254],
            connector_number=connector_number,
            asked_at=database.now(session),
            not_before=due,
        )
    )
    session.flush()
    bell.ring(session, kind, key)
    return number


def run_by_number(session: Session, number: int) -> Run:
    """A run of the company in scope. Raises NotFound."""
    run = session.scalar(select(Run).where(Run.number == number))
    if run is None:
        raise NotFound(f"There is no run {number}.")
    return run


def _waiting(session: Session, kind: str, key: str) -> Run | None:
    return session.scalar(select(Run).where(Run.kind == kind, Run.key == key, Run.state == WAITING))


def _hold_company(session: Session) -> None:
    # PostgreSQL locks the row; SQLite's writing transaction already excludes all others.
    session.scalar(select(Company.id).where(Company.id == scoped_company_id()).with_for_update())
