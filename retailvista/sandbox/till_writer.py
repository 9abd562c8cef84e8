"""Writes XAA 3.1 files as tills do; values in cents in, XML text out, one record at a time.

Invariant: the order of elements is that of the schema family (SAF-T Cash Register NO 1.00, which
is based on XAA 3.1). Stands alone: nothing of the product is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TextIO
from xml.sax.saxutils import escape

NAMESPACE = "http://www.auditfiles.nl/XAA/3.1"
VAT_CODES = {"H": 2100, "L": 900, "G": 0}
VAT_TEXTS = {"H": "Hoog 21%", "L": "Laag 9%", "G": "Geen btw"}

SALE, RETURN, DELETED = "SAL", "RET", "DELETED"
GROUPS = {
    "PLANT": "Planten en bloemen",
    "HARDWARE": "Hardware en gereedschap",
    "CAFE": "Tuincafé",
    "CADEAU": "Cadeaukaarten",
    "STATIEGELD": "Statiegeld",
    "AANBETALING": "Aanbetalingen",
    "DEBITEUR": "Debiteurenbetalingen",
    "KASUIT": "Kleine kas",
    "AFSTORTING": "Afstorting bank",
    "KASVERSCHIL": "Kasverschil",
}
TYPES = {
    "VERKOOP": ("11001", "Contante verkoop"),
    "RETOUR": ("11006", "Retour"),
    "DEBITEUR": ("11005", "Betaling van een factuur"),
    "KASVERSCHIL": ("11008", "Kasverschil bij telling"),
    "UITKAS": ("11010", "Uit kas"),
}
PAYMENTS = {
    "CASH": ("12001", "Contant"),
    "PIN": ("12002", "PIN"),
    "CREDITCARD": ("12003", "Creditcard"),
    "CADEAUKAART": ("12005", "Cadeaukaart"),
    "TUINBON": ("12999", "Nationale Tuinbon"),
    "AANBETALING": ("12999", "Verrekende aanbetaling"),
}
EVENTS = {"ZRAP": ("13009", "Z-rapport"), "XRAP": ("13008", "X-rapport")}
ORDINARY = frozenset({"VERKOOP", "RETOUR"})


class TillLine(NamedTuple):
    """One line; cents, refunds negative."""

    group: str
    article: str
    text: str
    quantity: int
    gross: int
    net: int
    vat_code: str
    kind: str = SALE
    discount: int = 0

    @property
    def vat(self) -> int:
        return self.gross - self.net


def priced(
    group: str, article: str, text: str, gross: int, vat_code: str, quantity: int = 1
) -> TillLine:
    """A line with its VAT taken out of the price, half up per line."""
    percent = VAT_CODES[vat_code]
    whole = abs(gross) * 10_000
    net = (2 * whole + 10_000 + percent) // (2 * (10_000 + percent))
    kind = RETURN if gross < 0 else SALE
    return TillLine(
        group, article, text, quantity, gross, -net if gross < 0 else net, vat_code, kind
    )


@dataclass(frozen=True, slots=True)
class TillReceipt:
    """One ticket."""

    nr: int
    type: str
    on: str
    at: str
    lines: tuple[TillLine, ...]
    payments: tuple[tuple[str, int], ...]
    void: bool = False
    training: bool = False

    @property
    def total(self) -> int:
        return sum(line.gross for line in self.lines if line.kind != DELETED)

    @property
    def paid(self) -> int:
        return sum(amount for _, amount in self.payments)

    @property
    def is_sale(self) -> bool:
        return self.type in ORDINARY and not self.void and not self.training


@dataclass(frozen=True, slots=True)
class TillReport:
    """One Z or X report over the receipts of its window."""

    number: int
    kind: str
    on: str
    at: str
    sales: int
    returns: int
    payments: dict[str, int]
    opening_float: int
    grand_total: int


class Register(NamedTuple):
    """A till: its reports come before its receipts in the file."""

    id: str
    reports: Iterable[TillReport]
    receipts: Iterable[TillReceipt]


class Head(NamedTuple):
    """What the header says."""

    company: str
    location: str
    first_on: str
    last_on: str
    made_on: str
    made_at: str
    currency: str = "EUR"


def report_of(
    number: int, kind: str, moment: tuple[str, str], receipts: list[TillReceipt], opening: int,
    grand_total: int,
) -> TillReport:  # fmt: skip
    """The report that a till prints over these receipts."""
    sold = [receipt for receipt in receipts if receipt.is_sale]
    payments: dict[str, int] = {}
    for receipt in sold:
        for code, amount in receipt.payments:
            payments[code] = payments.get(code, 0) + amount
    sales = sum(receipt.total for receipt in sold)
    returns = -sum(line.gross for r in sold for line in r.lines if line.kind == RETURN)
    on, at = moment
    return TillReport(number, kind, on, at, sales, returns, payments, opening, grand_total + sales)


def write_till_file(out: TextIO, head: Head, registers: Iterable[Register]) -> None:
    """The whole file."""
    out.write(_head(head))
    for register in registers:
        out.write(
            "<cashregister>"
            f"<registerID>{register.id}</registerID><regDesc>Kassa {register.id}</regDesc>\n"
        )
        for report in register.reports:
            out.write(_report(report, register.id, head.company))
        for receipt in register.receipts:
            out.write(_receipt(receipt, head.currency))
        out.write("</cashregister>")
    out.write("</location></company></auditfile>\n")


def money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _side(cents: int) -> str:
    return "D" if cents < 0 else "C"


def _head(head: Head) -> str:
    vat = "".join(
        f"<vatCodeDetail><vatCode>{code}</vatCode><dateOfEntry>2019-01-01</dateOfEntry>"
        f"<vatDesc>{text}</vatDesc><standardVatCode>{code}</standardVatCode></vatCodeDetail>"
        for code, text in VAT_TEXTS.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<auditfile xmlns="{NAMESPACE}"><header><fiscalYear>{head.first_on[:4]}</fiscalYear>'
        f"<startDate>{head.first_on}</startDate><endDate>{head.last_on}</endDate>"
        f"<curCode>{head.currency}</curCode><dateCreated>{head.made_on}</dateCreated>"
        f"<timeCreated>{head.made_at}</timeCreated><softwareDesc>Sandbox tills</softwareDesc>"
        "<softwareVersion>1</softwareVersion>"
        "<softwareCompanyName>Sandbox</softwareCompanyName>"
        "<auditfileVersion>3.1</auditfileVersion></header>\n"
        "<company><companyIdent>12345678</companyIdent>"
        f"<companyName>{escape(head.company)}</companyName>"
        "<taxRegistrationCountry>NL</taxRegistrationCountry>"
        "<taxRegIdent>NL001234567B01</taxRegIdent>\n"
        f"<vatCodeDetails>{vat}</vatCodeDetails>\n<basics>{''.join(_basics())}</basics>\n"
        f"<location><name>{escape(head.location)}</name>\n"
    )


def _basics() -> Iterator[str]:
    for code, text in GROUPS.items():
        yield _basic("04", code, "04999", text)
    for code, text in ((SALE, "Verkoopregel"), (RETURN, "Retourregel"), (DELETED, "Deleted line")):
        yield _basic("05", code, "", text)
    for kind, table in (("11", TYPES), ("12", PAYMENTS), ("13", EVENTS)):
        for code, (standard, text) in table.items():
            yield _basic(kind, code, standard, text)


def _basic(kind: str, own: str, standard: str, text: str) -> str:
    predefined = f"<predefinedBasicID>{standard}</predefinedBasicID>" if standard else ""
    return (
        f"<basic><basicType>{kind}</basicType><basicID>{own}</basicID>{predefined}"
        f"<basicDesc>{escape(text)}</basicDesc></basic>\n"
    )


def _report(report: TillReport, register: str, company: str) -> str:
    title, event = ("Z report", "ZRAP") if report.kind == "Z" else ("X report", "XRAP")
    payments = "".join(
        f"<reportPayment><paymentType>{code}</paymentType><paymentNum>1</paymentNum>"
        f"<paymentAmnt>{money(amount)}</paymentAmnt></reportPayment>"
        for code, amount in sorted(report.payments.items())
    )
    return (
        f"<event><eventID>Z{report.number}</eventID><eventType>{event}</eventType>"
        f"<eventDate>{report.on}</eventDate><eventTime>{report.at}</eventTime>"
        f"<eventReport><reportID>{report.number}</reportID><reportType>{title}</reportType>"
        f"<companyIdent>12345678</companyIdent><companyName>{escape(company)}</companyName>"
        f"<reportDate>{report.on}</reportDate><reportTime>{report.at}</reportTime>"
        f"<registerID>{register}</registerID><reportTotalCashSales><totalCashSaleAmnt>"
        f"{money(report.sales)}</totalCashSaleAmnt></reportTotalCashSales>"
        "<reportArtGroups/>"
        f"<reportPayments>{payments}</reportPayments><reportCashSalesVat/>"
        f"<reportOpeningChangeFloat>{money(report.opening_float)}</reportOpeningChangeFloat>"
        f"<reportReturnAmnt>{money(report.returns)}</reportReturnAmnt>"
        f"<reportGrandTotalSalesNet>{money(report.grand_total)}</reportGrandTotalSalesNet>"
        "</eventReport></event>\n"
    )


def _receipt(receipt: TillReceipt, currency: str) -> str:
    live = [line for line in receipt.lines if line.kind != DELETED]
    total, net = receipt.total, sum(line.net for line in live)
    odd = receipt.paid - total if receipt.payments else 0
    lines = "".join(_line(nr, index, line) for nr in (receipt.nr,) for index, line in
                    enumerate(receipt.lines, start=1))  # fmt: skip
    payments = "".join(
        f"<payment><paymentType>{code}</paymentType><paidAmnt>{money(amount)}</paidAmnt>"
        f"<curCode>{currency}</curCode><exchRt>1</exchRt></payment>"
        for code, amount in receipt.payments
    )
    flags = "<voidTransaction>true</voidTransaction>" if receipt.void else ""
    flags += "<trainingID>true</trainingID>" if receipt.training else ""
    return (
        f"<cashtransaction><nr>{receipt.nr}</nr><transID>{receipt.nr}</transID>"
        f"<transType>{receipt.type}</transType><transAmntIn>{money(total)}</transAmntIn>"
        f"<transAmntEx>{money(net)}</transAmntEx><amntTp>{_side(total)}</amntTp>"
        f"<transDate>{receipt.on}</transDate><transTime>{receipt.at}</transTime>{lines}"
        f"<rounding><roundingAmnt>{money(odd)}</roundingAmnt></rounding>{payments}"
        f"<signature>not signed</signature><keyVersion>0</keyVersion>"
        f"<receiptNum>1</receiptNum>{flags}</cashtransaction>\n"
    )


def _line(receipt: int, index: int, line: TillLine) -> str:
    side = _side(line.gross)
    discount = (
        f"<discount><dscTp>KORTING</dscTp><dscAmnt>{money(line.discount)}</dscAmnt></discount>"
        if line.discount
        else ""
    )
    percent = money(VAT_CODES[line.vat_code])
    return (
        f"<ctLine><nr>{receipt}</nr><lineID>{index}</lineID><lineType>{line.kind}</lineType>"
        f"<artGroupID>{line.group}</artGroupID><artID>{line.article}</artID>"
        f"<qnt>{line.quantity}</qnt><lineAmntIn>{money(line.gross)}</lineAmntIn>"
        f"<lineAmntEx>{money(line.net)}</lineAmntEx><amntTp>{side}</amntTp>"
        f"<cashTransLineDescr>{escape(line.text)}</cashTransLineDescr>"
        f"<vat><vatCode>{line.vat_code}</vatCode><vatPerc>{percent}</vatPerc>"
        f"<vatAmnt>{money(line.vat)}</vatAmnt><vatAmntTp>{side}</vatAmntTp>"
        f"<vatBasAmnt>{money(line.net)}</vatBasAmnt></vat>{discount}</ctLine>"
    )
