"""What a fresh sandbox holds: three administrations, their charts, VAT codes, journals and users.

Invariant: the same seed gives the same Guids, so that a run can be repeated bit for bit.
Chart and VAT codes come from `data/` (see its NOTICE.md).
"""

from __future__ import annotations

import csv
from datetime import date
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL
from uuid import uuid5

from retailvista.sandbox import times
from retailvista.sandbox.endpoints import DATA
from retailvista.sandbox.store import Store
from retailvista.sandbox.store import hashed

GROENHOF = 1000001
ZONNEDAUW = 1000002
TESTSTORE = 2000001
FIRST_YEAR = 2017
PASSWORD = "sandbox"  # noqa: S105 - stands on the login page: this is a sandbox

DIVISIONS = (
    (GROENHOF, "Tuincentrum Groenhof B.V.", "EUR", "NL"),
    (ZONNEDAUW, "Tuincentrum Zonnedauw B.V.", "EUR", "NL"),
    (TESTSTORE, "Teststore Norge AS", "NOK", "NO"),
)
USERS = (
    ("boekhouder@groenhof.example", "Bo Khouder", "nl", (GROENHOF, ZONNEDAUW)),
    ("regnskap@teststore.example", "Regine Skaperud", "en", (TESTSTORE,)),
)
JOURNALS = (
    ("10", "Kas", 10, True, "1000"),
    ("20", "Bank", 12, True, "1100"),
    ("60", "Inkoopboek", 22, True, "1600"),
    ("70", "Verkoopboek", 20, True, "1300"),
    ("90", "Memoriaal", 90, True, None),
    ("91", "RetailVista", 90, True, None),
    ("92", "RetailVista zonder btw", 90, False, None),
)
# The accounts a retailer adds to the default chart (code, description, type, side).
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
DEFAULT_VAT = {"8000": "2", "8010": "1"}
CURRENCIES = (("EUR", "Euro"), ("NOK", "Norwegian krone"), ("USD", "US dollar"), ("GBP", "Pound"))


def guid(*parts: object) -> str:
    """The same Guid for the same parts."""
    return str(uuid5(NAMESPACE_URL, "/".join(["retailvista-sandbox", *map(str, parts)])))


def seed(store: Store, *, retail_accounts: bool = True) -> None:
    """Fill an empty file; a file that was filled before only gets the periods it lacks."""
    with store.transaction():
        if not store.row("SELECT 1 FROM division LIMIT 1"):
            for division, name, currency, country in DIVISIONS:
                _division(store, division, name, currency, country)
                accounts = _chart(store, division)
                if retail_accounts:
                    accounts |= add_retail_accounts(store, division)
                _vat(store, division, country, accounts)
                _journals(store, division, currency, accounts)
                _small_lists(store, division)
            for name, full_name, language, divisions in USERS:
                add_user(store, name, full_name, language, divisions)
        add_periods(store)
        store.version += 1


