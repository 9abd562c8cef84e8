"""What nobody outside knows about Exact is a profile: each does what its name says.

Sources for the doubt: support pages that quote "In gebruik: Boekstuknummer" (bookzo, onfact,
reflex) say that a used number is refused, not where it is unique; stackoverflow 70498576 sends an
EntryID of its own and never says whether it was kept.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.test_trade import customer, line, purchase, sale, supplier
from tests.sandbox.visitor import ENTRIES, GROENHOF, Reply, Visitor

OWN = "0f0f0f0f-0000-4000-8000-00000000000f"


def day(visitor: Visitor, date: str = "2026-03-14") -> list[dict[str, Any]]:
    return [visitor.line("1210", 100, Date=date), visitor.line("1205", -100, Date=date)]


# Where a number used in journal 91 in 2026 is still free: same journal, last year, journal 90.
SCOPES = [
    ("number-per-journal", False, False, True),
    ("number-per-year", False, True, True),
    ("number-overall", False, False, False),
]


@pytest.mark.parametrize(("profile", "same", "other_year", "other_journal"), SCOPES)
def test_where_a_number_is_unique(
    visitor: Visitor, profile: str, same: bool, other_year: bool, other_journal: bool
) -> None:
    """Quirk 17: support.bookzo.nl 22000241848 and others."""
    visitor.admin("profile", name=profile)
    assert visitor.book(*day(visitor), EntryNumber=26000001).status == 201

    def is_taken(reply: Reply) -> bool:
        if reply.status == 500:
            assert reply.says == "In gebruik: Boekstuknummer"
        return reply.status == 201

    assert is_taken(visitor.book(*day(visitor), EntryNumber=26000001)) is same
    last_year = visitor.book(*day(visitor, "2025-12-31"), EntryNumber=26000001)
    assert is_taken(last_year) is other_year
    elsewhere = visitor.book(*day(visitor), EntryNumber=26000001, JournalCode="90")
    assert is_taken(elsewhere) is other_journal


def test_numbers_have_gaps_after_deletes(visitor: Visitor) -> None:
    """Quirk 17: the middle one of three is gone; the next number is still the highest plus one."""
    made = [visitor.book(*day(visitor)).json["d"] for _ in range(3)]
    where = f"/api/v1/{GROENHOF}/{ENTRIES}(guid'{made[1]['EntryID']}')"
    assert visitor.ask("DELETE", where, None, visitor.headers).status == 204
    assert visitor.book(*day(visitor)).json["d"]["EntryNumber"] == 26910004
    assert visitor.numbers() == [26910001, 26910003, 26910004]


def test_a_number_belongs_to_every_kind_of_journal(visitor: Visitor) -> None:
    who = customer(visitor)
    made = line(visitor, "8220", 1)
    assert sale(visitor, made, Customer=who, EntryNumber=5).json["d"]["EntryNumber"] == 5
    again = sale(visitor, made, Customer=who, EntryNumber=5)
    assert (again.status, again.says) == (500, "In gebruik: Boekstuknummer")
    visitor.admin("profile", name="ignores-ours")
    ours = sale(visitor, made, Customer=who, EntryNumber=6).json["d"]
    assert ours["EntryNumber"] == 26700001


def test_a_clients_entry_id(visitor: Visitor) -> None:
    ignored = visitor.book(*day(visitor), EntryID=OWN).json["d"]["EntryID"]
    assert ignored != OWN
    visitor.admin("profile", name="entry-id-honoured")
    assert visitor.book(*day(visitor), EntryID=OWN).json["d"]["EntryID"] == OWN
    again = visitor.book(*day(visitor), EntryID=OWN)
    assert (again.status, again.says) == (500, "Gegeven bestaat reeds.")
    relation = visitor.post("crm/Accounts", {"ID": OWN, "Name": "Zelf"}).json["d"]
    assert relation["ID"] == OWN
    made = line(visitor, "7100", 1) | {"ID": OWN}
    bought = purchase(visitor, made, Supplier=supplier(visitor)).json["d"]["EntryID"]
    rows = visitor.get(f"purchaseentry/PurchaseEntries(guid'{bought}')/PurchaseEntryLines").rows
    assert [row["ID"] for row in rows] == [OWN]


@pytest.mark.parametrize(
    ("profile", "total"),
    [("net-added", 121.0), ("gross-split", 100.0), ("amount-ignored", 121.0), ("netted", 121.0)],
)
def test_vat_profiles_hold_for_sales_too(visitor: Visitor, profile: str, total: float) -> None:
    visitor.admin("profile", name=profile)
    made = line(visitor, "8220", 100, VATCode="2")
    entry = sale(visitor, made, Customer=customer(visitor)).json["d"]
    assert entry["AmountFC"] == total
    sent = line(visitor, "8220", 100, VATCode="2", VATAmountFC=20)
    with_amount = sale(visitor, sent, Customer=customer(visitor)).json["d"]
    assert with_amount["VATAmountFC"] == (21.0 if profile == "amount-ignored" else 20.0)


def test_an_unknown_refusal_reaches_every_endpoint(visitor: Visitor) -> None:
    visitor.admin("profile", name="unknown-refusal")
    text = "De bewerking kon niet worden voltooid wegens controle 7Q."
    assert visitor.post("crm/Accounts", {}).says == text
    assert sale(visitor, line(visitor, "8220", 1)).says == text


def test_lost_rights_empty_every_list(visitor: Visitor) -> None:
    """Quirk 8, Exact's page "Tips and tricks": an empty list instead of 403."""
    visitor.admin("profile", name="rights-lost", division=GROENHOF)
    for path in ("financial/GLAccounts", "payroll/Employees", "sync/CRM/Accounts"):
        assert visitor.get(path).json == {"d": {"results": []}}
    assert visitor.get("financial/ReportingBalance", top=1).json == {"d": []}


def test_foreign_currency_in_a_general_journal(visitor: Visitor) -> None:
    """Exact's reference: DC = FC x rate where the journal allows a currency."""
    visitor.admin("journals", division=GROENHOF, code="91", AllowVariableCurrency=1)
    lines = [
        visitor.line("1210", 33.33),
        visitor.line("1205", -11.11),
        visitor.line("1225", -22.22),
    ]
    reply = visitor.book(*lines, Currency="USD")
    rows = visitor.get(
        "financialtransaction/TransactionLines",
        filter=f"EntryID eq guid'{reply.json['d']['EntryID']}'",
    ).rows
    assert {row["ExchangeRate"] for row in rows} == {0.92}
    assert round(sum(row["AmountDC"] for row in rows), 2) == 0
    assert sorted(row["AmountDC"] for row in rows) == [-20.44, -10.22, 30.66]
    refused = visitor.book(*lines, Currency="USD", ExchangeRate=0.5)
    assert refused.says == "Niet toegestaan: Wisselkoers"


def test_rates_come_from_the_table_and_can_be_added(visitor: Visitor) -> None:
    visitor.admin("journals", division=GROENHOF, code="91", AllowVariableCurrency=1)
    made = {"SourceCurrency": "USD", "Rate": 0.5, "StartDate": "2026-03-01"}
    rate = visitor.post("financial/ExchangeRates", made)
    assert (rate.status, rate.json["d"]["TargetCurrency"]) == (201, "EUR")
    assert visitor.book(*day(visitor), Currency="USD").json["d"]["ExchangeRate"] == 0.5
    before = visitor.book(*day(visitor, "2026-02-28"), Currency="USD")
    assert before.json["d"]["ExchangeRate"] == 0.92
