"""What RetailVista asks of an accounting service. Providers plug in here.

Values are frozen; a provider keeps no state and no database: it speaks HTTP through the Wire it
is given, and says what happened. What to do about it is decided above this port.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from retailvista.connectors.administration import (
    BooksVatCode,
    GlAccount,
    JournalCode,
    MasterData,
    Period,
)
from retailvista.connectors.booking import (
    Answer,
    Booked,
    EntryToBook,
    LineToBook,
    Look,
    Outcome,
    StoredEntry,
    StoredLine,
)
from retailvista.connectors.guidance import FULL, REFRESH, TOKEN, AdvancedKey, Guidance
from retailvista.connectors.notices import Notices
from retailvista.connectors.records import Kind, Records, RecordsSession
from retailvista.connectors.wire import Call, Limits, Reply, Sending, Wire
from retailvista.errors import Later, LoginNeeded
from retailvista.vault import Secret

__all__ = [
    "Answer",
    "Authorizer",
    "Booked",
    "Books",
    "BooksVatCode",
    "Budget",
    "Call",
    "Division",
    "EntryToBook",
    "GlAccount",
    "JournalCode",
    "Limits",
    "LineToBook",
    "Look",
    "MasterData",
    "Outcome",
    "Period",
    "Provider",
    "ProviderUser",
    "Registration",
    "Reply",
    "Sending",
    "Session",
    "StoredEntry",
    "StoredLine",
    "TokenPair",
    "TokenRefused",
    "TooEarly",
    "Wire",
]


class TokenRefused(LoginNeeded):
    """The access token was refused (401). Old enough: refresh once; young: pause."""


class TooEarly(Later):
    """A refresh before the provider allows it; the access token that is out still lives."""


# ---------------------------------------------------------------- logging in


@dataclass(frozen=True, slots=True)
class AppKeys:
    """An app that the operator registered at a provider for every company."""

    client_id: str
    client_secret: Secret

    def __post_init__(self) -> None:
        assert self.client_id, "an app has a client id"


@dataclass(frozen=True, slots=True)
class Registration:
    """The app as the provider knows it. `site` is scheme, host and port of the provider."""

    site: str
    client_id: str
    client_secret: Secret
    callback_url: str
    # Where a service of any address logs people in, and what for.
    authorise_url: str = ""
    token_url: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Tokens as answered. The access token is usable until requested_at + life."""

    access_token: Secret
    refresh_token: Secret
    requested_at: datetime
    answered_at: datetime
    life: timedelta


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """Who logged in at the provider."""

    user_id: str
    name: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Division:
    """An administration the login may see."""

    code: int
    name: str
    currency: str
    country: str = ""


class Authorizer(Protocol):
    """OAuth as this provider does it. Answers come raw, so that they can be spooled first."""

    @property
    def grant_life(self) -> timedelta:
        """Last communication + this = valid until (Exact: 30 days)."""
        ...

    @property
    def refresh_not_before(self) -> timedelta:
        """Exact refuses an earlier refresh (570 s after the answer)."""
        ...

    @property
    def access_life(self) -> timedelta:
        """Counted from the request (Exact: 600 s)."""
        ...

    @property
    def token_calls_per_day(self) -> int:
        """We stay under the provider's own limit."""
        ...

    def login_url(self, registration: Registration, state: str) -> str: ...

    def redeem(self, wire: Wire, registration: Registration, code: str) -> Reply: ...

    def refresh(self, wire: Wire, registration: Registration, refresh_token: Secret) -> Reply: ...

    def read_tokens(self, reply: Reply) -> TokenPair:
        """The pair in a raw answer.

        Raises LoginNeeded (definite: used, expired, chain, client, 403), Later (busy, 5xx, not
        sent, 429), Unknown (sent without an answer) or TooEarly (the grant still lives).
        """
        ...


# ---------------------------------------------------------------- the books


@dataclass(frozen=True, slots=True)
class Session:
    """A login at work: one site, one division, one access token."""

    site: str
    division: int
    access_token: Secret = field(repr=False)
    # What stands before it in the header; '' where nothing is sent.
    scheme: str = "Bearer"


