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
        side = "-" if (self.gross or self.net) < 0 else "+"
        return f"{side}|{self.group}|{self.vat_bp}|{self.vat_code}|{self.gl_code}|{self.kind}"


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
        own = _texts(element)
        try:
            return self._receipt(own, element, location, register)
        except ValueError as wrong:
            raise Refused(
                f"{self.name}, line {element.sourceline}, receipt {own.get(self.tags.nr, '?')}:"
                f" {wrong}. Ask the till supplier for a correct export."
            ) from wrong

    def _receipt(self, own: Texts, element: Any, location: str, register: str) -> Receipt:
        tags = self.tags
        written_on = written_date(_must(own, tags.transDate))
        booked = written_date(own[tags.bookDate]) if own.get(tags.bookDate) else written_on
        stated = fine_amount(_must(own, tags.transAmntIn))
        # Some tills write no signs at all; then D on the receipt means that money went back.
        flip = -1 if stated > 0 and own.get(tags.amntTp) == "D" else 1
        lines = self._lines(own, element, booked, flip)
        own_type = own.get(tags.transType) or ""
        total = sum(line.gross for line in lines if line.kind != DELETED)
        stated_minor = flip * half_up(stated)
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
            tenders=tuple(
                self._tender(_texts(paid), flip) for paid in element.iterchildren(tags.payment)
            ),
            currency=self.currency,
            voided=flag(own.get(tags.voidTransaction)),
            training=flag(own.get(tags.trainingID)),
            rounding_gl=self._rounding_gl(own, element),
            reference=own.get(tags.transID) or "",
            stated_total=None if stated_minor == total else stated_minor,
        )

    def _lines(self, own: Texts, element: Any, on: date, flip: int) -> tuple[ReceiptLine, ...]:
        only_rate = ("", "")
        if self.tags.vat in own:
            vats = element.iterchildren(self.tags.vat)
            rates = {self._rate_texts(_texts(vat)) for vat in vats}
            only_rate = rates.pop() if len(rates) == 1 else only_rate
        fine = [self._line(line, only_rate, on) for line in element.iterchildren(self.tags.ctLine)]
        if not fine and fine_amount(own[self.tags.transAmntIn]):
            fine = [self._bare_line(own, on, flip)]
        return _whole(fine)

    def _rate_texts(self, vat: Texts) -> tuple[str, str]:
        return vat.get(self.tags.vatCode) or "", vat.get(self.tags.vatPerc) or ""

    def _rounding_gl(self, own: Texts, element: Any) -> str:
        if self.tags.rounding not in own:
            return ""
        return _texts(element.find(self.tags.rounding)).get(self.tags.accID) or ""

    def _line(self, element: Any, only_rate: tuple[str, str], on: date) -> FineLine:
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
        return FineLine(
            own.get(tags.lineID) or "",
            own.get(tags.artGroupID) or self.group_of_article.get(article, ""),
            article,
            own.get(tags.cashTransLineDescr) or "",
            own.get(tags.qnt) or "",
            gross,
            gross - tax,
            tax,
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


def _whole(lines: list[FineLine]) -> tuple[ReceiptLine, ...]:
    """Cents. Nearly every receipt has two decimals and needs no rounding."""
    if all(line.gross % PER_MINOR == 0 and line.vat % PER_MINOR == 0 for line in lines):
        cents = [
            (line.gross // PER_MINOR, line.net // PER_MINOR, line.vat // PER_MINOR)
            for line in lines
        ]
    else:
        cents = _round_live(lines)
    return tuple(
        ReceiptLine._make((*line[:5], gross, net, vat, *line[8:]))
        for line, (gross, net, vat) in zip(lines, cents, strict=True)
    )


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
