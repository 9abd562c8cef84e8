"""Tables of feeds as a source of flows: the same rows that programs get, as JSON values.

Invariants: the table is that of the company in scope, with its columns, names and condition; an
amount is a text with all its digits. What has to wait, or to log in, is said as flows know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.connectors.outside import Outside
from retailvista.errors import LoginNeeded, NotFound
from retailvista.feed import edm
from retailvista.feed.failures import LoginGone
from retailvista.feed.listing import Listing
from retailvista.feed.models import Dataset, Feed
from retailvista.feed.offering import offer
from retailvista.feed.options import Options
from retailvista.flows.offered_rows import PREFIX
from retailvista.flows.own_data import OwnPage, Wanted

# As many as a large page of a provider has: each page of ours begins with a call.
ROWS = 1_000


class FeedRows:
    """What feeds offer to flows."""

    def names(self, session: Session) -> Mapping[str, str]:
        query = select(Feed.name, Dataset.alias).join(Dataset, Dataset.feed_id == Feed.id)
        found = session.execute(query.order_by(Feed.name, Dataset.alias)).all()
        return {f"{PREFIX}{feed}/{alias}": f"{feed}: {alias}" for feed, alias in found}

    def page(self, outside: Outside, entity: str, wanted: Wanted) -> OwnPage:
        feed, _slash, alias = entity.removeprefix(PREFIX).partition("/")
        with outside.sessions() as session, database.reading(session):
            query = select(Dataset).join(Feed, Feed.id == Dataset.feed_id)
            query = query.where(Feed.name == feed, Dataset.alias == alias)
            dataset = session.scalar(query)
            if dataset is None:
                raise NotFound(f"There is no table {alias!r} in a feed {feed!r}.")
            offered = offer(session, outside, [dataset])
        (table,) = offered.model.sets
        options = Options({"skiptoken": wanted.address} if wanted.address else {})
        listing = Listing(table, offered.model, offered.shelf, offered.now, options)
        names = [p.name for p in table.properties]
        try:
            rows = [row for rows in listing.page(ROWS) for row in rows]
        except LoginGone as error:
            raise LoginNeeded(str(error)) from error
        link = parse_qs(listing.next_link("", "").partition("?")[2])
        return OwnPage(
            rows=tuple(
                (edm.text_of(row[table.key]), {name: plain(row[name]) for name in names})
                for row in rows
            ),
            next=link.get("$skiptoken", [""])[0],
            mark="",
        )


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return edm.text_of(value) if isinstance(value, Decimal | date | UUID) else value
