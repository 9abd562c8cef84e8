"""Tables of a feed that are served from their copy in a warehouse: no call, and how fresh."""

from __future__ import annotations

import re

import pytest

from retailvista.errors import Refused
from retailvista.feed import feeds, live_datasets
from tests.feed.live_house import ACCOUNTS, CONTACTS, ITEMS, LiveHouse
from tests.flows.flow_house import replication

FILTERS = (
    "true", "Name eq 'Bo'", "Name ne 'Bo'", "contains(Name,'o')", "startswith(Name,'B')",
    "tolower(Name) eq 'bo'", "City eq null", "City ne null", "City ne 'Lisse'",
    "not (City eq 'Lisse')", "City in ('Lisse','Zwolle')", "Name gt 'B' and Name le 'aa'",
    "StatusSince eq null or Name eq 'Bo'", "Modified gt 2020-01-01T00:00:00Z",
    "endswith(Name,'o') or City eq 'Zwolle'", "Name eq 'Bo''s'", "Blocked", "Blocked eq false",
    "CreditLinePurchase ge 10.5 and CreditLinePurchase lt 1e3", "CreditLinePurchase eq 12.25",
    "ID eq 00000000-0000-0000-0000-000000000001",
)  # fmt: skip
ORDERS = (
    "ID",
    "Name",
    "Name desc",
    "City,Name desc",
    "CreditLinePurchase desc,ID",
    "Modified desc",
)


@pytest.fixture(scope="module")
def shop(live) -> LiveHouse:
    fill(live)
    return live


def fill(live: LiveHouse) -> None:
    """Relations, contacts and items; a flow copies the first two."""
    live.store.set("limits", "off")
    names = ("Bo", "bo", "Aart", "Bo's", "Énée", "zo%", "Jo_o", "100%", "", "Ann")
    cities = ("Lisse", None, "Zwolle")
    firms = live.put(ACCOUNTS, *(
        {"Name": name, "City": cities[n % 3], "CreditLinePurchase": [None, 12.25, 0.3][n % 3],
         "Blocked": n % 4 == 0}
        for n, name in enumerate(names)
    ))  # fmt: skip
    live.put(CONTACTS, *({"Account": firms[n % 4], "LastName": f"P{n}"} for n in range(9)))
    with live.scope():
        live.house.add(replication(ACCOUNTS, CONTACTS))


def fetched(shop: LiveHouse) -> None:
    """The flow runs to its end."""
    with shop.scope():
        run = shop.house.fetch(1)
        assert run.outcome == "done", shop.house.log(run)


@pytest.fixture(scope="module")
def copied(shop) -> LiveHouse:
    """Two feeds of the same tables: live, and from the warehouse; a second before nothing was."""
    shop.feed("live", ACCOUNTS, CONTACTS)
    shop.feed("kopie", ACCOUNTS, CONTACTS, warehouse=True)
    answer = shop.program("kopie").send("Accounts")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "NotCopiedYet")
    assert "Extra > Flows > 1" in answer.json["error"]["message"]
    assert "FreshAsOf" not in shop.program("kopie").send("$metadata").text
    fetched(shop)
    return shop


def test_the_feed_says_how_fresh_it_is(copied, quiet):
    program = copied.program("kopie")
    answer = program.send("Accounts?$top=1")
    fresh = answer.headers["RetailVista-Fresh-As-Of"]
    assert re.fullmatch(r"2026-03-14T\d\d:\d\d:\d\dZ", fresh)
    assert answer.json["@RetailVista.FreshAsOf"] == fresh
    metadata = program.send("$metadata").text
    assert f'<Annotation Term="RetailVista.FreshAsOf" DateTimeOffset="{fresh}"/>' in metadata
    assert '<Term Name="FreshAsOf"' in metadata
    assert (
        "@RetailVista"
        not in program.send("Accounts", Accept="application/json;odata.metadata=none").text
    )
    assert program.send("Accounts/$count").headers["RetailVista-Fresh-As-Of"] == fresh
    assert copied.calls() == []
    live = copied.program("live").send("Accounts?$top=1")
    assert "RetailVista-Fresh-As-Of" not in live.headers


