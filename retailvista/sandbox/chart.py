"""Charts of accounts and VAT codes of the administrations, from `data/` (see its NOTICE.md).

Invariant: an account that exists is never overwritten; rates carry dates.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import Any

from retailvista.sandbox import times
from retailvista.sandbox.endpoints import DATA
from retailvista.sandbox.store import Store, guid

# What a retailer adds to the default chart (code, description, type, side).
RETAIL_ACCOUNTS = (
    ("1205", "Tussenrekening kas", 90, "D"),
    ("1210", "PIN onderweg", 90, "D"),
    ("1215", "Creditcards onderweg", 90, "D"),
    ("1225", "Te ontvangen tuinbonnen", 90, "D"),
    ("1309", "Debiteurenontvangsten kassa", 90, "C"),
    ("1645", "Cadeaukaarten uitstaand", 90, "C"),
    ("1650", "Statiegeld", 90, "C"),
    ("1655", "Aanbetalingen", 90, "C"),
    ("8210", "Omzet planten (laag)", 110, "C"),
    ("8220", "Omzet hardware (hoog)", 110, "C"),
    ("8230", "Omzet horeca laag", 110, "C"),
    ("8231", "Omzet horeca hoog", 110, "C"),
    ("9411", "Afrondingsverschillen", 120, "D"),
    ("9420", "Kasverschillen", 120, "D"),
)
# Dated rates: (until and including, fraction); the last one is open.
LOW = ((date(2018, 12, 31), 0.06), (None, 0.09))
HIGH = ((None, 0.21),)
RATES = {"1": LOW, "3": LOW, "2": HIGH, "4": HIGH, "5": HIGH, "9": HIGH, "10": HIGH, "11": HIGH}
NORWAY = (
    ("0", "Ingen mva", "N", 0.0, None),
    ("3", "Mva 25 %, eksklusive", "E", 0.25, "1500"),
    ("31", "Mva 15 %, eksklusive", "E", 0.15, "1510"),
    ("3I", "Mva 25 %, inklusive", "I", 0.25, "1500"),
    ("31I", "Mva 15 %, inklusive", "I", 0.15, "1510"),
    ("5", "Mva 0 % (bare grunnlag)", "B", 0.0, None),
)
# The trap in Exact's own chart: these add VAT to a line without a code.
DEFAULT_VAT = {"8000": "2", "8010": "1"}
GL_TYPES = {
    10: "Cash",
    12: "Bank",
    20: "Accounts receivable",
    22: "Accounts payable",
    24: "VAT",
    30: "Fixed assets",
    40: "Inventory",
    90: "General",
    110: "Revenue",
    111: "Cost of goods",
    120: "Other costs",
    121: "Sales, general administrative expenses",
    125: "Employee costs",
}


def add_chart(store: Store, division: int) -> dict[str, str]:
    """Exact's default chart; the Guid of each code."""
    accounts = {}
    with (DATA / "chart-nl.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            code, balance = row["account"], row["type_B_balance_P_profit_loss"] == "B"
            kind = _gl_type(code, balance=balance)
            side = "C" if kind in (22, 110) or code.startswith(("07", "08", "2")) else "D"
            accounts[code] = _account(store, division, code, row["description"], kind, side)
    return accounts


def add_retail_accounts(store: Store, division: int) -> dict[str, str]:
    """The accounts of a retailer, where they do not exist yet."""
    known = {
        code for (code,) in store.rows("SELECT Code FROM gl_account WHERE Division = ?", division)
    }
    added = {}
    with store.transaction():
        for code, description, kind, side in RETAIL_ACCOUNTS:
            if code not in known:
                added[code] = _account(store, division, code, description, kind, side)
        store.version += 1
    return added


def add_vat(store: Store, division: int, country: str, accounts: dict[str, str]) -> None:
    """The VAT codes of the country, with their dated rates."""
    if country == "NO":
        for code, name, kind, rate, pay in NORWAY:
            _vat_code(store, division, ("NO", code, name, kind, pay, pay and "1520"), accounts)
            _rates(store, division, code, ((None, rate),))
        return
    with (DATA / "vat-codes-nl.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kind = row["exact_type_editor_note"][0]
            pay, claim = row["gl_to_pay"] or None, row["gl_to_claim"] or None
            parts = ("NL", row["vat_code"], row["description"], kind, pay, claim)
            _vat_code(store, division, parts, accounts)
            _rates(store, division, row["vat_code"], RATES.get(row["vat_code"], ((None, 0.0),)))
    with store.transaction() as db:
        db.executemany(
            "UPDATE gl_account SET VATCode = ? WHERE Division = ? AND Code = ?",
            [(code, division, account) for account, code in DEFAULT_VAT.items()],
        )


def _gl_type(code: str, *, balance: bool) -> int:
    by_start = {"1000": 10, "110": 12, "1300": 20, "1600": 22, "15": 24, "0": 30, "3": 40}
    if balance:
        return next((kind for start, kind in by_start.items() if code.startswith(start)), 90)
    return {"8": 110, "7": 111, "4": 125, "5": 121}.get(code[0], 120)


def _account(store: Store, division: int, code: str, description: str, kind: int, side: str) -> str:
    made, key = store.wall_ms(), guid(division, "gl", code)
    values: dict[str, Any] = {
        "ID": key,
        "Division": division,
        "Code": code,
        "Description": description,
        "SearchCode": description[:18].upper(),
        "Type": kind,
        "TypeDescription": GL_TYPES.get(kind, "General"),
        "BalanceSide": side,
        "BalanceType": "W" if kind >= 110 else "B",
        "IsBlocked": 0,
        "UseCostcenter": 0,
        "UseCostunit": 0,
        "Compress": 0,
        "Matching": 0,
        "Created": made,
        "Modified": made,
    }
    store.insert("gl_account", values)
    return key


def _vat_code(
    store: Store,
    division: int,
    parts: tuple[str, str, str, str, str | None, str | None],
    accounts: dict[str, str],
) -> None:
    country, code, description, kind, pay, claim = parts
    made = store.wall_ms()
    named = dict(store.rows("SELECT Code, Description FROM gl_account WHERE Division=?", division))
    store.insert(
        "vat_code",
        {
            "ID": guid(division, "vat", code),
            "Division": division,
            "Code": code,
            "Description": description,
            "Type": kind,
            "VATTransactionType": "B",
            "CalculationBasis": 0,
            "Charged": int(code in ("5", "10")),
            "Country": country,
            "GLToPay": accounts.get(pay or ""),
            "GLToPayCode": pay,
            "GLToPayDescription": named.get(pay),
            "GLToClaim": accounts.get(claim or ""),
            "GLToClaimCode": claim,
            "GLToClaimDescription": named.get(claim),
            "IsBlocked": 0,
            "EUSalesListing": "N",
            "IntraStat": 0,
            "Created": made,
            "Modified": made,
        },
    )


def _rates(
    store: Store, division: int, code: str, rates: tuple[tuple[date | None, float], ...]
) -> None:
    start, made = date(2012, 10, 1), store.wall_ms()
    for number, (until, rate) in enumerate(rates, start=1):
        store.insert(
            "vat_percentage",
            {
                "ID": guid(division, "rate", code, number),
                "Division": division,
                "VATCodeID": guid(division, "vat", code),
                "LineNumber": number,
                "Percentage": rate,
                "StartDate": times.date_ms(start),
                "EndDate": times.date_ms(until) if until else None,
                "Type": 0,
                "Created": made,
                "Modified": made,
            },
        )
        start = until + timedelta(days=1) if until else start
    with store.transaction() as db:
        db.execute(
            "UPDATE vat_code SET Percentage = ? WHERE ID = ?",
            (rates[-1][1], guid(division, "vat", code)),
        )
