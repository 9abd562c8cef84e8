"""Drill-down: from a journal line to its receipts, from a receipt to the entry in the books.

Invariant: computed again with the links the journal was built with; the receipts under a line
add up to the line to the cent, asserted. Functions run inside the caller's `db.reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from retailvista.companies.models import Store
from retailvista.errors import NotFound
from retailvista.journals.day_receipts import receipts_of_journal
from retailvista.journals.models import Export, JournalLine, JournalRow, ReceiptRow, TillFile
from retailvista.ledger.journal import REVERSAL, LineKey
from retailvista.ledger.links import Links
from retailvista.ledger.posting import contributions, receipts_behind
from retailvista.ledger.receipt import Receipt


@dataclass(frozen=True, slots=True)
class ReceiptShare:
    """What one receipt adds to a line; signed minor units, debit +."""

    register: str
    nr: str
    written: str
    total: int
    amount: int


@dataclass(frozen=True, slots=True)
class LineReceipts:
    """A journal line with the receipts behind it; the amounts add up to `amount`."""

    sequence: int
    store_code: str
    business_date: date
    currency: str
    line_nr: int
    gl_code: str
    description: str
    amount: int
    receipts: tuple[ReceiptShare, ...]


@dataclass(frozen=True, slots=True)
class LineShare:
    """What a receipt added to one line of its journal; signed minor units, debit +."""

    line_nr: int
    gl_code: str
    description: str
    amount: int


@dataclass(frozen=True, slots=True)
class EntryInBooks:
    """Where the journal of a receipt is in the books."""

    state: str
    division: int
    journal_code: str
    entry_number: int
    external_id: str


@dataclass(frozen=True, slots=True)
class ReceiptTrail:
    """A receipt, its file, its journal (None = not posted yet) and the entry in the books."""

    receipt: Receipt
    file_name: str
    sequence: int | None = None
    journal_state: str = ""
    lines: tuple[LineShare, ...] = ()
    entry: EntryInBooks | None = None
    reversed_by: int | None = None


def receipts_behind_line(session: Session, sequence: int, line_nr: int) -> LineReceipts:
    """The receipts under one line of a journal; also of a reversal or a withdrawn journal."""
    row = journal_with_links(session, sequence)
    line = next((line for line in row.lines if line.nr == line_nr), None)
    if line is None:
        raise NotFound(f"Journal {sequence} has no line {line_nr}.")
    origin = row if row.kind != REVERSAL else _reversed(session, row)
    sign = 1 if origin is row else -1
    store = session.scalars(select(Store.code).where(Store.id == row.store_id)).one()
    receipts = receipts_of_journal(session, origin.id, store)
    key = LineKey.from_text(line.key)
    found = receipts_behind(receipts, Links.from_json(origin.links), key)
    shares = tuple(
        ReceiptShare(receipt.register, receipt.nr, receipt.written, receipt.total, sign * minor)
        for receipt, minor in found
    )
    amount = signed(line)
    behind = sum(share.amount for share in shares)
    assert behind == amount, f"line {line_nr} of journal {sequence}: receipts say {behind}"
    return LineReceipts(
        sequence=sequence,
        store_code=store,
        business_date=row.business_date,
        currency=row.currency,
        line_nr=line_nr,
        gl_code=line.gl_code,
        description=line.description,
        amount=amount,
        receipts=shares,
    )


def journal_of_receipt(session: Session, store_code: str, register: str, nr: str) -> ReceiptTrail:
    """A receipt with everything that became of it."""
    found = session.execute(
        select(ReceiptRow, TillFile.name)
        .join(Store, Store.id == ReceiptRow.store_id)
        .join(TillFile, TillFile.id == ReceiptRow.file_id)
        .where(
            Store.code == store_code,
            ReceiptRow.register == register,
            ReceiptRow.nr == nr,
            TillFile.state == "read",
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"Store {store_code} has no receipt {register}/{nr}.")
    row, file_name = found
    receipt = Receipt.from_row(store_code, row.content)
    if row.journal_id is None:
        return ReceiptTrail(receipt, file_name)
    journal = session.scalars(
        select(JournalRow).where(JournalRow.id == row.journal_id).options(undefer(JournalRow.links))
    ).one()
    lines = _shares(receipt, journal)
    entry = _entry(session, journal.id)
    mirror = select(JournalRow.sequence).where(
        JournalRow.reverses_id == journal.id, JournalRow.state != "withdrawn"
    )
    return ReceiptTrail(
        receipt, file_name, journal.sequence, journal.state, lines, entry, session.scalar(mirror)
    )


def _shares(receipt: Receipt, journal: JournalRow) -> tuple[LineShare, ...]:
    by_key = {line.key: line for line in journal.lines}
    sums: dict[str, int] = {}
    for key, minor in contributions(receipt, Links.from_json(journal.links)):
        text = key.to_text()
        sums[text] = sums.get(text, 0) + minor
    shares = [
        LineShare(by_key[text].nr, by_key[text].gl_code, by_key[text].description, minor)
        for text, minor in sums.items()
        # A key whose receipts cancel out makes no line.
        if minor and text in by_key
    ]
    return tuple(sorted(shares, key=lambda share: share.line_nr))


def _entry(session: Session, journal_id: int) -> EntryInBooks | None:
    export = session.scalars(
        select(Export).where(Export.journal_id == journal_id, Export.live.is_(True))
    ).one_or_none()
    if export is None:
        return None
    return EntryInBooks(
        export.state,
        export.division,
        export.journal_code,
        export.entry_number,
        export.external_id,
    )


def journal_with_links(session: Session, sequence: int) -> JournalRow:
    """The journal with its snapshot of links, or NotFound."""
    row = session.scalars(
        select(JournalRow)
        .where(JournalRow.sequence == sequence)
        .options(undefer(JournalRow.links), undefer(JournalRow.checks))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no journal {sequence}.")
    return row


def _reversed(session: Session, row: JournalRow) -> JournalRow:
    return session.scalars(
        select(JournalRow)
        .where(JournalRow.id == row.reverses_id)
        .options(undefer(JournalRow.links))
    ).one()


def signed(line: JournalLine) -> int:
    """The amount of a line, debit + and credit -."""
    return line.amount if line.side == "D" else -line.amount
