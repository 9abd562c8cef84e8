"""What a person may read of a feed, ready to be answered from: each table with its source.

Invariants: whoever may not read a table does not see that it exists; a way leads only between
tables of the same origin (our own, one connector live, one connector's copy).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.outside import Outside
from retailvista.errors import NotFound, RetailVistaError
from retailvista.feed import feeds
from retailvista.feed.answering import Offered
from retailvista.feed.copied import Copied, Known
from retailvista.feed.feeds import Reader
from retailvista.feed.live_source import LiveShelf, Upstream
from retailvista.feed.model import EntitySet, Model
from retailvista.feed.models import OWN, Dataset, Feed
from retailvista.feed.origins import Behind, behind_all, fixed_term, view_of
from retailvista.feed.own_source import OwnShelf
from retailvista.feed.replica_source import NoCopy, ReplicaShelf, ReplicaSource
from retailvista.feed.sources import Shelf, Source
from retailvista.feed.upstream import RecordsUpstream
from retailvista.feed.views import View, connected


@dataclass(frozen=True, slots=True)
class Shelves:
    """Several shelves as one: a set is on the shelf of its origin."""

    places: Mapping[str, Shelf]

    def source(self, table: EntitySet) -> Source:
        return self.places[table.name].source(table)

    def table(self, name: str) -> EntitySet:
        return self.places[name].table(name)

    def standing(self, table: EntitySet) -> datetime | None:
        """How fresh a table is that is served from a copy; None when live or not copied yet."""
        shelf = self.places[table.name]
        return shelf.source(table).fresh_as_of() if isinstance(shelf, ReplicaShelf) else None

    def fresh_as_of(self, table: EntitySet) -> datetime | None:
        """The same, as far as it is known now: $metadata is there when the warehouse is not."""
        try:
            return self.standing(table)
        except RetailVistaError:
            return None


@dataclass(frozen=True, slots=True)
class Group:
    """The views of one origin, joined by ways, and the datasets they come from."""

    views: tuple[View, ...]
    datasets: tuple[Dataset, ...]


def offered(session: Session, outside: Outside, name: str, reader: Reader) -> tuple[int, Offered]:
    """What a person may read of the feed of this name, and its number. NotFound else."""
    with database.reading(session):
        feed = session.scalar(select(Feed).where(Feed.name == name))
        tables = feeds.readable(session, feed, reader) if feed is not None else None
        if feed is None or tables is None:
            raise NotFound("There is no such feed.")
        return feed.number, offer(session, outside, tables)


def offer(session: Session, outside: Outside, tables: Sequence[Dataset]) -> Offered:
    """These tables with their sources. The caller's transaction."""
    now = database.now(session)
    connectors = behind_all(session, tables, outside.variables)
    dialect = session.get_bind().dialect.name
    places: dict[str, Shelf] = {}
    sets: dict[str, EntitySet] = {}
    for group in _groups(tables, connectors):
        first = group.datasets[0]
        if first.kind == OWN:
            company = scoped_company_id()
            shelf: Shelf = OwnShelf(company, group.views, outside.sessions, dialect, now)
        else:
            assert first.connector_id is not None, "checked by origin_of"
            make = _copied if first.warehouse else _live
            shelf = make(outside, connectors[first.connector_id], group, now)
        for view in group.views:
            places[view.entity.name], sets[view.entity.name] = shelf, view.entity
    ordered = tuple(sets[dataset.alias] for dataset in tables)
    whole = Shelves(places)
    return Offered(Model(ordered), whole, now, whole.fresh_as_of)


def _groups(tables: Sequence[Dataset], connectors: Mapping[int, Behind]) -> list[Group]:
    found: dict[tuple[str, int | None, bool], list[Dataset]] = {}
    for each in tables:
        found.setdefault((each.kind, each.connector_id, each.warehouse), []).append(each)
    return [
        Group(tuple(connected(view_of(each, connectors) for each in some)), tuple(some))
        for some in found.values()
    ]


def _live(outside: Outside, there: Behind, group: Group, now: datetime) -> LiveShelf:
    fixed, names = {}, {}
    for view in group.views:
        term, names[view.entity.name] = fixed_term(view, now)
        if term is not None:
            fixed[view.entity.name] = term
    entities = {
        view.entity.name: each.entity
        for view, each in zip(group.views, group.datasets, strict=True)
    }

    def open_upstream(name: str) -> Upstream:
        table = there.table(entities[name])
        return RecordsUpstream(outside, there.place, there.records, table, names[name])

    sets = {view.entity.name: view.entity for view in group.views}
    return LiveShelf(sets, open_upstream, fixed=fixed, stopwatch=outside.clock.monotonic)


def _copied(outside: Outside, there: Behind, group: Group, now: datetime) -> ReplicaShelf:
    shelf = ReplicaShelf()
    known: Known = {}
    for view, dataset in zip(group.views, group.datasets, strict=True):
        name, copy = view.entity.name, there.copies.get(dataset.entity)
        shelf.tables[name] = view.entity
        if copy is None:
            shelf.sources[name] = NoCopy(there.place.name, dataset.entity)
            continue
        term, names = fixed_term(view, now)
        table = there.table(dataset.entity, warehouse=True)
        copied = Copied(outside, there.place.company_id, copy, known)
        shelf.sources[name] = ReplicaSource(view.entity, table, names, copied, shelf, term)
    return shelf
