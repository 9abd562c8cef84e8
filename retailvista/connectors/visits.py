"""A visit: everything needed to speak to one connector's division, taken in the right order.

Token first (refreshed if due), then the lane and its budget; only then does a caller claim work.
Invariant: within a visit we are the one sender of the lane; every call is charged and logged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session as DatabaseSession

from retailvista import db
from retailvista.connectors import grants, lanes, masters
from retailvista.connectors.connector_facts import ConnectorFacts, connector_facts
from retailvista.connectors.lanes import Need
from retailvista.connectors.metering import Account, BoundedWire, MeteredWire
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import (
    Answer,
    Division,
    EntryToBook,
    Look,
    MasterData,
    Outcome,
    Provider,
    ProviderUser,
    Session,
)
from retailvista.connectors.records import RecordsSession
from retailvista.connectors.wire import way_for
from retailvista.errors import Refused

MASTER_CALLS = 15
CHECKING_SECONDS = 20
CHECKING_TRIES = 20
CHECKING_PAUSE_SECONDS = 0.25


class Visit:
    """What a caller may do while the lane is his."""

    def __init__(
        self,
        outside: Outside,
        connector: ConnectorFacts,
        provider: Provider,
        token: grants.UsableToken,
        wire: MeteredWire,
    ) -> None:
        self.connector = connector
        self.provider = provider
        self._outside = outside
        self._token = token
        self._wire = wire
        self._master: MasterData | None = None
        self._master_changed = False

    @property
    def calls(self) -> int:
        """Calls sent in this visit."""
        return self._wire.calls

    @property
    def token_age(self) -> timedelta:
        """Since the provider answered with the token in use."""
        return self._outside.clock.now() - self._token.answered_at

    def ready(self, calls: int = 1) -> None:
        """Before a claim: a token that is not due yet, and calls charged ahead.

        Raises Later or LoginNeeded; nothing has been sent then.
        """
        if self._token_is_due():
            self.refresh_now()
        self._wire.reserve(calls)

    def learning(
        self, session: DatabaseSession, *, plain: bool = False
    ) -> AbstractContextManager[datetime]:
        """A transaction of the caller's for the outcome of a posting, and for all it taught.

        With it the next call is charged, if it fits: `may_go_on` says so from inside.
        """
        return self._wire.learning(session, plain=plain)

    def holds_lane(self, session: DatabaseSession) -> bool:
        """Whether no other sender took our place, in the caller's transaction; locks the lane."""
        return self._wire.holds_lane(session)

    @property
    def may_go_on(self) -> bool:
        """Ready without asking: a call is charged, and the token is not due yet."""
        return self._wire.reserved > 0 and not self._token_is_due()

    def _token_is_due(self) -> bool:
        return self.token_age >= self.provider.authorizer.refresh_not_before

    def prepare(self) -> None:
        """What the provider must know before anything is sent; no division, nothing to know."""
        if self.connector.division:
            self.provider.books.prepare(self._wire, self._session())

    def refresh_now(self) -> None:
        """A new token, if the one in use is old enough; else the stored one once more."""
        self._token = grants.usable_token(self._outside, self.connector.id)

    def master(self, max_age_hours: int = 12, *, fresh: bool = False) -> MasterData:
        """Master data of the division: kept, else stored, else fetched. Also makes ready."""
        self.ready()
        fresh = fresh or self._master_changed
        if self._master is None or fresh or self._is_old(self._master, max_age_hours):
            self._master = self._stored_or_fetched(max_age_hours, fresh=fresh)
            self._master_changed = False
        return self._master

    def render(self, entry: EntryToBook) -> bytes:
        """The bytes to send; the same for the same entry and master data."""
        return self.provider.books.render(entry, self.master())

    def book(self, payload: bytes) -> Answer:
        """POST once. Raises Later when the budget kept it from being sent."""
        answer = self.provider.books.book(self._wire, self._session(), payload)
        if answer.outcome is Outcome.THROTTLED:
            return replace(answer, not_before=self._wire.stopped_until or answer.not_before)
        return answer

    def look(self, journal_code: str, low: int, high: int) -> Look:
        """Entries with lines in a number range, inclusive."""
        self.ready()
        return self._until(
            self.provider.books.look(self._wire, self._session(), journal_code, low, high)
        )

    def look_for_key(self, journal_code: str, key: str) -> Look:
        """Entries that carry a posting key, headers only."""
        self.ready()
        return self._until(
            self.provider.books.look_for_key(self._wire, self._session(), journal_code, key)
        )

    def sees_entries(self, journal_code: str) -> bool:
        """Whether an empty list would prove that there is nothing."""
        return self.provider.books.sees_entries(self._wire, self._session(), journal_code)

    def me(self) -> ProviderUser:
        """Who is logged in."""
        return self.provider.books.me(self._wire, self._session())

    def divisions(self) -> list[Division]:
        """What the login may see."""
        return self.provider.books.divisions(self._wire, self._session())

    def create_gl(self, code: str, name: str, *, profit_and_loss: bool) -> None:
        """Create a G/L account on request of a person."""
        self.provider.books.create_gl(
            self._wire, self._session(), code, name, profit_and_loss=profit_and_loss
        )
        self._master_changed = True

    def remove_entry(self, external_id: str) -> bool:
        """Delete an entry that was made to prove something; whether the books say it is gone."""
        return self.provider.books.remove_entry(self._wire, self._session(), external_id)

    @property
    def wire(self) -> MeteredWire:
        """The wire of this visit, for calls that have no method here."""
        return self._wire

    def records_session(self) -> RecordsSession:
        """What opens the records of the division."""
        connector, token = self.connector, self._token
        return RecordsSession(
            connector.site, connector.division, token.secret, token.scheme, connector.advanced
        )

    def _session(self) -> Session:
        connector, token = self.connector, self._token
        return Session(connector.site, connector.division, token.secret, token.scheme)

    def _until(self, look: Look) -> Look:
        """A look that was throttled says when the lane opens again."""
        if look.good or look.not_before is not None or self._wire.stopped_until is None:
            return look
        return replace(look, not_before=self._wire.stopped_until)

    def _is_old(self, master: MasterData, hours: int) -> bool:
        return self._outside.clock.now() - master.fetched_at > timedelta(hours=hours)

    def _stored_or_fetched(self, max_age_hours: int, *, fresh: bool) -> MasterData:
        session, site = self._wire.session, self.connector.site
        if not fresh:
            with db.reading(session):
                stored = masters.stored_for(session, site, self.connector.division)
            if stored is not None and not self._is_old(stored, max_age_hours):
                return stored
        fetched = self.provider.books.master(self._wire, self._session())
        with db.transaction(session):
            masters.store(session, site, fetched)
        return fetched


