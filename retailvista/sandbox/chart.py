"""Charts of accounts of the administrations, from `data/` (see its NOTICE.md).

Invariant: an account that exists is never overwritten.
"""

from __future__ import annotations

import csv

from retailvista.sandbox import records
from retailvista.sandbox.endpoints import DATA
from retailvista.sandbox.records import Record
from retailvista.sandbox.store import Store, guid

GL_ACCOUNTS = "financial/GLAccounts"
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
# Where the journals and VAT codes of a country post: cash, bank, payable, receivable.
MONEY = {"NL": ("1000", "1100", "1600", "1300"), "BE": ("570000", "550000", "440000", "400000")}
FIRST_COST_TYPE = 110


def money_accounts(country: str) -> tuple[str, str, str, str]:
    """The codes of cash, bank, payable and receivable."""
    return MONEY.get(country, MONEY["NL"])


def add_chart(store: Store, division: int, country: str = "NL") -> dict[str, str]:
    """The chart of the country; the Guid of each code."""
    rows = _belgian() if country == "BE" else _dutch()
    made = [account(division, *row) for row in rows]
    records.add(store, *made)
    return {record.body["Code"]: record.key for record in made}


def add_retail_accounts(store: Store, division: int) -> dict[str, str]:
    """The accounts of a retailer, where they do not exist yet."""
    known = {row.body["Code"] for row in records.every(store, GL_ACCOUNTS, division)}
    made = [account(division, *row) for row in RETAIL_ACCOUNTS if row[0] not in known]
    if made:
        records.add(store, *made)
    return {record.body["Code"]: record.key for record in made}


def account(division: int, code: str, description: str, kind: int, side: str) -> Record:
    """A G/L account as Exact would show it."""
    body = {
        "Code": code,
        "Description": description,
        "SearchCode": description[:18].upper(),
        "Type": kind,
        "TypeDescription": GL_TYPES.get(kind, "General"),
        "BalanceSide": side,
        "BalanceType": "W" if kind >= FIRST_COST_TYPE else "B",
        "IsBlocked": 0,
        "UseCostcenter": 0,
        "UseCostunit": 0,
        "Compress": 0,
        "Matching": int(kind in (20, 22)),
        "VATCode": DEFAULT_VAT.get(code),
    }
    return Record(GL_ACCOUNTS, division, guid(division, "gl", code), body)


def _dutch() -> list[tuple[str, str, int, str]]:
    """Exact's default chart."""
    rows = []
    with (DATA / "chart-nl.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            code, balance = row["account"], row["type_B_balance_P_profit_loss"] == "B"
            kind = _gl_type(code, balance=balance)
            side = "C" if kind in (22, 110) or code.startswith(("07", "08", "2")) else "D"
            rows.append((code, row["description"], kind, side))
    return rows


def _belgian() -> list[tuple[str, str, int, str]]:
    """The accounts a Belgian garden centre needs, numbered by the minimum chart (MAR)."""
    with (DATA / "chart-be.csv").open(encoding="utf-8", newline="") as file:
        return [
            (row["account"], row["description"], int(row["type"]), row["side"])
            for row in csv.DictReader(file)
        ]


def _gl_type(code: str, *, balance: bool) -> int:
    by_start = {"1000": 10, "110": 12, "1300": 20, "1600": 22, "15": 24, "0": 30, "3": 40}
    if balance:
        return next((kind for start, kind in by_start.items() if code.startswith(start)), 90)
    return {"8": 110, "7": 111, "4": 125, "5": 121}.get(code[0], 120)
