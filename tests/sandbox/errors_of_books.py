"""How to provoke each business refusal, in the language of its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conftest import TestClock
from tests.sandbox.mailbox import open_mailbox
from tests.sandbox.visitor import ENTRIES, GROENHOF, Reply, Visitor

Provoke = Callable[[Visitor, TestClock], Reply]
SALES, PURCHASES = "salesentry/SalesEntries", "purchaseentry/PurchaseEntries"
HOOKS = "webhooks/WebhookSubscriptions"


def relation(visitor: Visitor, **more: Any) -> str:
    reply = visitor.post("crm/Accounts", {"Name": "Kwekerij", "Status": "C"} | more)
    return str(reply.json["d"]["ID"])


def plain(visitor: Visitor, account: str, amount: float, **more: Any) -> dict[str, Any]:
    line = visitor.line(account, amount, **more)
    del line["Date"]
    return line


def sale(visitor: Visitor, **header: Any) -> Reply:
    body = {"Journal": "70", "SalesEntryLines": [plain(visitor, "8220", 100, VATCode="2")]}
    return visitor.post(SALES, body | header)


def pair(visitor: Visitor, **more: Any) -> list[dict[str, Any]]:
    return [visitor.line("1210", 5, **more), visitor.line("1205", -5, **more)]


def unbalanced(visitor: Visitor, clock: TestClock) -> Reply:
    one = visitor.line("1210", 2000, Date="2021-12-31")
    return visitor.book(one, visitor.line("1205", -1000, Date="2021-12-31"))


def unbalanced_purchase(visitor: Visitor, clock: TestClock) -> Reply:
    body = {
        "Journal": "60",
        "EntryDate": "2022-04-05",
        "Supplier": relation(visitor, IsSupplier=True),
        "VATAmountFC": 20.99,
        "PurchaseEntryLines": [plain(visitor, "7100", 100, VATCode="2")],
    }
    return visitor.post(PURCHASES, body)


def closed(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.admin("periods", division=GROENHOF, year=2024, period=3, journal="91")
    assert visitor.book(*pair(visitor, Date="2024-04-05")).status == 201
    return visitor.book(*pair(visitor, Date="2024-03-05"))


def no_year(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.book(*pair(visitor, Date="1999-03-05"))


def journal_missing(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.book(*pair(visitor), JournalCode="")


def journal_unknown(visitor: Visitor, clock: TestClock) -> Reply:
    key = visitor.get("financial/Journals", filter="Code eq '91'").rows[0]["ID"]
    return visitor.book(*pair(visitor), JournalCode=key)


def journal_wrong(visitor: Visitor, clock: TestClock) -> Reply:
    body = {"JournalCode": "91", "CashEntryLines": [visitor.line("9420", 5)]}
    return visitor.post("financialtransaction/CashEntries", body)


def vat_unknown(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.book(visitor.line("8220", -5, VATCode="QQ"), visitor.line("1210", 5))


def vat_forbidden(visitor: Visitor, clock: TestClock) -> Reply:
    lines = visitor.line("8220", -5, VATCode="2"), visitor.line("1210", 5)
    return visitor.book(*lines, JournalCode="92")


def vat_rate(visitor: Visitor, clock: TestClock) -> Reply:
    line = visitor.line("8220", -5, VATCode="2", VATPercentage=0.19)
    return visitor.book(line, visitor.line("1210", 6.05))


def condition(visitor: Visitor, clock: TestClock) -> Reply:
    return sale(visitor, Customer=relation(visitor), PaymentCondition="QQ")


def account_type(visitor: Visitor, clock: TestClock) -> Reply:
    blocked = {"division": GROENHOF, "code": "1205"}
    visitor.admin("accounts", **blocked, IsBlocked=1)
    assert visitor.book(*pair(visitor)).says == "Ongeldig: Grootboekrekeningtype"
    visitor.admin("accounts", **blocked, IsBlocked=0)
    return visitor.book(visitor.line("1100", 5), visitor.line("1205", -5))


def no_customer(visitor: Visitor, clock: TestClock) -> Reply:
    return sale(visitor, Customer=relation(visitor, Status="P"))


def no_supplier(visitor: Visitor, clock: TestClock) -> Reply:
    lines = [plain(visitor, "7100", 100)]
    body = {"Journal": "60", "Supplier": relation(visitor), "PurchaseEntryLines": lines}
    return visitor.post(PURCHASES, body)


def several(visitor: Visitor, clock: TestClock) -> Reply:
    line = plain(visitor, "8220", 100, CostUnit="nowhere")
    return visitor.post(SALES, {"SalesEntryLines": [line]})


def several_missing(visitor: Visitor, clock: TestClock) -> Reply:
    item = visitor.get("logistics/Items", filter="Code ne ''", top=1).rows[0]["ID"]
    line = {"Item": item, "GLAccount": visitor.line("8220", 1)["GLAccount"], "Quantity": 1}
    body = {"Journal": "70", "SalesInvoiceLines": [line]}
    return visitor.post("salesinvoice/SalesInvoices", body)


def number_used(visitor: Visitor, clock: TestClock) -> Reply:
    assert visitor.book(*pair(visitor), EntryNumber=26000001).status == 201
    return visitor.book(*pair(visitor), EntryNumber=26000001)


def exists(visitor: Visitor, clock: TestClock) -> Reply:
    body = {"Code": "W01", "Description": "Winkel"}
    again = visitor.post("hrm/Costcenters", body)
    with open_mailbox() as box:
        hook = {"Topic": "Accounts", "CallbackURL": box.url}
        assert visitor.post(HOOKS, hook).status == 201
        reply = visitor.post(HOOKS, hook)
    assert reply.body == again.body, "a second subscription is told in the same words"
    return reply


def in_use(visitor: Visitor, clock: TestClock) -> Reply:
    """A purchase entry makes a document, and that keeps the relation from being deleted."""
    key = relation(visitor, IsSupplier=True)
    body = {"Journal": "60", "Supplier": key}
    made = visitor.post(PURCHASES, body | {"PurchaseEntryLines": [plain(visitor, "7100", 10)]})
    entry = made.json["d"]["EntryID"]
    where = f"/api/v1/{GROENHOF}/{PURCHASES}(guid'{entry}')"
    assert visitor.ask("DELETE", where, None, visitor.headers).status == 204
    document = {"Subject": "Factuur", "Type": 20, "Account": key}
    assert visitor.post("documents/Documents", document).status == 201
    where = f"/api/v1/{GROENHOF}/crm/Accounts(guid'{key}')"
    return visitor.ask("DELETE", where, None, visitor.headers)


def processed(visitor: Visitor, clock: TestClock) -> Reply:
    entry = visitor.book(*pair(visitor), EntryNumber=26000001).json["d"]["EntryID"]
    visitor.admin("process", division=GROENHOF, journal="91", number=26000001)
    where = f"/api/v1/{GROENHOF}/{ENTRIES}(guid'{entry}')"
    return visitor.ask("DELETE", where, None, visitor.headers)


def unreachable(visitor: Visitor, clock: TestClock) -> Reply:
    with open_mailbox() as box:
        box.status = 503
        return visitor.post(HOOKS, {"Topic": "Accounts", "CallbackURL": box.url})


def server_fault(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.book(*pair(visitor), fault="problem_500")


def raw_fault(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.book(*pair(visitor), fault="problem_500=raw")


BOOKS: dict[str, Provoke] = {
    "unbalanced-en": unbalanced,
    "unbalanced-nl": unbalanced_purchase,
    **dict.fromkeys(("period-closed-en", "period-closed-nl"), closed),
    **dict.fromkeys(("no-year-en", "no-year-nl"), no_year),
    **dict.fromkeys(("journal-missing-en", "journal-missing-nl"), journal_missing),
    "journal-unknown-nl": journal_unknown,
    **dict.fromkeys(("wrong-journal-en", "wrong-journal-nl"), journal_wrong),
    "vat-unknown-nl": vat_unknown,
    **dict.fromkeys(("vat-forbidden-en", "vat-forbidden-nl"), vat_forbidden),
    "vat-rate-nl": vat_rate,
    "condition-unknown-nl": condition,
    "account-type-nl": account_type,
    "not-a-customer-nl": no_customer,
    "not-a-supplier-nl": no_supplier,
    "several-at-once-en": several,
    "several-missing-nl": several_missing,
    **dict.fromkeys(("number-used-en", "number-used-nl"), number_used),
    **dict.fromkeys(("exists-en", "exists-nl"), exists),
    "in-use-nl": in_use,
    "processed-nl": processed,
    "callback-unreachable": unreachable,
    "server-fault": server_fault,
    "raw-net-fault": raw_fault,
}
