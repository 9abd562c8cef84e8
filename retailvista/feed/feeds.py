"""Use cases of feeds: make one, add tables, change them, say who may read, take away.

Invariants: what is stored can be served (names, columns and the fixed filter were checked the way
a request would); every change is audited; whoever may not read a table does not see that it
exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.companies.scope import scoped_company_id
from retailvista.errors import NotFound, Refused
from retailvista.feed.model import EntitySet
from retailvista.feed.models import OWN, Dataset, Feed, FeedPermission
from retailvista.feed.origins import NO_VARIABLES, behind_all, fixed_term, origin_of
from retailvista.feed.own_source import OwnShelf
from retailvista.feed.own_tables import OWN_TABLES
from retailvista.feed.views import make_view
from retailvista.journals.counters import next_number

NAME = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")
ADMINISTRATOR = "administrator"
NAME_TAKEN = "There is a feed of this name already."


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks."""

    user_id: int
    role: str


def list_feeds(session: Session) -> list[Feed]:
    """The feeds of the company in scope, by name."""
    return list(session.scalars(select(Feed).order_by(Feed.name)))


def feed_by_number(session: Session, number: int) -> Feed:
    found = session.scalar(select(Feed).where(Feed.number == number))
    if found is None:
        raise NotFound("There is no such feed.")
    return found


def datasets_of(session: Session, feed: Feed) -> list[Dataset]:
    """All tables of a feed, by alias."""
    query = select(Dataset).where(Dataset.feed_id == feed.id).order_by(Dataset.alias)
    return list(session.scalars(query))


def add_feed(session: Session, name: str, actor: str) -> int:
    """Make an empty feed; its number."""
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise Refused(
            "A feed's name stands in its address: 2 to 40 small letters, digits and hyphens,"
            " beginning with a letter."
        )
    with database.transaction(session):
        if session.scalar(select(Feed.id).where(Feed.name == name)) is not None:
            raise Refused(NAME_TAKEN)
        number = next_number(session, "feed")
        now = database.now(session)
        session.add(Feed(number=number, name=name, created_by=actor, created_at=now))
        audit.record(session, actor, "feed.added", f"feed {name}")
    return number


def remove_feed(session: Session, number: int, actor: str) -> None:
    """The feed, its tables and its permissions; the records stay where they are."""
    with database.transaction(session):
        feed = feed_by_number(session, number)
        for table in (FeedPermission, Dataset):
            session.execute(delete(table).where(table.feed_id == feed.id))
        session.delete(feed)
        audit.record(session, actor, "feed.removed", f"feed {feed.name}")


def origins() -> list[EntitySet]:
    """The own tables that can be put into a feed."""
    return [table.entity for table in OWN_TABLES.values()]


def add_own_tables(session: Session, number: int, entities: Sequence[str], actor: str) -> None:
    """Put own tables into a feed; one that is there already comes under another alias."""
    unknown = [entity for entity in entities if entity not in OWN_TABLES]
    if unknown:
        raise NotFound(f"There is no table {unknown[0]!r}.")
    with database.transaction(session):
        feed = feed_by_number(session, number)
        add_datasets(session, feed, [(entity, entity) for entity in entities], actor, kind=OWN)


def add_datasets(
    session: Session, feed: Feed, named: Sequence[tuple[str, str]], actor: str, **values: Any
) -> None:
    """Tables as (entity, wanted alias), in the caller's transaction; one that is taken gets a
    number.
    """
    if not named:
        raise Refused("Choose at least one table.")
    taken = {dataset.alias.lower() for dataset in datasets_of(session, feed)}
    for entity, wanted in named:
        alias = _free(wanted, taken)
        taken.add(alias.lower())
        session.add(Dataset(feed_id=feed.id, entity=entity, alias=alias, **values))
    names = ", ".join(entity for entity, _alias in named)
    audit.record(session, actor, "feed.tables_added", f"feed {feed.name}", tables=names)


def _free(entity: str, taken: set[str]) -> str:
    number, alias = 1, entity
    while alias.lower() in taken:
        number += 1
        alias = f"{entity}{number}"
    return alias


