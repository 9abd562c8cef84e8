"""Checks: what holds a store's day, as a list of Problems. Nothing is plugged.

Invariant: when `check` returns nothing that holds, `posting.post` makes a balanced journal.
The texts are in `findings`; this module decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from retailvista.ledger import findings
from retailvista.ledger.declaration import Declaration
from retailvista.ledger.links import Links
from retailvista.ledger.problem import Place, Problem
from retailvista.ledger.receipt import (
    CASH_DIFFERENCE,
    DRAWER_TYPES,
    ORDINARY_TYPES,
    Receipt,
    ReceiptLine,
)
from retailvista.ledger.vat import COUNTRIES, legal_rate, was_legal

RATE_DENOMINATOR = 10_000


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What the checks must know of a store. The step is in minor units, 0 = no rounding."""

    country: str = "NL"
    currency: str = "EUR"
    rounding_step: int = 5

    def __post_init__(self) -> None:
        if self.country not in COUNTRIES:
            raise ValueError(f"no VAT rates are known for country {self.country!r}")
        if self.rounding_step < 0:
            raise ValueError("a rounding step is not negative")


def check(declaration: Declaration, links: Links, facts: StoreFacts) -> list[Problem]:
    """Every local rule on one store day. Each finding is told once, at its first receipt."""
    found: dict[tuple[str, str], Problem] = {}
    sound: set[tuple[object, ...]] = set()
    for receipt in declaration.counted_receipts:
        for problem in _of_receipt(receipt, links, facts, sound):
            found.setdefault((problem.code, problem.message_en), problem)
    for problem in (*_implausible_vat(declaration), *number_gaps(declaration)):
        found.setdefault((problem.code, problem.message_en), problem)
    return list(found.values())


def _of_receipt(
    receipt: Receipt, links: Links, facts: StoreFacts, sound: set[tuple[object, ...]]
) -> Iterator[Problem]:
    place = Place(receipt=receipt.key)
    if receipt.currency != facts.currency:
        yield findings.wrong_currency(place, receipt.currency, facts.currency)
    undecided = list(_of_type(receipt, links, place))
    yield from undecided
    for line in receipt.lines:
        if line.is_empty or undecided:
            continue
        alike = _alike(line, receipt)
        if alike not in sound:
            wrong = list(_of_line(line, receipt, links, facts))
            yield from wrong
            if not wrong:
                sound.add(alike)
    for tender in receipt.tenders:
        if tender.currency != facts.currency:
            yield findings.wrong_currency(place, tender.currency, facts.currency)
        if links.for_tender(tender) is None:
            yield findings.payment_unlinked(place, tender.type, declared=tender.standard != "")
    yield from _of_rounding(receipt, links, facts, place)


def _alike(line: ReceiptLine, receipt: Receipt) -> tuple[object, ...]:
    """Lines that are alike in this are all sound or all wrong: a day has few kinds of lines."""
    gross, net, vat = line.gross, line.net, line.vat
    return (
        *(line.group, line.vat_code, line.vat_bp, line.gl_code, line.kind, receipt.sales_type),
        *(receipt.business_date, gross > 0, gross == 0, net > 0, net == 0, vat > 0, vat == 0),
    )


def _of_type(receipt: Receipt, links: Links, place: Place) -> Iterator[Problem]:
    """Anything that is not an ordinary sale or a cash difference needs its own rule."""
    kind = receipt.transaction_type
    if kind in ORDINARY_TYPES or kind == CASH_DIFFERENCE:
        return
    if not kind:
        yield findings.type_undeclared(place, receipt.own_type)
        return
    groups = {line.group: line.vat_bp for line in receipt.lines if not line.is_empty}
    for group, vat_bp in groups.items():
        if not links.rules(group, kind, vat_bp):
            yield findings.type_undecided(place, kind, group)


