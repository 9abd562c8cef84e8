"""Tables of flows: flow, cursor, item, webhook subscription, variable, tariff.

Invariant: the cursor of an incoming flow moves in the transaction that stores the items of the
page; the cursor of a replication is stored in the warehouse, in the transaction of its rows.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retailvista.companies.scope import CompanyOwned
from retailvista.db import UtcDateTime, db
from retailvista.flows.canonical import RecordJson

INCOMING, OUTGOING, REPLICATION = "incoming", "outgoing", "replication"
KINDS = (INCOMING, OUTGOING, REPLICATION)

# States of an item, as its list filters them.
NEW, PROCESSING, FINISHED, FAILED, SKIPPED, RETRY = (
    "new",
    "processing",
    "finished",
    "failed",
    "skipped",
    "retry",
)
ITEM_STATES = (NEW, PROCESSING, FINISHED, FAILED, SKIPPED, RETRY)


class Flow(CompanyOwned, db.Model):
    """Source -> transform -> target, with its retry rule. `source`, `transform`, `target` and
    `retry` are the JSON of flows/definition.py; the connector columns keep what they refer to.
    """

    __tablename__ = "flow"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "identifier"),
        ForeignKeyConstraint(
            ["company_id", "source_connector_id"], ["connector.company_id", "connector.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "target_connector_id"], ["connector.company_id", "connector.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    identifier: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(String(12))
    disabled: Mapped[bool] = mapped_column(default=False)
    source_connector_id: Mapped[int | None]
    target_connector_id: Mapped[int | None]
    source: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    transform: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    target: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    retry: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    keep_days: Mapped[int] = mapped_column(default=90)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FlowCursor(CompanyOwned, db.Model):
    """How far an incoming or outgoing flow has read, per division and entity."""

    __tablename__ = "flow_cursor"
    __table_args__ = (
        UniqueConstraint("company_id", "flow_id", "division", "entity"),
        ForeignKeyConstraint(["company_id", "flow_id"], ["flow.company_id", "flow.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    flow_id: Mapped[int]
    division: Mapped[int] = mapped_column(default=0)
    entity: Mapped[str] = mapped_column(String(120))
    mark: Mapped[str] = mapped_column(Text, default="")
    # The page that follows, when a run stopped half-way; '' at rest.
    next_address: Mapped[str] = mapped_column(Text, default="")
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Item(CompanyOwned, db.Model):
    """One record on its way. A record that comes again unchanged makes no second item.

    `content_hash` = SHA-256 of the canonical JSON as received; `generation` counts how often a
    record came back to a content it had before. `sent_at` and `request` are written before the
    first byte of a write leaves; an item with `sent_at` and no `answered_at` is never sent again
    without a look. `attempts` fences results: a claim that was lost changes nothing.
    `target_key` is the key the record got where it was written.
    """

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "id"),
        UniqueConstraint(
            "company_id", "flow_id", "division", "record_key", "content_hash", "generation"
        ),
        ForeignKeyConstraint(["company_id", "flow_id"], ["flow.company_id", "flow.id"]),
        Index("ix_item_state", "company_id", "flow_id", "state", "not_before"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    flow_id: Mapped[int]
    run_id: Mapped[int | None]
    division: Mapped[int] = mapped_column(default=0)
    entity: Mapped[str] = mapped_column(String(120))
    record_key: Mapped[str] = mapped_column(String(200))
    content_hash: Mapped[str] = mapped_column(String(64))
    generation: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(12), default=NEW)
    received: Mapped[dict[str, Any]] = mapped_column(RecordJson, default=dict)
    transformed: Mapped[dict[str, Any] | None] = mapped_column(RecordJson)
    request: Mapped[dict[str, Any] | None] = mapped_column(RecordJson)
    answer: Mapped[dict[str, Any] | None] = mapped_column(RecordJson)
    log: Mapped[list[Any]] = mapped_column(JSON, default=list)
    attempts: Mapped[int] = mapped_column(default=0)
    sends: Mapped[int] = mapped_column(default=0)
    looks: Mapped[int] = mapped_column(default=0)
    retries: Mapped[int] = mapped_column(default=0)
    target_key: Mapped[str] = mapped_column(String(200), default="")
    # A person has looked and says that it is to be sent, whatever we know of it.
    insists: Mapped[bool] = mapped_column(default=False)
    # Text to translate, the words to put in it, and what the provider said.
    problem: Mapped[str] = mapped_column(Text, default="")
    problem_values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    said: Mapped[str] = mapped_column(Text, default="")
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_owner: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unknown_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Deleted or pruned: not shown any more, and empty but for what tells that it has been here.
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WebhookSubscription(CompanyOwned, db.Model):
    """A topic of a division that the provider announces to us. `address_hash` finds it by the
    secret part of its callback address; the secret of the HMAC is sealed.
    """

    __tablename__ = "webhook_subscription"
    __table_args__ = (
        UniqueConstraint("company_id", "connector_id", "division", "topic"),
        ForeignKeyConstraint(
            ["company_id", "connector_id"], ["connector.company_id", "connector.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connector_id: Mapped[int]
    topic: Mapped[str] = mapped_column(String(80))
    division: Mapped[int]
    external_id: Mapped[str] = mapped_column(String(80), default="")
    address_hash: Mapped[str] = mapped_column(String(64), unique=True)
    secret_sealed: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(12), default="new")
    problem: Mapped[str] = mapped_column(Text, default="")
    last_ring_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rings: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Tariff(CompanyOwned, db.Model):
    """What the usage page reckons with: per refresh, and per million rows loaded."""

    __tablename__ = "tariff"
    __table_args__ = (UniqueConstraint("company_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    per_refresh: Mapped[Decimal] = mapped_column(Numeric(12, 4), default=Decimal("0.10"))
    per_million_rows: Mapped[Decimal] = mapped_column(Numeric(12, 4), default=Decimal("5.00"))
    trial_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
