"""Sales and purchase entries: totals, VAT, terms, documents, changes and deletes.

Sources: Exact's REST reference for SalesEntries and PurchaseEntries; a recorded purchase entry
(document made by Exact, payment condition 30, due date 30 days later, AmountDC ignored).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.visitor import GROENHOF, TESTSTORE, Reply, Visitor

SALES, PURCHASES = "salesentry/SalesEntries", "purchaseentry/PurchaseEntries"
SALES_LINES, PURCHASE_LINES = "salesentry/SalesEntryLines", "purchaseentry/PurchaseEntryLines"
LINES = "financialtransaction/TransactionLines"
DAY = 86_400_000


def customer(visitor: Visitor, **more: Any) -> str:
    """A relation; its key."""
    reply = visitor.post("crm/Accounts", {"Name": "Kwekerij Zonneveld", "Status": "C"} | more)
    assert reply.status == 201, reply.body
    return str(reply.json["d"]["ID"])


def supplier(visitor: Visitor) -> str:
    return customer(visitor, Name="Potgrond BV", IsSupplier=True)


def line(visitor: Visitor, account: str, amount: float, **more: Any) -> dict[str, Any]:
    made = visitor.line(account, amount, **more)
    del made["Date"]
    return made


def sale(visitor: Visitor, *lines: dict[str, Any], **header: Any) -> Reply:
    body = {"Journal": "70", "EntryDate": "2026-03-10", "SalesEntryLines": list(lines)}
    return visitor.post(SALES, body | header)


def purchase(visitor: Visitor, *lines: dict[str, Any], **header: Any) -> Reply:
    body = {"Journal": "60", "EntryDate": "2026-03-10", "PurchaseEntryLines": list(lines)}
    return visitor.post(PURCHASES, body | header)


def ledger(visitor: Visitor, entry: str) -> list[tuple[str, float, str | None]]:
    """(account, amount, VAT type) of every ledger line."""
    rows = visitor.get(LINES, filter=f"EntryID eq guid'{entry}'").rows
    rows.sort(key=lambda row: row["LineNumber"])
    assert round(sum(row["AmountDC"] for row in rows), 2) == 0
    return [(row["GLAccountCode"], row["AmountFC"], row["VATType"]) for row in rows]


def change(visitor: Visitor, method: str, path: str, key: str, body: str | None = None) -> Reply:
    where = f"/api/v1/{visitor.division}/{path}(guid'{key}')"
    return visitor.ask(method, where, body, visitor.headers)


def test_a_sale_is_revenue_vat_and_a_receivable(visitor: Visitor) -> None:
    lines = [line(visitor, "8220", 100, VATCode="2"), line(visitor, "8210", 50, VATCode="1")]
    reply = sale(visitor, *lines, Customer=customer(visitor), YourRef="R-1", Description="Tuin")
    entry = reply.json["d"]
    assert (entry["AmountFC"], entry["VATAmountFC"], entry["Type"]) == (175.5, 25.5, 20)
    assert (entry["EntryNumber"], entry["InvoiceNumber"], entry["Status"]) == (26700001,) * 2 + (
        20,
    )
    assert (entry["ReportingYear"], entry["ReportingPeriod"]) == (2026, 3)
    assert (entry["PaymentCondition"], entry["CustomerName"]) == ("30", "Kwekerij Zonneveld")
    assert entry["DueDate"] == f"/Date({1773100800000 + 30 * DAY})/"
    assert ledger(visitor, entry["EntryID"]) == [
        ("8220", -100.0, "V"),
        ("8210", -50.0, "V"),
        ("1500", -21.0, "A"),
        ("1510", -4.5, "A"),
        ("1300", 175.5, None),
    ]
    rows = visitor.get(SALES, filter="YourRef eq 'r-1'", expand="SalesEntryLines").rows
    below = rows[0]["SalesEntryLines"]["results"]
    assert [(row["AmountFC"], row["VATAmountFC"], row["LineNumber"]) for row in below] == [
        (100.0, 21.0, 1),
        (50.0, 4.5, 2),
    ]
    found = visitor.get(LINES, filter="YourRef eq 'R-1'").rows
    assert {row["AccountName"] for row in found} == {"Kwekerij Zonneveld"}


@pytest.mark.parametrize(
    ("code", "more", "stored"),
    [
        ("2", {"VATAmountFC": 21.02}, [("8220", -100.0, "V"), ("1500", -21.02, "A")]),
        ("4", {}, [("8220", -82.64, "V"), ("1500", -17.36, "A")]),
        ("0", {}, [("8220", -100.0, "S")]),
        ("7", {}, [("8220", -100.0, "V")]),
        ("5", {}, [("8220", -100.0, "V")]),
    ],
    ids=["amount sent", "inclusive", "none", "base only", "reverse charge"],
)
def test_vat_of_a_sale(visitor: Visitor, code: str, more: Any, stored: Any) -> None:
    reply = sale(
        visitor, line(visitor, "8220", 100, VATCode=code, **more), Customer=customer(visitor)
    )
    found = ledger(visitor, reply.json["d"]["EntryID"])
    assert found[:-1] == stored


def test_the_accounts_default_code_adds_vat(visitor: Visitor) -> None:
    """Quirk 18, Exact's reference of SalesEntryLines: VATCode empty means the account's own."""
    reply = sale(visitor, line(visitor, "8000", 100), Customer=customer(visitor))
    assert ledger(visitor, reply.json["d"]["EntryID"])[1] == ("1500", -21.0, "A")


def test_a_purchase_claims_vat_and_makes_its_document(visitor: Visitor) -> None:
    """Quirk 19: recorded purchase entries have a document that nobody sent."""
    vendor = supplier(visitor)
    reply = purchase(
        visitor, line(visitor, "7100", 200, VATCode="2"), Supplier=vendor, Description="Potgrond"
    )
    entry = reply.json["d"]
    assert ledger(visitor, entry["EntryID"]) == [
        ("7100", 200.0, "I"),
        ("1520", 42.0, "O"),
        ("1600", -242.0, None),
    ]
    assert (entry["AmountFC"], entry["DocumentSubject"], entry["Type"]) == (242.0, "Potgrond", 30)
    document = visitor.get(f"documents/Documents(guid'{entry['Document']}')").json["d"]
    assert document["FinancialTransactionEntryID"] == entry["EntryID"]
    assert (document["Type"], document["HID"]) == (20, entry["DocumentNumber"])
    refused = change(visitor, "DELETE", "crm/Accounts", vendor)
    assert refused.says == "Kan niet verwijderen: Relatie - Gebruikt in: Documenten"


def test_reverse_charge_on_a_purchase_is_claimed_and_paid(visitor: Visitor) -> None:
    reply = purchase(visitor, line(visitor, "7100", 100, VATCode="10"), Supplier=supplier(visitor))
    assert ledger(visitor, reply.json["d"]["EntryID"]) == [
        ("7100", 100.0, "I"),
        ("1520", 21.0, "O"),
        ("1512", -21.0, "P"),
        ("1600", -100.0, None),
    ]


def test_credit_notes_have_their_own_types(visitor: Visitor) -> None:
    sold = sale(visitor, line(visitor, "8220", -10, VATCode="2"), Customer=customer(visitor))
    assert (sold.json["d"]["Type"], sold.json["d"]["AmountFC"]) == (21, -12.1)
    bought = purchase(visitor, line(visitor, "7100", -10, VATCode="2"), Supplier=supplier(visitor))
    assert (bought.json["d"]["Type"], bought.json["d"]["AmountFC"]) == (31, -12.1)


def test_amount_dc_is_ignored_and_the_entry_is_zero(visitor: Visitor) -> None:
    """Quirk 2: a recorded purchase entry sent with AmountDC was stored with 0."""
    made = line(visitor, "7100", 0, AmountDC=100)
    del made["AmountFC"]
    reply = purchase(visitor, made, Supplier=supplier(visitor))
    assert (reply.status, reply.json["d"]["AmountFC"]) == (201, 0.0)
    rules = [finding["rule"] for finding in visitor.admin("judge", "GET")["findings"]]
    assert rules == ["amount-dc-sent"]


REFUSED = [
    ("no customer", {"Customer": None}, {}, "Verplicht: Klant"),
    ("prospect", {"Customer": "prospect"}, {}, "Ongeldig: Klant (Type)"),
    ("wrong journal", {"Journal": "60"}, {}, "Ongeldig: Dagboek"),
    ("general journal", {"Journal": "91"}, {}, "Ongeldig: Dagboek"),
    (
        "condition",
        {"PaymentCondition": "99"},
        {},
        "Ongeldige referentie: Betalingsconditie",
    ),
    ("VAT code", {}, {"VATCode": "77"}, "Ongeldige referentie: Btw-code"),
    ("VAT rate", {}, {"VATCode": "2", "VATPercentage": 0.2}, "Ongeldig: Btw-percentage []"),
    ("cost unit", {}, {"CostUnit": "X"}, "Ongeldige referentie: Kostendrager"),
    ("bank account", {}, {"GLAccount": "1100"}, "Ongeldig: Grootboekrekeningtype"),
    (
        "VAT total",
        {"VATAmountFC": 20.99},
        {"VATCode": "2"},
        (
            "De boeking is niet in evenwicht op: 2026 / 3 (Type: Verkoopboeking) - "
            "Verschil: EUR -0,01"
        ),
    ),
]


@pytest.mark.parametrize(
    ("header", "more", "text"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_a_sale_is_refused_for(visitor: Visitor, header: Any, more: Any, text: str) -> None:
    made = line(visitor, "8220", 100)
    for name, value in more.items():
        made[name] = visitor.codes[value] if name == "GLAccount" else value
    header = {"Customer": customer(visitor)} | header
    if header["Customer"] == "prospect":
        header["Customer"] = customer(visitor, Status="P")
    assert sale(visitor, made, **header).says == text
    assert visitor.numbers("70") == []


def test_who_is_no_supplier_is_refused(visitor: Visitor) -> None:
    reply = purchase(visitor, line(visitor, "7100", 1), Supplier=customer(visitor))
    assert reply.says == "Ongeldig: Leverancier (Type)"


def test_a_header_and_a_line_can_be_changed(visitor: Visitor) -> None:
    """Exact's reference: PUT on SalesEntries and SalesEntryLines, no new lines by the header."""
    entry = sale(
        visitor,
        *(line(visitor, "8220", 100, VATCode="2"), line(visitor, "8210", 50, VATCode="1")),
        Customer=customer(visitor),
    ).json["d"]["EntryID"]
    assert change(visitor, "PUT", SALES, entry, '{"YourRef": "later"}').status == 204
    assert visitor.get(f"{SALES}(guid'{entry}')").json["d"]["YourRef"] == "later"
    before = visitor.get("sync/Financial/TransactionLines", filter="Timestamp gt 1").rows
    rows = visitor.get(f"{SALES}(guid'{entry}')/SalesEntryLines").rows
    done = change(visitor, "PUT", SALES_LINES, rows[0]["ID"], '{"AmountFC": 200}')
    assert (done.status, done.body) == (204, b"")
    assert ledger(visitor, entry)[-1] == ("1300", 296.5, None)
    after = visitor.get("sync/Financial/TransactionLines", filter="Timestamp gt 1").rows
    assert {row["ID"] for row in after} == {row["ID"] for row in before}, "the rows are the same"
    last = max(int(row["Timestamp"]) for row in before)
    assert min(int(row["Timestamp"]) for row in after) > last, "header and lines are bumped"
    nested = '{"SalesEntryLines": [{"AmountFC": 1}]}'
    refused = change(visitor, "PUT", SALES, entry, nested)
    assert refused.status == 400
    assert "Binding to new entities" in refused.says


