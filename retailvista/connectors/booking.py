"""Entries: what is sent to the books, what the answer was, and what is found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum


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
    """What the provider says it stored. `net_by_gl` is None where it shows no lines."""

    external_id: str
    entry_number: int
    division: int
    journal_code: str = ""
    net_by_gl: Mapping[str, int] | None = None


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
