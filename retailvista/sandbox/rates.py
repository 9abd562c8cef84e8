"""The VAT codes of the administrations with their dated rates, from `data/` (see its NOTICE.md).

Invariant: every code has at least one rate, and `Percentage` is the rate that holds last.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import NamedTuple

from retailvista.sandbox import records, times
from retailvista.sandbox.endpoints import DATA
from retailvista.sandbox.records import Record
from retailvista.sandbox.store import Store, guid

FIRST_DAY = date(2012, 10, 1)
Rates = tuple[tuple[date | None, float], ...]
# Dated rates: (until and including, fraction); the last one is open.
LOW: Rates = ((date(2018, 12, 31), 0.06), (None, 0.09))
HIGH: Rates = ((None, 0.21),)
DUTCH = {"1": LOW, "3": LOW, "2": HIGH, "4": HIGH, "5": HIGH, "9": HIGH, "10": HIGH, "11": HIGH}
NORWAY = (
    ("0", "Ingen mva", "N", 0.0, None),
    ("3", "Mva 25 %, eksklusive", "E", 0.25, "1500"),
    ("31", "Mva 15 %, eksklusive", "E", 0.15, "1510"),
    ("3I", "Mva 25 %, inklusive", "I", 0.25, "1500"),
    ("31I", "Mva 15 %, inklusive", "I", 0.15, "1510"),
    ("5", "Mva 0 % (bare grunnlag)", "B", 0.0, None),
)
# Belgium: 0, 6, 12 and 21 %; code, description, type, rate, charged.
BELGIUM = (
    ("0", "Geen btw", "N", 0.0, False),
    ("1", "Btw 6 %, exclusief", "E", 0.06, False),
    ("1I", "Btw 6 %, inclusief", "I", 0.06, False),
    ("2", "Btw 12 %, exclusief", "E", 0.12, False),
    ("2I", "Btw 12 %, inclusief", "I", 0.12, False),
    ("3", "Btw 21 %, exclusief", "E", 0.21, False),
    ("3I", "Btw 21 %, inclusief", "I", 0.21, False),
    ("4", "Medecontractant", "E", 0.21, True),
    ("5", "Levering binnen de EU", "B", 0.0, False),
    ("6", "Uitvoer buiten de EU", "B", 0.0, False),
    ("7", "Verwerving binnen de EU", "E", 0.21, True),
    ("00", "Btw 0 % (alleen maatstaf)", "B", 0.0, False),
)


class Code(NamedTuple):
    """One VAT code."""

    code: str
    description: str
    type: str
    to_pay: str | None
    to_claim: str | None
    rates: Rates
    is_charged: bool = False


def add_vat(store: Store, division: int, country: str, accounts: dict[str, str]) -> None:
    """The VAT codes of the country."""
    named = {
        row.body["Code"]: row.body["Description"]
        for row in records.every(store, "financial/GLAccounts", division)
    }
    made: list[Record] = []
    for code in _codes(country):
        made.append(_code(division, country, code, accounts, named))
        made += _rates(division, code)
    records.add(store, *made)


def _codes(country: str) -> list[Code]:
    if country == "NO":
        return [
            Code(code, name, kind, pay, pay and "1520", ((None, rate),))
            for code, name, kind, rate, pay in NORWAY
        ]
    if country == "BE":
        return [
            Code(
                *(code, name, kind, "451000" if rate else None, "411000" if rate else None),
                rates=((None, rate),),
                is_charged=charged,
            )
            for code, name, kind, rate, charged in BELGIUM
        ]
    with (DATA / "vat-codes-nl.csv").open(encoding="utf-8", newline="") as file:
        return [
            Code(
                code=row["vat_code"],
                description=row["description"],
                type=row["exact_type_editor_note"][0],
                to_pay=row["gl_to_pay"] or None,
                to_claim=row["gl_to_claim"] or None,
                rates=DUTCH.get(row["vat_code"], ((None, 0.0),)),
                is_charged=row["vat_code"] in ("5", "10"),
            )
            for row in csv.DictReader(file)
        ]


def _code(
    division: int, country: str, code: Code, accounts: dict[str, str], named: dict[str, str]
) -> Record:
    body = {
        "Code": code.code,
        "Description": code.description,
        "Type": code.type,
        "VATTransactionType": "B",
        "CalculationBasis": 0,
        "Charged": int(code.is_charged),
        "Country": country,
        "Percentage": code.rates[-1][1],
        "GLToPay": accounts.get(code.to_pay or ""),
        "GLToPayCode": code.to_pay,
        "GLToPayDescription": named.get(code.to_pay or ""),
        "GLToClaim": accounts.get(code.to_claim or ""),
        "GLToClaimCode": code.to_claim,
        "GLToClaimDescription": named.get(code.to_claim or ""),
        "IsBlocked": 0,
        "EUSalesListing": "N",
        "IntraStat": 0,
    }
    return Record("vat/VATCodes", division, guid(division, "vat", code.code), body)


def _rates(division: int, code: Code) -> list[Record]:
    start, made = FIRST_DAY, []
    for number, (until, rate) in enumerate(code.rates, start=1):
        body = {
            "VATCodeID": guid(division, "vat", code.code),
            "LineNumber": number,
            "Percentage": rate,
            "StartDate": times.date_ms(start),
            "EndDate": times.date_ms(until) if until else None,
            "Type": 0,
        }
        key = guid(division, "rate", code.code, number)
        made.append(Record("vat/VatPercentages", division, key, body))
        start = until + timedelta(days=1) if until else start
    return made
