"""Ledger links as flat rows (as stored, shown and imported) and back.

Invariant: a row that cannot be read is refused with its text, never skipped.

kind group: code + sales_type + vat (rate, '' = any) -> gl_code.
kind group_ledger: code -> gl_code, sales_type '' = sales ledger, 'non-sales' = the other.
kind payment: code -> gl_code. kind rounding: gl_code.
kind vat: code (rate such as '21', or 'till:CODE' for the till's own code) -> gl_code, and `vat`
is the VAT code of the books. kind fallback: code (rate) -> gl_code; code '' says which table.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, Protocol

from retailvista.ledger.links import BY_GROUPS, GroupKey, GroupLedger, Links, VatLink

GROUP = "group"
GROUP_LEDGER = "group_ledger"
PAYMENT = "payment"
VAT = "vat"
ROUNDING = "rounding"
FALLBACK = "fallback"
KINDS = (GROUP, GROUP_LEDGER, PAYMENT, VAT, ROUNDING, FALLBACK)

NON_SALES = "non-sales"
TILL_PREFIX = "till:"


class LinkRow(NamedTuple):
    """One ledger link as stored."""

    kind: str
    code: str
    gl_code: str
    sales_type: str = ""
    vat: str = ""
    name: str = ""


class AnyRow(Protocol):
    """What `links_of_rows` reads; a database row has the same fields."""

    @property
    def kind(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def gl_code(self) -> str: ...
    @property
    def sales_type(self) -> str: ...
    @property
    def vat(self) -> str: ...


def rate_bp(text: str) -> int:
    """Basis points of a rate as people write it.

    >>> rate_bp("21"), rate_bp("9 %"), rate_bp("2,5")
    (2100, 900, 250)
    """
    try:
        scaled = Decimal(text.replace("%", "").replace(",", ".").strip()) * 100
    except InvalidOperation:
        raise ValueError(f"{text!r} is no VAT rate") from None
    if scaled != scaled.to_integral_value() or not 0 <= scaled <= 10_000:
        raise ValueError(f"{text!r} is no VAT rate")
    return int(scaled)


def rate_text(bp: int) -> str:
    """
    >>> rate_text(2100), rate_text(250)
    ('21', '2.5')
    """
    return f"{bp / 100:g}"


def links_of_rows(rows: Iterable[AnyRow]) -> Links:
    """The links that the rows say."""
    groups: dict[GroupKey, str] = {}
    ledgers: dict[str, GroupLedger] = {}
    vat: dict[int | str, VatLink] = {}
    payments: dict[str, str] = {}
    fallback_vat: dict[int, str] = {}
    single = {ROUNDING: "", FALLBACK: BY_GROUPS}
    for row in rows:
        if row.kind == GROUP:
            bp = rate_bp(row.vat) if row.vat else None
            groups[GroupKey(row.code, row.sales_type, bp)] = row.gl_code
        elif row.kind == GROUP_LEDGER:
            field = "non_sales" if row.sales_type == NON_SALES else "sales"
            known = ledgers.get(row.code, GroupLedger())
            ledgers[row.code] = known._replace(**{field: row.gl_code})
        elif row.kind == VAT:
            vat[_vat_key(row.code)] = VatLink(row.gl_code, row.vat)
        elif row.kind == PAYMENT:
            payments[row.code] = row.gl_code
        elif row.kind == FALLBACK and row.code:
            fallback_vat[rate_bp(row.code)] = row.gl_code
        elif row.kind in single:
            single[row.kind] = row.gl_code
        else:
            raise ValueError(f"{row.kind!r} is no kind of ledger link")
    return Links(groups, ledgers, vat, payments, single[ROUNDING], single[FALLBACK], fallback_vat)


def _vat_key(code: str) -> int | str:
    if code.startswith(TILL_PREFIX):
        return code.removeprefix(TILL_PREFIX)
    return rate_bp(code)