def empty_books(store: Store) -> None:
    """Forget every entry, call and finding; keep master data, apps and logins."""
    with store.transaction() as db:
        for table in ("entry", "line", "deleted", "call", "finding", "closed"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the list above
        store.version += 1


def add_user(
    store: Store, name: str, full_name: str, language: str, divisions: tuple[int, ...]
) -> None:
    """A person who can log in with the password `sandbox`."""
    store.insert(
        "user",
        {
            "name": name,
            "id": guid("user", name),
            "password_hash": hashed(PASSWORD),
            "full_name": full_name,
            "language": language,
            "divisions": " ".join(map(str, divisions)),
        },
    )


def add_periods(store: Store) -> None:
    """Monthly periods up to the year after the present one."""
    made = store.wall_ms()
    for division, last in store.rows(
        "SELECT Code, (SELECT max(FinYear) FROM period WHERE Division = Code) FROM division"
    ):
        first = FIRST_YEAR if last is None else last + 1
        for year in range(first, store.now().year + 2):
            for month in range(1, 13):
                _period(store, division, year, month, made)
                store.version += 1


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


def _division(store: Store, code: int, name: str, currency: str, country: str) -> None:
    made = store.wall_ms()
    store.insert(
        "division",
        {
            "Code": code,
            "Hid": code % 1000 + 1,
            "Description": name,
            "Currency": currency,
            "Country": country,
            "Legislation": country,
            "Status": 1,
            "BlockingStatus": 0,
            "CustomerCode": f"{code:>18}",
            "CustomerName": name,
            "Main": int(code != ZONNEDAUW),
            "Created": made,
            "Modified": made,
            "StartDate": times.date_ms(date(FIRST_YEAR, 1, 1)),
        },
    )


def _chart(store: Store, division: int) -> dict[str, str]:
    accounts = {}
    with (DATA / "chart-nl.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            code, balance = row["account"], row["type_B_balance_P_profit_loss"] == "B"
            kind = _gl_type(code, balance=balance)
            side = "C" if kind in (22, 110) or code.startswith(("07", "08", "2")) else "D"
            accounts[code] = _account(store, division, code, row["description"], kind, side)
    return accounts


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
        "VATCode": DEFAULT_VAT.get(code) if division != TESTSTORE else None,
        "UseCostcenter": 0,
        "UseCostunit": 0,
        "Compress": 0,
        "Matching": 0,
        "Created": made,
        "Modified": made,
    }
    store.insert("gl_account", values)
    return key


def _vat(store: Store, division: int, country: str, accounts: dict[str, str]) -> None:
    if country == "NO":
        for code, name, kind, rate, pay in NORWAY:
            _vat_code(store, division, (code, name, kind, pay, pay and "1520"), accounts)
            _rates(store, division, code, ((None, rate),))
        return
    with (DATA / "vat-codes-nl.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kind = row["exact_type_editor_note"][0]
            pay, claim = row["gl_to_pay"] or None, row["gl_to_claim"] or None
            parts = (row["vat_code"], row["description"], kind, pay, claim)
            _vat_code(store, division, parts, accounts)
            _rates(store, division, row["vat_code"], RATES.get(row["vat_code"], ((None, 0.0),)))


def _vat_code(
    store: Store,
    division: int,
    parts: tuple[str, str, str, str | None, str | None],
    accounts: dict[str, str],
) -> None:
    code, description, kind, pay, claim = parts
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
            "Country": "NO" if division == TESTSTORE else "NL",
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


def _journals(store: Store, division: int, currency: str, accounts: dict[str, str]) -> None:
    made = store.wall_ms()
    kinds = {"1000": 10, "1100": 12, "1600": 22, "1300": 20}
    for code, description, kind, vat, account in JOURNALS:
        store.insert(
            "journal",
            {
                "ID": guid(division, "journal", code),
                "Division": division,
                "Code": code,
                "Description": description,
                "Type": kind,
                "AllowVAT": int(vat),
                "AllowVariableCurrency": 0,
                "AllowVariableExchangeRate": 0,
                "AutoSave": 0,
                "Currency": currency,
                "GLAccount": accounts.get(account or ""),
                "GLAccountCode": account,
                "GLAccountType": kinds.get(account or ""),
                "IsBlocked": 0,
                "Created": made,
                "Modified": made,
            },
        )


def _small_lists(store: Store, division: int) -> None:
    made = store.wall_ms()
    stamps = {"Division": division, "Created": made, "Modified": made}
    for code, name in (("W01", "Winkel 1"), ("W02", "Winkel 2")):
        store.insert(
            "cost_center",
            {"ID": guid(division, "cc", code), "Code": code, "Description": name, "Active": 1}
            | stamps,
        )
    for code, name in CURRENCIES:
        store.insert(
            "currency",
            {"Code": code, "Description": name, "AmountPrecision": 0.01, "PricePrecision": 0.0001}
            | stamps,
        )


def _period(store: Store, division: int, year: int, month: int, made: int) -> None:
    first = date(year, month, 1)
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    store.insert(
        "period",
        {
            "ID": guid(division, "period", year, month),
            "Division": division,
            "FinYear": year,
            "FinPeriod": month,
            "StartDate": times.date_ms(first),
            "EndDate": times.date_ms(last),
            "Created": made,
            "Modified": made,
        },
    )


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
