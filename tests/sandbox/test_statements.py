"""Bank and cash entries: balances, signs, VAT inside the amount, matching, deletes.

Sources: Exact's REST reference of BankEntries and CashEntries; picqer/exact-php-client#452 (wrong
journal). Whether a positive line is a receipt is not certain, so both are there (`statement_sign`).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.test_trade import SALES, change, customer, ledger, line, sale
from tests.sandbox.visitor import GROENHOF, Reply, Visitor

BANK, CASH = "financialtransaction/BankEntries", "financialtransaction/CashEntries"


def bank(visitor: Visitor, *lines: dict[str, Any], **header: Any) -> Reply:
    return visitor.post(BANK, {"JournalCode": "20", "BankEntryLines": list(lines)} | header)


def cash(visitor: Visitor, *lines: dict[str, Any], **header: Any) -> Reply:
    return visitor.post(CASH, {"JournalCode": "10", "CashEntryLines": list(lines)} | header)


def aging(visitor: Visitor) -> dict[int, tuple[float, float]]:
    rows = visitor.get("read/financial/AgingOverview").rows
    return {row["AgeGroup"]: (row["AmountReceivable"], row["AmountPayable"]) for row in rows}


def test_opening_and_lines_are_closing(visitor: Visitor) -> None:
    lines = [visitor.line("1210", 100), visitor.line("5560", -2.5, Description="Kosten")]
    entry = bank(visitor, *lines, OpeningBalanceFC=50).json["d"]
    assert (entry["ClosingBalanceFC"], entry["Status"]) == (147.5, 50)
    assert entry["EntryNumber"] == 26200001
    assert ledger(visitor, entry["EntryID"]) == [
        ("1210", -100.0, None),
        ("5560", 2.5, None),
        ("1100", 97.5, None),
    ]
    following = bank(visitor, visitor.line("1210", 1)).json["d"]
    assert (following["OpeningBalanceFC"], following["ClosingBalanceFC"]) == (147.5, 148.5)
    wrong = bank(visitor, visitor.line("1210", 1), OpeningBalanceFC=0, ClosingBalanceFC=2)
    assert "(Type: Geldstroom) - Verschil: EUR -1,00" in wrong.says
    below = visitor.get(f"{BANK}(guid'{entry['EntryID']}')/BankEntryLines").rows
    assert [(row["AmountFC"], row["GLAccountCode"]) for row in below] == [
        (100.0, "1210"),
        (-2.5, "5560"),
    ]


def test_the_other_sign_is_a_switch(visitor: Visitor) -> None:
    visitor.admin("settings", statement_sign="debit-positive")
    entry = cash(visitor, visitor.line("9420", 5)).json["d"]
    assert ledger(visitor, entry["EntryID"]) == [("9420", 5.0, None), ("1000", -5.0, None)]
    assert entry["ClosingBalanceFC"] == -5.0


def test_vat_is_inside_the_amount(visitor: Visitor) -> None:
    lines = [visitor.line("8220", 121, VATCode="2"), visitor.line("5520", -12.1, VATCode="2")]
    entry = cash(visitor, *lines).json["d"]["EntryID"]
    assert ledger(visitor, entry) == [
        ("8220", -100.0, "V"),
        ("5520", 10.0, "I"),
        ("1500", -21.0, "A"),
        ("1520", 2.1, "O"),
        ("1000", 108.9, None),
    ]


REFUSED = [
    ({"JournalCode": "10"}, {}, "Ongeldig: Dagboek"),
    ({}, {"GLAccount": "1100"}, "Ongeldig: Grootboekrekeningtype"),
    ({}, {"GLAccount": "1300"}, "Ongeldig: Grootboekrekeningtype"),
    ({}, {"GLAccount": None}, "Verplicht: Grootboekrekening"),
]


@pytest.mark.parametrize(("header", "more", "text"), REFUSED)
def test_what_a_statement_is_refused_for(
    visitor: Visitor, header: Any, more: Any, text: str
) -> None:
    made = visitor.line("1210", 1)
    if "GLAccount" in more:
        made["GLAccount"] = more["GLAccount"] and visitor.codes[more["GLAccount"]]
    assert bank(visitor, made, **header).says == text


def test_a_payment_is_matched_with_its_invoice(visitor: Visitor) -> None:
    who = customer(visitor)
    sold = sale(visitor, line(visitor, "8220", 100, VATCode="2"), Customer=who)
    invoice = sold.json["d"]
    other = sale(visitor, line(visitor, "8220", 10), Customer=who, EntryDate="2025-09-01").json["d"]
    assert aging(visitor)[1] == (121.0, 0.0)
    assert aging(visitor)[5] == (10.0, 0.0)
    paid = visitor.line("1300", 121, Account=who, OurRef=invoice["InvoiceNumber"])
    entry = bank(visitor, paid).json["d"]["EntryID"]
    assert aging(visitor)[1] == (0.0, 0.0)
    refused = change(visitor, "DELETE", SALES, invoice["EntryID"])
    assert refused.says == "Kan niet verwijderen: Boeking - Gebruikt in: Afletteren"
    assert change(visitor, "DELETE", SALES, other["EntryID"]).status == 204
    visitor.admin("periods", division=GROENHOF, year=2026, period=3)
    assert change(visitor, "DELETE", BANK, entry).says.endswith("Periode is afgesloten: 2026 - 3")


def test_a_cash_entry_can_be_deleted_and_is_told_to_the_feed(visitor: Visitor) -> None:
    entry = cash(visitor, visitor.line("9420", 5)).json["d"]["EntryID"]
    assert change(visitor, "DELETE", CASH, entry).status == 204
    gone = visitor.get("sync/Deleted", filter="Timestamp gt 1").rows
    assert [row["EntityType"] for row in gone] == [1, 1, 1]
    assert visitor.admin("balance", "GET", division=GROENHOF)["balance"] == []
