"""What till files use: register groups, payment types and VAT rates, with counts and an example.

Collected while a file is read and kept with the file, so that missing ledger links can be named
without reading every receipt again. Invariant: counts are of the files as read; a receipt that
is in two files counts twice here (and only here).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.journals.models import TillFile
from retailvista.ledger.receipt import Receipt, ReceiptLine, Tender


class LineUse(NamedTuple):
    """One way in which receipt lines occur; everything that decides their account."""

    group: str
    sales_type: str
    kind: str
    vat_code: str
    vat_bp: int
    gl_code: str
    with_vat: bool

    def as_line(self) -> ReceiptLine:
        """A line of this kind, to ask the links about."""
        vat = 1 if self.with_vat else 0
        return ReceiptLine(
            "", self.group, "", "", "1", 1 + vat, 1, vat,
            self.vat_code, self.vat_bp, self.gl_code, self.kind,
        )  # fmt: skip


class PaymentUse(NamedTuple):
    """One way of paying that occurs."""

    type: str
    standard: str
    gl_code: str

    def as_tender(self) -> Tender:
        return Tender(self.type, 1, "EUR", self.gl_code, self.standard)


Counted = list[Any]  # [count, example receipt]


class Seen:
    """Counts while receipts pass by, and adds up what files kept."""

    def __init__(self) -> None:
        self.lines: dict[LineUse, Counted] = {}
        self.payments: dict[PaymentUse, Counted] = {}
        self.rounding: Counted = [0, ""]
        self.group_names: dict[str, str] = {}
        self.payment_names: dict[str, str] = {}
        self._fast: dict[tuple[object, ...], Counted] = {}

    def add(self, receipt: Receipt) -> None:
        """Count one receipt; called for every receipt of a file, so it keeps to tuples."""
        if not receipt.counts:
            return
        fast, sales_type = self._fast, receipt.sales_type
        for line in receipt.lines:
            facts = (line[1], sales_type, line[11], line[8], line[9], line[10], line[7] != 0)
            counted = fast.get(facts)
            if counted is None:
                if line.is_empty:
                    continue
                counted = [0, receipt.key]
                fast[facts] = self.lines[LineUse(*facts)] = counted
            counted[0] += 1
        for tender in receipt.tenders:
            use = PaymentUse(tender[0], tender[4], tender[3])
            counted = self.payments.get(use)
            if counted is None:
                counted = self.payments[use] = [0, receipt.key]
            counted[0] += 1
        if receipt.rounding:
            self.rounding = [self.rounding[0] + 1, self.rounding[1] or receipt.key]

    def to_json(self) -> dict[str, Any]:
        return {
            "lines": [[*use, *counted] for use, counted in self.lines.items()],
            "payments": [[*use, *counted] for use, counted in self.payments.items()],
            "rounding": self.rounding,
            "group_names": self.group_names,
            "payment_names": self.payment_names,
        }

    def add_json(self, data: Mapping[str, Any]) -> None:
        """Add what a file kept."""
        for *use, count, example in data["lines"]:
            self.lines.setdefault(LineUse(*use), [0, example])[0] += count
        for *use, count, example in data["payments"]:
            self.payments.setdefault(PaymentUse(*use), [0, example])[0] += count
        self.rounding[0] += data["rounding"][0]
        self.rounding[1] = self.rounding[1] or data["rounding"][1]
        self.group_names.update(data["group_names"])
        self.payment_names.update(data["payment_names"])

    @property
    def groups(self) -> dict[str, str]:
        """Register groups that occur, with their names ('' = the files do not say)."""
        return {use.group: self.group_names.get(use.group, "") for use in self.lines}

    @property
    def payment_types(self) -> dict[str, tuple[str, str]]:
        """Payment types that occur: name and standard code ('' = undeclared)."""
        return {
            use.type: (self.payment_names.get(use.type, ""), use.standard) for use in self.payments
        }

    @property
    def vat_rates(self) -> set[int]:
        return {use.vat_bp for use in self.lines if use.with_vat}


def seen_in_files(session: Session) -> Seen:
    """What all read files of the company use."""
    seen = Seen()
    facts: Iterable[dict[str, Any]] = session.scalars(
        select(TillFile.facts).where(TillFile.state == "read").order_by(TillFile.id)
    )
    for kept in facts:
        seen.add_json(kept["seen"])
    return seen


def names_of(seen: Seen) -> dict[str, str]:
    """Words for the descriptions of journal lines, as `ledger.posting.post` wants them."""
    groups = {f"group:{code}": name for code, name in seen.group_names.items() if name}
    payments = {f"payment:{code}": name for code, name in seen.payment_names.items() if name}
    return groups | payments
