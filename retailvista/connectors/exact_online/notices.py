"""Webhooks of Exact: topics, and notices with their HMAC over the literal text.

`HashCode` is the upper-case hex HMAC-SHA256 of the app's webhook secret over the Content object as
it stands in the body: reading and writing it again gives other bytes and another code.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from functools import cache

from retailvista.connectors.exact_online.catalogue import catalogue
from retailvista.connectors.exact_online.reading import whole, words
from retailvista.connectors.notices import Notice, NoticeRefused
from retailvista.vault import Secret

TRANSACTIONS = "FinancialTransactions"
CONTENT = re.compile(r'"Content"\s*:\s*')
BODY_MAX = 64 * 1024
# Entities whose changes are announced under another name than their own, or under one more.
OTHERS: dict[str, tuple[str, ...]] = {
    "financialtransaction/TransactionLines": (TRANSACTIONS,),
    "financialtransaction/BankEntries": (TRANSACTIONS,),
    "financialtransaction/CashEntries": (TRANSACTIONS,),
    "generaljournalentry/GeneralJournalEntries": (TRANSACTIONS,),
    "salesentry/SalesEntries": (TRANSACTIONS,),
    "purchaseentry/PurchaseEntries": (TRANSACTIONS,),
    "financial/ReportingBalance": (TRANSACTIONS,),
    "sync/Inventory/StockPositions": ("StockPositions",),
    "sync/SalesInvoice/SalesInvoices": ("SalesInvoices",),
    "sync/PurchaseOrder/PurchaseOrders": ("PurchaseOrders",),
    "sync/SalesOrder/SalesOrderHeaders": ("SalesOrders",),
    "salesorder/SalesOrderLines": ("SalesOrders",),
    "sync/CRM/QuotationHeaders": ("Quotations",),
    "salesorder/GoodsDeliveryLines": ("GoodsDeliveries",),
}


@dataclass(frozen=True, slots=True)
class ExactNotices:
    """notices.Notices for Exact Online."""

    entity: str = "webhooks/WebhookSubscriptions"

    def topics(self) -> tuple[str, ...]:
        return _topics()

    def topics_of(self, key: str) -> tuple[str, ...]:
        found = catalogue().endpoints.get(key)
        own = (_name(key),) if found is not None and found.entity.webhook else ()
        return tuple(name for name in (*own, *OTHERS.get(key, ())) if name in _topics())

    def read(self, body: bytes, secret: Secret) -> Notice:
        content, signed, code = _parts(body)
        expected = hmac.new(secret.reveal().encode(), signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.upper().encode(), code.upper().encode()):
            raise NoticeRefused("The signature does not fit the webhook secret of the app.")
        try:
            division = whole(content.get("Division"))
        except ArithmeticError as error:
            raise NoticeRefused("This is no notice of Exact.") from error
        return Notice(
            topic=words(content.get("Topic")),
            division=division,
            client_id=words(content.get("ClientId")).strip("{}").lower(),
            action=words(content.get("Action")),
            key=words(content.get("Key")),
        )


@cache
def _topics() -> tuple[str, ...]:
    """Resources whose changes Exact announces, by their documentation."""
    named = {
        _name(found.key)
        for found in catalogue().entities
        if found.webhook and not found.key.startswith(("read/", "beta/"))
    }
    return tuple(sorted(named | {TRANSACTIONS, "StockPositions"}))


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1]


def _parts(body: bytes) -> tuple[dict[str, object], str, str]:
    """The Content, its text as it was sent, and the code."""
    if len(body) > BODY_MAX:
        raise NoticeRefused("This is too long for a notice.")
    try:
        text = body.decode("utf-8-sig")
        whole_of_it = json.loads(text)
        found = CONTENT.search(text)
        if found is None:
            raise NoticeRefused("This is no notice of Exact.")
        content, end = json.JSONDecoder().raw_decode(text, found.end())
    except (ValueError, RecursionError) as error:
        raise NoticeRefused("This is no notice of Exact.") from error
    code = whole_of_it.get("HashCode") if isinstance(whole_of_it, dict) else None
    if not isinstance(content, dict) or not isinstance(code, str):
        raise NoticeRefused("This is no notice of Exact.")
    return content, text[found.end() : end], code
