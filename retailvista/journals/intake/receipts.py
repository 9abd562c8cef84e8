"""One `cashtransaction` element becomes a Receipt.

Rules that decide amounts: the key is `nr`; `bookDate` else `transDate` as written; a refund is a
line with a negative amount, or with a positive amount and `amntTp` D (some tills write no signs);
`vatPerc` is trusted, not the standard code; without VAT on the line the rate of the receipt holds,
else the legal rate nearest to In / Ex - 1; four decimals are rounded half up per receipt and key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
from retailvista.journals.intake.till_codes import PAYMENT, TRANSACTION, TillCodes
from retailvista.ledger.receipt import DELETED, SOLD, Receipt, ReceiptLine, Tender
from retailvista.ledger.rounding import PER_MINOR, half_up, round_lines
from retailvista.ledger.vat import nearest_rate

# In, Ex and VAT are each rounded once in the file: together at most one and a half cents.
LINE_ODD_MAX = 150


class Missing(ValueError):
    """A mandatory element is not there."""


class FineLine(NamedTuple):
    """A line in ten-thousandths, before the receipt is rounded."""

    text: tuple[str, str, str, str, str]  # nr, group, article, description, quantity
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
        side = "-" if self.gross < 0 or (self.gross == 0 and self.net < 0) else "+"
        return f"{side}|{self.text[1]}|{self.vat_bp}|{self.vat_code}|{self.gl_code}|{self.kind}"


@dataclass(slots=True)
class ReceiptMaker:
    """Knows the tags, the codes and the currency of one file."""

    name: str
    currency: str
    country: str
    codes: TillCodes
    group_of_article: dict[str, str]
    store_of: Callable[[str, str], str]
    _tags: dict[str, str]

    def make(self, element: Any, location: str, register: str) -> Receipt:
        """The receipt, or Refused with file and line."""
        try:
            return self._make(element, location, register)
        except ValueError as wrong:
            nr = self._fields(element).get("nr", "?")
            raise Refused(
                f"{self.name}, line {element.sourceline}, receipt {nr}: {wrong}."
                " Ask the till supplier for a correct export."
            ) from wrong

    def _make(self, element: Any, location: str, register: str) -> Receipt:
        tags = self._tags
        own: dict[str, str] = {}
        lines: list[Any] = []
        payments: list[dict[str, str]] = []
        rates: set[tuple[str, str]] = set()
        rounding_gl = ""
        for child in element:
            local = tags.get(child.tag)
            if local == "ctLine":
                lines.append(child)
            elif local == "payment":
                payments.append(self._fields(child))
            elif local == "vat":
                vat = self._fields(child)
                rates.add((vat.get("vatCode", ""), vat.get("vatPerc", "")))
            elif local == "rounding":
                rounding_gl = self._fields(child).get("accID", "")
            elif local is not None:
                own[local] = child.text or ""
        written_on = written_date(_must(own, "transDate"))
        booked = written_date(own["bookDate"]) if own.get("bookDate") else written_on
        stated = fine_amount(_must(own, "transAmntIn"))
        unsigned = own.get("amntTp") == "D" and stated > 0
        flip = -1 if unsigned else 1
        fine = [self._line(line, rates, booked) for line in lines]
        if not fine and stated:
            fine = [self._bare_line(own, flip)]
        made = _whole(fine)
        own_type = own.get("transType", "")
        total = sum(line.gross for line in made if line.kind != DELETED)
        stated_minor = flip * half_up(stated)
        return Receipt(
            store=self.store_of(location, register),
            register=register,
            nr=_must(own, "nr"),
            transaction_type=self.codes.standard(TRANSACTION, own_type),
            own_type=own_type,
            business_date=booked,
            written_on=written_on,
            written_at=written_time(_must(own, "transTime")),
            lines=made,
            tenders=tuple(self._tender(payment, flip) for payment in payments),
            currency=self.currency,
            voided=flag(own.get("voidTransaction")),
            training=flag(own.get("trainingID")),
            rounding_gl=rounding_gl,
            reference=own.get("transID", ""),
            stated_total=None if stated_minor == total else stated_minor,
        )

    def _fields(self, element: Any) -> dict[str, str]:
        tags = self._tags
        return {tags[c.tag]: c.text for c in element if c.text and c.tag in tags}

    def _line(self, element: Any, rates: Iterable[tuple[str, str]], on: date) -> FineLine:
        tags = self._tags
        own: dict[str, str] = {}
        vat: dict[str, str] | None = None
        for child in element:
            local = tags.get(child.tag)
            if local == "vat":
                vat = self._fields(child)
            elif local is not None and child.text:
                own[local] = child.text
        gross, net = fine_amount(_must(own, "lineAmntIn")), fine_amount(_must(own, "lineAmntEx"))
        tax = gross - net if vat is None else fine_amount(_must(vat, "vatAmnt"))
        if own.get("amntTp") == "D" and gross > 0:
            gross, net = -gross, -net
            tax = -tax if tax > 0 else tax
        if abs(gross - net - tax) > LINE_ODD_MAX:
            raise ValueError(f"line {own.get('lineID', '?')}: In is not Ex plus VAT")
        if vat is None and len(set(rates)) == 1:
            ((code, percent),) = rates
            vat = {"vatCode": code, "vatPerc": percent}
        vat = vat or {}
        article = own.get("artID", "")
        return FineLine(
            text=(
                own.get("lineID", ""),
                own.get("artGroupID") or self.group_of_article.get(article, ""),
                article,
                own.get("cashTransLineDescr", ""),
                own.get("qnt", ""),
            ),
            gross=gross,
            net=gross - tax,
            vat=tax,
            vat_code=vat.get("vatCode", ""),
            vat_bp=self._rate(vat.get("vatPerc", ""), gross, net, on),
            gl_code=own.get("lineAmntInAccID", ""),
            kind=DELETED if self.codes.is_deleted(own.get("lineType", "")) else SOLD,
            cost_centre=own.get("costID", ""),
        )

    def _rate(self, percent: str, gross: int, net: int, on: date) -> int:
        if percent:
            return rate_bp(percent)
        if gross == net:
            return 0
        nearest = nearest_rate(self.country, gross, net, on)
        if nearest is None:
            raise ValueError(f"no VAT rate is given, and none is known for {self.country}")
        return nearest.percent_bp

    def _bare_line(self, own: dict[str, str], flip: int) -> FineLine:
        """A receipt that only states its total (some tills write pay-outs so)."""
        gross = flip * fine_amount(own["transAmntIn"])
        net = flip * fine_amount(_must(own, "transAmntEx"))
        on = written_date(own["transDate"])
        rate = self._rate("", gross, net, on)
        text = ("1", "", "", own.get("desc", ""), "1")
        return FineLine(text, gross, net, gross - net, "", rate, "", SOLD, "")

    def _tender(self, payment: dict[str, str], flip: int) -> Tender:
        kind = _must(payment, "paymentType")
        fine = flip * fine_amount(_must(payment, "paidAmnt"))
        return Tender(
            type=kind,
            amount=half_up(fine),
            currency=payment.get("curCode", self.currency),
            gl_code=payment.get("accID", ""),
            standard=self.codes.standard(PAYMENT, kind),
        )


def _must(own: dict[str, str], field: str) -> str:
    value = own.get(field)
    if not value:
        raise Missing(f"{field} is missing")
    return value


def _whole(lines: list[FineLine]) -> tuple[ReceiptLine, ...]:
    """Cents. Nearly every receipt has two decimals and needs no rounding."""
    if all(line.gross % PER_MINOR == 0 and line.vat % PER_MINOR == 0 for line in lines):
        cents = [
            (line.gross // PER_MINOR, line.net // PER_MINOR, line.vat // PER_MINOR)
            for line in lines
        ]
    else:
        cents = round_lines(
            [line.key for line in lines], [(line.gross, line.net, line.vat) for line in lines]
        )
    return tuple(
        ReceiptLine(
            *line.text,
            *amounts,
            line.vat_code,
            line.vat_bp,
            line.gl_code,
            line.kind,
            line.cost_centre,
        )
        for line, amounts in zip(lines, cents, strict=True)
    )
