"""An entity behind a connector as the upstream of a live table: one call a page, in its lane.

Invariants: a reader takes the calls that posting and the other work leave, never one beyond; after
two requests that the provider refused within an hour no more are sent, since ten would block
postings too. A place to go on from is sealed, and never an address: that is made here again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors import budgets, lanes
from retailvista.connectors.outside import Outside
from retailvista.connectors.record_visits import Reader, reader_for
from retailvista.connectors.records import Asked, Kind, Page, Records, Way
from retailvista.connectors.registry import provider_named
from retailvista.connectors.visits import Visit
from retailvista.errors import Later, LoginNeeded, Refused
from retailvista.feed.edm import INTEGERS, Edm
from retailvista.feed.failures import BadQuery, FeedError, LoginGone, SourceFailed
from retailvista.feed.language.exact import Traits
from retailvista.feed.live_source import UpstreamPage, Wanted
from retailvista.feed.live_tables import ROW_KEY, ZONE, LiveTable, decoder
from retailvista.vault import Place as Sealed
from retailvista.vault import SealBroken, Secret

T = TypeVar("T")
# What a feed leaves to flows, looks and logins, beyond what all of them leave to posting.
MINUTE_LEFT, DAY_LEFT = 15, 800
REFUSALS_MOST = 2
REFUSED_PAUSE = timedelta(minutes=20)
LETTERS = {Way.FULL: "r", Way.BULK: "b", Way.SYNC: "s", Way.DELETED: "d"}
WAYS = {letter: way for way, letter in LETTERS.items()}
SKIPTOKEN, TOP = "$skiptoken", "$top"
# Before an address that goes on in a form of its own.
WHOLE = "@"
ORDERED = INTEGERS | {Edm.DECIMAL, Edm.DATE, Edm.INSTANT, Edm.BOOLEAN}
LONGEST_TOKEN = 2_000
# Providers whose lists are filtered in the language of language/exact.py; elsewhere rows are
# filtered and put in order here.
DIALECT = frozenset(("exact-online",))
# Rows of a page of a provider's list; the large forms have many more.
LIST_PAGE = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Whose connector it is. `number` and `name` are for words only."""

    company_id: int
    connector_id: int
    provider: str
    number: int
    name: str


