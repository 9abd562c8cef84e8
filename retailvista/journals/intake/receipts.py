"""One `cashtransaction` element becomes a Receipt.

Rules that decide amounts: the key is `nr`; `bookDate` else `transDate` as written; a refund is a
line with a negative amount, or with a positive amount and `amntTp` D (some tills write no signs);
`vatPerc` is trusted, not the standard code; without VAT on the line the rate of the receipt holds,
else the legal rate nearest to In / Ex - 1; four decimals are rounded half up per receipt and key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from retailvista.errors import Refused
from retailvista.journals.intake.amounts import (
    fine_amount,
    flag,
    rate_bp,
    written_date,
    written_time,
)
from retailvista.journals.intake.tags import TillTags
from retailvista.journals.intake.till_codes import PAYMENT, TRANSACTION, TillCodes
from retailvista.ledger.receipt import DELETED, SOLD, Receipt, ReceiptLine, Tender
from retailvista.ledger.rounding import PER_MINOR, half_up, round_lines
from retailvista.ledger.vat import nearest_rate

# In, Ex and VAT are each rounded once in the file: together at most one and a half cents.
LINE_ODD_MAX = 150

Texts = dict[str, str | None]


class FineLine(NamedTuple):
    """A receipt line in ten-thousandths, before the receipt is rounded."""

    nr: str
    group: str
    article: str
    description: str
    quantity: str
    gross: int
    net: int
    vat: int
    vat_code: str
    vat_bp: int
    gl_code: str
    kind: str
    cost_centre: str

    @property
    def key(self) -> str:
        """Lines under one key are rounded as one sum."""
        side = "-" if (self.gross or self.net) < 0 else "+"
        return f"{side}|{self.group}|{self.vat_bp}|{self.vat_code}|{self.gl_code}|{self.kind}"


AnyLine = ReceiptLine | FineLine
assert FineLine._fields == ReceiptLine._fields, "a fine line only has another unit"


class Ticket(NamedTuple):
    """The children of a `cashtransaction`, sorted out."""

    own: Texts
    lines: list[Any]
    payments: list[Any]
    vats: list[Any]
    roundings: list[Any]


@dataclass(slots=True)
class ReceiptMaker:
    """Knows the tags, the codes and the currency of one file."""

    tags: TillTags
    name: str
    currency: str
    country: str
    codes: TillCodes
    group_of_article: dict[str, str]
    store_of: Callable[[str, str], str]

    def make(self, element: Any, location: str, register: str) -> Receipt:
        """The receipt, or Refused with file and line."""
        ticket = self._ticket(element)
        try:
            return self._receipt(ticket, location, register)
        except ValueError as wrong:
            nr = ticket.own.get(self.tags.nr, "?")
            raise Refused(
                f"{self.name}, line {element.sourceline}, receipt {nr}: {wrong}."
                " Ask the till supplier for a correct export."
            ) from wrong

    def _ticket(self, element: Any) -> Ticket:
        """One walk over the children; walking is most of the work of reading."""
        tags = self.tags
        ticket = Ticket({}, [], [], [], [])
        own, nested = (
            ticket.own,
            {
                tags.ctLine: ticket.lines,
                tags.payment: ticket.payments,
                tags.vat: ticket.vats,
                tags.rounding: ticket.roundings,
            },
        )
        for child in element:
            tag = child.tag
            found = nested.get(tag)
            if found is None:
                own[tag] = child.text
            else:
                found.append(child)
        return ticket

    def _receipt(self, ticket: Ticket, location: str, register: str) -> Receipt:
        tags, own = self.tags, ticket.own
        written_on = written_date(_must(own, tags.transDate))
        booked = written_date(own[tags.bookDate]) if own.get(tags.bookDate) else written_on
        stated = fine_amount(_must(own, tags.transAmntIn))
        # Some tills write no signs at all; then D on the receipt means that money went back.
        flip = -1 if stated > 0 and own.get(tags.amntTp) == "D" else 1
        lines = self._lines(ticket, booked, flip)
        own_type = own.get(tags.transType) or ""
        total = sum([line.gross for line in lines if line.kind != DELETED])
        stated_minor = flip * half_up(stated)
        rounding = [_texts(element).get(tags.accID) for element in ticket.roundings]
        return Receipt(
            store=self.store_of(location, register),
            register=register,
            nr=_must(own, tags.nr),
            transaction_type=self.codes.standard(TRANSACTION, own_type),
            own_type=own_type,
            business_date=booked,
            written_on=written_on,
            written_at=written_time(_must(own, tags.transTime)),
            lines=lines,
            tenders=tuple([self._tender(_texts(paid), flip) for paid in ticket.payments]),
            currency=self.currency,
            voided=flag(own.get(tags.voidTransaction)),
            training=flag(own.get(tags.trainingID)),
            rounding_gl=(rounding[0] or "") if rounding else "",
            reference=own.get(tags.transID) or "",
            stated_total=None if stated_minor == total else stated_minor,
        )

    def _lines(self, ticket: Ticket, on: date, flip: int) -> tuple[ReceiptLine, ...]:
        rates = {self._rate_texts(_texts(vat)) for vat in ticket.vats}
        only_rate = rates.pop() if len(rates) == 1 else ("", "")
        lines = [self._line(line, only_rate, on) for line in ticket.lines]
        if not lines and fine_amount(_must(ticket.own, self.tags.transAmntIn)):
            lines = [self._bare_line(ticket.own, on, flip)]
        return _whole(lines)

    def _rate_texts(self, vat: Texts) -> tuple[str, str]:
        return vat.get(self.tags.vatCode) or "", vat.get(self.tags.vatPerc) or ""

    def _line(self, element: Any, only_rate: tuple[str, str], on: date) -> AnyLine:
        tags = self.tags
        own: Texts = {}
        vat: Texts | None = None
        for child in element:
            tag = child.tag
            if tag == tags.vat:
                vat = _texts(child)
            else:
                own[tag] = child.text
        gross = fine_amount(_must(own, tags.lineAmntIn))
        net = fine_amount(_must(own, tags.lineAmntEx))
        code, percent = only_rate
        tax = gross - net
        if vat is not None:
            tax = fine_amount(_must(vat, tags.vatAmnt))
            code, percent = self._rate_texts(vat)
        if gross > 0 and own.get(tags.amntTp) == "D":
            gross, net, tax = -gross, -net, -abs(tax)
        if abs(gross - net - tax) > LINE_ODD_MAX:
            raise ValueError(f"line {own.get(tags.lineID, '?')}: In is not Ex plus VAT")
        article = own.get(tags.artID) or ""
        is_whole = gross % PER_MINOR == 0 and tax % PER_MINOR == 0
        unit = PER_MINOR if is_whole else 1
        return (ReceiptLine if is_whole else FineLine)(
            own.get(tags.lineID) or "",
            own.get(tags.artGroupID) or self.group_of_article.get(article, ""),
            article,
            own.get(tags.cashTransLineDescr) or "",
            own.get(tags.qnt) or "",
            gross // unit,
            (gross - tax) // unit,
            tax // unit,
            code,
            rate_bp(percent) if percent else self._nearest(gross, net, on),
            own.get(tags.lineAmntInAccID) or "",
            DELETED if self.codes.is_deleted(own.get(tags.lineType) or "") else SOLD,
            own.get(tags.costID) or "",
        )

    def _nearest(self, gross: int, net: int, on: date) -> int:
        """The file names no rate: the legal one nearest to In / Ex - 1."""
        if gross == net:
            return 0
        nearest = nearest_rate(self.country, gross, net, on)
        if nearest is None:
            raise ValueError(f"no VAT rate is given, and none is known for {self.country}")
        return nearest.percent_bp

    def _bare_line(self, own: Texts, on: date, flip: int) -> FineLine:
        """A receipt that only states its total (some tills write pay-outs so)."""
        gross = flip * fine_amount(own[self.tags.transAmntIn] or "")
        net = flip * fine_amount(_must(own, self.tags.transAmntEx))
        rate, text = self._nearest(gross, net, on), own.get(self.tags.desc) or ""
        return FineLine("1", "", "", text, "1", gross, net, gross - net, "", rate, "", SOLD, "")

    def _tender(self, paid: Texts, flip: int) -> Tender:
        tags = self.tags
        kind = _must(paid, tags.paymentType)
        return Tender(
            kind,
            half_up(flip * fine_amount(_must(paid, tags.paidAmnt))),
            paid.get(tags.curCode) or self.currency,
            paid.get(tags.accID) or "",
            self.codes.standard(PAYMENT, kind),
        )


def _texts(element: Any) -> Texts:
    return {child.tag: child.text for child in element}


def _must(own: Texts, tag: str) -> str:
    value = own.get(tag)
    if not value:
        raise ValueError(f"{tag.partition('}')[2]} is missing")
    return value


def _whole(lines: list[AnyLine]) -> tuple[ReceiptLine, ...]:
    """Cents. Nearly every receipt has two decimals and needs no rounding."""
    whole = tuple(line for line in lines if isinstance(line, ReceiptLine))
    if len(whole) == len(lines):
        return whole
    fine = [_as_fine(line) for line in lines]
    return tuple(
        ReceiptLine._make((*line[:5], *amounts, *line[8:]))
        for line, amounts in zip(fine, _round_live(fine), strict=True)
    )


def _as_fine(line: AnyLine) -> FineLine:
    if isinstance(line, FineLine):
        return line
    amounts = (amount * PER_MINOR for amount in line[5:8])
    return FineLine._make((*line[:5], *amounts, *line[8:]))


def _round_live(lines: list[FineLine]) -> list[tuple[int, int, int]]:
    """Deleted lines are not paid, so they take no part in the rounding of the receipt."""
    live = [line for line in lines if line.kind != DELETED]
    rounded = iter(round_lines([line.key for line in live], [line[5:8] for line in live]))
    cents: list[tuple[int, int, int]] = []
    for line in lines:
        if line.kind == DELETED:
            gross, vat = half_up(line.gross), half_up(line.vat)
            cents.append((gross, gross - vat, vat))
        else:
            cents.append(next(rounded))
    return cents
