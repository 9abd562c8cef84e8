"""The guided form with connectors: live or from the copy, found by typing; preview and switch."""

from __future__ import annotations

import html
import re

import pytest

from retailvista import db
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.depending import dependants_of, what_depends_on
from retailvista.feed import feeds
from tests.feed.live_house import ACCOUNTS, CONTACTS, ITEMS, LiveHouse
from tests.flows.flow_house import replication

ADMIN = "administrator@groenhof.nl"


@pytest.fixture(scope="module")
def shop(live) -> LiveHouse:
    live.store.set("limits", "off")
    live.put(ACCOUNTS, {"Name": "Kwekerij Aalsmeer"}, {"Name": "Tuinhout Zwolle"})
    live.put(CONTACTS)
    return live


@pytest.fixture(scope="module")
def admin(shop):
    return shop.site.browser("groenhof", ADMIN)


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


@pytest.mark.statement("C-08", "C-25")
def test_choose_a_connector_then_tick_tables_then_confirm(shop, admin, quiet):
    made = admin.post("/feeds", name="live-tabellen")
    first = text_of(admin.get(made.location))
    assert re.findall(r'name="source" value="([\w-]+)"', first) == ["own", "live-25", "copy-25"]
    assert 'data-narrow="sources"' in first
    assert 'value="copy-25" id="source-copy-25" disabled' in first
    assert "/flows/new?kind=replication&source=25" in first
    second = text_of(admin.get(f"{made.location}?source=live-25"))
    assert len(re.findall(r'name="table" value="([^"]+)"', second)) == 313
    assert 'data-narrow="tables"' in second
    narrow = text_of(admin.get(f"{made.location}?source=live-25&q=accounts"))
    assert 'value="crm/Accounts"' in narrow
    assert 'value="logistics/Items"' not in narrow
    number = made.location.split("/")[2]
    answer = admin.post(f"/feeds/{number}/tables", source="live-25", table=[ACCOUNTS, CONTACTS])
    page = text_of(admin.get(answer.location))
    assert "25 · Exact · crm/Accounts" in page
    assert shop.calls() == []
    names = {row["Name"] for row in shop.program("live-tabellen").rows("Accounts")}
    assert names == {"Kwekerij Aalsmeer", "Tuinhout Zwolle"}
    assert admin.post(f"/feeds/{number}/tables", source="live-25").status_code == 400
    assert (
        admin.post(f"/feeds/{number}/tables", source="live-99", table=ACCOUNTS).status_code == 404
    )
    assert admin.post(f"/feeds/{number}/tables", source="live-25", table="x/Y").status_code == 404


def test_the_first_rows_are_one_call_and_errors_are_said(shop, admin, quiet):
    number = shop.feed("kijken", ACCOUNTS)
    page = text_of(admin.get(f"/feeds/{number}/tables/Accounts/preview"))
    assert "Kwekerij Aalsmeer" in page
    assert len(shop.calls()) == 1
    shop.house.change_connector(grant_id=None)
    try:
        page = text_of(admin.get(f"/feeds/{number}/tables/Accounts/preview"))
        source = text_of(admin.get(f"/feeds/{number}/add"))
    finally:
        shop.house.change_connector(grant_id=1)
    assert "moet opnieuw inloggen" in page
    assert "niet ingelogd" in source
    viewer = shop.site.browser("groenhof", "viewer@groenhof.nl")
    assert viewer.get(f"/feeds/{number}/tables/Accounts/preview").status_code == 403


