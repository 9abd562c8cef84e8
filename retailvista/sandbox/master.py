"""The master data of a division, kept in memory for posting.

Invariant: read again as soon as `Store.version` has changed, so a posting never sees stale data.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from retailvista.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Account:
    """A G/L account."""

    id: str
    code: str
    description: str
    type: int
    vat_code: str | None
    cost_center_rule: int
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal (dagboek)."""

    code: str
    description: str
    type: int
    allows_vat: bool
    allows_currency: bool
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class VatCode:
    """A VAT code with its dated rates as (from ms, until ms or None, ten-thousandths)."""

    code: str
    description: str
    type: str
    transaction: str
    to_pay: str | None
    to_claim: str | None
    is_blocked: bool
    rates: tuple[tuple[int, int | None, int], ...]

    def rate_at(self, ms: int) -> int:
        """The rate of a day in ten-thousandths; before the first one, the first."""
        for start, until, rate in self.rates:
            if start <= ms and (until is None or ms <= until):
                return rate
        return self.rates[0][2] if self.rates else 0


@dataclass(slots=True)
class Master:
    """Everything posting looks up."""

    currency: str
    accounts: dict[str, Account] = field(default_factory=dict)
    journals: dict[str, Journal] = field(default_factory=dict)
    vat: dict[str, VatCode] = field(default_factory=dict)
    cost_centers: dict[str, str] = field(default_factory=dict)
    periods: list[tuple[int, int, int, int]] = field(default_factory=list)
    closed: set[tuple[str, int, int]] = field(default_factory=set)

    def period_of(self, ms: int) -> tuple[int, int] | None:
        """(year, period) of a day."""
        day = ms - ms % 86_400_000
        for start, end, year, period in self.periods:
            if start <= day <= end:
                return year, period
        return None

    def has_period(self, year: int, period: int) -> bool:
        """Whether the period table knows it."""
        return any(row[2] == year and row[3] == period for row in self.periods)

    def is_closed(self, journal: str, year: int, period: int) -> bool:
        """Closed for all journals or for this one."""
        return ("", year, period) in self.closed or (journal, year, period) in self.closed


class Masters:
    """One Master per division, as fresh as the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.kept: dict[int, tuple[int, Master]] = {}

    def of(self, division: int) -> Master:
        """The division's master data."""
        version, master = self.kept.get(division, (-1, None))
        if master is None or version != self.store.version:
            version = self.store.version
            master = read_master(self.store, division)
            self.kept[division] = (version, master)
        return master


def read_master(store: Store, division: int) -> Master:
    """Everything from the tables."""
    found = store.row("SELECT Currency FROM division WHERE Code = ?", division)
    master = Master(currency=found[0] if found else "EUR")
    for row in store.rows(
        "SELECT ID, Code, Description, Type, VATCode, UseCostcenter, IsBlocked FROM gl_account "
        "WHERE Division = ?",
        division,
    ):
        master.accounts[row[0]] = Account(
            row[0], row[1], row[2], row[3], row[4], row[5], bool(row[6])
        )
    for row in store.rows(
        "SELECT Code, Description, Type, AllowVAT, AllowVariableCurrency, IsBlocked FROM journal "
        "WHERE Division = ?",
        division,
    ):
        master.journals[row[0]] = Journal(row[0], row[1], row[2], *map(bool, row[3:]))
    rates = _rates(store, division)
    for row in store.rows(
        "SELECT ID, Code, Description, Type, VATTransactionType, GLToPay, GLToClaim, IsBlocked "
        "FROM vat_code WHERE Division = ?",
        division,
    ):
        master.vat[row[1]] = VatCode(
            code=row[1],
            description=row[2],
            type=row[3],
            transaction=row[4],
            to_pay=row[5],
            to_claim=row[6],
            is_blocked=bool(row[7]),
            rates=tuple(rates.get(row[0], ())),
        )
    _small(store, division, master)
    return master


def _rates(store: Store, division: int) -> dict[str, list[tuple[int, int | None, int]]]:
    rates: dict[str, list[tuple[int, int | None, int]]] = {}
    for key, start, until, fraction in store.rows(
        "SELECT VATCodeID, StartDate, EndDate, Percentage FROM vat_percentage "
        "WHERE Division = ? ORDER BY StartDate",
        division,
    ):
        rates.setdefault(key, []).append((start, until, round(fraction * 10_000)))
    return rates


def _small(store: Store, division: int, master: Master) -> None:
    master.cost_centers = dict(
        store.rows("SELECT Code, Description FROM cost_center WHERE Division = ?", division)
    )
    master.periods = [
        (row[0], row[1], row[2], row[3])
        for row in store.rows(
            "SELECT StartDate, EndDate, FinYear, FinPeriod FROM period WHERE Division = ? "
            "ORDER BY StartDate DESC",
            division,
        )
    ]
    master.closed = {
        (row[0], row[1], row[2])
        for row in store.rows("SELECT Journal, Year, Period FROM closed WHERE Division=?", division)
    }
