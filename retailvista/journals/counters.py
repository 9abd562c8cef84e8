"""Gapless numbers: the counter is locked by the transaction that uses the number.

Invariant: a transaction that rolls back gives its numbers back, because the counter row rolls
back with it; two writers wait for each other on that row, so no number is ever given twice.
"""

from __future__ import annotations

from sqlalchemy import Insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import scoped_company_id
from retailvista.journals.models import NumberCounter

SEQUENCE = "journal"


def next_number(session: Session, name: str) -> int:
    """The next number of a counter of the company in scope, inside the caller's transaction."""
    own = (NumberCounter.company_id == scoped_company_id(), NumberCounter.name == name)
    raised = update(NumberCounter).where(*own).values(last=NumberCounter.last + 1)
    if not db.changed(session, raised):
        session.execute(_first(session, name))
        db.changed(session, raised)
    number = session.scalar(select(NumberCounter.last).where(*own))
    assert number is not None, f"counter {name} is missing"
    return number


def journal_numbers(session: Session, kind: str, year: int) -> tuple[int, int]:
    """(sequence over all journals of the company, number within kind and year)."""
    return next_number(session, SEQUENCE), next_number(session, f"journal:{kind}:{year}")


def _first(session: Session, name: str) -> Insert:
    """Two first writers may meet here: the second waits, and then finds the row."""
    values = {"company_id": scoped_company_id(), "name": name, "last": 0}
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(NumberCounter).values(values).on_conflict_do_nothing()
    return sqlite.insert(NumberCounter).values(values).on_conflict_do_nothing()
