"""Declaration: the closing of a store's day, and its control against the Z reports.

Invariants: a declaration holds receipts of one store and one business day. A Z report is not a
day: it controls a window (the receipts of a register since the Z report before it), which can
span days or be one of several in a day. A check that lacks data says "niet vast te stellen".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

from retailvista.ledger.receipt import CASH, PAY_IN, PAY_OUT, Receipt, counting


class Result(Enum):
    """Outcome of a control; the value is the word on the Dutch screen."""

    PASSED = "klopt"
    FAILED = "wijkt af"
    UNKNOWN = "niet vast te stellen"


@dataclass(frozen=True, slots=True)
class ZReport:
    """One Z (or X) report of a register. `at` is date and time as written, sortable."""

    register: str
    number: str
    at: str
    kind: str = "Z"
    cash_sales: int | None = None
    returns: int | None = None
    payments: Mapping[str, int] = field(default_factory=dict)
    opening_float: int | None = None
    counted: int | None = None
    grand_total: int | None = None
    store: str = ""

    @property
    def on(self) -> date:
        return date.fromisoformat(self.at[:10])

    def to_row(self) -> dict[str, Any]:
        """JSON-able; absent facts are left out."""
        row: dict[str, Any] = {"r": self.register, "n": self.number, "a": self.at}
        facts = {
            "k": "" if self.kind == "Z" else self.kind,
            "cs": self.cash_sales,
            "re": self.returns,
            "p": dict(self.payments) or None,
            "of": self.opening_float,
            "co": self.counted,
            "gt": self.grand_total,
            "s": self.store,
        }
        row.update({key: value for key, value in facts.items() if value not in (None, "")})
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ZReport:
        return cls(
            register=row["r"],
            number=row["n"],
            at=row["a"],
            kind=row.get("k", "Z"),
            cash_sales=row.get("cs"),
            returns=row.get("re"),
            payments=row.get("p", {}),
            opening_float=row.get("of"),
            counted=row.get("co"),
            grand_total=row.get("gt"),
            store=row.get("s", ""),
        )


@dataclass(frozen=True, slots=True)
class WindowCheck:
    """One control of one window: what was expected, what was found, how it ended."""

    register: str
    z_number: str
    at: str
    what: str
    result: Result
    expected: int | None = None
    found: int | None = None
    receipts: int = 0


@dataclass(frozen=True, slots=True)
class Declaration:
    """The closing of a store's day: its receipts and the Z reports made on that day."""

    store: str
    business_date: date
    receipts: tuple[Receipt, ...]
    z_reports: tuple[ZReport, ...] = ()
    currency: str = "EUR"

    def __post_init__(self) -> None:
        for receipt in self.receipts:
            if receipt.store != self.store or receipt.business_date != self.business_date:
                raise ValueError(f"receipt {receipt.key} is of another store or day")
        if len({receipt.key for receipt in self.receipts}) != len(self.receipts):
            raise ValueError("a receipt occurs twice in one declaration")

    @property
    def counted_receipts(self) -> list[Receipt]:
        """Those that are posted: void, training and opening floats left out."""
        return counting(self.receipts)

    @property
    def total(self) -> int:
        return sum(receipt.total for receipt in self.counted_receipts)

    @property
    def paid(self) -> int:
        return sum(receipt.paid for receipt in self.counted_receipts)

    @property
    def vat(self) -> int:
        return sum(receipt.vat for receipt in self.counted_receipts)

    @property
    def rounding(self) -> int:
        return self.paid - self.total


def last_written(receipts: Iterable[Receipt]) -> dict[str, str]:
    """The moment of the last receipt per register, as written."""
    last: dict[str, str] = {}
    for receipt in receipts:
        if receipt.written > last.get(receipt.register, ""):
            last[receipt.register] = receipt.written
    return last


def covered_by_z(written: Mapping[str, str], z_reports: Iterable[ZReport]) -> bool:
    """True when each register with receipts has a Z report at or after its last one."""
    last = {z.register: z.at for z in sorted(z_reports, key=lambda z: z.at) if z.kind == "Z"}
    return all(moment <= last.get(register, "") for register, moment in written.items())


def ready_because(
    business_date: date,
    written: Mapping[str, str],
    z_reports: Iterable[ZReport],
    *,
    file_made_on: date | None,
    closed_by_person: bool,
) -> str:
    """Why a day may be posted: 'person', 'z_report', 'file_made_later', or '' = not ready."""
    if closed_by_person:
        return "person"
    if written and covered_by_z(written, z_reports):
        return "z_report"
    if file_made_on is not None and file_made_on > business_date:
        return "file_made_later"
    return ""


def control(receipts: Sequence[Receipt], z_reports: Sequence[ZReport]) -> list[WindowCheck]:
    """Every Z report of the registers against the receipts of its window.

    Give the receipts of the whole stretch, not of one day: windows do not respect midnight.
    """
    checks: list[WindowCheck] = []
    for register in sorted({report.register for report in z_reports}):
        reports = sorted(
            (z for z in z_reports if z.register == register and z.kind == "Z"),
            key=lambda z: (z.at, z.number),
        )
        own = [receipt for receipt in receipts if receipt.register == register]
        before: ZReport | None = None
        for report in reports:
            start = before.at if before else ""
            window = [r for r in own if start < r.written <= report.at]
            checks += _check_window(before, report, counting(window))
            before = report
    return checks


def _check_window(
    before: ZReport | None, report: ZReport, window: list[Receipt]
) -> list[WindowCheck]:
    def said(what: str, expected: int | None, found: int | None, *, known: bool) -> WindowCheck:
        result = Result.UNKNOWN
        if known and expected is not None and found is not None:
            result = Result.PASSED if expected == found else Result.FAILED
        return WindowCheck(
            report.register, report.number, report.at, what, result, expected, found, len(window)
        )

    sold = sum(receipt.total for receipt in window if not receipt.sales_type)
    checks = [said("cash_sales", report.cash_sales, sold, known=True)]
    if before is None and checks[0].result is Result.FAILED:
        # Nothing says where the first window of a file starts.
        checks = [said("cash_sales", report.cash_sales, sold, known=False)]
    moved = sum(r.paid for r in window if r.transaction_type in (PAY_IN, PAY_OUT))
    cash = sum(t.amount for r in window for t in r.tenders if t.standard == CASH)
    closing = None if before is None else before.counted
    checks.append(
        said("closing_is_opening", closing, report.opening_float, known=closing is not None)
    )
    drawer = None if report.opening_float is None else report.opening_float + cash
    # Pay-ins and pay-outs need not exist as receipts; without them the drawer proves nothing.
    known = report.counted is not None and (moved != 0 or drawer == report.counted)
    checks.append(said("counted_is_expected", drawer, report.counted, known=known))
    return checks