@dataclass(slots=True)
class RecordsUpstream:
    """One table of a feed. `names` lead from its columns to those of the entity.

    Where the next pages are is remembered as the provider said it, for as long as one answer lasts.
    """

    outside: Outside
    place: Place
    records: Records
    table: LiveTable
    names: Mapping[str, str]
    _given: dict[str, str] = field(default_factory=dict, init=False)
    _reader: Reader | None = field(default=None, init=False)

    @property
    def has_list(self) -> bool:
        """Whether it has a list that can be filtered and sorted; else it is only a feed."""
        return bool(self.records.names(self.table.entity.key, Way.FULL))

    @property
    def pushes(self) -> bool:
        """Whether conditions and orders can be sent."""
        return self.has_list and self.place.provider in DIALECT

    @property
    def traits(self) -> Traits:
        """Names and quirks: codes are padded."""
        known = {ours: own for ours, own in self.names.items() if own != ROW_KEY}
        padded = frozenset(
            each.name
            for each in self.table.entity.properties
            if each.kind is Kind.TEXT and each.name.endswith("Code")
        )
        can = None if self.pushes else frozenset[str]()
        return Traits(known, filterable=can, padded=padded, zone=ZONE.key)

    @property
    def sortable(self) -> frozenset[str]:
        """Columns that the provider puts in our order: all but texts and GUIDs."""
        if not self.pushes:
            return frozenset()
        kinds = {each.name: each.type for each in self.table.table.properties}
        return frozenset(ours for ours, own in self.names.items() if kinds[own] in ORDERED)

    def page(self, wanted: Wanted, token: str) -> UpstreamPage:
        """One page; one call."""
        seal = self._seal(wanted)
        way, place = self._opened(token, seal) if token else (self._way(wanted), "")
        asked = self._asked(wanted, way)

        def read(visit: Visit) -> tuple[str, Page]:
            session = visit.records_session()
            first = self.records.first(session, asked)
            address = self._given.get(token) or _continued(first, place)
            return first, self.records.page(visit.wire, session, asked, address)

        first, found = self._called(read)
        decode = decoder(self.table, self.names, self._columns(wanted.select))
        following = self._token(first, found.next, way, seal)
        # A table has its order in each of its forms: what is begun in one goes on in it.
        here = token or self._sealed(LETTERS[way], seal)
        return UpstreamPage([decode(row) for row in found.rows], following, here)

    def count(self, wanted: Wanted) -> int | None:
        """How many rows the filter keeps there, in one call."""
        if not self.pushes:
            return None
        query = {"$filter": self._filter(wanted)} if self._filter(wanted) else {}
        asked = Asked(self.table.entity.key, Way.FULL, query=query)
        return self._called(
            lambda visit: self.records.count(visit.wire, visit.records_session(), asked)
        )

    def _way(self, wanted: Wanted) -> Way:
        """Large pages where many rows are wanted and nothing needs the list itself."""
        entity = self.table.entity
        if not self.has_list:
            return entity.way
        few = wanted.few or (wanted.top is not None and wanted.top <= LIST_PAGE)
        if few or wanted.order:
            return Way.FULL
        columns = {*self._columns(wanted.select), *entity.row_key}
        if columns <= {*self.records.names(entity.key, Way.BULK)}:
            return Way.BULK
        feed = {*self.records.names(entity.key, Way.SYNC)}
        whole = not wanted.filter and entity.way is Way.SYNC and not entity.group_key
        return Way.SYNC if whole and columns <= feed else Way.FULL

    def _columns(self, select: Iterable[str]) -> tuple[str, ...]:
        """RowKey is made of others."""
        names = [name for name in select if name != ROW_KEY]
        return tuple(dict.fromkeys([*names, *self.table.joined]))

    def _filter(self, wanted: Wanted) -> str:
        """With what the provider wants in every filter of this list; it keeps every row."""
        always = self.table.entity.mandatory_filter
        if wanted.filter and always:
            return f"({wanted.filter}) and {always}"
        return wanted.filter or always

    def _asked(self, wanted: Wanted, way: Way) -> Asked:
        query = {}
        if not way.moves_by_page:
            pairs = (("$filter", self._filter(wanted)), ("$orderby", wanted.order))
            query = {name: text for name, text in pairs if text}
            if way is Way.FULL and wanted.top is not None and self.pushes:
                query[TOP] = str(wanted.top)
        return Asked(self.table.entity.key, way, query=query, select=self._columns(wanted.select))

    def _opened(self, token: str, seal: Sealed) -> tuple[Way, str]:
        """A token of ours. One that somebody made up would cost a refusal at the provider."""
        try:
            opened = self.outside.vault.unseal(token, seal).reveal()
        except SealBroken as error:
            raise BadQuery("This link to a next page is broken.", "$skiptoken") from error
        return WAYS[opened[0]], opened[1:]

    def _seal(self, wanted: Wanted) -> Sealed:
        """A place in another question, or in a table that was changed since, is none in this."""
        asked = json.dumps([self.table.entity.key, wanted.filter, wanted.select, wanted.order])
        mark = hashlib.sha256(asked.encode()).hexdigest()[:16]
        return Sealed(self.place.company_id, f"connector {self.place.number}", f"feed {mark}")

    def _token(self, first: str, following: str, way: Way, seal: Sealed) -> str:
        """The place of the next page; short where all else in its address is as in the first."""
        if not following:
            return ""
        theirs, ours = _options(following), _options(first)
        token = theirs.pop(SKIPTOKEN, "")
        same = theirs.keys() - {TOP} == ours.keys() - {TOP}
        place = token if token and same else f"{WHOLE}{following}"
        if len(place) > LONGEST_TOKEN:
            raise SourceFailed(f"{self.place.name} gave a next page in a form that is not known.")
        sealed = self._sealed(LETTERS[way] + place, seal)
        self._given[sealed] = following
        return sealed

    def _sealed(self, text: str, seal: Sealed) -> str:
        return self.outside.vault.seal(Secret(text), seal)

    def _called(self, work: Callable[[Visit], T]) -> T:
        """One call of the company, if there is room; what cannot be is said in a feed's words."""
        try:
            with company_scope(self.place.company_id):
                if self._reader is None:
                    self._reader = reader_for(self.outside, self.place.connector_id)
                self._check_room(self._reader)
                return self._reader.visited(work)
        except LoginNeeded as error:
            raise LoginGone(
                f"Connector {self.place.number} ({self.place.name}) has to log in again: in"
                f" RetailVista open Extra > Connectors > {self.place.number} and press oAuth."
            ) from error
        except FeedError:
            raise
        except Refused as error:
            text = f"{self.place.name}: {error} {error.said}"
            raise SourceFailed(text.rstrip()) from error

    def _check_room(self, reader: Reader) -> None:
        """Later when what is left is for others, or when this table was refused too often."""
        with self.outside.sessions() as session, db.reading(session):
            seen, now = lanes.view(session, reader.lane_key), db.now(session)
        last = self.table.entity.key.rpartition("/")[2].lower()
        refused = sum(
            many for endpoint, many in seen.errors.items() if endpoint.lower().endswith(f"/{last}")
        )
        if refused >= REFUSALS_MOST:
            raise Later(
                f"{self.place.name} refused {refused} requests for this table within an hour; more"
                " of them would block postings too.", not_before=now + REFUSED_PAUSE,
            )  # fmt: skip
        budget = provider_named(self.place.provider).budget
        if seen.minute_used >= budget.per_minute - budget.posting_reserve_minute - MINUTE_LEFT:
            raise Later(
                "The calls of this minute that a feed may use are used up.",
                not_before=budgets.minute_of(now) + budgets.MINUTE,
            )
        if seen.day_used >= budget.per_day - budget.posting_reserve_day - DAY_LEFT:
            raise Later(
                "The calls of today that a feed may use are used up. Serve the table from the"
                " warehouse: that spends none.", not_before=budgets.next_day(now),
            )  # fmt: skip


def _options(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def _continued(first: str, token: str) -> str:
    """The address of the first page, from a place on; the token can only be a value in it."""
    if not token:
        return first
    if token.startswith(WHOLE):
        return token.removeprefix(WHOLE)
    pieces = [piece for piece in first.split("?", 1)[1].split("&") if not piece.startswith(TOP)]
    path = first.split("?", 1)[0]
    place = quote(token, safe="")
    return f"{path}?{'&'.join([*pieces, f'{SKIPTOKEN}={place}'])}"
