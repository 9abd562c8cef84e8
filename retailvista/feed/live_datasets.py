"""Use cases of tables that come from a connector: put them into a feed, live or from the copy.

Invariant: only what is behind a connector of this company can be chosen, and a table is served
from a copy only when a flow makes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.errors import Refused
from retailvista.feed.feeds import add_datasets, dataset_by_alias, feed_by_number
from retailvista.feed.models import LIVE
from retailvista.feed.origins import (
    NO_VARIABLES,
    behind_all,
    fixed_term,
    origin_of,
    source_of,
    suggested_alias,
)
from retailvista.feed.views import make_view


def add_live_tables(  # noqa: PLR0913 - the fields of the screen
    session: Session,
    number: int,
    connector: int,
    entities: Sequence[str],
    actor: str,
    *,
    warehouse: bool = False,
    operators: Mapping[str, str] = NO_VARIABLES,
) -> None:
    """Put entities behind a connector into a feed, live or from the copy in a warehouse."""
    with database.transaction(session):
        feed = feed_by_number(session, number)
        there = source_of(session, connector, operators)
        for entity in entities:
            there.table(entity)
            if warehouse:
                there.copy(entity)
        named = [(entity, suggested_alias(there, entity)) for entity in entities]
        place = there.place.connector_id
        add_datasets(
            session, feed, named, actor, kind=LIVE, connector_id=place, warehouse=warehouse
        )


def serve_from(
    session: Session,
    number: int,
    alias: str,
    actor: str,
    *,
    warehouse: bool,
    operators: Mapping[str, str] = NO_VARIABLES,
) -> None:
    """The one switch: live, or from the copy. Refused when the view cannot be kept there."""
    with database.transaction(session):
        feed = feed_by_number(session, number)
        dataset = dataset_by_alias(session, feed, alias)
        if dataset.kind != LIVE:
            raise Refused("Our own tables are always as they are now; they have no copy.")
        connectors = behind_all(session, [dataset], operators)
        assert dataset.connector_id is not None, "a live table has its connector"
        if warehouse:
            connectors[dataset.connector_id].copy(dataset.entity)
        dataset.warehouse = warehouse
        pairs = [(own, name) for own, name in dataset.columns]
        view = make_view(alias, origin_of(dataset, connectors), pairs, dataset.filter)
        fixed_term(view, database.now(session))
        place = "warehouse" if warehouse else "live"
        audit.record(session, actor, "feed.table_served", f"feed {feed.name} {alias}", place=place)
