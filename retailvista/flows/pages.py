"""Pages of a flow's source, wherever it is: a provider's entity or our own records.

Invariant: one page is one call; where the next one is, is told in texts that a cursor can keep,
so that another process goes on where this one stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from retailvista import db as database
from retailvista.connectors.outside import Outside
from retailvista.connectors.record_visits import Reader, reader_for
from retailvista.connectors.records import Asked, Entity, Way
from retailvista.flows import offered_rows, own_data
from retailvista.flows.arriving import key_of
from retailvista.flows.definition import OWN, FlowFacts, SourceSpec
from retailvista.flows.own_data import Wanted

FILTER = "$filter"


@dataclass(frozen=True, slots=True)
class SourcePage:
    """Records with their keys. `next` is '' after the last page; `mark` is where a next run begins.

    `taken` are numbers of items, where the records come from our own inbox.
    """

    rows: tuple[tuple[str, Mapping[str, Any]], ...]
    next: str
    mark: str
    taken: tuple[int, ...] = ()


class Pages(Protocol):
    """The pages of one entity of one division."""

    @property
    def lane_key(self) -> str:
        """The lane whose calls it uses, '' for none."""
        ...

    @property
    def moves_by_page(self) -> bool:
        """Whether the mark of each page counts at once (see records.Way)."""
        ...

    def page(self, since: str, address: str) -> SourcePage:
        """The page at this address, or the first one after the mark `since`."""
        ...


@dataclass(frozen=True, slots=True)
class OwnPages:
    """Our own records."""

    outside: Outside
    entity: str
    path: Mapping[str, str]
    lane_key: str = ""

    @property
    def moves_by_page(self) -> bool:
        return self.entity in own_data.BY_NUMBER

    def page(self, since: str, address: str) -> SourcePage:
        with self.outside.sessions() as session, database.reading(session):
            found = own_data.page(session, self.entity, Wanted(since, address, self.path))
        return SourcePage(found.rows, found.next, found.mark, found.taken)


@dataclass(frozen=True, slots=True)
class OfferedPages:
    """A table of a feed: always all of it."""

    outside: Outside
    entity: str
    lane_key: str = ""
    moves_by_page: bool = False

    def page(self, since: str, address: str) -> SourcePage:
        found = offered_rows.page(self.outside, self.entity, Wanted(since, address))
        return SourcePage(found.rows, found.next, found.mark)


@dataclass(frozen=True, slots=True)
class RecordPages:
    """Records of a provider."""

    reader: Reader
    entity: Entity
    asked: Asked

    @property
    def lane_key(self) -> str:
        return self.reader.lane_key

    @property
    def moves_by_page(self) -> bool:
        return self.asked.way.moves_by_page

    def page(self, since: str, address: str) -> SourcePage:
        found = self.reader.page(replace(self.asked, since=since), address)
        rows = tuple((key_of(row, self.entity.row_key), row) for row in found.rows)
        return SourcePage(rows, found.next, found.mark)


def pages_of(
    outside: Outside, flow: FlowFacts, source: SourceSpec, division: int, entity_key: str
) -> Pages:
    """The pages of a source as a flow asks for them. `source` has its parameters made up."""
    if source.connector == OWN and entity_key.startswith(offered_rows.PREFIX):
        return OfferedPages(outside, entity_key)
    if source.connector == OWN:
        return OwnPages(outside, entity_key, dict(source.path))
    assert flow.source_connector_id is not None, "a flow that reads a provider has its connector"
    reader = reader_for(outside, flow.source_connector_id, division)
    entity = reader.records.entity(entity_key)
    asked = Asked(
        entity=entity_key,
        way=way_for(entity, source),
        path=source.path,
        query=source.query,
        select=source.select,
        space_as_plus=source.space_as_plus,
    )
    return RecordPages(reader, entity, asked)


def way_for(entity: Entity, source: SourceSpec) -> Way:
    """The best way of the entity that the flow's own parameters leave open.

    The sync feed is asked by rowversion alone: with a filter of one's own the list is asked by
    Modified. An entity that has no other form than the feed is always read by it.
    """
    if entity.key.startswith("sync/"):
        return entity.way
    if not source.changed_since:
        return Way.FULL
    if entity.way.moves_by_page and FILTER in source.query:
        return Way.MODIFIED if entity.property_named("Modified") else Way.FULL
    return entity.way
