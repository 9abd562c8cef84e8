"""A store's day as a journal: two rates, paid by card, balanced for any amount."""

from __future__ import annotations

from datetime import date

from retailvista.ledger.journal import DAY, Journal, Line, Side
from retailvista.ledger.money import Money


def day_journal(store: str, on: date, gross: int) -> Journal:
    """A day with two rates, paid by card: balanced for any amount."""
    high, low = gross, gross // 3
    vat_high, vat_low = round_vat(high, 21), round_vat(low, 9)
    lines = (
        _line(1, Side.DEBIT, high + low, "1210", "PIN"),
        _line(2, Side.CREDIT, high - vat_high, "8220", "Hardware", "2", vat_high, 2100),
        _line(3, Side.CREDIT, low - vat_low, "8210", "Planten", "1", vat_low, 900),
        _line(4, Side.CREDIT, vat_high, "1500", "Btw hoog", is_vat=True),
        _line(5, Side.CREDIT, vat_low, "1510", "Btw laag", is_vat=True),
    )
    return Journal(kind=DAY, store=store, business_date=on, currency="EUR", lines=lines)


def round_vat(gross: int, percent: int) -> int:
    """VAT in an amount that includes it."""
    return (gross * percent * 2 + (100 + percent)) // (2 * (100 + percent))


def _line(
    nr: int,
    side: Side,
    minor: int,
    gl_code: str,
    text: str,
    vat_code: str = "",
    vat: int = 0,
    vat_bp: int | None = None,
    *,
    is_vat: bool = False,
) -> Line:
    return Line(
        nr=nr,
        side=side,
        amount=Money(minor, "EUR"),
        gl_code=gl_code,
        description=text,
        vat_code=vat_code,
        vat_amount=Money(vat, "EUR") if vat else None,
        vat_bp=vat_bp,
        is_vat=is_vat,
    )
