"""Tables of the export: the live intent per journal, its evidence, and the nightly control."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from retailvista.companies.scope import CompanyOwned
from retailvista.db import Minor, UtcDateTime, db


class Export(CompanyOwned, db.Model):
    """The one live intent to put one journal into the books through one connector.

    States: ready, sending, posted, verified, rejected, conflict. 'Being checked' = sending with
    unknown_since. `live` is false only for intents that were replaced by a new number.
    All times are of the database's clock.
    """

    __tablename__ = "export"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("seat_id", "entry_number", "year"),
        ForeignKeyConstraint(["company_id", "journal_id"], ["journal.company_id", "journal.id"]),
        ForeignKeyConstraint(
            ["company_id", "connector_id"], ["connector.company_id", "connector.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "seat_id"], ["posting_seat.company_id", "posting_seat.id"]
        ),
        CheckConstraint(
            "state IN ('ready','sending','posted','verified','rejected','conflict')", name="state"
        ),
        Index(
            "uq_export_live",
            "company_id",
            "journal_id",
            unique=True,
            sqlite_where=text("live"),
            postgresql_where=text("live"),
        ),
        Index("ix_export_due", "state", "not_before"),
        # Asked at each claim: what is under way, among all that was ever sent.
        Index("ix_export_lane", "lane_key", "state"),
        Index("ix_export_seat", "seat_id", "alone", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    journal_id: Mapped[int]
    connector_id: Mapped[int]
    seat_id: Mapped[int]
    lane_key: Mapped[str] = mapped_column(String(64))
    site: Mapped[str] = mapped_column(String(200))
    division: Mapped[int]
    journal_code: Mapped[str] = mapped_column(String(10))
    year: Mapped[int]
    period: Mapped[int]
    entry_number: Mapped[int]
    posting_key: Mapped[str] = mapped_column(String(60))
    live: Mapped[bool] = mapped_column(default=True)
    # Sent alone, to show how the books treat it; until it is verified nothing follows it.
    alone: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10), default="ready")
    attempt: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    payload_sha256: Mapped[str] = mapped_column(String(64), default="")
    expected: Mapped[list[Any]] = mapped_column(JSON, default=list)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sends: Mapped[int] = mapped_column(default=0)
    unknown_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    looks: Mapped[int] = mapped_column(default=0)
    good_looks: Mapped[int] = mapped_column(default=0)
    last_outcome: Mapped[str] = mapped_column(String(30), default="")
    refusal_text: Mapped[str] = mapped_column(Text, default="")
    refusals: Mapped[int] = mapped_column(default=0)  # times in a row that text was the answer
    in_use_looks: Mapped[int] = mapped_column(default=0)
    # Wall minus monotonic time of the process that set unknown_since: a later, other difference
    # shows a clock that jumped, and restarts the quarantine.
    clock_owner: Mapped[str] = mapped_column(String(64), default="")
    clock_offset: Mapped[int] = mapped_column(BigInteger, default=0)  # milliseconds
    decision: Mapped[str] = mapped_column(String(40), default="")  # '' or what a person must do
    external_id: Mapped[str] = mapped_column(String(80), default="")
    problem: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    posted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Evidence(CompanyOwned, db.Model):
    """What happened to an export, in order; appended also by stale workers, never changed."""

    __tablename__ = "evidence"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "export_id"], ["export.company_id", "export.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    export_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempt: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class ControlDay(CompanyOwned, db.Model):
    """Result of the control (aansluiting) of one day in one seat: equal, or the differences."""

    __tablename__ = "control_day"
    __table_args__ = (
        UniqueConstraint("company_id", "seat_id", "business_date"),
        ForeignKeyConstraint(
            ["company_id", "seat_id"], ["posting_seat.company_id", "posting_seat.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seat_id: Mapped[int]
    business_date: Mapped[date]
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    local_debit: Mapped[int] = mapped_column(Minor, default=0)
    books_debit: Mapped[int] = mapped_column(Minor, default=0)
    entries: Mapped[int] = mapped_column(default=0)
    differences: Mapped[list[Any]] = mapped_column(JSON, default=list)
