"""Posting: receipts become the lines of a balanced journal. The one algorithm.

Invariants: what a receipt contributes always sums to zero, because rounding is paid - total;
sale and refund stay apart by the sign of the line; the VAT of a line is the sum of the VAT of the
receipt lines under its key. The same contributions lead a journal line back to its receipts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from retailvista.ledger.declaration import Declaration
from retailvista.ledger.journal import DAY, Journal, Line, LineKey, Side
from retailvista.ledger.links import Links
from retailvista.ledger.money import Money
from retailvista.ledger.receipt import (
    CASH_DIFFERENCE,
    DRAWER_TYPES,
    PAY_IN,
    PAY_OUT,
    RECEIVED_PAYMENT,
    Receipt,
    ReceiptLine,
    Tender,
)

SALE = "S"
PAYMENT = "P"
ROUNDING = "R"
VAT = "V"

DESCRIPTION_MAX = 60
DRAWER_WORDS = {CASH_DIFFERENCE: "Kasverschil", PAY_OUT: "Uit kas", PAY_IN: "In kas"}
_ROLE_RANK = {PAYMENT: 0, SALE: 1, ROUNDING: 3, VAT: 6}


class Keys(NamedTuple):
    """Where one receipt line goes: its own key, and the key of its VAT (None without VAT)."""

    sale: LineKey
    vat: LineKey | None


KeyCache = dict[tuple[object, ...], Keys]


def post(
    declaration: Declaration,
    links: Links,
    *,
    kind: str = DAY,
    names: Mapping[str, str] | None = None,
) -> Journal:
    """The journal of a declaration that `checks.check` found nothing holding against.

    `names` maps 'group:CODE' and 'payment:CODE' to words for the descriptions.
    """
    sums: dict[LineKey, int] = {}
    vat_under: dict[LineKey, int] = {}
    cache: KeyCache = {}
    for receipt in declaration.receipts:
        for key, minor, vat in _moves(receipt, links, cache):
            sums[key] = sums.get(key, 0) + minor
            if vat:
                vat_under[key] = vat_under.get(key, 0) + vat
    keys = sorted((key for key in sums if sums[key]), key=_rank)
    lines = tuple(
        _line(nr, key, sums[key], vat_under.get(key, 0), declaration.currency, names or {})
        for nr, key in enumerate(keys, start=1)
    )
    return Journal(
        kind=kind,
        store=declaration.store,
        business_date=declaration.business_date,
        currency=declaration.currency,
        lines=lines,
        receipts=len(declaration.counted_receipts),
    )


def contributions(receipt: Receipt, links: Links) -> Iterator[tuple[LineKey, int]]:
    """What a receipt adds to each line, debit + and credit -; together always zero."""
    for key, minor, _ in _moves(receipt, links, {}):
        yield key, minor


def receipts_behind(
    receipts: Iterable[Receipt], links: Links, key: LineKey
) -> list[tuple[Receipt, int]]:
    """The receipts under one journal line with their amounts, debit + and credit -."""
    found: list[tuple[Receipt, int]] = []
    for receipt in receipts:
        own = [minor for other, minor in contributions(receipt, links) if other == key]
        if own:
            found.append((receipt, sum(own)))
    return found


def _moves(receipt: Receipt, links: Links, cache: KeyCache) -> Iterator[tuple[LineKey, int, int]]:
    """(key, minor, VAT under that key), debit + and credit -."""
    if not receipt.counts:
        return
    sales_type = receipt.sales_type
    for line in receipt.lines:
        if line.is_empty:
            continue
        facts = (*line[1:2], *line[8:], sales_type, line.is_refund, line.vat != 0)
        keys = cache.get(facts)
        if keys is None:
            keys = cache[facts] = line_keys(line, sales_type, links)
        if keys.vat is None:
            yield keys.sale, -line.gross, 0
        else:
            yield keys.sale, -line.net, -line.vat
            yield keys.vat, -line.vat, 0
    for tender in receipt.tenders:
        yield tender_key(tender, receipt, links), tender.amount, 0
    if receipt.rounding:
        gl_code = receipt.rounding_gl or links.rounding_gl
        yield LineKey(ROUNDING, _known(gl_code, receipt)), -receipt.rounding, 0


def line_keys(line: ReceiptLine, sales_type: str, links: Links) -> Keys:
    """The keys of a receipt line; VAT is named where the line is turnover."""
    found = links.for_line(line, sales_type)
    if found is None:
        raise AssertionError(f"group {line.group!r} has no G/L code: check before posting")
    sign = "-" if line.is_refund else "+"
    link = links.for_vat(line.vat_bp, line.vat_code)
    if line.vat == 0 and not (found.is_revenue and link and link.vat_code):
        sale = LineKey(SALE, found.gl_code, line.group, sales_type, sign=sign)
        return Keys(sale._replace(cost_centre=line.cost_centre), None)
    if link is None:
        raise AssertionError(f"VAT rate {line.vat_bp} has no link: check before posting")
    code, rate = link.vat_code, line.vat_bp
    return Keys(
        LineKey(SALE, found.gl_code, line.group, sales_type, code, rate, sign, line.cost_centre),
        LineKey(VAT, link.gl_code, "", "", code, rate, sign),
    )


def tender_key(tender: Tender, receipt: Receipt, links: Links) -> LineKey:
    """Takings are one line per payment type; movements of the drawer each have their own."""
    found = links.for_tender(tender)
    if found is None:
        raise AssertionError(f"payment type {tender.type!r} has no link: check before posting")
    if receipt.transaction_type not in DRAWER_TYPES:
        return LineKey(PAYMENT, found.gl_code, tender.type)
    group = receipt.lines[0].group if receipt.lines else ""
    return LineKey(PAYMENT, found.gl_code, f"{tender.type}/{group}", receipt.transaction_type)


def _known(gl_code: str, receipt: Receipt) -> str:
    if not gl_code:
        raise AssertionError(f"{receipt.key}: rounding has no G/L code: check before posting")
    return gl_code


def _rank(key: LineKey) -> tuple[object, ...]:
    """Takings, turnover, other money, rounding, drawer, VAT; then by account."""
    rank = _ROLE_RANK[key.role]
    if key.sales_type in DRAWER_TYPES:
        rank = 4 if key.role == SALE else 5
    elif key.role == SALE and (key.sales_type or key.vat_bp < 0):
        rank = 2
    return (rank, key.gl_code, key.code, key.vat_bp, key.sign, key)


def _line(
    nr: int, key: LineKey, minor: int, vat: int, currency: str, names: Mapping[str, str]
) -> Line:
    if vat and (vat > 0) != (minor > 0):
        raise AssertionError(f"{key.to_text()}: VAT is on the other side of its base")
    has_code = key.role == SALE and key.vat_bp >= 0
    return Line(
        nr=nr,
        side=Side.DEBIT if minor > 0 else Side.CREDIT,
        amount=Money(abs(minor), currency),
        gl_code=key.gl_code,
        description=describe(key, names)[:DESCRIPTION_MAX],
        vat_code=key.vat_code,
        vat_amount=Money(abs(vat), currency) if has_code else None,
        vat_bp=key.vat_bp if key.vat_bp >= 0 else None,
        is_vat=key.role == VAT,
        cost_centre=key.cost_centre,
        key=key,
    )


def describe(key: LineKey, names: Mapping[str, str]) -> str:
    """What a bookkeeper reads in the books.

    >>> describe(LineKey(SALE, "8220", "HARDWARE", "", "2", 2100, "-"), {})
    'Retour HARDWARE 21%'
    """
    percent = f"{key.vat_bp / 100:g}%"
    if key.role == VAT:
        return f"Btw {percent} {'retouren' if key.sign == '-' else 'omzet'}"
    if key.role == ROUNDING:
        return "Afronding contant"
    if key.role == PAYMENT:
        payment, _, group = key.code.partition("/")
        word = DRAWER_WORDS.get(key.sales_type, "Ontvangen")
        named = names.get(f"payment:{payment}", payment)
        return _said_once(word, names.get(f"group:{group}", group), named)
    named = names.get(f"group:{key.code}", key.code)
    if key.sales_type in DRAWER_WORDS:
        return _said_once(DRAWER_WORDS[key.sales_type], named)
    if key.sales_type == RECEIVED_PAYMENT:
        return f"Ontvangst {named}".strip()
    if key.vat_bp < 0:
        return f"{'Retour' if key.sign == '-' else 'Verkocht'} {named}".strip()
    return f"{'Retour' if key.sign == '-' else 'Omzet'} {named} {percent}".replace("  ", " ")


def _said_once(word: str, *names: str) -> str:
    """
    >>> _said_once("Kasverschil", "KASVERSCHIL", "Contant")
    'Kasverschil Contant'
    """
    return " ".join([word, *(name for name in names if name and name.lower() != word.lower())])