def test_lines_come_and_go_and_the_last_takes_the_entry_along(visitor: Visitor) -> None:
    entry = purchase(
        visitor, line(visitor, "7100", 100, VATCode="2"), Supplier=supplier(visitor)
    ).json["d"]["EntryID"]
    more = visitor.post(PURCHASE_LINES, {"EntryID": entry} | line(visitor, "7100", 10))
    assert more.status == 201, more.body
    assert ledger(visitor, entry)[-1] == ("1600", -131.0, None)
    rows = visitor.get(f"{PURCHASES}(guid'{entry}')/PurchaseEntryLines").rows
    assert [row["LineNumber"] for row in rows] == [1, 2]
    assert change(visitor, "DELETE", PURCHASE_LINES, rows[0]["ID"]).status == 204
    assert ledger(visitor, entry)[-1] == ("1600", -10.0, None)
    assert change(visitor, "DELETE", PURCHASE_LINES, rows[1]["ID"]).status == 204
    assert visitor.get(f"{PURCHASES}(guid'{entry}')").status == 404
    assert visitor.get("sync/Deleted", filter="Timestamp gt 1").rows


def test_a_processed_entry_stays_as_it_is(visitor: Visitor) -> None:
    entry = sale(visitor, line(visitor, "8220", 100), Customer=customer(visitor)).json["d"]
    done = visitor.admin("process", division=GROENHOF, journal="70", number=entry["EntryNumber"])
    assert done == {"processed": 1}
    assert visitor.get(f"{SALES}(guid'{entry['EntryID']}')").json["d"]["Status"] == 50
    for method, body in (("PUT", '{"YourRef": "x"}'), ("DELETE", None)):
        reply = change(visitor, method, SALES, entry["EntryID"], body)
        assert (reply.status, reply.says) == (500, "Reeds verwerkt")