def _of_line(
    line: ReceiptLine, receipt: Receipt, links: Links, facts: StoreFacts
) -> Iterator[Problem]:
    place = Place(receipt=receipt.key, line=line.nr)
    if (line.vat and (line.vat > 0) != (line.gross > 0)) or (line.vat and line.net == 0):
        yield findings.vat_side(place)
    found = links.for_line(line, receipt.sales_type)
    if found is None:
        yield findings.group_unlinked(place, line.group, receipt.sales_type, line.vat_bp)
    link = links.for_vat(line.vat_bp, line.vat_code)
    if link is None and (line.vat or (found and found.is_revenue)):
        yield findings.vat_unlinked(place, line.vat_bp, line.vat_code)
    if line.vat and link is not None and not (link.gl_code and link.vat_code):
        yield findings.vat_unlinked(place, line.vat_bp, line.vat_code)
    # A refund may still carry a rate that has ended; a sale may not.
    on, rate = receipt.business_date, line.vat_bp
    legal = was_legal(facts.country, rate, on) if line.is_refund else False
    if not legal and legal_rate(facts.country, rate, on) is None:
        yield findings.rate_unknown(place, rate, facts.country)


def _of_rounding(
    receipt: Receipt, links: Links, facts: StoreFacts, place: Place
) -> Iterator[Problem]:
    if receipt.stated_total is not None:
        yield findings.total_differs(place, receipt.total, receipt.stated_total)
    odd = receipt.rounding
    if odd == 0:
        return
    if not receipt.has_cash or receipt.transaction_type in DRAWER_TYPES:
        yield findings.paid_is_not_total(place, receipt.total, receipt.paid)
    elif abs(odd) * 2 > facts.rounding_step:
        yield findings.rounding_too_large(place, odd, facts.rounding_step)
    elif not (receipt.rounding_gl or links.rounding_gl):
        yield findings.rounding_unlinked(place)


def _implausible_vat(declaration: Declaration) -> Iterator[Problem]:
    """|VAT - net x rate| may be half a cent x (1 + rate) for every time the till rounded."""
    odd_of: dict[int, int] = {}
    lines_of: dict[int, int] = {}
    for receipt in declaration.counted_receipts:
        for line in receipt.lines:
            if not line.is_empty:
                rate = line.vat_bp
                odd_of[rate] = odd_of.get(rate, 0) + _vat_odd(line)
                lines_of[rate] = lines_of.get(rate, 0) + 1
    for rate in sorted(odd_of):
        # Half a cent, in ten-thousandths of a cent, so that no fraction is needed.
        allowed = (RATE_DENOMINATOR + rate) * lines_of[rate]
        if abs(odd_of[rate]) * 2 > allowed:
            place = _largest_vat_odd(declaration, rate)
            yield findings.vat_implausible(place, rate, odd_of[rate], allowed)


def _largest_vat_odd(declaration: Declaration, rate: int) -> Place:
    own = [
        (receipt, line)
        for receipt in declaration.counted_receipts
        for line in receipt.lines
        if not line.is_empty and line.vat_bp == rate
    ]
    receipt, line = max(own, key=lambda pair: abs(_vat_odd(pair[1])))
    return Place(receipt=receipt.key, line=line.nr)


def _vat_odd(line: ReceiptLine) -> int:
    return line.vat * RATE_DENOMINATOR - line.net * line.vat_bp


def number_gaps(declaration: Declaration) -> Iterator[Problem]:
    """Missing receipt numbers per register; shown, never holding (tills share the counter)."""
    numbers: dict[str, list[int]] = {}
    for receipt in declaration.receipts:
        if receipt.nr.isdecimal():
            numbers.setdefault(receipt.register, []).append(int(receipt.nr))
    for register, own in sorted(numbers.items()):
        missing = max(own) - min(own) + 1 - len(own)
        if missing > 0:
            yield findings.numbers_missing(Place(receipt=register), missing, min(own), max(own))
