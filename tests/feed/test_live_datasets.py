"""Tables of a feed that come straight from Exact: what travels, what comes back, what it costs."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from retailvista.companies.scope import company_scope
from retailvista.connectors.exact_online.provider import EXACT_ONLINE
from retailvista.connectors.exact_online.records import ExactRecords
from retailvista.connectors.registry import PROVIDERS
from retailvista.errors import NotFound
from retailvista.feed import feeds, live_datasets
from retailvista.feed.live_tables import is_table, live_table
from tests.feed.live_house import ACCOUNTS, CONTACTS, ITEMS, LiveHouse
from tests.feed.program import make_program

RELATIONS = (
    {"Name": "Kwekerij Aalsmeer", "City": "Aalsmeer"},
    {"Name": "Tuinhout Zwolle", "City": "Zwolle"},
    {"Name": "kwekerij lisse", "City": "Lisse"},
)


@pytest.fixture(scope="module")
def shop(live) -> LiveHouse:
    """A feed of relations, contacts and items."""
    live.store.set("limits", "off")
    firms = live.put(ACCOUNTS, *RELATIONS)
    live.put(CONTACTS, *(
        {"Account": firms[n % 3], "LastName": f"P{n}", "BirthDate": 1767225600000 + n * 86400000}
        for n in range(9)
    ))  # fmt: skip
    live.put(ITEMS, *(
        {"Code": f"A{n:04}", "Description": f"Plant {n}", "CostPriceStandard": n + 0.5}
        for n in range(150)
    ))  # fmt: skip
    live.feed("winkel", ACCOUNTS, CONTACTS, ITEMS)
    return live


@pytest.mark.statement("C-11")
def test_a_change_in_exact_is_in_the_next_answer(shop, quiet):
    program = shop.program("winkel")
    assert sorted(row["Name"] for row in program.rows("Accounts")) == sorted(
        row["Name"] for row in RELATIONS
    )
    (new,) = shop.add(ACCOUNTS, {"Name": "Nieuw", "City": "Delft"})
    assert [row["ID"] for row in program.rows("Accounts", filter="City eq 'Delft'")] == [new]


@pytest.mark.statement("C-12")
def test_filter_select_order_and_top_travel_to_exact(shop, quiet):
    found = shop.program("winkel").rows(
        "Contacts", filter="BirthDate ge 2026-01-03", select="LastName,BirthDate",
        orderby="BirthDate desc", top="2",
    )  # fmt: skip
    assert found == [
        {"LastName": "P8", "BirthDate": "2026-01-09"},
        {"LastName": "P7", "BirthDate": "2026-01-08"},
    ]
    (sent,) = shop.calls()
    assert sent.startswith("GET crm/Contacts?")
    for part in (
        "$filter=BirthDate ge datetime'2026-01-03T00:00:00'", "$orderby=BirthDate desc",
        "$top=3", "$select=ID,BirthDate,LastName",
    ):  # fmt: skip
        assert part in sent


def test_whole_tables_come_in_large_pages(shop, quiet):
    found = shop.program("winkel").rows("Items")
    assert len(found) == 150
    assert found[0]["CostPriceStandard"] == Decimal(found[0]["Description"].split()[1]) + Decimal(
        "0.5"
    )
    assert [call.split("?")[0] for call in shop.calls()] == ["GET bulk/Logistics/Items"]


def test_pages_go_on_where_exact_stopped(shop, quiet):
    program, found = shop.program("winkel"), []
    answer = program.get("Items?$select=Code", Prefer="maxpagesize=40")
    while True:
        found += [row["Code"] for row in answer["value"]]
        assert len(answer["value"]) <= 40
        if "@odata.nextLink" not in answer:
            break
        link = answer["@odata.nextLink"].removeprefix(program.root + "/")
        answer = program.get(link, Prefer="maxpagesize=40")
    assert sorted(found) == [f"A{n:04}" for n in range(150)]
    assert len(shop.calls()) <= 6


def test_a_link_that_was_made_up_costs_no_call(shop, quiet):
    program = shop.program("winkel")
    answer = program.get("Items?$select=Code", Prefer="maxpagesize=60")
    link = answer["@odata.nextLink"].removeprefix(program.root + "/")
    shop.calls()
    broken = [place_of(token) for token in ("https://example.com/", "x" * 2000)]
    for place in broken:
        assert program.send(f"Items?$skiptoken={place}").status_code == 400
    assert shop.calls() == []
    assert program.send(link.replace("Items?", "Accounts?")).status_code == 400
    assert program.send(link).status_code == 200


def place_of(token: str) -> str:
    """A place in the form of ours."""
    text = json.dumps([[token, "0", ""], None])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.statement("C-13")
def test_related_rows_are_asked_for_by_their_keys(shop, quiet):
    program = shop.program("winkel")
    found = program.rows("Contacts", expand="AccountDetails($select=Name)", top="4",
                         orderby="BirthDate")  # fmt: skip
    assert [row["AccountDetails"]["Name"] for row in found] == [
        "Kwekerij Aalsmeer", "Tuinhout Zwolle", "kwekerij lisse", "Kwekerij Aalsmeer",
    ]  # fmt: skip
    contacts, accounts = shop.calls()
    assert contacts.startswith("GET crm/Contacts?")
    assert accounts.count("ID eq guid'") == 3


def test_a_derived_view_keeps_its_condition_and_its_names(shop, quiet):
    number = shop.feed("afgeleid", ACCOUNTS)
    shop.do(
        feeds.change_table, number, "Accounts", "Kwekers",
        [("ID", "Nummer"), ("Name", "Naam")], "startswith(tolower(Name),'kwek') and City ne 'X'",
        "test",
    )  # fmt: skip
    program = shop.program("afgeleid")
    assert sorted(row["Naam"] for row in program.rows("Kwekers")) == [
        "Kwekerij Aalsmeer", "kwekerij lisse",
    ]  # fmt: skip
    assert list(program.rows("Kwekers", filter="Naam eq 'kwekerij lisse'")[0]) == ["Nummer", "Naam"]
    assert program.get("Kwekers/$count", Accept="text/plain") == 2
    assert program.send("Kwekers?$filter=City eq 'Lisse'").status_code == 400


def test_a_login_that_ended_names_the_remedy(shop, quiet):
    shop.house.change_connector(grant_id=None)
    try:
        answer = shop.program("winkel").send("Accounts")
    finally:
        shop.house.change_connector(grant_id=1)
    assert answer.status_code == 502
    assert answer.json["error"]["code"] == "LoginNeeded"
    assert "Extra > Connectors > 25 and press oAuth" in answer.json["error"]["message"]


def test_what_is_left_is_for_posting(shop, quiet):
    """55 a minute, 10 of them for posting, 15 for all the rest: a feed stops at 30."""
    shop.program("winkel").rows("Contacts", top="1")
    shop.lane(minute_used=30)
    answer = shop.program("winkel").send("Contacts?$top=1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    shop.lane(minute_used=0, day_used=3500)
    answer = shop.program("winkel").send("Contacts?$top=1")
    assert answer.status_code == 503
    assert "warehouse" in answer.json["error"]["message"]
    shop.lane(day_used=0)


def test_requests_that_exact_refuses_do_not_block_postings(shop, quiet):
    now = int(shop.clock.now().timestamp())
    shop.lane(errors={"crm/Contacts": [now, now]})
    answer = shop.program("winkel").send("Contacts?$top=1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1200")
    assert shop.calls() == []
    assert shop.program("winkel").send("Accounts?$top=1").status_code == 200
    shop.lane(errors={})


@pytest.mark.statement("C-18")
def test_a_hidden_live_table_and_another_company_see_nothing(shop, quiet):
    number = shop.feed("deels", ACCOUNTS, CONTACTS)
    shop.do(feeds.permit, number, "Contacts", [], "test")
    program = shop.program("deels")
    assert [entry["name"] for entry in program.get()["value"]] == ["Accounts"]
    assert program.send("Contacts").status_code == 404
    assert program.send("Accounts?$expand=Contacts").status_code == 400
    assert shop.program("deels", "administrator").send("Contacts?$top=1").status_code == 200
    other = make_program(shop.site, "bloemhof", feed="deels")
    assert other.send("Accounts").status_code == 404
    with company_scope(shop.site.companies["bloemhof"]), pytest.raises(NotFound):
        shop.house.do(_of_another_company)


def _of_another_company(session):
    own = feeds.add_feed(session, "eigen", "test")
    live_datasets.add_live_tables(session, own, 25, [ACCOUNTS], "test")


@pytest.mark.parametrize("role", ["viewer", "administrator"])
def test_metadata_tells_kinds_of_exact(shop, quiet, role):
    text = shop.program("winkel", role).send("$metadata").text
    assert '<Property Name="BirthDate" Type="Edm.Date"/>' in text
    assert '<Property Name="Modified" Type="Edm.DateTimeOffset" Precision="6"/>' in text
    assert (
        '<Property Name="CostPriceStandard" Type="Edm.Decimal" Precision="18" Scale="8"/>' in text
    )
    assert '<NavigationProperty Name="AccountDetails" Type="RetailVista.Accounts">' in text
    assert shop.calls() == []


def test_every_entity_with_a_key_is_a_table():
    records = EXACT_ONLINE.records
    tables = [each for each in records.entities() if is_table(each)]
    assert (len(tables), len(records.entities())) == (313, 380)
    for each in tables:
        found = live_table(EXACT_ONLINE.key, each.key)
        assert found.table.column(found.table.key) is not None
        assert all(records.entity(way.entity) for way in records.references(each.key))
    invoices = live_table(EXACT_ONLINE.key, "salesinvoice/SalesInvoices").table
    assert invoices.way("SalesInvoiceLines").target == "SalesInvoice_SalesInvoiceLines"
    lines = live_table(EXACT_ONLINE.key, "salesinvoice/SalesInvoiceLines").table
    assert {way.name for way in lines.navigations} >= {"Invoice", "ItemDetails", "GLAccountDetails"}


class FewRecords(ExactRecords):
    """Another provider's: two lists, in a language of filters that feeds do not know."""

    def entities(self):
        return tuple(self.entity(key) for key in (ACCOUNTS, CONTACTS))


@pytest.mark.statement("C-22")
def test_the_tables_of_a_new_provider_are_in_feeds_at_once(shop, quiet, monkeypatch):
    """A line in the registry is all; what it cannot filter is filtered here."""
    few = replace(EXACT_ONLINE, key="few", name="Few", records=FewRecords())
    monkeypatch.setitem(PROVIDERS, "few", few)
    shop.house.change_connector(provider="few")
    try:
        admin = shop.site.browser("groenhof", "administrator@groenhof.nl")
        shop.feed("nieuw", CONTACTS)
        page = admin.get("/feeds/1/add?source=live-25").text
        found = shop.program("nieuw").rows(
            "Contacts", filter="LastName eq 'P3'", orderby="LastName", select="LastName"
        )
    finally:
        shop.house.change_connector(provider="exact-online")
    assert re.findall(r'name="table" value="([^"]+)"', page) == [ACCOUNTS, CONTACTS]
    assert found == [{"LastName": "P3"}]
    assert not any("$filter=LastName" in call or "$orderby" in call for call in shop.calls())