class Books(Protocol):
    """The books of one division. Every method is one or a few GETs, or exactly one POST."""

    def prepare(self, wire: Wire, session: Session) -> None:
        """Find out what must be known before anything is sent: nothing may come before a POST.

        Asked once at the start of a visit. Raises the four errors.
        """
        ...

    def me(self, wire: Wire, session: Session) -> ProviderUser: ...

    def divisions(self, wire: Wire, session: Session) -> list[Division]: ...

    def master(self, wire: Wire, session: Session) -> MasterData:
        """G/L accounts, journals, VAT codes, cost centres, periods. Raises the four errors."""
        ...

    def render(self, entry: EntryToBook, master: MasterData) -> bytes:
        """The canonical payload: same entry, same master data, same bytes."""
        ...

    def book(self, wire: Wire, session: Session, payload: bytes) -> Answer:
        """POST once."""
        ...

    def look(self, wire: Wire, session: Session, journal_code: str, low: int, high: int) -> Look:
        """Headers and lines of the entries in a number range, inclusive."""
        ...

    def look_for_key(
        self, wire: Wire, session: Session, journal_code: str, posting_key: str
    ) -> Look:
        """Entries of the journal code whose lines carry the posting key."""
        ...

    def sees_entries(self, wire: Wire, session: Session, journal_code: str) -> bool:
        """Whether this login may read entries, and the journal code is shown to it.

        Asked while nothing of ours is known to be there: an empty list proves nothing without it.
        False also when it could not be found out.
        """
        ...

    def create_gl(
        self, wire: Wire, session: Session, code: str, name: str, *, profit_and_loss: bool
    ) -> None:
        """Create a G/L account of type General, on request of a person. Raises the four errors."""
        ...

    def remove_entry(self, wire: Wire, session: Session, external_id: str) -> bool:
        """Delete an entry that was made with consent, to prove something; whether it is gone."""
        ...


# ---------------------------------------------------------------- a provider as a whole


@dataclass(frozen=True, slots=True)
class Budget:
    """How much we ask of a provider at most; work other than posting leaves the reserve alone."""

    per_minute: int
    per_day: int
    errors_per_hour: int
    counted_errors: frozenset[int]
    posting_reserve_minute: int
    posting_reserve_day: int

    def __post_init__(self) -> None:
        assert 0 <= self.posting_reserve_minute < self.per_minute
        assert 0 <= self.posting_reserve_day < self.per_day


@dataclass(frozen=True, slots=True)
class Provider:
    """A kind of service: facts as data, behaviour in its Authorizer and Books."""

    key: str
    name: str
    licence: str
    sites: tuple[str, ...]
    authorizer: Authorizer
    books: Books
    budget: Budget
    read_limits: Callable[[Reply], Limits]
    throttled_until: Callable[[Reply], datetime | None]
    posting_endpoint: str
    endpoint_of: Callable[[str], str]
    hint_for: Callable[[str, str], str]
    # What flows and feeds may read and write; None for a provider that only keeps books.
    records: Records | None = None
    # How it announces changes by itself; None for a provider that does not.
    notices: Notices | None = None
    # Origins it speaks to beside its sites, and its VAT modes: the first is of a new connector.
    further_hosts: tuple[str, ...] = ()
    vat_modes: tuple[str, ...] = ("exact", "own")
    # What its screen shows: texts, ways to log in, keys of the advanced settings.
    guidance: Guidance = field(default_factory=lambda: Guidance(""))
    modes: tuple[str, ...] = (FULL, REFRESH, TOKEN)
    advanced: tuple[AdvancedKey, ...] = ()
    # The address is entered by hand, and may be any that is not inside our own network.
    free_site: bool = False
    # It has books to post to; one without divisions is a single place.
    keeps_books: bool = True
    # A value in a $filter of its lists; None where lists take no conditions.
    literal: Callable[[Kind, str], str] | None = None
    # Where each service has records of its own: how it tells them, and the records made of that.
    catalogue: Callable[[Wire, RecordsSession], list[dict[str, Any]]] | None = None
    records_for: Callable[[Any], Records] | None = None
