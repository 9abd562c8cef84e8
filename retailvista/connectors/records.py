"""What RetailVista asks of a provider whose records can be read, written or loaded.

Values are frozen and providers keep no state: a page is asked for by its address, and says the
address of the next one, so that a reader can stop after any page and go on in another process.
A row is as the provider sent it, with numbers read as Decimal, never through a binary double.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from retailvista.connectors.booking import Outcome
from retailvista.connectors.feed_marks import Deletion, Newest
from retailvista.connectors.referring import Referring
from retailvista.connectors.wire import Reply, Wire
from retailvista.vault import Secret

Row = Mapping[str, Any]


class Kind(Enum):
    """The type of a property, as a warehouse, a feed and a form need to know it."""

    TEXT = "text"
    GUID = "guid"
    WHOLE = "whole"
    DECIMAL = "decimal"
    MOMENT = "moment"  # local wall clock of the administration, as the provider keeps it
    BOOLEAN = "boolean"
    BINARY = "binary"
    LINES = "lines"  # nested records: written with their header, loaded from a list of their own


class Way(Enum):
    """How changes since last time are found, best first."""

    SYNC = "sync"  # by rowversion on the sync path, deletions by the Deleted feed
    DELETED = "deleted"  # the Deleted feed itself, by rowversion
    MODIFIED = "modified"  # by Modified with an overlap; deletions by comparing keys
    FULL = "full"  # everything, each time
    BULK = "bulk"  # everything in large pages, to begin with; never a way to find changes

    @property
    def moves_by_page(self) -> bool:
        """Whether the mark of each page counts at once.

        Else the rows come in the order of their keys, and what is changed behind the reader's back
        is only found again from where the pass began: the mark of its first page, when it is whole.
        """
        return self in (Way.SYNC, Way.DELETED)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an entity. `scale` counts the decimals of a DECIMAL.

    `loaded` says that it stands in the rows of the entity's best way: a column of its table.
    """

    name: str
    kind: Kind
    is_key: bool = False
    mandatory: bool = False
    read_only: bool = False
    scale: int = 0
    loaded: bool = True