def test_a_relation_of_another_division_is_dropped(visitor: Visitor, stranger: Visitor) -> None:
    """Quirk 16 (abn.company, quirks of the API): a foreign Guid is stored as null with 201."""
    foreign = visitor.sandbox.store.row(
        "SELECT key FROM record WHERE entity = 'documents/Documents' AND Division = ?", TESTSTORE
    )
    assert foreign
    made = line(visitor, "8220", 5)
    reply = sale(visitor, made, Customer=customer(visitor), Document=foreign[0])
    assert (reply.status, reply.json["d"]["Document"]) == (201, None)
    visitor.admin("settings", foreign_guid="refused")
    refused = sale(visitor, made, Customer=customer(visitor), Document=foreign[0])
    assert refused.says == "Ongeldige referentie: Document"


def test_foreign_currency_is_converted_and_still_adds_up(visitor: Visitor) -> None:
    lines = [line(visitor, "8220", 33.33, VATCode="2"), line(visitor, "8210", 0.07, VATCode="1")]
    header = {"Customer": customer(visitor), "Currency": "USD"}
    assert sale(visitor, *lines, **header).says == "Niet toegestaan: Valuta"
    visitor.admin("journals", division=GROENHOF, code="70", AllowVariableCurrency=1)
    entry = sale(visitor, *lines, **header).json["d"]
    assert (entry["Rate"], entry["Currency"]) == (0.92, "USD")
    assert entry["AmountDC"] == round(entry["AmountFC"] * 0.92, 2)
    ledger(visitor, entry["EntryID"])
    assert sale(visitor, *lines, **header, Rate=0.9).says == "Niet toegestaan: Wisselkoers"
    visitor.admin("journals", division=GROENHOF, code="70", AllowVariableExchangeRate=1)
    assert sale(visitor, *lines, **header, Rate=0.9).json["d"]["Rate"] == 0.9
