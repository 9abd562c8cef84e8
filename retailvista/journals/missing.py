"""Which ledger links till files need that are not there, with counts and an example receipt.

Invariant: what is listed here is what `ledger.checks.check` would hold a day for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from retailvista.journals.seen import LineUse, PaymentUse, Seen
from retailvista.ledger.link_rows import GROUP, PAYMENT, ROUNDING, TILL_PREFIX, VAT, rate_text
from retailvista.ledger.links import Links
from retailvista.ledger.receipt import CASH_DIFFERENCE


@dataclass(frozen=True, slots=True)
class Missing:
    """A link that receipts need. `count` is of lines or payments, `vat` the rate of a group.

    `declared` is false for a payment type that the till file uses without declaring it.
    """

    kind: str
    code: str
    sales_type: str
    vat: str
    name: str
    count: int
    example: str
    declared: bool = True


def missing(links: Links, seen: Seen) -> list[Missing]:
    """Each missing link once, most used first."""
    found: dict[tuple[str, str, str, str], Missing] = {}
    for item in _all(links, seen):
        key = (item.kind, item.code, item.sales_type, item.vat)
        known = found.get(key)
        found[key] = replace(known, count=known.count + item.count) if known else item
    return sorted(found.values(), key=lambda m: (-m.count, m.kind, m.code, m.vat))


def _all(links: Links, seen: Seen) -> Iterator[Missing]:
    for use, (count, example) in seen.lines.items():
        yield from _for_lines(links, use, seen.group_names.get(use.group, ""), count, example)
    for payment, (count, example) in seen.payments.items():
        yield from _for_payment(links, payment, seen, count, example)
    count, example = seen.rounding
    if count and not links.rounding_gl:
        yield Missing(ROUNDING, "", "", "", "", count, example)


def _for_lines(
    links: Links, use: LineUse, name: str, count: int, example: str
) -> Iterator[Missing]:
    answer, rate = links.for_line(use.as_line(), use.sales_type), rate_text(use.vat_bp)
    undecided = (
        use.sales_type not in ("", CASH_DIFFERENCE)
        and not links.rules(use.group, use.sales_type, use.vat_bp)
    )  # fmt: skip
    if answer is None or undecided:
        yield Missing(GROUP, use.group, use.sales_type, rate, name, count, example)
    link = links.for_vat(use.vat_bp, use.vat_code)
    is_revenue = answer is not None and answer.is_revenue
    if (link is None and (use.with_vat or is_revenue)) or (
        link is not None and use.with_vat and not link.gl_code
    ):
        # A link on the till's own code goes before one on the rate, so it is the one to mend.
        code = f"{TILL_PREFIX}{use.vat_code}" if use.vat_code in links.vat else rate
        yield Missing(VAT, code, "", "", "", count, example)


def _for_payment(
    links: Links, use: PaymentUse, seen: Seen, count: int, example: str
) -> Iterator[Missing]:
    if links.for_tender(use.as_tender()) is None:
        name = seen.payment_names.get(use.type, "")
        yield Missing(PAYMENT, use.type, "", "", name, count, example, use.standard != "")