@contextmanager
def open_visit(  # noqa: PLR0913  whose connector, for what, and how much of it
    outside: Outside,
    connector_id: int,
    calls: int = 1,
    *,
    posting: bool = False,
    checking: bool = False,
    run_id: int | None = None,
    division: int | None = None,
) -> Iterator[Visit]:
    """Token, lane and budget for a connector of the company in scope.

    `division` is spoken to in place of the connector's own, if its login was seen to have it.

    `posting` may use the reserve that other work leaves alone. `checking` is for a web thread: no
    division is needed yet, and the calls are bounded by 20 seconds in all (a refresh is not cut
    short: its answer could be lost). Raises Later, LoginNeeded or Refused, with nothing taken.
    """
    facts, provider = connector_facts(outside, connector_id)
    division = division if provider.keeps_books else None
    if division and division != facts.division:
        facts = facts.at_other(division)
    if not checking and not facts.division:
        raise Refused(f"Connector {facts.number} has no division yet; choose one first.")
    token = grants.usable_token(outside, connector_id)
    visit = _Visit(facts, provider, token, calls, posting, checking, run_id)
    with _opened(outside, visit) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class _Visit:
    """What a visit is opened with."""

    facts: ConnectorFacts
    provider: Provider
    token: grants.UsableToken
    calls: int
    posting: bool
    checking: bool
    run_id: int | None


@contextmanager
def trial_visit(
    outside: Outside, facts: ConnectorFacts, provider: Provider, token: grants.UsableToken
) -> Iterator[Visit]:
    """A visit with values that are not stored, to test them within 20 seconds."""
    with _opened(outside, _Visit(facts, provider, token, 2, False, True, None)) as opened:
        yield opened


@contextmanager
def _opened(outside: Outside, wanted: _Visit) -> Iterator[Visit]:
    facts, provider, token = wanted.facts, wanted.provider, wanted.token
    posting, checking, calls = wanted.posting, wanted.checking, wanted.calls
    endpoint = provider.posting_endpoint if posting else ""
    need = Need(provider.budget, calls, posting=posting, endpoint=endpoint)
    lease = _take_lane(outside, facts.lane_key, need, tries=CHECKING_TRIES if checking else 1)
    wire = way_for(outside.wire, by_proxy=facts.use_proxy, free=facts.free_site)
    if checking:
        wire = BoundedWire(wire, outside.clock.monotonic, CHECKING_SECONDS)
    whose = (facts.id, token.grant_id, provider, posting)
    account = Account(*whose, facts.log_requests, wanted.run_id, token.by_hand)
    metered = MeteredWire(outside, account, lease, calls, wire)
    try:
        visit = Visit(outside, facts, provider, token, metered)
        visit.prepare()
        yield visit
    finally:
        metered.close()


def _take_lane(outside: Outside, key: str, need: Need, tries: int) -> lanes.LaneLease:
    """The lane; a person who tests waits a few seconds for the call that is going on."""
    session = outside.sessions()
    try:
        while True:
            tries -= 1
            try:
                return lanes.take(session, key, outside.owner, need)
            except lanes.LaneClosed:
                if tries <= 0:
                    raise
                outside.clock.sleep(CHECKING_PAUSE_SECONDS)
    finally:
        session.close()


def fetch_master(outside: Outside, connector_id: int, run_id: int | None = None) -> MasterData:
    """Fetch and store the master data of a connector's division now."""
    with open_visit(outside, connector_id, MASTER_CALLS, run_id=run_id) as visit:
        return visit.master(fresh=True)
