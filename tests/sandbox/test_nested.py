"""Headers with lines in the generic store: stored together, deleted together, told together."""

from __future__ import annotations

from tests.sandbox.test_trade import change, customer
from tests.sandbox.visitor import Visitor


def test_lines_are_stored_with_their_header_and_go_with_it(visitor: Visitor) -> None:
    item = visitor.post("logistics/Items", {"Code": "L1", "Description": "Lavendel"}).json["d"]
    lines = [{"Item": item["ID"], "Quantity": 3}, {"Item": item["ID"], "Quantity": 4}]
    body = {"OrderedBy": customer(visitor), "SalesOrderLines": lines}
    order = visitor.post("salesorder/SalesOrders", body).json["d"]
    assert "__deferred" in order["SalesOrderLines"]
    key = order["OrderID"]
    found = visitor.get(f"salesorder/SalesOrders(guid'{key}')/SalesOrderLines").rows
    assert sorted((row["LineNumber"], row["Quantity"], row["ItemCode"]) for row in found) == [
        (1, 3.0, "L1"),
        (2, 4.0, "L1"),
    ]
    expanded = visitor.get(
        "salesorder/SalesOrders", filter=f"OrderID eq guid'{key}'", expand="SalesOrderLines"
    ).rows[0]
    assert len(expanded["SalesOrderLines"]["results"]) == 2
    assert visitor.get("sync/SalesOrder/SalesOrderHeaders").rows[-1]["OrderID"] == key
    assert change(visitor, "DELETE", "salesorder/SalesOrders", key).status == 204
    gone = visitor.get("sync/Deleted", filter="Timestamp gt 1").rows
    assert sorted(row["EntityType"] for row in gone) == [32, 33, 33]


def test_a_refused_line_can_leave_its_header_behind(visitor: Visitor) -> None:
    """Quirk 16, second half (abn.company): a header is kept while a line is refused."""
    path = "salesorder/SalesOrders"
    body = {"OrderedBy": customer(visitor), "Description": "half", "SalesOrderLines": [{}]}
    where = {"filter": "Description eq 'half'", "select": "OrderID"}
    for choice, kept in (("nothing-stored", 0), ("header-kept", 1)):
        visitor.admin("settings", lines_refused=choice)
        reply = visitor.post(path, body)
        assert (reply.status, reply.says) == (500, "Verplicht: Artikel")
        assert int(visitor.get(f"{path}/$count", filter="Description eq 'half'").body) == kept
    assert len(visitor.get(path, **where).rows) == 1


def test_flat_feeds_bump_header_and_lines_together(visitor: Visitor) -> None:
    """Exact's reference of sync SalesInvoices: header and line rows in one feed."""
    item = visitor.post("logistics/Items", {"Code": "L1", "Description": "Lavendel"}).json["d"]
    account = visitor.get("financial/GLAccounts", filter="Code eq '8220'").rows[0]["ID"]
    lines = [{"Item": item["ID"], "GLAccount": account, "Quantity": n} for n in (1, 2)]
    who = customer(visitor)
    body = {"OrderedBy": who, "Journal": "70", "SalesInvoiceLines": lines}
    made = visitor.post("salesinvoice/SalesInvoices", body)
    key = made.json["d"]["InvoiceID"]
    feed = "sync/SalesInvoice/SalesInvoices"
    rows = visitor.get(feed, filter="Timestamp gt 4999999").rows
    assert [row["LineNumber"] for row in rows] == [0, 1, 2]
    assert {row["InvoiceID"] for row in rows} == {key}
    last = rows[-1]["Timestamp"]
    below = visitor.get(f"salesinvoice/SalesInvoices(guid'{key}')/SalesInvoiceLines").rows
    changed = change(
        visitor, "PUT", "salesinvoice/SalesInvoiceLines", below[0]["ID"], '{"Quantity": 9}'
    )
    assert changed.status == 204
    again = visitor.get(feed, filter=f"Timestamp gt {last}").rows
    assert [(row["ID"], row["LineNumber"]) for row in again] == [
        (row["ID"], row["LineNumber"]) for row in rows
    ]
