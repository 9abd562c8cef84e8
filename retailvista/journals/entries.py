"""A journal of ours as an entry of the books: what is sent, and what must be stored then.

Invariant: made from the rows of the journal and the master data alone, so the same journal makes
the same entry again; every line carries the posting key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.companies.models import Store
from retailvista.connectors import port
from retailvista.connectors.port import EntryToBook, LineToBook, MasterData, Period
from retailvista.journals.models import JournalLine, JournalRow
from retailvista.ledger import stored
from retailvista.ledger.journal import Journal, Line, Side
from retailvista.ledger.money import Money
from retailvista.ledger.stored import ExpectedStored, VatCodeFacts

DESCRIPTION_MAX = 60
VAT_TYPES = frozenset({"E", "I", "N", "B"})
# VATType of a line in the books: A sales VAT to pay, P purchase VAT to pay, O VAT to claim are the
# lines that the books make; V and I are the bases they were made from (Exact's enumeration).
_MADE_LINES = {"A": stored.TO_PAY, "P": stored.TO_PAY, "O": stored.TO_CLAIM}
_BASES = {"V": stored.TO_PAY, "I": stored.TO_CLAIM}

# What a journal as a value needs of its rows; the rows themselves cost more than all the rest.
_ROW_COLUMNS = (
    JournalRow.id, JournalRow.kind, JournalRow.business_date, JournalRow.currency,
    JournalRow.receipts, Store.code,
)  # fmt: skip
_LINE_COLUMNS = (
    JournalLine.journal_id, JournalLine.nr, JournalLine.side, JournalLine.amount,
    JournalLine.gl_code, JournalLine.description, JournalLine.vat_code, JournalLine.vat_amount,
    JournalLine.vat_bp, JournalLine.is_vat, JournalLine.cost_centre,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """Where an entry goes, fixed when its number was reserved."""

    division: int
    journal_code: str
    entry_number: int
    posting_key: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry ready to be sent, what must be stored, and what it shows when it goes first."""

    entry: EntryToBook
    expected: ExpectedStored
    shows: frozenset[str]
    sent: Mapping[str, int]  # net per account as sent


def journal_rows(session: Session, journal_id: int) -> tuple[JournalRow, list[JournalLine], str]:
    """The journal with its lines and the code of its store, as stored now."""
    row = session.scalars(
        select(JournalRow)
        .where(JournalRow.id == journal_id)
        .execution_options(populate_existing=True)
    ).one()
    lines = session.scalars(
        select(JournalLine).where(JournalLine.journal_id == journal_id).order_by(JournalLine.nr)
    ).all()
    store = session.scalar(select(Store.code).where(Store.id == row.store_id)) or ""
    return row, list(lines), store


def ledger_journals(session: Session, journal_ids: Sequence[int]) -> dict[int, Journal]:
    """Many journals as values, by id, in two queries."""
    lines: dict[int, list[Any]] = {journal_id: [] for journal_id in journal_ids}
    for line in session.execute(
        select(*_LINE_COLUMNS)
        .where(JournalLine.journal_id.in_(journal_ids))
        .order_by(JournalLine.journal_id, JournalLine.nr)
    ):
        lines[line.journal_id].append(line)
    rows = session.execute(
        select(*_ROW_COLUMNS)
        .outerjoin(Store, Store.id == JournalRow.store_id)
        .where(JournalRow.id.in_(journal_ids))
    )
    return {row.id: ledger_journal(row, lines[row.id], row.code or "") for row in rows}


def ledger_journal(row: Any, lines: Sequence[Any], store: str) -> Journal:
    """The journal as a value; its constructor asserts that it balances."""
    return Journal(
        kind=row.kind,
        store=store,
        business_date=row.business_date,
        currency=row.currency,
        lines=tuple(_line(line, row.currency) for line in lines),
        receipts=row.receipts,
    )


def _line(line: Any, currency: str) -> Line:
    return Line(
        nr=line.nr,
        side=Side(line.side),
        amount=Money(line.amount, currency),
        gl_code=line.gl_code,
        description=line.description,
        vat_code=line.vat_code,
        vat_amount=Money(line.vat_amount, currency) if line.vat_amount else None,
        vat_bp=line.vat_bp,
        is_vat=line.is_vat,
        cost_centre=line.cost_centre,
    )


def vat_facts(master: MasterData) -> dict[str, VatCodeFacts]:
    """The VAT codes of the books that can be used; the accounts of their VAT by code."""
    return {
        code: VatCodeFacts(code, fact.type, fact.percent_bp, fact.gl_to_pay, fact.gl_to_claim)
        for code, fact in master.vat_codes.items()
        if fact.type in VAT_TYPES
    }


def draft(
    journal: Journal, address: Address, mode: str, master: MasterData, period: Period
) -> Draft:
    """The entry of a journal; check it with `prechecks.findings` first."""
    facts = vat_facts(master)
    sent = stored.sent_lines(journal, mode, facts)
    lines = tuple(
        LineToBook(
            gl_code=line.gl_code,
            amount=line.amount,
            vat_code=line.vat_code,
            vat_amount=line.vat,
            description=_described(address.posting_key, line.description),
            cost_centre=line.cost_centre,
        )
        for line in sent
    )
    entry = EntryToBook(
        division=address.division,
        journal_code=address.journal_code,
        entry_number=address.entry_number,
        year=period.year,
        period=period.period,
        on=journal.business_date,
        currency=journal.currency,
        lines=lines,
    )
    used = {line.vat_code for line in sent if line.vat_code}
    shows = _shows(address.journal_code, mode, {code: facts[code] for code in used})
    expected = stored.expected_of(sent, facts)
    return Draft(entry, expected, shows, stored.net_of(sent))


def _described(key: str, description: str) -> str:
    """The key, a blank and the words: the search for a key ends at that blank."""
    return f"{key} {description.strip() or '-'}"[:DESCRIPTION_MAX].rstrip()


def _shows(journal_code: str, mode: str, used: Mapping[str, VatCodeFacts]) -> frozenset[str]:
    """What a read-back of this entry proves: the journal code in this VAT mode, and each code."""
    parts = [f"{journal_code}|{mode}"]
    parts += [
        f"{journal_code}|{mode}|{code}|{fact.type}|{fact.percent_bp}|{fact.gl_to_pay}"
        for code, fact in sorted(used.items())
    ]
    return frozenset(hashlib.sha256(part.encode()).hexdigest()[:16] for part in parts)


def found_lines(lines: tuple[port.StoredLine, ...]) -> list[stored.StoredLine]:
    """Lines as read from the books, in the words of the ledger."""
    return [
        stored.StoredLine(
            gl_code=line.gl_code,
            amount=line.amount,
            vat_code=line.vat_code,
            vat=line.vat_amount,
            direction=_direction(line),
            is_vat=line.vat_type in _MADE_LINES,
        )
        for line in lines
    ]


def _direction(line: port.StoredLine) -> str:
    made = _MADE_LINES.get(line.vat_type)
    if made:
        return made
    return _BASES.get(line.vat_type, stored.TO_PAY) if line.vat_amount else ""
