"""Tables of till files, receipts, ledger links and journals; those of the export beside them.

Receipts are one row each with their lines as compact JSON (ledger.receipt.to_row); a journal
keeps the snapshot of the ledger links it was built with, so that every line can be followed back
to its receipts by computing again, exactly. Exported journals never change: triggers refuse it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retailvista.companies.scope import CompanyOwned
from retailvista.db import Minor, UtcDateTime, db
from retailvista.journals.export_models import ControlDay, Evidence, Export

__all__ = [
    "ControlDay",
    "Evidence",
    "Export",
    "JournalLine",
    "JournalRow",
    "LedgerLink",
    "NumberCounter",
    "ReceiptRow",
    "StoreDay",
    "TillFile",
    "ZReportRow",
]


class TillFile(CompanyOwned, db.Model):
    """A till file as received; its receipts count only once `state` is 'read'.

    `facts` holds the header: currency, country, vat codes, basics (own codes and what they mean).
    """

    __tablename__ = "till_file"
    __table_args__ = (
        UniqueConstraint("company_id", "sha256"),
        UniqueConstraint("company_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(40), default="")
    size: Mapped[int] = mapped_column(default=0)
    content_gz: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[str] = mapped_column(String(10), default="reading")  # reading | read | refused
    problem: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    currency: Mapped[str] = mapped_column(String(3), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    receipts: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    imported_by: Mapped[str] = mapped_column(String(254), default="")
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReceiptRow(CompanyOwned, db.Model):
    """A receipt; its key is store + register + nr, so an overlapping file changes nothing."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("company_id", "store_id", "register", "nr"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "store_id"], ["store.company_id", "store.id"]),
        ForeignKeyConstraint(["company_id", "file_id"], ["till_file.company_id", "till_file.id"]),
        ForeignKeyConstraint(["company_id", "journal_id"], ["journal.company_id", "journal.id"]),
        # All that a build asks of receipts before it reads their content.
        Index("ix_receipt_day", "company_id", "store_id", "business_date", "journal_id", "file_id"),
        Index("ix_receipt_journal", "company_id", "journal_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int]
    file_id: Mapped[int]
    register: Mapped[str] = mapped_column(String(40))
    nr: Mapped[str] = mapped_column(String(40))
    business_date: Mapped[date]
    currency: Mapped[str] = mapped_column(String(3))
    total: Mapped[int] = mapped_column(Minor, default=0)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    content_hash: Mapped[str] = mapped_column(String(32), default="")
    journal_id: Mapped[int | None]


class ZReportRow(CompanyOwned, db.Model):
    """A Z report of a register: the control totals of the receipts in its window."""

    __tablename__ = "z_report"
    __table_args__ = (
        UniqueConstraint("company_id", "store_id", "register", "number"),
        ForeignKeyConstraint(["company_id", "store_id"], ["store.company_id", "store.id"]),
        ForeignKeyConstraint(["company_id", "file_id"], ["till_file.company_id", "till_file.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int]
    file_id: Mapped[int]
    register: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(40))
    on: Mapped[date]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class StoreDay(CompanyOwned, db.Model):
    """The declaration of a store's business day: ready or not, and its problems.

    `closed_by` = a person said that the day is complete. `problems` holds ledger.problem values.
    `last_written` = moment of the last receipt per register, `file_made_on` = the latest day (in
    the store's zone) on which a file with receipts of this day was made: both decide readiness.
    """

    __tablename__ = "store_day"
    __table_args__ = (
        UniqueConstraint("company_id", "store_id", "business_date"),
        ForeignKeyConstraint(["company_id", "store_id"], ["store.company_id", "store.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int]
    business_date: Mapped[date]
    state: Mapped[str] = mapped_column(String(20), default="open")  # open ready held built too_old
    reason: Mapped[str] = mapped_column(String(300), default="")
    closed_by: Mapped[str] = mapped_column(String(254), default="")
    last_written: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    file_made_on: Mapped[date | None]
    problems: Mapped[list[Any]] = mapped_column(JSON, default=list)
    checks: Mapped[list[Any]] = mapped_column(JSON, default=list)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LedgerLink(CompanyOwned, db.Model):
    """One ledger link. kind: group | payment | vat | rounding | group_ledger | fallback.

    group: code + sales_type + vat ('' = any) -> gl_code; vat: code (rate such as '21') ->
    gl_code and, in `vat`, the VAT code of the books; group_ledger: code -> gl_code (sales) and
    `vat` '' ; fallback: code = rate, or code '' with gl_code 'groups'|'vat' = which table.
    """

    __tablename__ = "ledger_link"
    __table_args__ = (UniqueConstraint("company_id", "kind", "code", "sales_type", "vat"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(60), default="")
    sales_type: Mapped[str] = mapped_column(String(20), default="")
    vat: Mapped[str] = mapped_column(String(10), default="")
    gl_code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120), default="")
    changed_by: Mapped[str] = mapped_column(String(254), default="")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class JournalRow(CompanyOwned, db.Model):
    """A balanced journal with its gapless number per company, kind and year.

    state: built (to be released), released, exported (its live export is posted or verified),
    withdrawn (rebuilt before anything was sent; the number stays visible).
    """

    __tablename__ = "journal"
    __table_args__ = (
        UniqueConstraint("company_id", "kind", "year", "number"),
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "sequence"),
        CheckConstraint("debit = credit", name="balanced"),
        CheckConstraint("debit > 0", name="not_empty"),
        ForeignKeyConstraint(["company_id", "store_id"], ["store.company_id", "store.id"]),
        ForeignKeyConstraint(
            ["company_id", "connector_id"], ["connector.company_id", "connector.id"]
        ),
        ForeignKeyConstraint(["company_id", "reverses_id"], ["journal.company_id", "journal.id"]),
        Index(
            "uq_journal_live_reversal",
            "company_id",
            "reverses_id",
            unique=True,
            sqlite_where=text("reverses_id IS NOT NULL AND state <> 'withdrawn'"),
            postgresql_where=text("reverses_id IS NOT NULL AND state <> 'withdrawn'"),
        ),
        Index("ix_journal_day", "company_id", "store_id", "business_date"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int]  # per company, over all kinds: the number in URLs and commands
    kind: Mapped[str] = mapped_column(String(10))  # day | late | reversal
    year: Mapped[int]
    number: Mapped[int]
    store_id: Mapped[int]
    business_date: Mapped[date]
    currency: Mapped[str] = mapped_column(String(3))
    debit: Mapped[int] = mapped_column(Minor)
    credit: Mapped[int] = mapped_column(Minor)
    state: Mapped[str] = mapped_column(String(10), default="built")
    reference: Mapped[str] = mapped_column(String(60))
    connector_id: Mapped[int | None]
    problem: Mapped[str] = mapped_column(String(500), default="")
    links: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, deferred=True)
    checks: Mapped[list[Any]] = mapped_column(JSON, default=list, deferred=True)
    receipts: Mapped[int] = mapped_column(default=0)
    # Runs of receipt ids [[first, last], ...]: also a withdrawn or reversed journal leads back.
    receipt_runs: Mapped[list[Any]] = mapped_column(JSON, default=list, deferred=True)
    reverses_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(300), default="")
    built_at: Mapped[datetime] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by: Mapped[str] = mapped_column(String(254), default="")

    lines: Mapped[list[JournalLine]] = relationship(
        back_populates="journal",
        order_by="JournalLine.nr",
        primaryjoin="and_(JournalRow.id == foreign(JournalLine.journal_id),"
        " JournalRow.company_id == JournalLine.company_id)",
        cascade="all, delete-orphan",
    )


class JournalLine(CompanyOwned, db.Model):
    """One G/L line; a side and a positive amount. `key` leads back to the receipts."""

    __tablename__ = "journal_line"
    __table_args__ = (
        UniqueConstraint("company_id", "journal_id", "nr"),
        CheckConstraint("amount > 0", name="positive"),
        CheckConstraint("side IN ('D', 'C')", name="side"),
        ForeignKeyConstraint(["company_id", "journal_id"], ["journal.company_id", "journal.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    journal_id: Mapped[int]
    nr: Mapped[int]
    side: Mapped[str] = mapped_column(String(1))
    amount: Mapped[int] = mapped_column(Minor)
    gl_code: Mapped[str] = mapped_column(String(20))
    description: Mapped[str] = mapped_column(String(120))
    vat_code: Mapped[str] = mapped_column(String(10), default="")
    vat_amount: Mapped[int] = mapped_column(Minor, default=0)
    vat_bp: Mapped[int | None]
    is_vat: Mapped[bool] = mapped_column(default=False)
    cost_centre: Mapped[str] = mapped_column(String(20), default="")
    key: Mapped[str] = mapped_column(String(120), default="")

    journal: Mapped[JournalRow] = relationship(
        back_populates="lines",
        primaryjoin="and_(JournalRow.id == foreign(JournalLine.journal_id),"
        " JournalRow.company_id == JournalLine.company_id)",
    )


class NumberCounter(CompanyOwned, db.Model):
    """Gapless counters, locked in the transaction that uses the number."""

    __tablename__ = "number_counter"
    __table_args__ = (UniqueConstraint("company_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    last: Mapped[int] = mapped_column(default=0)
