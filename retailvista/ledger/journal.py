"""Journal: a balanced entry, made of lines with a side and a positive amount.

Invariant: a journal whose debit and credit differ cannot exist; the constructor asserts it with
an explicit raise, so it also holds under `python -O`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import NamedTuple
from urllib.parse import quote, unquote

from retailvista.ledger.money import Money

DAY = "day"
LATE = "late"
REVERSAL = "reversal"
KINDS = frozenset({DAY, LATE, REVERSAL})


class Side(Enum):
    """Left or right of the account."""

    DEBIT = "D"
    CREDIT = "C"

    @property
    def other(self) -> Side:
        return Side.CREDIT if self is Side.DEBIT else Side.DEBIT


class LineKey(NamedTuple):
    """What makes amounts of different receipts one line; stable, so it can be followed back.

    role: S sale or refund, P payment, V VAT, R rounding. sign: '+' sale, '-' refund, '' netted.
    """

    role: str
    gl_code: str
    code: str = ""
    sales_type: str = ""
    vat_code: str = ""
    vat_bp: int = -1
    sign: str = ""
    cost_centre: str = ""

    def to_text(self) -> str:
        """
        >>> LineKey("S", "8220", "HARDWARE", "", "2", 2100, "-").to_text()
        'S:8220:HARDWARE::2:2100:-:'
        """
        return ":".join(quote(str(part), safe=" +/") for part in self)

    @classmethod
    def from_text(cls, text: str) -> LineKey:
        """
        >>> LineKey.from_text("V:1500:::2:2100:+:").vat_bp
        2100
        """
        role, gl_code, code, sales_type, vat_code, vat_bp, sign, cost_centre = (
            unquote(part) for part in text.split(":")
        )
        return cls(role, gl_code, code, sales_type, vat_code, int(vat_bp), sign, cost_centre)


@dataclass(frozen=True, slots=True)
class Line:
    """One G/L line. `vat_amount` has the side of the line and is positive as well."""

    nr: int
    side: Side
    amount: Money
    gl_code: str
    description: str
    vat_code: str = ""
    vat_amount: Money | None = None
    vat_bp: int | None = None
    is_vat: bool = False
    cost_centre: str = ""
    key: LineKey | None = None

    def __post_init__(self) -> None:
        if self.amount.minor <= 0:
            raise AssertionError(f"line {self.nr}: the amount must be positive")
        if not self.gl_code:
            raise AssertionError(f"line {self.nr} has no G/L code")
        if self.vat_amount is not None and self.vat_amount.minor < 0:
            raise AssertionError(f"line {self.nr}: VAT must be on the side of the line")
        if self.is_vat and self.vat_amount is not None:
            raise AssertionError(f"line {self.nr}: a VAT line carries no VAT of its own")

    @property
    def signed_minor(self) -> int:
        """Debit +, credit -."""
        return self.amount.minor if self.side is Side.DEBIT else -self.amount.minor

    @property
    def signed_vat_minor(self) -> int:
        vat = self.vat_amount.minor if self.vat_amount is not None else 0
        return vat if self.side is Side.DEBIT else -vat


@dataclass(frozen=True, slots=True)
class Journal:
    """A balanced entry for one store and business day."""

    kind: str
    store: str
    business_date: date
    currency: str
    lines: tuple[Line, ...]
    description: str = ""
    receipts: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise AssertionError(f"{self.kind!r} is no kind of journal")
        if any(line.amount.currency != self.currency for line in self.lines):
            raise AssertionError(f"a journal has one currency, {self.currency}")
        if [line.nr for line in self.lines] != list(range(1, len(self.lines) + 1)):
            raise AssertionError("the lines of a journal are numbered from 1 without gaps")
        balance = sum(line.signed_minor for line in self.lines)
        if balance != 0:
            raise AssertionError(f"journal of {self.business_date} is {balance} out of balance")
        made = sum(line.signed_minor for line in self.lines if line.is_vat)
        named = sum(line.signed_vat_minor for line in self.lines)
        if made != named:
            raise AssertionError(f"VAT lines say {made}, the lines they come from {named}")

    @property
    def debit(self) -> Money:
        return self._total(Side.DEBIT)

    @property
    def credit(self) -> Money:
        return self._total(Side.CREDIT)

    @property
    def is_empty(self) -> bool:
        """Nothing moved (free articles only): the day is done without an export."""
        return not self.lines

    def own_lines(self) -> Iterator[Line]:
        """Every line but the VAT lines that were made from other lines."""
        return (line for line in self.lines if not line.is_vat)

    def net_by_gl(self) -> dict[str, int]:
        """Net movement per G/L code, debit + and credit -."""
        net: dict[str, int] = {}
        for line in self.lines:
            net[line.gl_code] = net.get(line.gl_code, 0) + line.signed_minor
        return net

    def reversed(self) -> Journal:
        """The same lines on the other side: a correction never changes what was booked."""
        lines = tuple(replace(line, side=line.side.other) for line in self.lines)
        return replace(self, kind=REVERSAL, lines=lines)

    def _total(self, side: Side) -> Money:
        minor = sum(line.amount.minor for line in self.lines if line.side is side)
        return Money(minor, self.currency)
