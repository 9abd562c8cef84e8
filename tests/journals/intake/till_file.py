"""Small till files for tests: sensible defaults, one thing different per test."""

from __future__ import annotations

import io

from retailvista.journals.intake.xaa import TillFileReader, read_till_file
from retailvista.ledger.receipt import Receipt

XAA = "http://www.auditfiles.nl/XAA/3.1"

HEADER = (
    "<header><curCode>EUR</curCode><dateCreated>2026-03-11</dateCreated>"
    "<timeCreated>06:00:00</timeCreated></header>"
)
BASICS = (
    "<basics>"
    "<basic><basicType>11</basicType><basicID>VERKOOP</basicID>"
    "<predefinedBasicID>11001</predefinedBasicID><basicDesc>Verkoop</basicDesc></basic>"
    "<basic><basicType>12</basicType><basicID>PIN</basicID>"
    "<predefinedBasicID>12002</predefinedBasicID><basicDesc>PIN</basicDesc></basic>"
    "</basics>"
)
VAT = "<vat><vatCode>L</vatCode><vatPerc>9</vatPerc><vatAmnt>0.90</vatAmnt></vat>"


def a_line(gross: str = "10.90", net: str = "10.00", vat: str = VAT, more: str = "") -> str:
    return (
        "<ctLine><nr>1</nr><lineID>1</lineID><lineType>SAL</lineType>"
        f"<artGroupID>PLANT</artGroupID><lineAmntIn>{gross}</lineAmntIn>"
        f"<lineAmntEx>{net}</lineAmntEx>{more}{vat}</ctLine>"
    )


def a_payment(amount: str = "10.90", kind: str = "PIN", more: str = "") -> str:
    return (
        f"<payment><paymentType>{kind}</paymentType><paidAmnt>{amount}</paidAmnt>{more}</payment>"
    )


def a_receipt(
    total: str = "10.90", body: str = "", *, nr: str = "<nr>7</nr>", kind: str = "VERKOOP",
    date: str = "<transDate>2026-03-10</transDate>", net: str = "10.00",
) -> str:  # fmt: skip
    return (
        f"<cashtransaction>{nr}<transType>{kind}</transType><transAmntIn>{total}</transAmntIn>"
        f"<transAmntEx>{net}</transAmntEx>{date}<transTime>12:00:00</transTime>"
        f"{body or a_line() + a_payment()}</cashtransaction>"
    )


def a_till_file(
    receipts: str, *, namespace: str = XAA, header: str = HEADER, basics: str = BASICS,
    events: str = "", before: str = "", register: str = "K1",
) -> bytes:  # fmt: skip
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<auditfile xmlns="{namespace}">{header}\n'
        "<company><companyIdent>1</companyIdent><companyName>Groenhof</companyName>"
        f"<taxRegistrationCountry>NL</taxRegistrationCountry>{before}{basics}"
        f"<location><name>Lisse</name><cashregister><registerID>{register}</registerID>\n"
        f"{events}{receipts}</cashregister></location></company></auditfile>"
    ).encode()


def reader(content: bytes, name: str = "kassa.xaa") -> TillFileReader:
    return read_till_file(io.BytesIO(content), name)


def the_receipt(receipts: str, **changes: str) -> Receipt:
    """The only receipt of a file with these receipts."""
    (receipt,) = reader(a_till_file(receipts, **changes))
    assert isinstance(receipt, Receipt)
    return receipt
