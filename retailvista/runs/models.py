"""Tables of background work: run, item, log, schedule, slot. Nothing waits in a queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from retailvista.companies.scope import CompanyOwned
from retailvista.db import UtcDateTime, db

WAITING = "waiting"
WORKING = "working"
ENDED = "ended"
# Outcomes of an ended run, computed from its counts, never set by hand.
OUTCOMES = ("done", "partial", "failed")


class Run(CompanyOwned, db.Model):
    """One execution of anything that talks to a connector or takes long.

    At most one waiting run per (company, kind, key): asking twice is asking once.
    """

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "id"),
        Index(
            "uq_run_waiting",
            "company_id",
            "kind",
            "key",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_run_due", "state", "not_before"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120), default="")
    args: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(10), default=WAITING)
    outcome: Mapped[str] = mapped_column(String(10), default="")
    asked_by: Mapped[str] = mapped_column(String(254), default="")
    connector_number: Mapped[int | None]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_owner: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempt: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    calls: Mapped[int] = mapped_column(default=0)
    done_steps: Mapped[int] = mapped_column(default=0)
    total_steps: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(Text, default="")
    # Who pressed Stop; a run that goes page by page sees it between two pages.
    stop_asked_by: Mapped[str] = mapped_column(String(254), default="", server_default="")


class RunItem(CompanyOwned, db.Model):
    """One record of a run, with its own state; one bad record does not fail the rest."""

    __tablename__ = "run_item"
    __table_args__ = (ForeignKeyConstraint(["company_id", "run_id"], ["run.company_id", "run.id"]),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class RunLog(CompanyOwned, db.Model):
    """A line of a run's log; purged after 90 days."""

    __tablename__ = "run_log"
    __table_args__ = (ForeignKeyConstraint(["company_id", "run_id"], ["run.company_id", "run.id"]),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    level: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)


class Schedule(CompanyOwned, db.Model):
    """When a kind of run is due: every so many minutes, daily at a time in a zone, or by cron.

    A flow has any number of them, each with its own number, a name and a mode (full or
    incremental).
    """

    __tablename__ = "schedule"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "kind", "connector_id"),
        ForeignKeyConstraint(
            ["company_id", "connector_id"], ["connector.company_id", "connector.id"]
        ),
        ForeignKeyConstraint(["company_id", "flow_id"], ["flow.company_id", "flow.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    connector_id: Mapped[int | None]
    flow_id: Mapped[int | None]
    number: Mapped[int] = mapped_column(default=0, server_default="0")
    name: Mapped[str] = mapped_column(String(80), default="", server_default="")
    mode: Mapped[str] = mapped_column(String(12), default="", server_default="")
    cron: Mapped[str] = mapped_column(String(80), default="", server_default="")
    every_minutes: Mapped[int | None]
    daily_at: Mapped[str] = mapped_column(String(5), default="")
    zone: Mapped[str] = mapped_column(String(64), default="Europe/Amsterdam")
    enabled: Mapped[bool] = mapped_column(default=True)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Slot(CompanyOwned, db.Model):
    """One due moment of a schedule; UNIQUE(schedule, slot) makes two engines harmless."""

    __tablename__ = "slot"
    __table_args__ = (
        UniqueConstraint("schedule_id", "due_at"),
        ForeignKeyConstraint(["company_id", "schedule_id"], ["schedule.company_id", "schedule.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    run_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
