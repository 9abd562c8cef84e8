"""Records with lines: found back with all their lines, and a header without them is not enough."""

from __future__ import annotations

import pytest

from retailvista.flows import item_looks
from retailvista.flows.models import FAILED, FINISHED, Item
from tests.flows.works import ACCOUNTS, ARTICLES, Works, incoming, outgoing
from tests.sandbox.visitor import GROENHOF, Visitor

ORDERS = "salesorder/SalesOrders"
FIELDS = {
    "payload.OrderedBy": "ID",
    "payload.YourRef": "Code",
    "payload.SalesOrderLines": "[{'Item': Remarks, 'Quantity': 2, 'NetPrice': 12.50}]",
}


def prepare(works: Works) -> None:
    """One order in the inbox, on its way to the other system."""
    article = works.put(ARTICLES, {"Code": "A-1", "Description": "Lavendel"})[0]
    works.put(ACCOUNTS, {"Name": "Vivaldi", "Code": "P-1", "Remarks": article})
    only = {"query": {"$filter": "Code eq 'P-1'"}, "changed_since": False}
    works.add(incoming(source=only))
    works.run(1)
    works.add(outgoing(ORDERS, transform={"fields": FIELDS}))


def orders(works: Works) -> list[dict[str, object]]:
    """The orders with our reference."""
    return [row for row in works.there(ORDERS) if row.get("YourRef") == "P-1"]


def at_rest(works: Works) -> Item:
    works.run(2)
    while (moment := works.next_waiting()) is not None:
        works.wait_until(moment)
        works.work()
    (item,) = works.items(2)
    return item


def test_an_order_whose_answer_was_lost_is_found_back_with_its_lines(works: Works):
    prepare(works)
    works.side.sandbox.faults.add("drop_after_commit", method="POST", path="*SalesOrders*")
    item = at_rest(works)
    assert (item.state, len(orders(works))) == (FINISHED, 1)
    assert [line["text"] for line in item.log][-1] == "found back"
    assert item.target_key == orders(works)[0]["key"]


@pytest.mark.parametrize("fault", ["drop_before", "late_commit"])
def test_an_order_that_is_not_there_is_not_sent_again_by_itself(works: Works, fault: str):
    """Nothing refuses a second order with the same reference: a person decides."""
    prepare(works)
    value = "3000" if fault == "late_commit" else ""
    works.side.sandbox.faults.add(fault, value=value, method="POST", path="*SalesOrders*")
    item = at_rest(works)
    assert (item.state, item.looks, item.sends) == (FAILED, 3, 1)
    assert item.answered_at is None
    works.side.clock.move(hours=2)
    Visitor(works.side.sandbox).admin("state", "GET")
    assert len(orders(works)) == (1 if fault == "late_commit" else 0)


def test_another_order_with_the_same_reference_is_not_taken_for_ours(works: Works, clock):
    prepare(works)
    (account,) = [row for row in works.there(ACCOUNTS) if row["Code"] == "P-1"]
    works.put(ORDERS, {"OrderedBy": account["key"], "YourRef": "P-1"})
    clock.move(days=1)
    works.side.sandbox.faults.add("drop_after_commit", method="POST", path="*SalesOrders*")
    item = at_rest(works)
    assert item.state == FINISHED
    assert len(orders(works)) == 2
    (old,) = (row for row in orders(works) if row["key"] != item.target_key)
    assert old["YourRef"] == "P-1"


def test_a_header_that_was_kept_without_its_lines_is_shown_to_a_person(works: Works):
    prepare(works)
    Visitor(works.side.sandbox).admin(
        "settings", division=GROENHOF, lines_refused="header-kept")  # fmt: skip
    works.change(
        2, transform=works_transform("[{'Item': Remarks, 'Quantity': 2, 'VATCode': 'ZZ'}]")
    )
    item = at_rest(works)
    assert len(orders(works)) == 1
    assert (item.state, item.problem) == (FAILED, item_looks.DIFFERS)
    assert "SalesOrderLines" in item.problem_values["fields"]
    assert item.answered_at is None


def works_transform(lines: str):
    return outgoing(
        ORDERS, transform={"fields": FIELDS | {"payload.SalesOrderLines": lines}}
    ).transform
