"""The generic store: what any endpoint takes, keeps, refuses, changes, deletes and tells the feeds.

Each quirk names its public source.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from retailvista.sandbox.endpoints import catalogue, endpoints
from tests.conftest import TestClock
from tests.sandbox.test_lists import follow
from tests.sandbox.test_trade import change, customer
from tests.sandbox.visitor import GROENHOF, TESTSTORE, Reply, Visitor

RELATIONS = "crm/Accounts"


def one(visitor: Visitor, path: str, key: str) -> dict[str, Any]:
    reply = visitor.get(f"{path}(guid'{key}')")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json["d"]
    return found


def without_prefer(visitor: Visitor, path: str, body: Any) -> Reply:
    headers = {name: v for name, v in visitor.headers.items() if name != "Prefer"}
    return visitor.ask("POST", f"/api/v1/{visitor.division}/{path}", json.dumps(body), headers)


def test_a_relations_code_is_the_highest_plus_one_eighteen_wide(visitor: Visitor) -> None:
    """Quirks 6 and 25: Exact's page "Tips and tricks"; padded codes are recorded."""
    first = one(visitor, RELATIONS, customer(visitor))
    second = one(visitor, RELATIONS, customer(visitor))
    assert first["Code"] == f"{4:>18}"
    assert int(second["Code"]) == int(first["Code"]) + 1
    named = one(visitor, RELATIONS, customer(visitor, Code="700"))
    assert named["Code"] == f"{700:>18}"
    assert one(visitor, RELATIONS, customer(visitor))["Code"] == f"{701:>18}"
    assert visitor.post(RELATIONS, {"Name": "x", "Code": "700"}).says == "Gegeven bestaat reeds."
    by_trim = visitor.get(RELATIONS, filter="trim(Code) eq '700'", select="ID").rows
    padded = visitor.get(RELATIONS, filter=f"Code eq '{700:>18}'", select="ID").rows
    assert len(by_trim) == len(padded) == 1
    assert visitor.get(RELATIONS, filter="Code eq '700'").rows == []
    assert first["Country"] is None


def test_read_only_properties_are_silently_ignored(visitor: Visitor) -> None:
    """Quirk 2, recorded: IsSales was sent false and stored true."""
    sent = {"IsSales": False, "Created": "2001-01-01", "AccountManagerFullName": "Me"}
    found = one(visitor, RELATIONS, customer(visitor, **sent))
    assert (found["IsSales"], found["AccountManagerFullName"]) == (True, None)
    assert found["Created"].startswith("/Date(1773482400")


WRONG = [
    ({"Nope": 1}, "The property name 'Nope' specified for type 'Exact.Web.Api.Models.Account'"),
    ({"GLAR": "12"}, "for property 'GLAR' to type 'Guid'"),
    ({"StartDate": "soon"}, "for property 'StartDate' to type 'DateTime'"),
    ({"InvoicingMethod": "x"}, "for property 'InvoicingMethod' to type 'Int32'"),
    ({"IsSupplier": 2}, "for property 'IsSupplier' to type 'Boolean'"),
    ({"DiscountSales": []}, "for property 'DiscountSales' to type 'Double'"),
]


@pytest.mark.parametrize(("body", "text"), WRONG)
def test_unknown_properties_and_wrong_types_are_400(
    visitor: Visitor, body: dict[str, Any], text: str
) -> None:
    """Quirk 3: #595 of picqer/exact-php-client and the REST FAQ."""
    made = customer(visitor)
    for reply in (
        visitor.post(RELATIONS, {"Name": "x"} | body),
        change(visitor, "PUT", RELATIONS, made, json.dumps(body)),
    ):
        assert (reply.status, text in reply.says) == (400, True), reply.body


def test_post_without_prefer(visitor: Visitor) -> None:
    """Quirk 7, recorded: nulls for relations, contacts and articles, full rows for others."""
    bare = without_prefer(visitor, RELATIONS, {"Name": "Tuinhuis"}).json["d"]
    assert bare["ID"]
    assert {n for n, v in bare.items() if v is not None and "__deferred" not in v} == {
        *("__metadata", "ID"),
    }
    assert one(visitor, RELATIONS, bare["ID"])["Name"] == "Tuinhuis"
    full = without_prefer(visitor, "documents/Documents", {"Subject": "Bon", "Type": 55})
    assert full.json["d"]["Subject"] == "Bon"


def test_mandatory_texts_are_500_all_at_once(visitor: Visitor) -> None:
    """picqer/exact-php-client#10: several messages, joined by a line break."""
    reply = visitor.post("documents/Documents", {})
    assert (reply.status, reply.says) == (500, "Verplicht: Onderwerp\r\nVerplicht: Type")
    lines = [{"Item": None}]
    order = visitor.post("salesorder/SalesOrders", {"SalesOrderLines": lines})
    assert order.says.split("\r\n") == ["Verplicht: Besteld door", "Verplicht: Artikel"]


