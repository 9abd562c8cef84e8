"""Ledger links: which G/L code an amount goes to, and where that answer came from.

Invariant: the order is fixed - account in the file, ledger link (group, sales type, VAT), the
register group's ledger, the fallback table - and when none of them knows, the answer is None,
which `checks` turns into a Problem. There is no silent "unknown" account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from retailvista.ledger.receipt import NON_REVENUE, ReceiptLine, Tender

FROM_FILE = "file"
FROM_LINK = "link"
FROM_LEDGER = "ledger"
FROM_FALLBACK = "fallback"

BY_GROUPS = "groups"
BY_VAT = "vat"


class GroupKey(NamedTuple):
    """Register group x sales type x VAT rate (None = any rate)."""

    group: str
    sales_type: str = ""
    vat_bp: int | None = None


class GroupLedger(NamedTuple):
    """The ledgers of a register group; a group with only `non_sales` is not turnover."""

    sales: str = ""
    non_sales: str = ""


class VatLink(NamedTuple):
    """The account VAT is owed on, and the VAT code of the books."""

    gl_code: str
    vat_code: str


class Found(NamedTuple):
    """An answer: the G/L code, where it came from, and whether it is turnover."""

    gl_code: str
    source: str
    is_revenue: bool = True


@dataclass(frozen=True, slots=True)
class Links:
    """All links of one company (or store) at one moment; a journal keeps its snapshot."""

    groups: Mapping[GroupKey, str] = field(default_factory=dict)
    ledgers: Mapping[str, GroupLedger] = field(default_factory=dict)
    vat: Mapping[int | str, VatLink] = field(default_factory=dict)
    payments: Mapping[str, str] = field(default_factory=dict)
    rounding_gl: str = ""
    fallback_by: str = BY_GROUPS
    fallback_vat: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.fallback_by not in (BY_GROUPS, BY_VAT):
            raise ValueError(f"fallback table {self.fallback_by!r} is not groups or vat")

    def rules(self, group: str, sales_type: str, vat_bp: int) -> bool:
        """True when an explicit link exists for this group and sales type."""
        return self._explicit(group, sales_type, vat_bp) != ""

    def for_line(self, line: ReceiptLine, sales_type: str) -> Found | None:
        """The account of a receipt line, or None."""
        if line.gl_code:
            return Found(line.gl_code, FROM_FILE, _is_revenue(line, sales_type))
        linked = self._explicit(line.group, sales_type, line.vat_bp)
        if not linked and sales_type:
            linked = self._explicit(line.group, "", line.vat_bp)
        if linked:
            return Found(linked, FROM_LINK, _is_revenue(line, sales_type))
        ledger = self.ledgers.get(line.group, GroupLedger())
        if ledger.sales and line.kind != NON_REVENUE:
            return Found(ledger.sales, FROM_LEDGER, _is_revenue(line, sales_type))
        if ledger.non_sales:
            return Found(ledger.non_sales, FROM_LEDGER, is_revenue=False)
        if self.fallback_by == BY_VAT and line.vat_bp in self.fallback_vat:
            gl_code = self.fallback_vat[line.vat_bp]
            return Found(gl_code, FROM_FALLBACK, _is_revenue(line, sales_type))
        return None

    def for_tender(self, tender: Tender) -> Found | None:
        """The account of a payment: file, the till's own type, then the standard type."""
        if tender.gl_code:
            return Found(tender.gl_code, FROM_FILE, is_revenue=False)
        gl_code = self.payments.get(tender.type) or self.payments.get(tender.standard)
        return Found(gl_code, FROM_LINK, is_revenue=False) if gl_code else None

    def for_vat(self, vat_bp: int, till_code: str) -> VatLink | None:
        """A link on the till's own code wins: 0 %, exempt and no VAT share one rate."""
        return self.vat.get(till_code) or self.vat.get(vat_bp)

    def _explicit(self, group: str, sales_type: str, vat_bp: int) -> str:
        exact = self.groups.get(GroupKey(group, sales_type, vat_bp))
        return exact or self.groups.get(GroupKey(group, sales_type, None), "")

    def to_json(self) -> dict[str, Any]:
        """JSON-able snapshot, in a fixed order, so that equal links give equal text."""

        def rank(key: GroupKey) -> tuple[str, str, int]:
            return (key.group, key.sales_type, -1 if key.vat_bp is None else key.vat_bp)

        return {
            "groups": [[*key, self.groups[key]] for key in sorted(self.groups, key=rank)],
            "ledgers": {group: list(self.ledgers[group]) for group in sorted(self.ledgers)},
            "vat": [[key, *self.vat[key]] for key in sorted(self.vat, key=str)],
            "payments": {kind: self.payments[kind] for kind in sorted(self.payments)},
            "rounding": self.rounding_gl,
            "fallback_by": self.fallback_by,
            "fallback_vat": [[bp, self.fallback_vat[bp]] for bp in sorted(self.fallback_vat)],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Links:
        """The links that `to_json` wrote."""
        return cls(
            groups={GroupKey(g, sales, bp): gl for g, sales, bp, gl in data["groups"]},
            ledgers={group: GroupLedger(*pair) for group, pair in data["ledgers"].items()},
            vat={key: VatLink(gl, code) for key, gl, code in data["vat"]},
            payments=dict(data["payments"]),
            rounding_gl=data["rounding"],
            fallback_by=data["fallback_by"],
            fallback_vat=dict(data["fallback_vat"]),
        )


def _is_revenue(line: ReceiptLine, sales_type: str) -> bool:
    """Turnover needs a VAT code; drawer movements, debtor payments and vouchers have none."""
    return line.kind != NON_REVENUE and (sales_type == "" or line.vat != 0)
