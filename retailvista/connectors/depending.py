"""What still needs a connector: journals on their way, stores, flows, feeds, subscriptions.

Invariant: whatever would stop working when the connector goes stands in the list, with that by
which its own screen is found; an empty list means that it may go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, column, func, literal, or_, select, table
from sqlalchemy.orm import Session

from retailvista.companies.models import Store
from retailvista.connectors.choosing import only_that_posts
from retailvista.connectors.models import Connector

JOURNALS, STORE, DEFAULT_STORE = "journals", "store", "default_store"
FLOW_KIND, FEED_KIND, WEBHOOK = "flow", "feed", "webhook"
# Named by their tables: journals, flows and feeds live in the layers above.
JOURNAL = table(
    "journal",
    column("company_id"),
    column("store_id"),
    column("state"),
    column("connector_id"),
    column("reverses_id"),
)
EXPORT = table(
    "export", column("company_id"), column("connector_id"), column("live"), column("state")
)
FLOW = table(
    "flow",
    column("company_id"),
    column("number"),
    column("name"),
    column("kind"),
    column("source_connector_id"),
    column("target_connector_id"),
    column("deleted_at"),
)
FEED = table("feed", column("company_id"), column("id"), column("number"), column("name"))
DATASET = table(
    "dataset",
    column("company_id"),
    column("feed_id"),
    column("connector_id"),
    column("warehouse"),
)
SUBSCRIPTION = table(
    "webhook_subscription",
    column("company_id"),
    column("connector_id"),
    column("division"),
    column("topic"),
)


@dataclass(frozen=True, slots=True)
class Dependant:
    """One thing that needs a connector: a kind, and by what it is found."""

    kind: str  # journals | store | default_store | flow | feed | webhook
    key: str
    name: str


def dependants_of(session: Session, row: Connector) -> list[Dependant]:
    """Each of them, empty when the connector may go. The caller's transaction."""
    found = []
    stores = _stores(session, row)
    if waiting := _unfinished(session, row, [store.id for store, _kind in stores]):
        found.append(Dependant(JOURNALS, str(waiting), ""))
    found += [Dependant(kind, store.code, store.name) for store, kind in stores]
    for kind, query in ((FLOW_KIND, _flows(row)), (FEED_KIND, _feeds(row)), (WEBHOOK, _calls(row))):
        found += [Dependant(kind, str(key), name) for key, name in session.execute(query)]
    return found


def _stores(session: Session, row: Connector) -> list[tuple[Store, str]]:
    """Those that chose it, and those that chose none while nothing else posts journals."""
    chosen = Store.connector_id == row.id
    only = only_that_posts(session)
    if only is not None and only.id == row.id:
        chosen = or_(chosen, Store.connector_id.is_(None))
    return [
        (store, STORE if store.connector_id == row.id else DEFAULT_STORE)
        for store in session.scalars(select(Store).where(chosen).order_by(Store.code))
    ]


def _unfinished(session: Session, row: Connector, stores: list[int]) -> int:
    """Journals on their way through it, and those of its stores that are not released yet.

    A reversal goes where its journal went, whatever the store chose since.
    """
    on_their_way = select(func.count()).where(
        EXPORT.c.company_id == row.company_id,
        EXPORT.c.connector_id == row.id,
        EXPORT.c.live.is_(True),
        EXPORT.c.state != "verified",
    )
    built = select(func.count()).where(
        JOURNAL.c.company_id == row.company_id,
        JOURNAL.c.state == "built",
        or_(
            JOURNAL.c.store_id.in_(stores) & JOURNAL.c.reverses_id.is_(None),
            JOURNAL.c.reverses_id.is_not(None) & (JOURNAL.c.connector_id == row.id),
        ),
    )
    return (session.scalar(on_their_way) or 0) + (session.scalar(built) or 0)


def _flows(row: Connector) -> Select[tuple[int, str]]:
    ends = (FLOW.c.source_connector_id == row.id, FLOW.c.target_connector_id == row.id)
    query = select(FLOW.c.number, FLOW.c.name).where(_is_a_flow(row), or_(*ends))
    return query.order_by(FLOW.c.number)


def _feeds(row: Connector) -> Select[tuple[int, str]]:
    """Feeds with a table that is read through it, or that is served from its copy in it."""
    of_company = FEED.c.company_id == row.company_id
    joined = (DATASET.c.company_id == FEED.c.company_id) & (DATASET.c.feed_id == FEED.c.id)
    copied = select(FLOW.c.number).where(
        _is_a_flow(row),
        FLOW.c.kind == "replication",
        FLOW.c.source_connector_id == DATASET.c.connector_id,
        FLOW.c.target_connector_id == row.id,
    )
    ways = (DATASET.c.connector_id == row.id, DATASET.c.warehouse.is_(True) & copied.exists())
    query = select(FEED.c.number, FEED.c.name).join(DATASET, joined).distinct()
    return query.where(of_company, or_(*ways)).order_by(FEED.c.number)


def _calls(row: Connector) -> Select[tuple[int, str]]:
    """What the provider announces to us by it."""
    query = select(literal(row.number), SUBSCRIPTION.c.topic).where(
        SUBSCRIPTION.c.company_id == row.company_id, SUBSCRIPTION.c.connector_id == row.id
    )
    return query.order_by(SUBSCRIPTION.c.division, SUBSCRIPTION.c.topic)


def _is_a_flow(row: Connector) -> ColumnElement[bool]:
    return (FLOW.c.company_id == row.company_id) & FLOW.c.deleted_at.is_(None)


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
    if stores := _keys(found, DEFAULT_STORE):
        text = (
            f"The stores {', '.join(stores)} post to it because they chose no connector: choose"
            " another one there, or save this one without its journal code."
        )
        reasons.append(text)
    if flows := _keys(found, FLOW_KIND):
        text = f"The flows {', '.join(flows)} read or write through it."
        reasons.append(text)
    if feeds := _names(found, FEED_KIND):
        text = f"The feeds {', '.join(feeds)} show its tables."
        reasons.append(text)
    if topics := _names(found, WEBHOOK):
        text = f"Webhooks announce {', '.join(topics)} through it."
        reasons.append(text)
    return reasons


def _keys(found: Iterable[Dependant], kind: str) -> list[str]:
    return [one.key for one in found if one.kind == kind]


def _names(found: Iterable[Dependant], kind: str) -> list[str]:
    return [one.name for one in found if one.kind == kind]
