"""What a till knows: codes, lines, tickets and reports, in cents.

Invariant: refunds are negative; the VAT of a line is taken out of its price, half up per line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

VAT_CODES = {"H": 2100, "L": 900, "G": 0}
VAT_TEXTS = {"H": "Hoog 21%", "L": "Laag 9%", "G": "Geen btw"}

SALE, RETURN, DELETED = "SAL", "RET", "DELETED"
GROUPS = {
    "PLANT": "Planten en bloemen",
    "HARDWARE": "Hardware en gereedschap",
    "CAFE": "Tuincafé",
    "CADEAU": "Cadeaukaarten",
    "STATIEGELD": "Statiegeld",
    "AANBETALING": "Aanbetalingen",
    "DEBITEUR": "Debiteurenbetalingen",
    "KASUIT": "Kleine kas",
    "AFSTORTING": "Afstorting bank",
    "KASVERSCHIL": "Kasverschil",
}
TYPES = {
    "VERKOOP": ("11001", "Contante verkoop"),
    "RETOUR": ("11006", "Retour"),
    "DEBITEUR": ("11005", "Betaling van een factuur"),
    "KASVERSCHIL": ("11008", "Kasverschil bij telling"),
    "UITKAS": ("11010", "Uit kas"),
}
PAYMENTS = {
    "CASH": ("12001", "Contant"),
    "PIN": ("12002", "PIN"),
    "CREDITCARD": ("12003", "Creditcard"),
    "CADEAUKAART": ("12005", "Cadeaukaart"),
    "TUINBON": ("12999", "Nationale Tuinbon"),
    "AANBETALING": ("12999", "Verrekende aanbetaling"),
}
EVENTS = {"ZRAP": ("13009", "Z-rapport"), "XRAP": ("13008", "X-rapport")}
ORDINARY = frozenset({"VERKOOP", "RETOUR"})


class TillLine(NamedTuple):
    """One line; cents, refunds negative."""

    group: str
    article: str
    text: str
    quantity: int
    gross: int
    net: int
    vat_code: str
    kind: str = SALE
    discount: int = 0

    @property
    def vat(self) -> int:
        return self.gross - self.net


def priced(
    group: str, article: str, text: str, gross: int, vat_code: str, quantity: int = 1
) -> TillLine:
    """A line with its VAT taken out of the price, half up per line."""
    percent = VAT_CODES[vat_code]
    whole = abs(gross) * 10_000
    net = (2 * whole + 10_000 + percent) // (2 * (10_000 + percent))
    kind = RETURN if gross < 0 else SALE
    return TillLine(
        group, article, text, quantity, gross, -net if gross < 0 else net, vat_code, kind
    )


@dataclass(frozen=True, slots=True)
class TillReceipt:
    """One ticket."""

    nr: int
    type: str
    on: str
    at: str
    lines: tuple[TillLine, ...]
    payments: tuple[tuple[str, int], ...]
    void: bool = False
    training: bool = False

    @property
    def total(self) -> int:
        return sum(line.gross for line in self.lines if line.kind != DELETED)

    @property
    def paid(self) -> int:
        return sum(amount for _, amount in self.payments)

    @property
    def is_sale(self) -> bool:
        return self.type in ORDINARY and not self.void and not self.training


@dataclass(frozen=True, slots=True)
class TillReport:
    """One Z or X report over the receipts of its window."""

    number: int
    kind: str
    on: str
    at: str
    opening_float: int
    grand_total: int
    receipts: tuple[TillReceipt, ...]

    @property
    def sold(self) -> list[TillReceipt]:
        return [receipt for receipt in self.receipts if receipt.is_sale]

    @property
    def sales(self) -> int:
        return sum(receipt.total for receipt in self.sold)

    def lines(self) -> Iterator[TillLine]:
        return (line for r in self.sold for line in r.lines if line.kind != DELETED)


class Register(NamedTuple):
    """A till: its reports come before its receipts in the file."""

    id: str
    reports: Iterable[TillReport]
    receipts: Iterable[TillReceipt]


class Head(NamedTuple):
    """What the header says."""

    company: str
    location: str
    first_on: str
    last_on: str
    made_on: str
    made_at: str
    currency: str = "EUR"


def money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def side(cents: int) -> str:
    return "D" if cents < 0 else "C"
