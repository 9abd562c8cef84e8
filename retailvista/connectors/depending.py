"""What still needs a connector: exports that are not proven yet, stores, flows and feeds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, column, func, or_, select, table
from sqlalchemy.orm import Session

from retailvista.companies.models import Store
from retailvista.connectors.models import Connector

JOURNALS, STORE, FLOW_KIND, FEED_KIND = "journals", "store", "flow", "feed"
# Named by their tables: exports, flows and feeds live in the layers above.
EXPORT = table(
    "export", column("company_id"), column("connector_id"), column("live"), column("state")
)
FLOW = table(
    "flow",
    column("company_id"),
    column("number"),
    column("name"),
    column("source_connector_id"),
    column("target_connector_id"),
    column("deleted_at"),
)
FEED = table("feed", column("company_id"), column("id"), column("number"), column("name"))
DATASET = table("dataset", column("company_id"), column("feed_id"), column("connector_id"))


@dataclass(frozen=True, slots=True)
class Dependant:
    """One thing that needs a connector: a kind, and by what it is found."""

    kind: str  # journals | store | flow | feed
    key: str
    name: str


def dependants_of(session: Session, row: Connector) -> list[Dependant]:
    """Each of them, empty when the connector may go. The caller's transaction."""
    found = []
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
    if waiting:
        found.append(Dependant(JOURNALS, str(waiting), ""))
    stores = select(Store.code, Store.name).where(Store.connector_id == row.id)
    for code, name in session.execute(stores.order_by(Store.code)):
        found.append(Dependant(STORE, code, name))
    ends = (FLOW.c.source_connector_id == row.id, FLOW.c.target_connector_id == row.id)
    flows = select(FLOW.c.number, FLOW.c.name).where(
        FLOW.c.company_id == row.company_id, FLOW.c.deleted_at.is_(None), or_(*ends)
    )
    for number, name in session.execute(flows.order_by(FLOW.c.number)):
        found.append(Dependant(FLOW_KIND, str(number), name))
    for number, name in session.execute(_feeds(row)):
        found.append(Dependant(FEED_KIND, str(number), name))
    return found


def _feeds(row: Connector) -> Select[tuple[int, str]]:
    """Feeds with a live table behind the connector."""
    of_company = FEED.c.company_id == row.company_id
    joined = (DATASET.c.company_id == FEED.c.company_id) & (DATASET.c.feed_id == FEED.c.id)
    query = select(FEED.c.number, FEED.c.name).join(DATASET, joined).distinct()
    return query.where(of_company, DATASET.c.connector_id == row.id).order_by(FEED.c.number)


def what_depends_on(session: Session, row: Connector) -> list[str]:
    """A sentence per reason; empty when it may go. The caller's transaction."""
    found = dependants_of(session, row)
    reasons = []
    for waiting in _keys(found, JOURNALS):
        text = f"Journals that are not verified yet: {waiting}."
        reasons.append(text)
    if stores := _keys(found, STORE):
        text = f"The stores {', '.join(stores)} post to it."
        reasons.append(text)
    if flows := _keys(found, FLOW_KIND):
        text = f"The flows {', '.join(flows)} read or write through it."
        reasons.append(text)
    if feeds := [one.name for one in found if one.kind == FEED_KIND]:
        text = f"The feeds {', '.join(feeds)} show its tables."
        reasons.append(text)
    return reasons


def _keys(found: list[Dependant], kind: str) -> list[str]:
    return [one.key for one in found if one.kind == kind]