@dataclass(frozen=True, slots=True)
class Entity:
    """Something with records. `key` is unique at its provider, such as financial/GLAccounts.

    `row_key` names the properties that tell rows of a load apart; `actions` are what may be
    written: create, update, delete. `deleted_as` is its number in the provider's feed of deletions.
    `table` is its name in a warehouse. `group_key` is the header that groups the rows of a feed
    that holds header and lines. `mandatory_filter` is a filter that keeps every row, where the
    provider wants one. `listed` entities are offered by default when a warehouse is filled.
    """

    key: str
    name: str
    service: str
    properties: tuple[Property, ...]
    row_key: tuple[str, ...]
    way: Way
    actions: frozenset[str] = frozenset()
    can_bulk: bool = False
    deleted_as: int | None = None
    mandatory_filter: str = ""
    scope: str = ""
    page_size: int = 60
    note: str = ""
    documentation_url: str = ""
    table: str = ""
    group_key: str = ""
    listed: bool = False
    webhook: bool = False

    @property
    def columns(self) -> tuple[Property, ...]:
        """The properties that a load brings."""
        return tuple(found for found in self.properties if found.loaded)

    def property_named(self, name: str) -> Property | None:
        """The property with exactly this name."""
        return next((found for found in self.properties if found.name == name), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to read. `path` fills {names} in the entity's path, `query` goes into the address.

    `since` is the mark of the last page taken, in the terms of the way used ('' = from the start).
    """

    entity: str
    way: Way
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    since: str = ""
    space_as_plus: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one answer. `next` is '' after the last one; `mark` is where a next run begins (when
    it counts: Way.moves_by_page)."""

    rows: tuple[Row, ...]
    next: str
    mark: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class ToWrite:
    """One record to create, update or delete. `body` is JSON, b'' for a delete."""

    entity: str
    action: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    space_as_plus: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent, without secrets: shown on the item's page."""

    method: str
    url: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a write. `said` is the provider's text; `record` what it answered."""

    outcome: Outcome
    request: Request
    status: int = 0
    record: Row | None = None
    said: str = ""
    reply: Reply | None = field(default=None, repr=False)
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Properties we fill ourselves, by which a record is found back.

    `unique`: the provider refuses a second record with them.
    """

    properties: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, slots=True)
class ToFind:
    """Which records to look for: by these `values`; what was `sent`, to compare them with."""

    values: Mapping[str, Any]
    sent: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found. Not `good` = blind or failed: it never counts as absent."""

    good: bool
    rows: tuple[Row, ...] = ()
    problem: str = ""
    login_refused: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordsSession:
    """A login at work on records: a site, a division, what opens it, the advanced settings."""

    site: str
    division: int
    access_token: Secret = field(repr=False)
    scheme: str = "Bearer"  # what stands before it in the header; '' where nothing is sent
    advanced: Mapping[str, str] = field(default_factory=dict)


class Records(Referring, Protocol):
    """The records of one provider. A read is one GET; a write is exactly one request."""

    def entities(self) -> tuple[Entity, ...]:
        """All that can be chosen, in the order of the screen."""
        ...

    def entity(self, key: str) -> Entity:
        """One of them. Refused names it when there is none."""
        ...

    def begins_by_bulk(self, key: str) -> bool:
        """Whether a first load may come by Way.BULK without leaving anything out."""
        ...

    def first(self, session: RecordsSession, asked: Asked) -> str:
        """The address of the first page. Refused names a path value that is missing."""
        ...

    def page(self, wire: Wire, session: RecordsSession, asked: Asked, address: str) -> Page:
        """One page. Raises Later, Refused or TokenRefused; a page is whole or not there."""
        ...

    def count(self, wire: Wire, session: RecordsSession, asked: Asked) -> int | None:
        """How many rows there are in that way; None when the provider does not tell."""
        ...

    def newest(self, wire: Wire, session: RecordsSession, key: str) -> Newest | None:
        """The rows of a feed and its newest one, in one call; None when it does not tell."""
        ...

    def may_read(self, wire: Wire, session: RecordsSession, key: str) -> bool:
        """Whether the right to read is confirmed: an empty list alone proves nothing."""
        ...

    def mark_of(self, wire: Wire, session: RecordsSession, key: str, on: datetime) -> str:
        """The mark after which everything was changed since a moment; '' when there is none."""
        ...

    def moved(self, wire: Wire, session: RecordsSession) -> str:
        """Changes when the division was moved, and with it every mark became worthless."""
        ...

    def deletions(self) -> str:
        """The entity that is the feed of deletions; '' when the provider has none."""
        ...

    def deletion(self, row: Row) -> Deletion:
        """A row of that feed."""
        ...

    def write(self, wire: Wire, session: RecordsSession, to_write: ToWrite) -> Written:
        """Send once. Never raises for what the provider answers."""
        ...

    def request(self, session: RecordsSession, to_write: ToWrite) -> Request:
        """What `write` would send, to be kept before it is. Refused names what the path lacks."""
        ...

    def send(self, wire: Wire, session: RecordsSession, request: Request) -> Written:
        """Send a request that was kept, once. Never raises for what the provider answers."""
        ...

    def mark(self, to_write: ToWrite) -> Mark | None:
        """By which properties a record that is created can be found back; None = it cannot."""
        ...

    def find(self, wire: Wire, session: RecordsSession, key: str, wanted: ToFind) -> Found:
        """Look for records of an entity. Never raises for what the provider answers."""
        ...

    def differences(self, key: str, sent: Mapping[str, Any], found: Row) -> list[str]:
        """Names of properties that are stored otherwise than they were sent."""
        ...

    def created_at(self, row: Row) -> datetime | None:
        """When the provider made a record; None when it does not tell."""
        ...

    def key_of(self, key: str, row: Row) -> str:
        """The key the provider gave a record; '' when the row does not tell."""
        ...
