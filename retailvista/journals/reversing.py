"""Reversal: an exported journal is corrected by its mirror, never by a change.

Invariants: at most one live reversal per journal (a unique index decides between two hands); a
reversal cannot be reversed; both are linked; it is released and exported like any journal.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.errors import NotFound, Refused
from retailvista.journals.counters import journal_numbers
from retailvista.journals.entries import journal_rows
from retailvista.journals.models import JournalLine, JournalRow
from retailvista.ledger.journal import REVERSAL, Side

DESCRIPTION_MAX = 120
REFERENCE = "{reference} R"


def reverse_journal(session: Session, sequence: int, reason: str, actor: str) -> int:
    """Make the mirror of an exported journal; the sequence of the reversal."""
    if not reason.strip():
        raise Refused("Give the reason of the reversal.")
    try:
        with db.transaction(session):
            return _reverse(session, sequence, reason, actor)
    except IntegrityError as taken:
        raise Refused(f"Journal {sequence} already has a reversal.") from taken


def _reverse(session: Session, sequence: int, reason: str, actor: str) -> int:
    found = session.scalar(select(JournalRow.id).where(JournalRow.sequence == sequence))
    if found is None:
        raise NotFound(f"There is no journal {sequence}.")
    row, lines, _store = journal_rows(session, found)
    _check(session, row)
    following, number = journal_numbers(session, REVERSAL, row.year)
    mirror = JournalRow(
        sequence=following,
        kind=REVERSAL,
        year=row.year,
        number=number,
        store_id=row.store_id,
        business_date=row.business_date,
        currency=row.currency,
        debit=row.credit,
        credit=row.debit,
        reference=REFERENCE.format(reference=row.reference)[:60],
        connector_id=row.connector_id,
        reverses_id=row.id,
        reason=reason[:300],
        links=row.links,
        receipts=row.receipts,
        receipt_runs=row.receipt_runs,
        built_at=db.now(session),
    )
    mirror.lines = [_mirrored(line) for line in lines]
    session.add(mirror)
    session.flush()
    audit.record(
        session, actor, "journal reversed", f"journal {sequence}",
        reversal=mirror.sequence, reason=reason,
    )  # fmt: skip
    return mirror.sequence


def _check(session: Session, row: JournalRow) -> None:
    if row.kind == REVERSAL:
        raise Refused("A reversal is not reversed. Make a new journal.")
    if row.state != "exported":
        raise Refused(f"Journal {row.sequence} is not in the books: withdraw it instead.")
    live = session.scalar(
        select(func.count())
        .select_from(JournalRow)
        .where(JournalRow.reverses_id == row.id, JournalRow.state != "withdrawn")
    )
    if live:
        raise Refused(f"Journal {row.sequence} already has a reversal.")


def _mirrored(line: JournalLine) -> JournalLine:
    return JournalLine(
        nr=line.nr,
        side=Side(line.side).other.value,
        amount=line.amount,
        gl_code=line.gl_code,
        description=f"Tegenboeking {line.description}"[:DESCRIPTION_MAX],
        vat_code=line.vat_code,
        vat_amount=line.vat_amount,
        vat_bp=line.vat_bp,
        is_vat=line.is_vat,
        cost_centre=line.cost_centre,
        key=line.key,
    )


def reversal_of(session: Session, journal_id: int) -> JournalRow | None:
    """The live reversal of a journal: the link forward (`reverses_id` is the link back)."""
    return session.scalar(
        select(JournalRow).where(
            JournalRow.reverses_id == journal_id, JournalRow.state != "withdrawn"
        )
    )