def test_the_copy_answers_as_exact_does_and_spends_no_calls(copied, quiet):
    compare(copied)


def compare(copied: LiveHouse) -> None:
    """Every filter, on the copy and live."""
    copy, live = copied.program("kopie"), copied.program("live")
    shared = set(copy.rows("Accounts")[0]) & set(live.rows("Accounts")[0])
    assert len(shared) > 80
    asked = {"select": ",".join(sorted(shared)[:40]), "orderby": "ID"}
    for text in FILTERS:
        copied.calls()
        mine = copy.rows("Accounts", filter=text, **asked)
        assert copied.calls() == []
        assert mine == live.rows("Accounts", filter=text, **asked), text
        counted = copy.get(f"Accounts?$count=true&$top=0&$filter={text}")
        assert counted["@odata.count"] == len(mine), text


def test_the_copy_has_the_order_and_the_pages_of_a_feed(copied, quiet):
    go_through(copied)


def go_through(copied: LiveHouse) -> None:
    """Every order, whole and page by page."""
    program, exact = copied.program("kopie"), copied.program("live")
    for order in ORDERS:
        whole = [row["ID"] for row in program.rows("Accounts", orderby=order, select="ID")]
        live = exact.rows("Accounts", orderby=f"{order},ID", select="ID")
        assert whole == [row["ID"] for row in live]
        found, link = [], f"Accounts?$orderby={order}&$select=ID"
        while link:
            page = program.get(link, Prefer="maxpagesize=4")
            assert len(page["value"]) <= 4
            found += [row["ID"] for row in page["value"]]
            link = page.get("@odata.nextLink", "").removeprefix(program.root + "/")
        assert found == whole
        skipped = program.rows("Accounts", orderby=order, skip="4", top="3", select="ID")
        assert [row["ID"] for row in skipped] == whole[4:7]


def test_relatives_come_from_the_copy_too(copied, quiet):
    program = copied.program("kopie")
    found = program.rows("Contacts", expand="AccountDetails($select=Name)", orderby="LastName")
    assert [row["AccountDetails"]["Name"] for row in found] == [
        ("Bo", "bo", "Aart", "Bo's")[n % 4] for n in range(9)
    ]
    assert len(program.rows("Contacts", filter="AccountDetails/Name eq 'Bo'")) == 3
    assert copied.calls() == []


def test_one_switch_serves_a_table_from_the_other_place(copied, quiet):
    number = copied.feed("wissel", ACCOUNTS, ITEMS)
    program = copied.program("wissel")
    program.rows("Accounts")
    assert len(copied.calls()) == 1
    copied.do(live_datasets.serve_from, number, "Accounts", "test", warehouse=True)
    program.rows("Accounts")
    assert copied.calls() == []
    with pytest.raises(Refused, match="No flow copies logistics/Items of connector 25"):
        copied.do(live_datasets.serve_from, number, "Items", "test", warehouse=True)
    copied.do(live_datasets.serve_from, number, "Accounts", "test", warehouse=False)
    assert "RetailVista-Fresh-As-Of" not in program.send("Accounts").headers


def test_a_derived_view_holds_on_the_copy(copied, quiet):
    number = copied.feed("blik", ACCOUNTS, warehouse=True)
    copied.do(
        feeds.change_table, number, "Accounts", "Lisse", [("ID", "Id"), ("Name", "Naam")],
        "City eq 'Lisse' and tolower(Name) ne 'bo'", "test",
    )  # fmt: skip
    program = copied.program("blik")
    assert sorted(row["Naam"] for row in program.rows("Lisse")) == ["Ann", "Bo's", "Jo_o"]
    assert program.get("Lisse/$count", Accept="text/plain") == 3
    assert program.send("Lisse?$skiptoken=abc").status_code == 400
