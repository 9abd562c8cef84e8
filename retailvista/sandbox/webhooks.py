"""Webhook subscriptions, and what happens in the books put into notifications for them.

Invariant: a subscription is stored only after its address answered an empty POST with 200 or 201;
the HashCode is made over the very text of the Content that is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from retailvista.sandbox import callbacks, times
from retailvista.sandbox.answers import Answer, Refusal, Request
from retailvista.sandbox.apps import webhook_secret_of
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.endpoints import endpoints
from retailvista.sandbox.store import Store, guid

PATH = "webhooks/WebhookSubscriptions"
# Entries of every kind are told under this topic too.
TRANSACTIONS = "FinancialTransactions"
ENTRIES = {
    "GeneralJournalEntries": "generaljournalentry",
    "BankEntries": "financialtransaction",
    "CashEntries": "financialtransaction",
    "SalesEntries": "salesentry",
    "PurchaseEntries": "purchaseentry",
}
CHANGED = re.compile(r"/api/v1/(\d+)/([a-z]+)/([A-Za-z]+)(?:\(guid'([0-9a-fA-F-]{36})'\))?")
KEY = re.compile(r"\(guid'([0-9a-f-]{36})'\)$")
EXISTS = ("Gegeven bestaat reeds.", "Data already exists")
NO_TOPIC = ("Ongeldige referentie: Topic", "Invalid reference: Topic")
NO_ADDRESS = ("Ongeldig: Callback URL", "Invalid: Callback URL")
MISSING = ("Verplicht: {name}", "Mandatory: {name}")


@cache
def topics() -> frozenset[str]:
    """The topics: the resources whose documentation has a webhook column, and the one for all."""
    named = {e.name for e in endpoints().values() if e.webhook}
    return frozenset(named | set(ENTRIES) | {TRANSACTIONS})


def signed(content: str, secret: str) -> str:
    """The body of a notification: Content, and the HMAC-SHA256 over its literal text."""
    code = hmac.new(secret.encode(), content.encode(), hashlib.sha256).hexdigest().upper()
    return f'{{"Content":{content},"HashCode":"{code}"}}'


class Webhooks:
    """The subscriptions of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def subscribe(self, asker: Asker, division: int, body: dict[str, Any]) -> str:
        """Check, ping and store; the key. Refusal 500 in Exact's words."""
        topic, address = self._checked(asker, division, body)
        told = callbacks.post(address, b"")
        if not told.is_taken:
            raise Refusal(500, f"Invalid: Post to callback URL endpoint returns {told.text}")
        made = self.store.wall_ms()
        with self.store.transaction():
            key = guid("subscription", self.store.next_number("subscription", 1))
            self.store.insert(
                "subscription",
                {
                    "ID": key,
                    "Division": division,
                    "Topic": topic,
                    "CallbackURL": address,
                    "Description": body.get("Description"),
                    "IsInstant": body.get("IsInstant"),
                    "UserID": asker.id,
                    "ClientID": asker.client_id,
                    "Created": made,
                    "Modified": made,
                    "Creator": asker.id,
                    "Modifier": asker.id,
                    "CreatorFullName": asker.full_name,
                    "ModifierFullName": asker.full_name,
                },
            )
        return key

    def _checked(self, asker: Asker, division: int, body: dict[str, Any]) -> tuple[str, str]:
        """Topic and address, or the refusal."""
        place = 0 if asker.language == "nl" else 1
        topic, address = str(body.get("Topic") or ""), str(body.get("CallbackURL") or "")
        for name, value in (("Topic", topic), ("Callback URL", address)):
            if not value:
                raise Refusal(500, MISSING[place].format(name=name))
        if topic not in topics():
            raise Refusal(500, NO_TOPIC[place])
        if not self._fits(asker.client_id, address):
            raise Refusal(500, NO_ADDRESS[place])
        if self.store.row(
            "SELECT 1 FROM subscription WHERE Division = ? AND Topic = ? AND ClientID = ?",
            *(division, topic, asker.client_id),
        ):
            raise Refusal(500, EXISTS[place])
        return topic, address

    def _fits(self, client_id: str, address: str) -> bool:
        """Allowed here; and beyond this machine on the host of the app's redirect address."""
        if not callbacks.may_call(address, str(self.store.setting("webhook_hosts"))):
            return False
        host = urlsplit(address).hostname or ""
        row = self.store.row("SELECT redirect_uris FROM app WHERE client_id = ?", client_id)
        known = {urlsplit(uri).hostname for uri in row[0].split("\n")} if row else set()
        return callbacks.is_own_machine(host) or host in known

    def unsubscribe(self, asker: Asker, division: int, key: str) -> bool:
        """End a subscription; False when there is none."""
        with self.store.transaction() as db:
            return bool(
                db.execute(
                    "DELETE FROM subscription WHERE ID = ? AND Division = ? AND ClientID = ?",
                    (key, division, asker.client_id),
                ).rowcount
            )

    def after(self, request: Request, answer: Answer) -> None:
        """Put what the request changed into notifications."""
        if request.method == "GET" or answer.status not in (201, 204):
            return
        match = CHANGED.match(request.path)
        if match is None:
            return
        division, service, name, key = int(match[1]), match[2], match[3], match[4]
        place = KEY.search(dict(answer.headers).get("Location", ""))
        key = place[1] if place else key
        if not key or name not in topics():
            return
        action = "Delete" if request.method == "DELETE" else "Update"
        if request.method == "POST":
            action = str(self.store.setting("webhook_create"))
        base = f"{request.base}/api/v1/{division}"
        self._tell(division, name, action, key, f"{base}/{service}/{name}(guid'{key}')")
        if ENTRIES.get(name) == service:
            uri = f"{base}/financialtransaction/Transactions(guid'{key}')"
            self._tell(division, TRANSACTIONS, action, key, uri)

    def _tell(self, division: int, topic: str, action: str, key: str, uri: str) -> None:
        for subscription, client_id in self.store.rows(
            "SELECT ID, ClientID FROM subscription WHERE Division = ? AND Topic = ?",
            *(division, topic),
        ):
            content = {
                "Topic": topic,
                "ClientId": client_id,
                "Division": division,
                "Action": action,
                "Key": key,
                "ExactOnlineEndpoint": uri,
                "EventCreatedOn": self._moment(),
            }
            text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
            now = self.store.now_s()
            row = {
                "subscription": subscription,
                "body": signed(text, webhook_secret_of(self.store, client_id)),
                "due": now,
                "made_at": now,
            }
            for _ in range(max(1, int(self.store.setting("webhook_copies")))):
                self.store.insert("notification", row)

    def _moment(self) -> str:
        ms = self.store.wall_ms()
        if self.store.setting("webhook_time") == "epoch":
            return f"/Date({ms})/"
        return f"{times.literal(ms - ms % 1000)}.{ms % 1000:03d}"
