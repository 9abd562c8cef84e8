"""Journals as a CSV file, for the day that a connector is down.

Columns as RetailVista documents them (line 0 = header of the journal): decimal point, ISO dates,
a title line. Invariants: amounts are debit + and credit -, and per journal amounts plus VAT
amounts are zero; a text cell never starts as a formula of a spreadsheet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.connectors.models import Connector
from retailvista.errors import NotFound
from retailvista.journals.drilling import signed
from retailvista.journals.models import Export, JournalRow
from retailvista.ledger.stored import OWN

COLUMNS = (
    "Line number", "Journal entry", "Journal", "Year", "Period", "Date", "Amount", "VAT code",
    "VAT amount", "Relation", "General ledger", "Description", "Product",
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class _Address:
    """Where the journal goes or went; before the release only what the connector says."""

    entry: int
    code: str
    year: int
    period: int
    vat_mode: str


def journals_csv(session: Session, sequences: Iterable[int]) -> str:
    """The journals with these numbers, in this order, inside the caller's `db.reading`."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for sequence in sequences:
        row = session.scalars(
            select(JournalRow).where(JournalRow.sequence == sequence)
        ).one_or_none()
        if row is None:
            raise NotFound(f"There is no journal {sequence}.")
        table.writerows(_rows(row, _address(session, row)))
    return written.getvalue()


def _rows(row: JournalRow, to: _Address) -> Iterator[tuple[str, ...]]:
    def cells(nr: int, amount: int, vat: tuple[str, int], gl: str, text: str) -> tuple[str, ...]:
        return (
            str(nr), str(to.entry), safe(to.code), str(to.year), str(to.period),
            row.business_date.isoformat(), decimal(amount), safe(vat[0]), decimal(vat[1]),
            "", safe(gl), safe(text), "",
        )  # fmt: skip

    yield cells(0, 0, ("", 0), "", row.reference)
    own_vat = to.vat_mode == OWN
    lines = [line for line in row.lines if own_vat or not line.is_vat]
    for nr, line in enumerate(lines, start=1):
        sign = 1 if line.side == "D" else -1
        vat = ("", 0) if own_vat else (line.vat_code, sign * line.vat_amount)
        yield cells(nr, signed(line), vat, line.gl_code, line.description)


def _address(session: Session, row: JournalRow) -> _Address:
    export = session.scalars(
        select(Export).where(Export.journal_id == row.id, Export.live.is_(True))
    ).one_or_none()
    wanted = export.connector_id if export else row.connector_id
    connector = None
    if wanted is not None:
        connector = session.scalars(select(Connector).where(Connector.id == wanted)).one()
    mode = connector.vat_mode if connector else ""
    if export is not None:
        return _Address(export.entry_number, export.journal_code, export.year, export.period, mode)
    code, on = connector.journal_code if connector else "", row.business_date
    return _Address(row.sequence, code, on.year, on.month, mode)


def decimal(minor: int) -> str:
    """
    >>> decimal(-500000), decimal(5)
    ('-5000.00', '0.05')
    """
    return str(Decimal(minor).scaleb(-2))


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    >>> safe("=1+1"), safe("Omzet planten")
    ("'=1+1", 'Omzet planten')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
