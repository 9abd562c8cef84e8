"""What still needs a connector: exports that are not proven yet, stores, flows and feeds."""

from __future__ import annotations

from sqlalchemy import column, func, or_, select, table
from sqlalchemy.orm import Session

from retailvista.companies.models import Store
from retailvista.connectors.models import Connector

# Named by their tables: exports, flows and feeds live in the layers above.
EXPORT = table(
    "export", column("company_id"), column("connector_id"), column("live"), column("state")
)
FLOW = table(
    "flow",
    column("company_id"),
    column("number"),
    column("source_connector_id"),
    column("target_connector_id"),
    column("deleted_at"),
)
FEED = table("feed", column("id"), column("company_id"), column("name"))
DATASET = table("dataset", column("company_id"), column("feed_id"), column("connector_id"))


def what_depends_on(session: Session, row: Connector) -> list[str]:
    """A sentence per reason; empty when it may go. The caller's transaction."""
    waiting = session.scalar(
        select(func.count())
        .select_from(EXPORT)
        .where(
            EXPORT.c.company_id == row.company_id,
            EXPORT.c.connector_id == row.id,
            EXPORT.c.live.is_(True),
            EXPORT.c.state != "verified",
        )
    )
    stores = list(
        session.scalars(select(Store.code).where(Store.connector_id == row.id).order_by(Store.code))
    )
    reasons = []
    if waiting:
        text = f"Journals that are not verified yet: {waiting}."
        reasons.append(text)
    if stores:
        text = f"The stores {', '.join(stores)} post to it."
        reasons.append(text)
    if flows := _flows(session, row):
        text = f"The flows {', '.join(map(str, flows))} read or write through it."
        reasons.append(text)
    if feeds := _feeds(session, row):
        text = f"The feeds {', '.join(feeds)} show its tables."
        reasons.append(text)
    return reasons


def _feeds(session: Session, row: Connector) -> list[str]:
    """Names of the feeds that have tables of it."""
    query = select(FEED.c.name).join(DATASET, DATASET.c.feed_id == FEED.c.id)
    query = query.where(FEED.c.company_id == row.company_id, DATASET.c.connector_id == row.id)
    return list(session.scalars(query.distinct().order_by(FEED.c.name)))


def _flows(session: Session, row: Connector) -> list[int]:
    """Numbers of the flows that have it at one of their ends."""
    ends = (FLOW.c.source_connector_id == row.id, FLOW.c.target_connector_id == row.id)
    query = select(FLOW.c.number).where(FLOW.c.company_id == row.company_id, or_(*ends))
    return list(session.scalars(query.where(FLOW.c.deleted_at.is_(None)).order_by(FLOW.c.number)))
