"""Writes XAA 3.1 files as tills do; values in cents in, XML text out, one record at a time.

Invariant: the order of elements is that of the schema family (SAF-T Cash Register NO 1.00, which
is based on XAA 3.1). Stands alone: nothing of the product is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO
from xml.sax.saxutils import escape

from retailvista.sandbox.till_lines import (
    DELETED,
    EVENTS,
    GROUPS,
    PAYMENTS,
    RETURN,
    SALE,
    TYPES,
    VAT_CODES,
    VAT_TEXTS,
    Head,
    Register,
    TillLine,
    TillReceipt,
    money,
    side,
)
from retailvista.sandbox.till_reports import report_text

NAMESPACE = "http://www.auditfiles.nl/XAA/3.1"


def write_till_file(out: TextIO, head: Head, registers: Iterable[Register]) -> None:
    """The whole file."""
    out.write(_head(head))
    for register in registers:
        out.write(
            "<cashregister>"
            f"<registerID>{register.id}</registerID><regDesc>Kassa {register.id}</regDesc>\n"
        )
        for report in register.reports:
            out.write(report_text(report, register.id, head.company))
        for receipt in register.receipts:
            out.write(_receipt(receipt, head.currency))
        out.write("</cashregister>")
    out.write("</location></company></auditfile>\n")


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


def _receipt(receipt: TillReceipt, currency: str) -> str:
    live = [line for line in receipt.lines if line.kind != DELETED]
    total, net = receipt.total, sum(line.net for line in live)
    odd = receipt.paid - total if receipt.payments else 0
    numbered = enumerate(receipt.lines, start=1)
    lines = "".join(_line(receipt.nr, index, line) for index, line in numbered)
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
        f"<transAmntEx>{money(net)}</transAmntEx><amntTp>{side(total)}</amntTp>"
        f"<transDate>{receipt.on}</transDate><transTime>{receipt.at}</transTime>{lines}"
        f"<rounding><roundingAmnt>{money(odd)}</roundingAmnt></rounding>{payments}"
        f"<signature>not signed</signature><keyVersion>0</keyVersion>"
        f"<receiptNum>1</receiptNum>{flags}</cashtransaction>\n"
    )


def _line(receipt: int, index: int, line: TillLine) -> str:
    letter = side(line.gross)
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
        f"<lineAmntEx>{money(line.net)}</lineAmntEx><amntTp>{letter}</amntTp>"
        f"<cashTransLineDescr>{escape(line.text)}</cashTransLineDescr>"
        f"<vat><vatCode>{line.vat_code}</vatCode><vatPerc>{percent}</vatPerc>"
        f"<vatAmnt>{money(line.vat)}</vatAmnt><vatAmntTp>{letter}</vatAmntTp>"
        f"<vatBasAmnt>{money(line.net)}</vatBasAmnt></vat>{discount}</ctLine>"
    )
