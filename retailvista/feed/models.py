"""Tables of feeds: a feed, its datasets, and who may read what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retailvista.companies.scope import CompanyOwned
from retailvista.db import UtcDateTime, db

OWN = "own"
LIVE = "live"


class Feed(CompanyOwned, db.Model):
    """An OData service under the company's address. `name` stands in the address.

    `everyone`: every member of the company may read it; else those with a permission, and
    administrators. Numbers are never used again, because access tokens name them.
    """

    __tablename__ = "feed"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "name"),
        UniqueConstraint("company_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(40))
    everyone: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[str] = mapped_column(String(254), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Dataset(CompanyOwned, db.Model):
    """A table of a feed: an entity of an origin under an alias, perhaps as a derived view.

    `kind` own: one of our own tables; live: an entity behind `connector_id`. `columns` are pairs
    of (column of the origin, name in the feed), none = all; `filter` is a fixed condition on the
    origin. `warehouse`: served from the copy instead of live. `everyone` as in Feed.
    """

    __tablename__ = "dataset"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "feed_id", "alias"),
        ForeignKeyConstraint(["company_id", "feed_id"], ["feed.company_id", "feed.id"]),
        ForeignKeyConstraint(
            ["company_id", "connector_id"], ["connector.company_id", "connector.id"]
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10), default=OWN)
    connector_id: Mapped[int | None]
    entity: Mapped[str] = mapped_column(String(80))
    alias: Mapped[str] = mapped_column(String(80))
    columns: Mapped[list[Any]] = mapped_column(JSON, default=list)
    filter: Mapped[str] = mapped_column(Text, default="")
    warehouse: Mapped[bool] = mapped_column(default=False)
    everyone: Mapped[bool] = mapped_column(default=True)


class FeedPermission(CompanyOwned, db.Model):
    """A user may read a feed, or, with a dataset, that table of it."""

    __tablename__ = "feed_permission"
    __table_args__ = (
        UniqueConstraint("company_id", "feed_id", "dataset_id", "user_id"),
        ForeignKeyConstraint(["company_id", "feed_id"], ["feed.company_id", "feed.id"]),
        ForeignKeyConstraint(["company_id", "dataset_id"], ["dataset.company_id", "dataset.id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int]
    dataset_id: Mapped[int | None]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