def test_references_are_checked_and_named(visitor: Visitor) -> None:
    """Quirk 16 (abn.company): a Guid of another division is null with 201; a wrong one is not."""
    who = customer(visitor, Name="Groenrijk")
    body = {"Subject": "Offerte", "Type": 55, "Account": who}
    found = visitor.post("documents/Documents", body).json["d"]
    assert (found["AccountName"], int(found["AccountCode"])) == ("Groenrijk", 4)
    foreign = visitor.sandbox.store.row(
        "SELECT key FROM record WHERE entity = 'crm/Accounts' AND Division = ?", TESTSTORE
    )
    assert foreign
    reply = visitor.post("documents/Documents", body | {"Account": foreign[0]})
    assert (reply.status, reply.json["d"]["Account"]) == (201, None)
    nobody = "00000000-0000-4000-8000-000000000000"
    refused = visitor.post("documents/Documents", body | {"Account": nobody})
    assert refused.says == "Ongeldige referentie: Relatie"
    condition = visitor.post(RELATIONS, {"Name": "x", "PaymentConditionSales": "99"})
    assert condition.says == "Ongeldige referentie: Betalingsconditie"


def test_an_attachment_is_raw_bytes_behind_a_url(visitor: Visitor) -> None:
    """Exact's page "Create an entry with attachment"; recorded: Attachment comes back null."""
    document = visitor.post("documents/Documents", {"Subject": "Z-strook", "Type": 55}).json["d"]
    raw = b"%PDF-1.4 not really"
    body = {
        "Document": document["ID"],
        "FileName": "z.pdf",
        "Attachment": base64.b64encode(raw).decode(),
    }
    made = visitor.post("documents/DocumentAttachments", body).json["d"]
    assert (made["FileSize"], made["Attachment"], made["FileName"]) == (len(raw), None, "z.pdf")
    where = made["Url"][len(visitor.sandbox.url) :]
    assert visitor.ask("GET", where, None, visitor.headers).body == raw
    assert visitor.ask("GET", where).status == 401
    other = visitor.post("documents/DocumentAttachments", body | {"Attachment": "??"})
    assert other.says == "Ongeldig: Bijlage"
    visitor.admin("settings", body_bytes=10)
    assert visitor.ask("GET", where, None, visitor.headers).status == 200


def test_put_changes_what_may_be_changed_and_raises_the_rowversion(
    visitor: Visitor, clock: TestClock
) -> None:
    who = customer(visitor)
    before = visitor.get("sync/CRM/Accounts", filter="Timestamp gt 4999999").rows[-1]
    clock.move(minutes=5)
    done = change(visitor, "PUT", RELATIONS, who, '{"Name": "Nieuw", "Division": 9}')
    assert (done.status, done.body) == (204, b"")
    after = visitor.get("sync/CRM/Accounts", filter=f"Timestamp gt {before['Timestamp']}").rows
    assert [(row["ID"], row["Name"]) for row in after] == [(who, "Nieuw")]
    assert (after[0]["Division"], after[0]["Modified"] > before["Modified"]) == (GROENHOF, True)
    missing = change(visitor, "PUT", RELATIONS, "00000000-0000-4000-8000-000000000000", "{}")
    assert missing.status == 404
    assert change(visitor, "PUT", RELATIONS, who, '{"Name": ""}').says == "Verplicht: Naam"


@pytest.mark.parametrize(
    ("path", "body", "number"),
    [
        ("crm/Accounts", {"Name": "Weg"}, 2),
        ("logistics/Items", {"Code": "W1", "Description": "Weg"}, 9),
        ("financial/GLAccounts", {"Code": "9999", "Description": "Weg"}, 7),
        ("documents/Documents", {"Subject": "Weg", "Type": 55}, 6),
    ],
)
def test_deletes_are_told_to_the_feed_for_two_months(
    visitor: Visitor, clock: TestClock, path: str, body: dict[str, Any], number: int
) -> None:
    """Quirk 20, Exact's page on Deleted: one feed with EntityType, kept for two months."""
    key = visitor.post(path, body).json["d"]["ID"]
    assert change(visitor, "DELETE", path, key).status == 204
    gone = visitor.get("sync/Deleted", filter="Timestamp gt 1").rows
    assert [(row["EntityKey"], row["EntityType"]) for row in gone] == [(key, number)]
    assert gone[0]["ID"] != key
    clock.move(days=60)
    visitor.log_in()
    assert len(visitor.get("sync/Deleted", filter="Timestamp gt 1").rows) == 1
    clock.move(days=2)
    visitor.log_in()
    assert visitor.get("sync/Deleted", filter="Timestamp gt 1").rows == []