def change_table(  # noqa: PLR0913, PLR0917 - the fields of the screen
    session: Session,
    number: int,
    alias: str,
    new_alias: str,
    columns: Iterable[tuple[str, str]],
    filter_text: str,
    actor: str,
    *,
    operators: Mapping[str, str] = NO_VARIABLES,
) -> None:
    """Give a table another alias, other columns and names, or a fixed filter: a derived view."""
    pairs = [(own.strip(), name.strip()) for own, name in columns]
    new_alias, filter_text = new_alias.strip(), filter_text.strip()
    with database.reading(session):
        dataset = dataset_by_alias(session, feed_by_number(session, number), alias)
        kind, now = dataset.kind, database.now(session)
        origin = origin_of(dataset, behind_all(session, [dataset], operators))
    view = make_view(new_alias, origin, pairs, filter_text)
    if kind == OWN:
        dialect = session.get_bind().dialect.name
        OwnShelf(scoped_company_id(), [view], lambda: session, dialect, now).view(new_alias)
    else:
        fixed_term(view, now)
    with database.transaction(session):
        feed = feed_by_number(session, number)
        dataset = dataset_by_alias(session, feed, alias)
        others = {d.alias.lower() for d in datasets_of(session, feed) if d.id != dataset.id}
        if new_alias.lower() in others:
            raise Refused("There is a table of this name in this feed already.")
        whole = pairs == [(p.name, p.name) for p in origin.properties]
        dataset.alias, dataset.filter = new_alias, filter_text
        dataset.columns = [] if whole else [list(pair) for pair in pairs]
        audit.record(
            session,
            actor,
            "feed.table_changed",
            f"feed {feed.name} {new_alias}",
            filter=filter_text,
        )


def remove_table(session: Session, number: int, alias: str, actor: str) -> None:
    """Take a table out of a feed."""
    with database.transaction(session):
        feed = feed_by_number(session, number)
        dataset = dataset_by_alias(session, feed, alias)
        session.execute(delete(FeedPermission).where(FeedPermission.dataset_id == dataset.id))
        session.delete(dataset)
        audit.record(session, actor, "feed.table_removed", f"feed {feed.name} {alias}")


def dataset_by_alias(session: Session, feed: Feed, alias: str) -> Dataset:
    query = select(Dataset).where(Dataset.feed_id == feed.id, Dataset.alias == alias)
    found = session.scalar(query)
    if found is None:
        raise NotFound("There is no such table in this feed.")
    return found


def permit(
    session: Session, number: int, alias: str, user_ids: Iterable[int] | None, actor: str
) -> None:
    """Who may read a feed (alias '') or a table of it: everyone (None), or these people."""
    with database.transaction(session):
        feed = feed_by_number(session, number)
        dataset = dataset_by_alias(session, feed, alias) if alias else None
        dataset_id = dataset.id if dataset is not None else None
        (dataset or feed).everyone = user_ids is None
        session.execute(
            delete(FeedPermission)
            .where(FeedPermission.feed_id == feed.id)
            .where(FeedPermission.dataset_id.is_not_distinct_from(dataset_id))
        )
        people = sorted(set(user_ids or ()))
        session.add_all(
            FeedPermission(feed_id=feed.id, dataset_id=dataset_id, user_id=person)
            for person in people
        )
        subject = f"feed {feed.name} {alias}".strip()
        audit.record(session, actor, "feed.permitted", subject, users=len(people))


def permitted(session: Session, feed: Feed) -> dict[int | None, set[int]]:
    """The people named per table; None = of the feed."""
    found: dict[int | None, set[int]] = {}
    query = select(FeedPermission).where(FeedPermission.feed_id == feed.id)
    for row in session.scalars(query):
        found.setdefault(row.dataset_id, set()).add(row.user_id)
    return found


def readable(session: Session, feed: Feed, reader: Reader) -> list[Dataset] | None:
    """The tables a person may read; None when not even the feed is his to see."""
    named = permitted(session, feed)

    def may(everyone: bool, dataset_id: int | None) -> bool:
        return (
            everyone
            or reader.role == ADMINISTRATOR
            or reader.user_id in named.get(dataset_id, set())
        )

    if not may(feed.everyone, None):
        return None
    return [each for each in datasets_of(session, feed) if may(each.everyone, each.id)]
