"""Tables of connectors: registration, grants, login attempts, lanes, master data, request log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from retailvista.companies.scope import CompanyOwned
from retailvista.db import UtcDateTime, db

# What is known of (site, division, journal code): decides whether a resend may be automatic.
PROOF_UNKNOWN = "unknown"
PROOF_YES = "proven"
PROOF_NO = "disproved"


class Connector(CompanyOwned, db.Model):
    """A numbered way to reach one system. A row with `draft` only reserves its number.

    `site` is the provider's base URL; `division` is pinned; `paused` says why nothing is sent
    ('' = not paused); `release_mode` 'manual' until a bookkeeper switches to 'automatic'.
    """

    __tablename__ = "connector"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "grant_id"], ["grant.company_id", "grant.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    draft: Mapped[bool] = mapped_column(default=True)
    provider: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80), default="")
    site: Mapped[str] = mapped_column(String(200), default="")
    client_id: Mapped[str] = mapped_column(String(200), default="")
    client_secret_sealed: Mapped[str] = mapped_column(Text, default="")
    client_secret_set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    callback_url: Mapped[str] = mapped_column(String(500), default="")
    division: Mapped[int | None]
    division_name: Mapped[str] = mapped_column(String(120), default="")
    division_currency: Mapped[str] = mapped_column(String(3), default="")
    journal_code: Mapped[str] = mapped_column(String(10), default="")
    vat_mode: Mapped[str] = mapped_column(String(10), default="exact")  # exact | own
    automatic: Mapped[bool] = mapped_column(default=False)
    log_requests: Mapped[bool] = mapped_column(default=True)
    paused: Mapped[str] = mapped_column(String(300), default="")
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    conflicts_in_a_row: Mapped[int] = mapped_column(default=0)
    grant_id: Mapped[int | None]
    last_test: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # What a provider asks besides: host, database, schema of a warehouse; advanced keys. No secret.
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Grant(CompanyOwned, db.Model):
    """One consent of one provider user for one app: tokens and their dates.

    `holder_key` = SHA-256 of (site, client id, provider user): unique in the installation, so
    that two companies never hold two chains of which one kills the other.
    `refresh_fingerprint` = SHA-256 of the refresh token: token answers are stored by
    compare-and-swap on it. `refreshing_since` marks a call whose answer is not stored yet.
    """

    __tablename__ = "grant"
    __table_args__ = (UniqueConstraint("company_id", "id"), UniqueConstraint("holder_key"))

    id: Mapped[int] = mapped_column(primary_key=True)
    holder_key: Mapped[str] = mapped_column(String(64))
    site: Mapped[str] = mapped_column(String(200))
    client_id: Mapped[str] = mapped_column(String(200))
    provider_user_id: Mapped[str] = mapped_column(String(80))
    provider_user_name: Mapped[str] = mapped_column(String(120), default="")
    chain: Mapped[int] = mapped_column(default=1)
    access_sealed: Mapped[str] = mapped_column(Text, default="")
    refresh_sealed: Mapped[str] = mapped_column(Text, default="")
    refresh_fingerprint: Mapped[str] = mapped_column(String(64), default="")
    requested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    access_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_success_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    login_needed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    login_needed_why: Mapped[str] = mapped_column(String(300), default="")
    lease_owner: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refreshing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    represented: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    keep_alive_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    calls_day: Mapped[str] = mapped_column(String(10), default="")
    calls_today: Mapped[int] = mapped_column(default=0)


class OauthAttempt(CompanyOwned, db.Model):
    """A login on its way. `state_hash` is unique and used once, within ten minutes."""

    __tablename__ = "oauth_attempt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "connector_id"], ["connector.company_id", "connector.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    connector_id: Mapped[int]
    bound_to: Mapped[str] = mapped_column(String(64))  # session token hash, or 'cli'
    actor: Mapped[str] = mapped_column(String(254), default="")
    client_id: Mapped[str] = mapped_column(String(200))
    callback_url: Mapped[str] = mapped_column(String(500))
    site: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(40), default="")
    problem: Mapped[str] = mapped_column(String(500), default="")


class Lane(db.Model):
    """(site, client id, division) by hash, global, without tenant data.

    The one sender at a time (lease) and all budget counters of the provider's limits.
    """

    __tablename__ = "lane"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    lease_owner: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # A posting found the lane taken: until then nothing else takes it.
    wanted_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    minute: Mapped[datetime | None] = mapped_column(UtcDateTime)
    minute_used: Mapped[int] = mapped_column(default=0)
    day: Mapped[str] = mapped_column(String(10), default="")
    day_used: Mapped[int] = mapped_column(default=0)
    day_limit: Mapped[int] = mapped_column(default=5000)
    day_remaining: Mapped[int | None]
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    throttled: Mapped[int] = mapped_column(default=0)
    errors: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class PostingSeat(CompanyOwned, db.Model):
    """The one connector that posts to (site, division, journal code), in the whole installation.

    `seat_key` is their SHA-256. The row also holds what is proven about this journal code:
    whether our number is honoured and whether a used one is refused.
    """

    __tablename__ = "posting_seat"
    __table_args__ = (
        UniqueConstraint("seat_key"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(
            ["company_id", "connector_id"], ["connector.company_id", "connector.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seat_key: Mapped[str] = mapped_column(String(64))
    connector_id: Mapped[int]
    division: Mapped[int]
    journal_code: Mapped[str] = mapped_column(String(10))
    number_honoured: Mapped[str] = mapped_column(String(10), default=PROOF_UNKNOWN)
    used_refused: Mapped[str] = mapped_column(String(10), default=PROOF_UNKNOWN)
    # Fingerprint of journal code, VAT mode and VAT codes under which the first journal was
    # verified; another fingerprint makes the next journal go alone again.
    first_verified: Mapped[str] = mapped_column(String(64), default="")
    # What was read back and found right, as fingerprints: journal code with VAT mode, and each
    # VAT code. A journal with anything else goes alone.
    shown: Mapped[list[str]] = mapped_column(JSON, default=list)
    newest_known: Mapped[int] = mapped_column(default=0)


class NumberSeries(CompanyOwned, db.Model):
    """Next sequence of entry numbers per seat and financial year."""

    __tablename__ = "number_series"
    __table_args__ = (
        UniqueConstraint("seat_id", "year"),
        ForeignKeyConstraint(
            ["company_id", "seat_id"], ["posting_seat.company_id", "posting_seat.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seat_id: Mapped[int]
    year: Mapped[int]
    next_sequence: Mapped[int] = mapped_column(default=1)


class MasterCopy(CompanyOwned, db.Model):
    """Master data of a division as last fetched: one JSON document per (site, division)."""

    __tablename__ = "master_copy"
    __table_args__ = (UniqueConstraint("company_id", "site", "division"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str] = mapped_column(String(200))
    division: Mapped[int]
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class RequestLog(CompanyOwned, db.Model):
    """One call to a provider, without secrets; kept 90 days when the connector's switch is on."""

    __tablename__ = "request_log"
    __table_args__ = (Index("ix_request_log_connector", "company_id", "connector_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connector_id: Mapped[int]
    run_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    method: Mapped[str] = mapped_column(String(8))
    path: Mapped[str] = mapped_column(String(500))
    status: Mapped[int]
    milliseconds: Mapped[int]
    note: Mapped[str] = mapped_column(String(300), default="")


class Notice(CompanyOwned, db.Model):
    """A mail we decided to send; unique per connector, cycle and threshold, so never twice."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("company_id", "notice_key", "recipient"),
        Index("ix_notice_due", "sent_at", "not_before", sqlite_where=text("sent_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_key: Mapped[str] = mapped_column(String(200))
    recipient: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(5), default="nl")
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Variable(CompanyOwned, db.Model):
    """A [name] of the company for settings of connectors and flows."""

    __tablename__ = "variable"
    __table_args__ = (UniqueConstraint("company_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    value: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
