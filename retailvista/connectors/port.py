"""What RetailVista asks of an accounting service. Providers plug in here.

Values are frozen; a provider keeps no state and no database: it speaks HTTP through the Wire it
is given, and says what happened. What to do about it is decided above this port.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import datetime
from datetime import timedelta
from enum import Enum
from typing import Protocol

from retailvista.vault import Secret

# ---------------------------------------------------------------- the wire


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. `deadline_seconds` bounds it in total, socket closed at the end."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    deadline_seconds: float = 30.0
    secret_headers: Mapping[str, Secret] = field(default_factory=dict)
    secret_form: Mapping[str, Secret] = field(default_factory=dict)


class Sending(Enum):
    """How far a call came. NOT_SENT is certain: no byte of the request left this host."""

    ANSWERED = "answered"
    NOT_SENT = "not sent"
    NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `requested_at` and `answered_at` are UTC; header names are lower case."""

    sending: Sending
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    requested_at: datetime | None = None
    answered_at: datetime | None = None
    problem: str = ""


class Wire(Protocol):
    """Sends one call, once. Never repeats, never follows redirects, never raises for HTTP."""

    def send(self, call: Call) -> Reply: ...


# ---------------------------------------------------------------- logging in


@dataclass(frozen=True, slots=True)
class Registration:
    """The app as the provider knows it. `site` is scheme, host and port of the provider."""

    site: str
    client_id: str
    client_secret: Secret
    callback_url: str


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

    grant_life: timedelta  # Exact 30 days: last communication + this = valid until
    refresh_not_before: timedelta  # Exact refuses an earlier refresh (570 s after the answer)
    access_life: timedelta  # Exact 600 s, counted from the request
    token_calls_per_day: int  # we stay under the provider's own limit

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


class Outcome(Enum):
    """What a POST came to; each row of a provider's answer table yields one of these."""

    BOOKED = "booked"
    NOT_SENT = "not sent"
    THROTTLED = "throttled"
    TOKEN_REFUSED = "token refused"
    STOPPED = "stopped"
    REJECTED = "rejected"
    REFUSED_KNOWN = "refused, known text"
    REFUSED_UNKNOWN = "refused, unknown text"
    NUMBER_IN_USE = "entry number in use"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Booked:
    """What the provider says it stored."""

    external_id: str
    entry_number: int
    division: int
    journal_code: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Outcome of a POST with the provider's own words. `not_before` only when throttled."""

    outcome: Outcome
    said: str = ""
    http_status: int = 0
    booked: Booked | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredLine:
    """One line as found in the books; signed minor units, debit positive."""

    gl_code: str
    amount: int
    vat_code: str
    vat_amount: int
    vat_type: str
    description: str
    cost_centre: str
    on: date | None
    line_number: int
    gl_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry found in the books. `lines` is None when only the header was read."""

    external_id: str
    entry_number: int
    division: int
    journal_code: str
    year: int
    period: int
    lines: tuple[StoredLine, ...] | None
    status: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """Result of looking for entries. Not `good` = blind or failed: it never counts as absent."""

    good: bool
    entries: tuple[StoredEntry, ...] = ()
    problem: str = ""
    login_refused: bool = False
    not_before: datetime | None = None


class Books(Protocol):
    """The books of one division. Every method is one or a few GETs, or exactly one POST."""

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

    def look(
        self, wire: Wire, session: Session, journal_code: str, low: int, high: int
    ) -> Look:
        """Headers and lines of the entries in a number range, inclusive."""
        ...

    def look_for_key(
        self, wire: Wire, session: Session, journal_code: str, posting_key: str
    ) -> Look:
        """Entries of the journal code whose lines carry the posting key."""
        ...

    def create_gl(
        self, wire: Wire, session: Session, code: str, name: str, *, profit_and_loss: bool
    ) -> None:
        """Create a G/L account of type General, on request of a person. Raises the four errors."""
        ...


@dataclass(frozen=True, slots=True)
class GlAccount:
    """A G/L account; `postable` = type General or profit and loss, see `type_code`."""

    id: str
    code: str
    name: str
    type_code: int
    blocked: bool
    vat_code: str
    cost_centre_rule: int  # 0 optional, 1 mandatory, 2 none
    is_balance: bool


@dataclass(frozen=True, slots=True)
class JournalCode:
    """A journal of the administration (dagboek)."""

    code: str
    name: str
    type_code: int
    allow_vat: bool
    blocked: bool
    currency: str


@dataclass(frozen=True, slots=True)
class BooksVatCode:
    """A VAT code of the administration with its dated percentages in hundredths of a percent."""

    code: str
    name: str
    type: str  # E exclusive, I inclusive, N none, B base only
    percent_bp: int
    gl_to_pay: str
    gl_to_claim: str
    blocked: bool
    dated: tuple[tuple[date, date | None, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """A financial period, inclusive dates; closed for these journal codes."""

    year: int
    period: int
    start: date
    end: date
    closed_for: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MasterData:
    """What the administration allows, as last fetched."""

    division: int
    currency: str
    fetched_at: datetime
    gl_accounts: Mapping[str, GlAccount]
    journals: Mapping[str, JournalCode]
    vat_codes: Mapping[str, BooksVatCode]
    cost_centres: frozenset[str]
    periods: Sequence[Period]

    def period_of(self, on: date) -> Period | None:
        """The period that holds the date, if the administration has one."""
        return next((p for p in self.periods if p.start <= on <= p.end), None)


@dataclass(frozen=True, slots=True)
class LineToBook:
    """A line to send; signed minor units, debit positive. Empty code = no VAT."""

    gl_code: str
    amount: int
    vat_code: str
    vat_amount: int
    description: str
    cost_centre: str = ""


@dataclass(frozen=True, slots=True)
class EntryToBook:
    """An entry with its number reserved; descriptions already carry the posting key."""

    division: int
    journal_code: str
    entry_number: int
    year: int
    period: int
    on: date
    currency: str
    lines: tuple[LineToBook, ...]
