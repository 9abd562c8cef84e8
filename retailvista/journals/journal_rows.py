"""Journals as rows: writing a new one with its number, withdrawing one that was not sent.

Invariants: number, lines and the receipts they came from are written in one transaction; a
withdrawn journal keeps its row, lines and number, and lets go of its receipts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.models import Company
from retailvista.companies.scope import scoped_company_id
from retailvista.errors import NotFound
from retailvista.journals.counters import journal_numbers
from retailvista.journals.day_receipts import StoreRef, runs_of
from retailvista.journals.models import JournalLine, JournalRow, ReceiptRow
from retailvista.journals.opening import close_export
from retailvista.ledger.journal import DAY, LATE, Journal, Line

BUILT, RELEASED, EXPORTED, WITHDRAWN = "built", "released", "exported", "withdrawn"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a journal was built with, kept beside it."""

    links: dict[str, Any]
    checks: list[dict[str, Any]]
    receipt_ids: Sequence[int]


def add_journal(
    session: Session, journal: Journal, store: StoreRef, snapshot: Snapshot
) -> JournalRow:
    """The rows of a new journal, inside the caller's transaction."""
    year, runs = journal.business_date.year, runs_of(snapshot.receipt_ids)
    sequence, number = journal_numbers(session, journal.kind, year)
    row = JournalRow(
        sequence=sequence,
        kind=journal.kind,
        year=year,
        number=number,
        store_id=store.id,
        business_date=journal.business_date,
        currency=journal.currency,
        debit=journal.debit.minor,
        credit=journal.credit.minor,
        reference=_reference(session, store.code, journal, sequence),
        links=snapshot.links,
        checks=snapshot.checks,
        receipts=journal.receipts,
        receipt_runs=runs,
        built_at=db.now(session),
    )
    session.add(row)
    session.flush()
    lines = [line_values(line, row.id) for line in journal.lines]
    session.execute(insert(JournalLine), lines)
    taken = _assign(session, runs, row.id)
    assert taken == len(snapshot.receipt_ids), "every receipt is in one journal only"
    return row


def _reference(session: Session, store_code: str, journal: Journal, sequence: int) -> str:
    own = select(Company.number).where(Company.id == scoped_company_id())
    number = session.scalar(own)
    reference = f"RV-{number}-{store_code}-{journal.business_date}-{sequence}"
    assert len(reference) <= 60, "a reference fits its column"
    return reference


def line_values(line: Line, journal_id: int) -> dict[str, Any]:
    """Column values of a journal line."""
    return {
        "company_id": scoped_company_id(),
        "journal_id": journal_id,
        "nr": line.nr,
        "side": line.side.value,
        "amount": line.amount.minor,
        "gl_code": line.gl_code,
        "description": line.description,
        "vat_code": line.vat_code,
        "vat_amount": line.vat_amount.minor if line.vat_amount else 0,
        "vat_bp": line.vat_bp,
        "is_vat": line.is_vat,
        "cost_centre": line.cost_centre,
        "key": line.key.to_text() if line.key else "",
    }


def _assign(session: Session, runs: Sequence[Sequence[int]], journal_id: int) -> int:
    """Put the receipts of these runs of ids into the journal; how many."""
    taken = 0
    for first, last in runs:
        taken += db.changed(
            session,
            update(ReceiptRow)
            .where(ReceiptRow.id.between(first, last), ReceiptRow.journal_id.is_(None))
            .values(journal_id=journal_id),
        )
    return taken


def with_cost_centre(journal: Journal, cost_centre: str) -> Journal:
    """The store's cost centre on turnover that has none of its own."""
    if not cost_centre:
        return journal
    lines = tuple(
        replace(line, cost_centre=cost_centre)
        if not line.cost_centre and line.vat_bp is not None and not line.is_vat
        else line
        for line in journal.lines
    )
    return replace(journal, lines=lines)


def held_journal(session: Session, sequence: int) -> JournalRow:
    """The row, held until the end of the transaction; a rebuild and a release take turns."""
    row = session.scalars(
        select(JournalRow)
        .where(JournalRow.sequence == sequence)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no journal {sequence}.")
    return row


def unsent_journals(session: Session, store_id: int, on: date) -> list[JournalRow]:
    """Journals of a day that may still be rebuilt: built, not released."""
    return list(
        session.scalars(
            select(JournalRow)
            .where(
                JournalRow.store_id == store_id,
                JournalRow.business_date == on,
                JournalRow.state == BUILT,
                JournalRow.kind.in_((DAY, LATE)),
            )
            .order_by(JournalRow.id)
            .execution_options(populate_existing=True)
        )
    )


def has_standing_journal(session: Session, store_id: int, on: date) -> bool:
    """True when the day has a released or exported journal that is not reversed."""
    reversal = JournalRow.__table__.alias("reversal")
    reversed_ids = select(reversal.c.reverses_id).where(
        reversal.c.company_id == scoped_company_id(),
        reversal.c.reverses_id.is_not(None),
        reversal.c.state != WITHDRAWN,
    )
    found = session.scalar(
        select(JournalRow.id)
        .where(
            JournalRow.store_id == store_id,
            JournalRow.business_date == on,
            JournalRow.kind.in_((DAY, LATE)),
            JournalRow.state.in_((RELEASED, EXPORTED)),
            JournalRow.id.not_in(reversed_ids),
        )
        .limit(1)
    )
    return found is not None


def withdraw(session: Session, row: JournalRow, reason: str) -> None:
    """Take back a journal that was not sent; its number stays visible, its receipts are free."""
    assert row.state in (BUILT, RELEASED), "only what was not sent is withdrawn"
    close_export(session, row.id)
    row.state, row.reason = WITHDRAWN, reason[:300]
    session.flush()
    free_receipts(session, row.id)


def free_receipts(session: Session, journal_id: int) -> int:
    """Let go of the receipts of a journal, for the next build; how many."""
    return db.changed(
        session,
        update(ReceiptRow).where(ReceiptRow.journal_id == journal_id).values(journal_id=None),
    )