def test_the_switch_says_what_is_missing_and_how_fresh(shop, admin, quiet):
    number = shop.feed("schakel", ACCOUNTS, ITEMS)
    place = f"/feeds/{number}/tables/Accounts"
    before = text_of(admin.get(place))
    assert "Maak een stroom die dit kopieert" in before
    assert admin.post(f"{place}/serve", place="warehouse").status_code == 400
    with shop.scope():
        shop.house.add(replication(ACCOUNTS))
    assert admin.post(f"{place}/serve", place="warehouse").status_code == 303
    assert "Nog niet gekopieerd" in text_of(admin.get(place))
    assert "nog niet gekopieerd" in text_of(admin.get(f"/feeds/{number}"))
    assert "nog niet naar het datawarehouse" in text_of(admin.get(f"{place}/preview"))
    with shop.scope():
        shop.house.fetch(1)
    shop.calls()
    assert "Bijgewerkt tot" in text_of(admin.get(place))
    assert "bijgewerkt tot" in text_of(admin.get(f"/feeds/{number}"))
    assert "Kwekerij Aalsmeer" in text_of(admin.get(f"{place}/preview"))
    assert re.search(
        r'value="crm/Accounts"', text_of(admin.get(f"/feeds/{number}/add?source=copy-25"))
    )
    assert shop.calls() == []
    assert admin.post(f"{place}/serve", place="live").status_code == 303
    assert "uit de aanroepen die het boeken overlaat" in text_of(admin.get(place))


@pytest.mark.statement("C-26")
def test_from_a_table_a_flow_is_filled_in(shop, admin, quiet):
    number = shop.feed("naar-flow", ACCOUNTS)
    columns = [("ID", "ID"), ("Name", "Naam")]
    shop.do(feeds.change_table, number, "Accounts", "Relaties", columns, "", "test")
    page = text_of(admin.get(f"/feeds/{number}/tables/Relaties")).split('id="flow"')[1]
    links = [html.unescape(link) for link in re.findall(r'href="(/flows/new\?[^"]*)"', page)]
    kinds = [re.search(r"kind=(\w+)", link)[1] for link in links]
    assert kinds == ["outgoing", "incoming", "replication", "outgoing", "outgoing", "outgoing"]
    incoming = text_of(admin.get(links[1]))
    assert 'name="entity" value="crm/Accounts"' in incoming
    assert re.search(r'name="select" value="Name" checked', incoming)
    assert not re.search(r'name="select" value="City" checked', incoming)
    assert re.search(r'<option value="25" selected', incoming)
    write = next(link for link in links if "action=create" in link)
    form = text_of(admin.get(write))
    assert "crm/Accounts" in form


@pytest.mark.statement("C-18")
def test_a_connector_of_another_company_cannot_be_named(shop, quiet):
    shop.feed("van-ons", ACCOUNTS)
    other = shop.site.browser("bloemhof", "administrator@bloemhof.nl")
    made = other.post("/feeds", name="van-hen").location
    assert re.findall(r'name="source" value="([\w-]+)"', text_of(other.get(made))) == ["own"]
    for source in ("live-25", "copy-25", "copy-40", "live-40", "x", "live-" + "9" * 9):
        assert other.get(f"{made}?source={source}").status_code == 404
        place = made.replace("/add", "/tables")
        assert other.post(place, source=source, table=[ACCOUNTS]).status_code == 404
    number = made.split("/")[2]
    assert "van-ons" not in text_of(other.get("/feeds"))
    assert other.get(f"/feeds/{number}/tables/Accounts/preview").status_code == 404


def test_a_connector_with_tables_in_feeds_says_so_before_it_goes(shop, quiet):
    shop.feed("blijft", ACCOUNTS)
    session = shop.house.stage.sessions()
    with shop.scope(), session, db.reading(session):
        row = connector_by_number(session, 25)
        reasons = what_depends_on(session, row)
    assert any("blijft" in reason and "show its tables" in reason for reason in reasons)


def test_a_warehouse_whose_copies_are_in_feeds_says_so_before_it_goes(shop, quiet):
    with shop.scope():
        shop.house.add(replication(CONTACTS))
    shop.feed("uit-de-kopie", CONTACTS, warehouse=True)
    session = shop.house.stage.sessions()
    with shop.scope(), session, db.reading(session):
        found = dependants_of(session, connector_by_number(session, 40))
    assert ("feed", "uit-de-kopie") in {(one.kind, one.name) for one in found}
