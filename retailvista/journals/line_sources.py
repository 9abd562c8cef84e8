"""Where the G/L code of a journal line came from, told from its key and the links used.

Invariant: an account that the links do not give was named by the till file itself.
"""

from __future__ import annotations

from retailvista.ledger.journal import LineKey
from retailvista.ledger.links import FROM_FILE, FROM_LINK, Links
from retailvista.ledger.receipt import NON_REVENUE, SOLD, ReceiptLine, Tender
from retailvista.ledger.wording import PAYMENT, ROUNDING, VAT

SOURCE_WORDS = {
    "file": ("uit het kassabestand", "from the till file"),
    "link": ("grootboekkoppeling", "ledger link"),
    "ledger": ("grootboek van de kassagroep", "ledger of the register group"),
    "fallback": ("terugvaltabel", "fallback table"),
}


def source_of(key_text: str, links: Links) -> str:
    """file, link, ledger or fallback."""
    key = LineKey.from_text(key_text)
    if key.role == VAT:
        return FROM_LINK
    if key.role == ROUNDING:
        return FROM_LINK if links.rounding_gl == key.gl_code else FROM_FILE
    if key.role == PAYMENT:
        return _of_payment(key, links)
    return _of_sale(key, links)


def _of_payment(key: LineKey, links: Links) -> str:
    own_type = key.code.partition("/")[0]
    linked = links.for_tender(Tender(own_type, 0, ""))
    if linked is not None:
        return FROM_LINK if linked.gl_code == key.gl_code else FROM_FILE
    # A type of the till without a link of its own is booked by its standard type.
    return FROM_LINK if key.gl_code in links.payments.values() else FROM_FILE


def _of_sale(key: LineKey, links: Links) -> str:
    """A key without a code has lost its rate: every rate the links know is tried."""
    rates = [key.vat_bp] if key.vat_bp >= 0 else [0, *(r for r in links.vat if type(r) is int)]
    for rate in rates:
        for kind in (SOLD, NON_REVENUE):
            line = ReceiptLine("", key.code, "", "", "", 0, 0, 0, "", rate, "", kind)
            found = links.for_line(line, key.sales_type)
            if found is not None and found.gl_code == key.gl_code:
                return found.source
    return FROM_FILE
