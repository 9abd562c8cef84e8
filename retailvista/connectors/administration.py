"""Master data of an administration: what may be posted where, as last fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime


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
