"""Tables of companies, stores, people and what they did.

Global tables: company, user, session, lane, instance. All others carry company_id and are
reached by composite foreign keys (company_id, id), so the database refuses cross links.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retailvista.companies.scope import CompanyOwned
from retailvista.db import UtcDateTime, db

ROLES = ("administrator", "bookkeeper", "viewer")
LICENCE_EXACT = "Exact Online integration"
LICENCE_SAGE = "Sage Accounting integration"
# What the operator can give to a company.
LICENCES = (LICENCE_EXACT, LICENCE_SAGE)


class Company(db.Model):
    """A tenant. `alias` is RetailVista's URL tag; nothing is posted before `post_from`."""

    __tablename__ = "company"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(120))
    alias: Mapped[str | None] = mapped_column(String(63), unique=True)
    language: Mapped[str] = mapped_column(String(5), default="nl")
    country: Mapped[str] = mapped_column(String(2), default="NL")
    post_from: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Instance(db.Model):
    """One row: who this database is, the check value of its key, and why sending is locked."""

    __tablename__ = "instance"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36))
    key_id: Mapped[str] = mapped_column(String(16))
    key_check: Mapped[str] = mapped_column(String(200))
    sending_locked: Mapped[str] = mapped_column(String(200), default="")
    host_mark: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Licence(CompanyOwned, db.Model):
    """A licence of a company, by its name; withdrawn ones keep their row."""

    __tablename__ = "licence"
    __table_args__ = (UniqueConstraint("company_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WarningRecipient(CompanyOwned, db.Model):
    """Who gets the mails that warn before a login expires."""

    __tablename__ = "warning_recipient"
    __table_args__ = (UniqueConstraint("company_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(5), default="nl")


class Store(CompanyOwned, db.Model):
    """A shop. `rounding_step` is in minor units (5 = 0.05); 0 means no cash rounding."""

    __tablename__ = "store"
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(
            ["company_id", "connector_id"], ["connector.company_id", "connector.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    zone: Mapped[str] = mapped_column(String(64), default="Europe/Amsterdam")
    country: Mapped[str] = mapped_column(String(2), default="NL")
    rounding_step: Mapped[int] = mapped_column(default=5)
    cost_centre: Mapped[str] = mapped_column(String(20), default="")
    connector_id: Mapped[int | None]


class TillLocation(CompanyOwned, db.Model):
    """A location name in till files that stands for a store."""

    __tablename__ = "till_location"
    __table_args__ = (
        UniqueConstraint("company_id", "name"),
        ForeignKeyConstraint(["company_id", "store_id"], ["store.company_id", "store.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    store_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))


class User(db.Model):
    """A person, the same in every company he works for. Blocked, never deleted."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    first_name: Mapped[str] = mapped_column(String(80), default="")
    last_name: Mapped[str] = mapped_column(String(80), default="")
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(5), default="nl")
    blocked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Membership(CompanyOwned, db.Model):
    """What a user may do in a company: administrator, bookkeeper or viewer."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("company_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    role: Mapped[str] = mapped_column(String(20))


class UserSession(db.Model):
    """A login. The cookie holds a random token; only its SHA-256 is stored.

    Bound to company and instance: shown on another host it is worth nothing.
    """

    __tablename__ = "session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    instance: Mapped[str] = mapped_column(String(40), default="")
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    csrf_secret: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessToken(CompanyOwned, db.Model):
    """A personal token for programs; shown once, stored as SHA-256, limited by scopes."""

    __tablename__ = "access_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(12))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditEvent(CompanyOwned, db.Model):
    """Who did what, when; written in the same transaction, never changed (triggers refuse it)."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
