"""Receipt: what one till ticket says, in minor units.

Invariants: every line has gross = net + VAT, + is a sale and - a refund; a receipt is known by
store, register and number (the `nr` of the file; `receiptNum` counts prints and can repeat).
Lines and tenders are tuples with names: a store day has thousands and they are stored as rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

CASH_SALE = "11001"
CREDIT_SALE = "11002"
RECEIVED_PAYMENT = "11005"
OPENING_FLOAT = "11007"
CASH_DIFFERENCE = "11008"
PAY_OUT = "11010"
PAY_IN = "11011"

ORDINARY_TYPES = frozenset({CASH_SALE, "11006", "11009", "11012", "11013", "11016"})
DRAWER_TYPES = frozenset({CASH_DIFFERENCE, PAY_OUT, PAY_IN})
DECISION_TYPES = frozenset({CREDIT_SALE, RECEIVED_PAYMENT, PAY_OUT, PAY_IN})
NOT_POSTED_TYPES = frozenset({OPENING_FLOAT})
assert not ORDINARY_TYPES & (DRAWER_TYPES | DECISION_TYPES | NOT_POSTED_TYPES)

CASH = "12001"

SOLD = ""
DELETED = "D"
NON_REVENUE = "N"


class ReceiptLine(NamedTuple):
    """One line of a receipt; amounts signed (+ sale, - refund), discounts already inside."""

    nr: str
    group: str
    article: str
    description: str
    quantity: str
    gross: int
    net: int
    vat: int
    vat_code: str = ""
    vat_bp: int = 0
    gl_code: str = ""
    kind: str = SOLD
    cost_centre: str = ""

    @property
    def is_refund(self) -> bool:
        return (self.gross or self.net) < 0

    @property
    def is_empty(self) -> bool:
        """Nothing to post: deleted, or a free article at 0.00."""
        return self.kind == DELETED or not (self.gross or self.net or self.vat)


class Tender(NamedTuple):
    """One way of paying; change is a negative tender of the same type."""

    type: str
    amount: int
    currency: str
    gl_code: str = ""
    standard: str = ""

    @property
    def is_cash(self) -> bool:
        return self.standard == CASH


@dataclass(frozen=True, slots=True)
class Receipt:
    """One till ticket. `written_on`/`written_at` are as the till wrote them, not converted."""

    store: str
    register: str
    nr: str
    transaction_type: str
    own_type: str
    business_date: date
    written_on: date
    written_at: str
    lines: tuple[ReceiptLine, ...]
    tenders: tuple[Tender, ...]
    currency: str = "EUR"
    voided: bool = False
    training: bool = False
    rounding_gl: str = ""
    reference: str = ""
    stated_total: int | None = None  # only when it is not the sum of the lines

    def __post_init__(self) -> None:
        for line in self.lines:
            if line.gross != line.net + line.vat:
                raise ValueError(f"receipt {self.key} line {line.nr}: gross is not net + VAT")

    @property
    def key(self) -> str:
        return f"{self.register}/{self.nr}"

    @property
    def counts(self) -> bool:
        """False for voided receipts, training and opening floats: they are not posted."""
        return not (self.voided or self.training or self.transaction_type in NOT_POSTED_TYPES)

    @property
    def total(self) -> int:
        return sum(line.gross for line in self.lines if line.kind != DELETED)

    @property
    def vat(self) -> int:
        return sum(line.vat for line in self.lines if line.kind != DELETED)

    @property
    def paid(self) -> int:
        return sum(tender.amount for tender in self.tenders)

    @property
    def rounding(self) -> int:
        return self.paid - self.total

    @property
    def has_cash(self) -> bool:
        return any(tender.standard == CASH for tender in self.tenders)

    @property
    def written(self) -> str:
        """Sortable moment as written: date and time without the offset."""
        return f"{self.written_on.isoformat()}T{self.written_at}"

    @property
    def sales_type(self) -> str:
        """Second key of the ledger links: '' for ordinary sales, else the transaction type."""
        return "" if self.transaction_type in ORDINARY_TYPES else self.transaction_type

    def to_row(self) -> dict[str, Any]:
        """Small and JSON-able: one database row per receipt. The store is the row's own."""
        row: dict[str, Any] = {
            "r": self.register,
            "n": self.nr,
            "t": self.transaction_type,
            "d": self.business_date.isoformat(),
            "w": self.written_at,
            "l": self.lines,
            "p": self.tenders,
            "c": self.currency,
        }
        if self.own_type != self.transaction_type:
            row["o"] = self.own_type
        if self.written_on != self.business_date:
            row["wd"] = self.written_on.isoformat()
        flags = ("v" if self.voided else "") + ("t" if self.training else "")
        rare = {"f": flags, "ra": self.rounding_gl, "ref": self.reference}
        if self.stated_total is not None:
            row["ti"] = self.stated_total
        return row | {key: value for key, value in rare.items() if value}

    @classmethod
    def from_row(cls, store: str, row: dict[str, Any]) -> Receipt:
        """The receipt that `to_row` wrote, also after a trip through JSON."""
        flags = row.get("f", "")
        business_date = date.fromisoformat(row["d"])
        return cls(
            store=store,
            register=row["r"],
            nr=row["n"],
            transaction_type=row["t"],
            own_type=row.get("o", row["t"]),
            business_date=business_date,
            written_on=date.fromisoformat(row["wd"]) if "wd" in row else business_date,
            written_at=row["w"],
            lines=tuple(ReceiptLine(*line) for line in row["l"]),
            tenders=tuple(Tender(*tender) for tender in row["p"]),
            currency=row["c"],
            voided="v" in flags,
            training="t" in flags,
            rounding_gl=row.get("ra", ""),
            reference=row.get("ref", ""),
            stated_total=row.get("ti"),
        )


def counting(receipts: Sequence[Receipt]) -> list[Receipt]:
    """The receipts that are posted."""
    return [receipt for receipt in receipts if receipt.counts]
