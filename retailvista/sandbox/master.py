"""The master data of a division, kept in memory for posting.

Invariant: read again as soon as `Store.version` has changed, so a posting never sees stale data.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from retailvista.sandbox import records
from retailvista.sandbox.records import Record
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
    cost_unit_rule: int
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal (dagboek)."""

    code: str
    description: str
    type: int
    allows_vat: bool
    allows_currency: bool
    allows_rate: bool
    is_blocked: bool
    # The account of its own: cash, bank, receivable or payable.
    account: str | None = None


@dataclass(frozen=True, slots=True)
class VatCode:
    """A VAT code with its dated rates as (from ms, until ms or None, ten-thousandths)."""

    code: str
    description: str
    type: str
    transaction: str
    to_pay: str | None
    to_claim: str | None
    is_charged: bool
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
    cost_units: dict[str, str] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)
    # (start ms, rate) by currency, newest first.
    rates: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    # (description, payment method, days) by code.
    conditions: dict[str, tuple[str, str | None, int]] = field(default_factory=dict)
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

    def rate_of(self, currency: str, ms: int) -> float | None:
        """The rate of a day for a currency; None when the table has none."""
        if currency == self.currency:
            return 1.0
        return next((rate for start, rate in self.rates.get(currency, []) if start <= ms), None)


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
    """Everything from the store."""
    found = store.row("SELECT Currency FROM division WHERE Code = ?", division)
    master = Master(currency=found[0] if found else "EUR")
    for row in records.every(store, "financial/GLAccounts", division):
        master.accounts[row.key] = _account(row)
    for row in records.every(store, "financial/Journals", division):
        journal = _journal(row)
        master.journals[journal.code] = journal
    rates: dict[str, list[tuple[int, int | None, int]]] = {}
    for row in records.every(store, "vat/VatPercentages", division):
        body = row.body
        rate = (body["StartDate"], body.get("EndDate"), round(body["Percentage"] * 10_000))
        rates.setdefault(body["VATCodeID"], []).append(rate)
    for row in records.every(store, "vat/VATCodes", division):
        code = _vat_code(row, tuple(sorted(rates.get(row.key, ()), key=lambda r: r[0])))
        master.vat[code.code] = code
    _small(store, division, master)
    return master


def _account(row: Record) -> Account:
    body = row.body
    return Account(
        id=row.key,
        code=body["Code"],
        description=body["Description"],
        type=body.get("Type", 90),
        vat_code=body.get("VATCode"),
        cost_center_rule=body.get("UseCostcenter", 0),
        cost_unit_rule=body.get("UseCostunit", 0),
        is_blocked=bool(body.get("IsBlocked")),
    )


def _journal(row: Record) -> Journal:
    body = row.body
    return Journal(
        code=body["Code"],
        description=body.get("Description", ""),
        type=body.get("Type", 90),
        allows_vat=bool(body.get("AllowVAT")),
        allows_currency=bool(body.get("AllowVariableCurrency")),
        allows_rate=bool(body.get("AllowVariableExchangeRate")),
        is_blocked=bool(body.get("IsBlocked")),
        account=body.get("GLAccount"),
    )


def _vat_code(row: Record, rates: tuple[tuple[int, int | None, int], ...]) -> VatCode:
    body = row.body
    return VatCode(
        code=body["Code"].strip(),
        description=body.get("Description", ""),
        type=body.get("Type", "N"),
        transaction=body.get("VATTransactionType", "B"),
        to_pay=body.get("GLToPay"),
        to_claim=body.get("GLToClaim"),
        is_charged=bool(body.get("Charged")),
        is_blocked=bool(body.get("IsBlocked")),
        rates=rates,
    )


def _small(store: Store, division: int, master: Master) -> None:
    for entity, named in (
        ("hrm/Costcenters", master.cost_centers),
        ("hrm/Costunits", master.cost_units),
    ):
        for row in records.every(store, entity, division):
            named[row.body["Code"]] = row.body["Description"]
    for row in records.every(store, "cashflow/PaymentConditions", division):
        body = row.body
        master.conditions[body["Code"]] = (
            *(body["Description"], body.get("PaymentMethod"), body.get("PaymentDays", 0)),
        )
    master.currencies = {row.key for row in records.every(store, "general/Currencies", division)}
    for row in records.every(store, "financial/ExchangeRates", division):
        body = row.body
        rate = (body.get("StartDate", 0), body.get("Rate", 1.0))
        master.rates.setdefault(body["SourceCurrency"], []).append(rate)
    for found in master.rates.values():
        found.sort(reverse=True)
    master.periods = sorted(
        (
            (row.body["StartDate"], row.body["EndDate"], row.body["FinYear"], row.body["FinPeriod"])
            for row in records.every(store, "financial/FinancialPeriods", division)
        ),
        reverse=True,
    )
    master.closed = {
        (row[0], row[1], row[2])
        for row in store.rows("SELECT Journal, Year, Period FROM closed WHERE Division=?", division)
    }
