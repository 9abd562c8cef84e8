"""What Exact fills in by itself when a row of the generic store is made or changed.

Invariant: each function completes one kind of row and adds the problems that only it has.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from retailvista.sandbox import refusals
from retailvista.sandbox.chart import FIRST_COST_TYPE, GL_TYPES

if TYPE_CHECKING:
    from retailvista.sandbox.writing import Writing

Body = dict[str, Any]
Filling = Callable[["Writing", Body], None]
CODE_WIDTH = 18
ACCOUNT_DEFAULTS: Body = {
    "Type": 90,
    "BalanceSide": "D",
    "IsBlocked": 0,
    "UseCostcenter": 0,
    "UseCostunit": 0,
    "Compress": 0,
    "Matching": 0,
}


def gl_account(_: Writing, body: Body) -> None:
    """Defaults and descriptions of a G/L account."""
    for name, value in ACCOUNT_DEFAULTS.items():
        body.setdefault(name, value)
    kind = body["Type"]
    body["TypeDescription"] = GL_TYPES.get(kind, "General")
    body.setdefault("BalanceType", "W" if kind >= FIRST_COST_TYPE else "B")
    body.setdefault("SearchCode", str(body.get("Description", ""))[:18].upper())


def relation(writing: Writing, body: Body) -> None:
    """The code is the highest plus one, 18 wide; who has Status C is a customer."""
    code = str(body.get("Code") or "").strip()
    taken = (
        "SELECT {} FROM record WHERE entity = 'crm/Accounts' AND Division = ? "
        "AND trim(body ->> 'Code') {}"
    )
    if not code:
        sql = taken.format("max(CAST(trim(body ->> 'Code') AS INTEGER))", "NOT GLOB '*[^0-9]*'")
        found = writing.store.row(sql, writing.division)
        code = str((found[0] or 0) + 1 if found else 1)
    elif writing.store.row(taken.format("1", "= ?"), writing.division, code):
        writing.problem("exists")
    body["Code"] = code.rjust(CODE_WIDTH)
    body.setdefault("Blocked", 0)
    body.setdefault("StartDate", writing.store.wall_ms() // 86_400_000 * 86_400_000)
    body.setdefault("IsSupplier", 0)
    relation_kind(writing, body)


def relation_kind(writing: Writing, body: Body) -> None:
    """Read-only marks that follow from others (a sent IsSales is ignored; recorded)."""
    if body.get("Status") not in (None, "C", "A", "S", "P"):
        writing.problem("invalid", "Status")
    if not body.get("Status"):
        body["Status"] = "C"
    if body["Status"] == "C":
        body.setdefault("CustomerSince", writing.store.wall_ms())
    if body.get("Code"):
        body["Code"] = str(body["Code"]).strip().rjust(CODE_WIDTH)
    body["IsSales"] = int(body["Status"] == "C")
    body["IsPurchase"] = int(bool(body.get("IsSupplier")))


def document(writing: Writing, body: Body) -> None:
    """A number of its own and the day."""
    found = writing.store.row(
        "SELECT max(body ->> 'HID') FROM record "
        "WHERE entity = 'documents/Documents' AND Division = ?",
        writing.division,
    )
    body.setdefault("HID", 1 + (found[0] or 0 if found else 0))
    body.setdefault("DocumentDate", writing.store.wall_ms() // 86_400_000 * 86_400_000)
    body["HasEmptyBody"] = int(not body.get("Body"))
    kinds = {10: "Sales invoice", 20: "Purchase invoice", 55: "Miscellaneous"}
    body["TypeDescription"] = kinds.get(body.get("Type", 0))


def journal(writing: Writing, body: Body) -> None:
    """Entries name a journal by its code, so it has one."""
    if not str(body.get("Code") or "").strip():
        writing.problem("missing", "Code")


def invoice(writing: Writing, body: Body) -> None:
    """Who the invoice is for: named separately when both are missing (picqer #10)."""
    if body.get("OrderedBy"):
        body.setdefault("InvoiceTo", body["OrderedBy"])
    elif not body.get("InvoiceTo"):
        text = refusals.said(
            "missing",
            writing.asker.language,
            label=refusals.label("InvoiceTo", writing.asker.language),
        )
        writing.problems.insert(0, text)


def attachment(writing: Writing, body: Body) -> None:
    """The file itself is kept but never shown: it is read through its Url."""
    try:
        raw = base64.b64decode(body.get("Attachment") or "", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
        writing.problem("invalid", "Attachment")
    if len(raw) > writing.store.setting("body_bytes"):
        writing.problem("invalid", "Attachment")
    body["FileSize"] = float(len(raw))
    # Attachment stays null in every answer (recorded), so its bytes stand under another name.
    body["content"] = body.pop("Attachment", "")
    body["Url"] = (
        f"{writing.base}/docs/SysAttachment.aspx?ID={writing.key}&_Division_={writing.division}"
    )


def exchange_rate(writing: Writing, body: Body) -> None:
    """Rates lead to the division's own currency."""
    found = writing.store.row("SELECT Currency FROM division WHERE Code = ?", writing.division)
    body["TargetCurrency"] = found[0] if found else "EUR"
    body.setdefault("StartDate", writing.store.wall_ms() // 86_400_000 * 86_400_000)
    body.setdefault("Rate", 1.0)


def item(writing: Writing, body: Body) -> None:
    """An article may be sold unless it says otherwise."""
    for name, value in {"IsSalesItem": 1, "IsStockItem": 0, "IsPurchaseItem": 0}.items():
        body.setdefault(name, value)
    body.setdefault("StartDate", writing.store.wall_ms() // 86_400_000 * 86_400_000)


NEW: dict[str, Filling] = {
    "financial/GLAccounts": gl_account,
    "crm/Accounts": relation,
    "documents/Documents": document,
    "documents/DocumentAttachments": attachment,
    "financial/ExchangeRates": exchange_rate,
    "logistics/Items": item,
    "financial/Journals": journal,
    "salesinvoice/SalesInvoices": invoice,
}
CHANGES: dict[str, Filling] = {
    "financial/GLAccounts": gl_account,
    "financial/Journals": journal,
    "crm/Accounts": relation_kind,
}