def test_row_keys_that_are_not_called_id(visitor: Visitor) -> None:
    rows = {
        "sync/SalesOrder/GoodsDeliveries": "EntryID",
        "sync/Subscription/Subscriptions": "EntryID",
        "sync/Manufacturing/MaterialIssues": "StockTransactionId",
    }
    for path, name in rows.items():
        found = visitor.get(path, filter="Timestamp gt 1").rows
        assert len({row[name] for row in found}) == len(found) == 3


def test_sync_timestamp_says_where_to_start(visitor: Visitor, clock: TestClock) -> None:
    """Exact's page on SyncTimestamp: two parameters, both needed; 19 of the 58 are supported."""
    path = "read/sync/Sync/SyncTimestamp"
    lines = [visitor.line("1210", 1), visitor.line("1205", -1)]
    visitor.book(*lines)
    clock.move(minutes=9)
    visitor.book(*lines)
    asked = "?modified=datetime'2026-03-14T10:05:00'&endPoint='TransactionLines'"
    row = visitor.get(f"{path}{asked}").rows[0]
    assert (row["API"], row["TimeStampAsBigInt"]) == ("TransactionLines", "5000002")
    later = visitor.get(
        "sync/Financial/TransactionLines", filter=f"Timestamp gt {row['TimeStampAsBigInt']}L"
    ).rows
    assert [row["LineNumber"] for row in later] == [0, 1, 2]
    none = "?modified=datetime'2027-01-01'&endPoint='TransactionLines'"
    assert visitor.get(f"{path}{none}").rows[0]["TimeStampAsBigInt"] == "5000005"
    for wrong in ("", "?modified=datetime'2026-01-01'", "?endPoint='TransactionLines'"):
        assert visitor.get(f"{path}{wrong}").status == 400
    assert visitor.get(f"{path}?modified=datetime'2026-01-01'&endPoint='Nope'").status == 400
    for name, feed in catalogue().sync_timestamp.items():
        reply = visitor.get(f"{path}?modified=datetime'2026-01-01'&endPoint='{name}'")
        assert reply.rows[0]["API"] == name
        assert endpoints()[feed].sync


def test_a_moved_division_starts_its_rowversions_anew(visitor: Visitor) -> None:
    """Quirk 20, Exact's reference of Divisions: DivisionMoveDate means read everything again."""
    before = visitor.get("sync/Financial/GLAccounts", filter="Timestamp gt 1").rows
    visitor.admin("move", division=GROENHOF)
    after = visitor.get("sync/Financial/GLAccounts", filter="Timestamp gt 1").rows
    assert {row["ID"] for row in after} == {row["ID"] for row in before}
    assert int(after[0]["Timestamp"]) > int(before[-1]["Timestamp"])
    moved = {row["Code"]: row["DivisionMoveDate"] for row in visitor.get("system/Divisions").rows}
    assert moved == {1000001: "/Date(1773446400000)/", 1000002: None}


def test_paging_quirks_hold_in_the_generic_store(visitor: Visitor) -> None:
    """Quirk 4, recorded: bare array by $top, lowered $top in __next, an empty last page."""
    rows = [{"Code": f"K{n:03d}", "Description": "Plant"} for n in range(117)]
    visitor.admin("rows", division=GROENHOF, path="logistics/Items", rows=rows)
    where = {"filter": "Code ne null", "select": "Code"}
    assert isinstance(visitor.get("logistics/Items", **where, top=60).json["d"], list)
    pages = follow(visitor, visitor.get("logistics/Items", **where))
    assert [len(page) for page in pages] == [60, 60, 0]
    large = visitor.get("logistics/Items", **where, top=100)
    assert "$top=40&$skiptoken=guid'" in large.json["d"]["__next"]
    no_filter = visitor.get("logistics/Items")
    assert "mandatory filtering" in no_filter.says, "quirk 14: Exact's page on mandatory filters"
    no_select = visitor.get("bulk/Logistics/Items", filter="Code ne null")
    assert no_select.says.startswith("Please add a $select"), "quirk 14: picqer#34 #62"
    star = visitor.get("sync/Inventory/ItemWarehouses", filter="Timestamp gt 1", select="*")
    assert star.status == 400, "Exact's page on sync ItemWarehouses"


def test_where_the_next_page_of_a_bulk_service_stands(visitor: Visitor) -> None:
    """Clients disagree: picqer and ossobv read `__next` inside `d`, reallars927 beside it."""
    visitor.sandbox.store.set("page_rows_sync", 40)
    asked = {"select": "ID,Code"}
    inside = visitor.get("bulk/Financial/GLAccounts", **asked).json
    assert set(inside) == {"d"}
    assert set(inside["d"]) == {"results", "__next"}
    visitor.admin("settings", bulk_next="outside")
    outside = visitor.get("bulk/Financial/GLAccounts", **asked).json
    assert (outside["d"], outside["__next"]) == (inside["d"]["results"], inside["d"]["__next"])
    regular = visitor.get("financial/GLAccounts").json
    assert set(regular["d"]) == {"results", "__next"}
