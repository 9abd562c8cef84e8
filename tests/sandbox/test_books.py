"""The books refuse what Exact refuses, in the user's language, and add what Exact adds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.visitor import ENTRIES, NORWEGIAN, TESTSTORE, Visitor

UNKNOWN_GUID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def norwegian(stranger: Visitor) -> Visitor:
    return stranger.log_in(NORWEGIAN)


def day(visitor: Visitor, amount: float = 100.0) -> list[dict[str, Any]]:
    """Two lines that balance."""
    return [visitor.line("1210", amount), visitor.line("1205", -amount)]


def test_own_and_given_numbers(visitor: Visitor) -> None:
    assert visitor.book(*day(visitor)).json["d"]["EntryNumber"] == 26910001
    ours = visitor.book(*day(visitor), EntryNumber=26000007).json["d"]
    assert (ours["EntryNumber"], ours["Status"]) == (26000007, 20)
    assert (ours["FinancialYear"], ours["FinancialPeriod"]) == (2026, 3)
    assert visitor.book(*day(visitor)).json["d"]["EntryNumber"] == 26910002
    earlier = visitor.line("1210", 1, Date="2025-12-31")
    old = visitor.book(earlier, visitor.line("1205", -1, Date="2025-12-31")).json["d"]
    assert (old["EntryNumber"], old["FinancialPeriod"]) == (25910001, 12)
    again = visitor.book(*day(visitor), EntryNumber=26000007)
    assert (again.status, again.says) == (500, "In gebruik: Boekstuknummer")
    elsewhere = visitor.book(*day(visitor), EntryNumber=26000007, JournalCode="90")
    assert elsewhere.status == 201, "a number belongs to its journal"


def test_number_profiles(visitor: Visitor) -> None:
    visitor.book(*day(visitor), EntryNumber=26000001)
    visitor.admin("profile", name="accepts-used")
    assert visitor.book(*day(visitor), EntryNumber=26000001).status == 201
    assert visitor.numbers() == [26000001, 26000001]
    visitor.admin("profile", name="ignores-ours", division=visitor.division)
    assert visitor.book(*day(visitor), EntryNumber=26000009).json["d"]["EntryNumber"] == 26910001
    rules = {finding["rule"] for finding in visitor.admin("judge", "GET")["findings"]}
    assert rules == {"duplicate-content"}


REFUSALS: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    ("no journal", {"JournalCode": ""}, {}, "Verplicht: Dagboek", "Mandatory: Journal"),
    (
        "journal id",
        {"JournalCode": "nope"},
        {},
        "Ongeldige referentie: Journals",
        "Invalid reference: Journals",
    ),
    (
        "sales journal",
        {"JournalCode": "70"},
        {},
        "Ongeldig: Dagboek",
        "Invalid journal. The journal must be a general journal.",
    ),
    (
        "one euro cent",
        {},
        {"AmountFC": 100.01},
        "De boeking is niet in evenwicht op: 2026 / 3 (Type: Overige) - Verschil: {c} 0,01",
        "This entry is not balanced on: 2026 / 3 (Type: Other) - Difference: {c} 0,01",
    ),
    (
        "thousand",
        {},
        {"AmountFC": -900},
        "De boeking is niet in evenwicht op: 2026 / 3 (Type: Overige) - Verschil: {c} -1.000,00",
        "This entry is not balanced on: 2026 / 3 (Type: Other) - Difference: {c} -1.000,00",
    ),
    (
        "VAT code unknown",
        {},
        {"VATCode": "77"},
        "Ongeldige referentie: Btw-code",
        "Invalid reference: VAT code",
    ),
    (
        "VAT code not allowed",
        {"JournalCode": "92"},
        {"VATCode": "0"},
        "Niet toegestaan: Btw-code",
        "Not allowed: VAT code",
    ),
    ("VAT without code", {}, {"AmountVATFC": 3}, "Verplicht: Btw-code", "Mandatory: VAT code"),
    (
        "VAT rate",
        {},
        {"VATCode": "3I", "VATPercentage": 0.2},
        "Ongeldig: Btw-percentage []",
        "Invalid: VAT percentage []",
    ),
    (
        "account unknown",
        {},
        {"GLAccount": UNKNOWN_GUID},
        "Ongeldige referentie: Grootboekrekening",
        "Invalid reference: G/L account",
    ),
    (
        "cost centre unknown",
        {},
        {"CostCenter": "W99"},
        "Ongeldige referentie: Kostenplaats",
        "Invalid reference: Cost center",
    ),
    (
        "no such year",
        {"FinancialYear": 1999, "FinancialPeriod": 1},
        {},
        "Verplicht: Boekjaar",
        "Unknown: Financial year (Period - date table)",
    ),
    (
        "currency unknown",
        {"Currency": "XXX"},
        {},
        "Ongeldige referentie: Valuta",
        "Invalid reference: Currency",
    ),
    ("currency", {"Currency": "USD"}, {}, "Niet toegestaan: Valuta", "Not allowed: Currency"),
]


@pytest.mark.parametrize(
    ("header", "change", "dutch", "english"),
    [row[1:] for row in REFUSALS],
    ids=[row[0] for row in REFUSALS],
)
def test_refusals_are_500_in_the_users_language(
    stranger: Visitor, header: dict[str, Any], change: dict[str, Any], dutch: str, english: str
) -> None:
    for user, words, currency in (("", dutch, "EUR"), (NORWEGIAN, english, "NOK")):
        visitor = stranger.log_in(user) if user else stranger.log_in()
        visitor.codes = {}
        line = visitor.line("1210", 100.0) | change
        if not user and change.get("VATCode") == "3I":
            line["VATCode"] = "4"
        reply = visitor.book(line, visitor.line("1205", -100.0), **header)
        assert reply.status == 500
        assert reply.says == words.format(c=currency)
        assert visitor.numbers() == []


def test_closed_period_and_deleting_in_it(visitor: Visitor) -> None:
    entry = visitor.book(*day(visitor)).json["d"]["EntryID"]
    visitor.admin("periods", division=1000001, year=2026, period=3, journal="91")
    assert visitor.book(*day(visitor)).says == "Periode is afgesloten: 2026 - 3"
    assert visitor.book(*day(visitor), JournalCode="90").status == 201
    path = f"/api/v1/1000001/{ENTRIES}(guid'{entry}')"
    assert visitor.ask("DELETE", path, None, visitor.headers).status == 500
    visitor.admin("periods", division=1000001, year=2026, period=3, journal="91", closed=False)
    gone = visitor.ask("DELETE", path, None, visitor.headers)
    assert (gone.status, gone.body) == (204, b"")
    assert visitor.get(f"{ENTRIES}(guid'{entry}')").status == 404
    assert visitor.ask("DELETE", path, None, visitor.headers).status == 404
    assert visitor.book(*day(visitor)).json["d"]["EntryNumber"] == 26910001, "the number is free"


@pytest.mark.parametrize("account", ["1000", "1100", "1300", "1600", "1500"])
def test_accounts_of_the_wrong_type(visitor: Visitor, account: str) -> None:
    reply = visitor.book(visitor.line(account, 5), visitor.line("1205", -5))
    assert reply.says == "Ongeldig: Grootboekrekeningtype"
    visitor.admin("settings", account_types="lax")
    assert visitor.book(visitor.line(account, 5), visitor.line("1205", -5)).status == 201


def test_a_vat_account_is_open_to_a_journal_without_vat(visitor: Visitor) -> None:
    lines = [visitor.line("1500", -21), visitor.line("8220", -100), visitor.line("1210", 121)]
    reply = visitor.book(*lines, JournalCode="92")
    assert visitor.stored(reply) == [
        ("1500", -21.0, None),
        ("8220", -100.0, None),
        ("1210", 121.0, None),
    ]


def test_blocked_accounts_and_cost_centre_rules(visitor: Visitor) -> None:
    visitor.admin("accounts", division=1000001, code="1205", IsBlocked=1)
    assert visitor.book(*day(visitor)).says == "Ongeldig: Grootboekrekeningtype"
    visitor.admin("accounts", division=1000001, code="1205", IsBlocked=0, UseCostcenter=1)
    assert visitor.book(*day(visitor)).says == "Verplicht: Kostenplaats"
    visitor.admin("accounts", division=1000001, code="1205", UseCostcenter=2)
    lines = [visitor.line("1210", 1), visitor.line("1205", -1, CostCenter="W01")]
    assert visitor.book(*lines).says == "Niet toegestaan: Kostenplaats"


def test_several_messages_are_joined(visitor: Visitor) -> None:
    lines = [visitor.line("1210", 1, VATCode="77", CostCenter="W99"), visitor.line("1205", -1)]
    assert visitor.book(*lines).says == (
        "Ongeldige referentie: Kostenplaats\r\nOngeldige referentie: Btw-code"
    )


def test_unknown_refusal_profile(visitor: Visitor) -> None:
    visitor.admin("profile", name="unknown-refusal")
    reply = visitor.book(visitor.line("1210", 1))
    assert (reply.status, reply.says) == (
        500,
        "De bewerking kon niet worden voltooid wegens controle 7Q.",
    )


def test_rights_lost_profile(visitor: Visitor) -> None:
    visitor.admin("settings", rights_lost_after_posts=1)
    assert visitor.get("financial/Journals").rows
    visitor.book(*day(visitor))
    assert visitor.get("financial/Journals").json == {"d": {"results": []}}
    assert visitor.get(ENTRIES, top=1).json == {"d": []}
    assert visitor.get("hrm/Divisions").rows
    right = visitor.get("users/UserHasRights?endpoint='x'&action='GET'")
    assert right.json == {"d": {"UserHasRights": False}}


WRONG_BODIES = [
    ({"Description": "no header text"}, "The property name 'Description' specified for type"),
    ({"EntryNumber": "abc"}, "for property 'EntryNumber' to type 'Int32'"),
    ({"EntryNumber": 2**31}, "for property 'EntryNumber' to type 'Int32'"),
    ({"GeneralJournalEntryLines": [{"GLAccount": "12"}]}, "property 'GLAccount' to type 'Guid'"),
    ({"GeneralJournalEntryLines": [{"YourRef": "x"}]}, "The property name 'YourRef'"),
    ({"GeneralJournalEntryLines": [{"Date": "soon"}]}, "property 'Date' to type 'DateTime'"),
]


@pytest.mark.parametrize(("change", "text"), WRONG_BODIES)
def test_bodies_that_do_not_fit_are_400(
    visitor: Visitor, change: dict[str, Any], text: str
) -> None:
    reply = (
        visitor.book(**change)
        if "GeneralJournalEntryLines" not in change
        else visitor.post(ENTRIES, {"JournalCode": "91"} | change)
    )
    assert reply.status == 400
    assert text in reply.says


@pytest.mark.parametrize("body", ["", "[]", "{", "7"])
def test_a_body_is_one_object(visitor: Visitor, body: str) -> None:
    reply = visitor.post(ENTRIES, body)
    assert reply.status == 400
    assert "valid top-level resource object" in reply.says


def test_amount_dc_is_ignored_and_noticed(visitor: Visitor) -> None:
    lines = day(visitor)
    for line in lines:
        line["AmountDC"] = line.pop("AmountFC")
    reply = visitor.book(*lines)
    assert [amount for _, amount, _ in visitor.stored(reply)] == [0.0, 0.0]
    assert visitor.admin("judge", "GET")["findings"][0]["rule"] == "amount-dc-sent"


def test_an_account_of_another_division_becomes_null(visitor: Visitor) -> None:
    foreign = visitor.sandbox.store.row(
        "SELECT ID FROM gl_account WHERE Division = ? AND Code = '1210'", TESTSTORE
    )
    assert foreign
    lines = [visitor.line("1205", -5), visitor.line("1205", 5) | {"GLAccount": foreign[0]}]
    assert visitor.stored(visitor.book(*lines)) == [("1205", -5.0, None), (None, 5.0, None)]
    visitor.admin("settings", foreign_guid="refused")
    assert visitor.book(*lines).says == "Ongeldige referentie: Grootboekrekening"


def test_accounts_are_created_on_request(visitor: Visitor) -> None:
    new = {"Code": "1226", "Description": "Bloemenbonnen", "Type": 90, "BalanceSide": "D"}
    made = visitor.post("financial/GLAccounts", new)
    assert made.status == 201
    assert made.json["d"]["TypeDescription"] == "General"
    again = visitor.post("financial/GLAccounts", new)
    assert (again.status, again.says) == (500, "Gegeven bestaat reeds.")
    empty = visitor.post("financial/GLAccounts", {"Type": 90})
    assert empty.says == "Verplicht: Code\r\nVerplicht: Omschrijving"
    visitor.codes["1226"] = made.json["d"]["ID"]
    assert visitor.book(visitor.line("1226", 5), visitor.line("1205", -5)).status == 201
    center = visitor.post("hrm/Costcenters", {"Code": "W03", "Description": "Winkel 3"})
    assert center.status == 201
    line = visitor.line("1205", -5, CostCenter="W03")
    assert visitor.book(visitor.line("1210", 5), line).status == 201


def test_kroner_have_their_own_codes(norwegian: Visitor) -> None:
    lines = [
        norwegian.line("1210", 125, Date="2018-04-19"),
        norwegian.line("8220", -100, Date="2018-04-19", VATCode="3"),
    ]
    reply = norwegian.book(*lines, EntryNumber=18000001)
    entry = reply.json["d"]
    assert (entry["Currency"], entry["FinancialYear"]) == ("NOK", 2018)
    assert norwegian.stored(reply)[2] == ("1500", -25.0, "A")
