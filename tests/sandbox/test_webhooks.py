"""Webhooks as EMEQ recorded them live (docs/partners/exact/webhooks.md) and picqer #438, #522."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator

import pytest

from retailvista.sandbox.callbacks import may_call
from retailvista.sandbox.webhooks import signed
from tests.conftest import TestClock
from tests.sandbox.mailbox import Mailbox, open_mailbox
from tests.sandbox.visitor import CLIENT_ID, ENTRIES, NORWEGIAN, Reply, Visitor

HOOKS = "webhooks/WebhookSubscriptions"
SECRET = "test-webhook-secret"
# A worked example with invented ids: the text of a Content and its HashCode.
CONTENT = (
    '{"Topic":"GeneralJournalEntries","ClientId":"00000009-0000-4000-8000-000000000009",'
    '"Division":1234567,"Action":"Update","Key":"00000005-0000-4000-8000-000000000005",'
    '"ExactOnlineEndpoint":"https://start.exactonline.nl/api/v1/1234567/generaljournalentry/'
    "GeneralJournalEntries(guid'00000005-0000-4000-8000-000000000005')\","
    '"EventCreatedOn":"2026-03-31T10:15:00.123"}'
)
HASH_CODE = "1A8D30AADA68F5DD482FB3AD92619407ECF06A6FA9854C40DD0C6AD1E87C168A"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as box:
        yield box


def subscribe(visitor: Visitor, mailbox: Mailbox, topic: str = "GeneralJournalEntries") -> Reply:
    visitor.admin("apps", client_id=CLIENT_ID, webhook_secret=SECRET)
    return visitor.post(HOOKS, {"Topic": topic, "CallbackURL": mailbox.url})


def book(visitor: Visitor, amount: float = 5) -> str:
    reply = visitor.book(visitor.line("1210", amount), visitor.line("1205", -amount))
    assert reply.status == 201
    visitor.admin("webhooks/deliver")
    return reply.json["d"]["EntryID"]


def told(mailbox: Mailbox) -> list[dict[str, object]]:
    """Every notification, after its HashCode was checked against the literal text."""
    found = []
    for body in filter(None, mailbox.came):
        match = re.fullmatch(rb'\{"Content":(\{.*\}),"HashCode":"([0-9A-F]{64})"\}', body)
        assert match
        code = hmac.new(SECRET.encode(), match[1], hashlib.sha256).hexdigest().upper()
        assert code == match[2].decode()
        found.append(json.loads(match[1]))
    return found


def test_the_hash_is_made_over_the_literal_text_of_the_content() -> None:
    assert signed(CONTENT, SECRET) == f'{{"Content":{CONTENT},"HashCode":"{HASH_CODE}"}}'


def test_a_subscription_begins_with_an_empty_ping(visitor: Visitor, mailbox: Mailbox) -> None:
    reply = subscribe(visitor, mailbox)
    assert reply.status == 201
    assert mailbox.came == [b""]
    row = reply.json["d"]
    assert (row["Topic"], row["CallbackURL"]) == ("GeneralJournalEntries", mailbox.url)
    assert [one["ID"] for one in visitor.get(HOOKS).rows] == [row["ID"]]
    # picqer: success for a client that only wants to be subscribed.
    assert subscribe(visitor, mailbox).says == "Gegeven bestaat reeds."
    assert (
        visitor.ask(
            "DELETE", f"/api/v1/1000001/{HOOKS}(guid'{row['ID']}')", None, visitor.headers
        ).status
        == 204
    )
    assert visitor.get(HOOKS).rows == []
    assert subscribe(visitor, mailbox).status == 201


@pytest.mark.parametrize("status", [301, 404, 500, 503])
def test_an_address_that_does_not_answer_200_or_201_is_refused(
    visitor: Visitor, mailbox: Mailbox, status: int
) -> None:
    mailbox.status = status
    refused = subscribe(visitor, mailbox)
    assert refused.status == 500
    assert refused.says.startswith(f"Invalid: Post to callback URL endpoint returns {status} ")
    assert visitor.get(HOOKS).rows == []


def test_a_wrong_subscription_is_refused(visitor: Visitor, mailbox: Mailbox) -> None:
    assert subscribe(visitor, mailbox, "WebhookTopics").says == "Ongeldige referentie: Topic"
    assert visitor.post(HOOKS, {"Topic": "Accounts"}).says == "Verplicht: Callback URL"
    elsewhere = {"Topic": "Accounts", "CallbackURL": "https://hooks.example.com/x"}
    assert visitor.post(HOOKS, elsewhere).says == "Ongeldig: Callback URL"
    assert mailbox.came == []
    changed = visitor.ask("PUT", f"/api/v1/1000001/{HOOKS}(guid'{'0' * 8}')", "{}", visitor.headers)
    assert changed.status in (400, 405), "an update is documented, but does not work"


@pytest.mark.parametrize(
    ("url", "allowed", "may"),
    [
        ("http://127.0.0.1:1/x", "", True),
        ("http://[::1]:1/x", "", True),
        ("http://shop.localhost/x", "", True),
        ("https://hooks.example.com/x", "", False),
        ("https://hooks.example.com/x", "hooks.example.com", True),
        ("http://hooks.example.com/x", "hooks.example.com", False),
        ("https://a@127.0.0.1/x", "", False),
        ("https://169.254.169.254/x", "", False),
        ("file:///etc/passwd", "", False),
        ("http://127.0.0.1:99999/", "", False),
    ],
)
def test_nothing_leaves_this_machine_unless_allowed(url: str, allowed: str, may: bool) -> None:
    assert may_call(url, allowed) is may


def test_entries_are_told_with_their_key(
    visitor: Visitor, mailbox: Mailbox, clock: TestClock
) -> None:
    subscribe(visitor, mailbox)
    subscribe(visitor, mailbox, "FinancialTransactions")
    entry = book(visitor)
    visitor.ask("DELETE", f"/api/v1/1000001/{ENTRIES}(guid'{entry}')", None, visitor.headers)
    visitor.admin("webhooks/deliver")
    one, two, three, four = told(mailbox)
    assert one == {
        "Topic": "GeneralJournalEntries",
        "ClientId": CLIENT_ID,
        "Division": 1000001,
        "Action": "Update",
        "Key": entry,
        "ExactOnlineEndpoint": f"{visitor.sandbox.url}/api/v1/1000001/{ENTRIES}(guid'{entry}')",
        "EventCreatedOn": "2026-03-14T10:00:00.000",
    }
    assert (two["Topic"], two["Key"]) == ("FinancialTransactions", entry)
    assert [one["Action"] for one in (three, four)] == ["Delete", "Delete"]
    visitor.admin("settings", webhook_create="Create", webhook_time="epoch")
    book(visitor, 6)
    assert (told(mailbox)[4]["Action"], told(mailbox)[4]["EventCreatedOn"]) == (
        "Create",
        "/Date(1773482400000)/",
    )


def test_other_divisions_and_refused_posts_are_not_told(visitor: Visitor, mailbox: Mailbox) -> None:
    subscribe(visitor, mailbox)
    assert visitor.book(visitor.line("1210", 1)).status == 500
    other = Visitor(visitor.sandbox).log_in(NORWEGIAN)
    book(other)
    assert told(mailbox) == []


def test_master_data_have_topics_of_their_own(visitor: Visitor, mailbox: Mailbox) -> None:
    subscribe(visitor, mailbox, "Accounts")
    made = visitor.post("crm/Accounts", {"Name": "Kwekerij"}).json["d"]
    visitor.admin("webhooks/deliver")
    assert [(one["Topic"], one["Key"]) for one in told(mailbox)] == [("Accounts", made["ID"])]


def test_retries_follow_the_clock_and_end_after_ten(
    visitor: Visitor, mailbox: Mailbox, clock: TestClock
) -> None:
    subscribe(visitor, mailbox)
    mailbox.status = 503
    book(visitor)
    assert len(told(mailbox)) == 1
    for minutes, count in ((1.9, 1), (0.2, 2), (3.8, 2), (0.2, 3)):
        clock.move(minutes=minutes)
        visitor.admin("webhooks/deliver")
        assert len(told(mailbox)) == count
    # 2 + 4 + ... + 1024 minutes: 34 hours and 6 minutes, in one request.
    visitor.admin("clock", hours=35)
    assert len(told(mailbox)) == 11
    assert visitor.admin("webhooks", "GET")["notifications"][0]["state"] == "lost"
    mailbox.status = 200
    visitor.admin("clock", days=3)
    assert len(told(mailbox)) == 11, "what is lost does not come again by itself"


def test_a_retry_that_is_taken_ends_it(visitor: Visitor, mailbox: Mailbox) -> None:
    subscribe(visitor, mailbox)
    mailbox.status = 500
    book(visitor)
    mailbox.status = 201
    visitor.admin("clock", days=2)
    assert len(told(mailbox)) == 2


def test_duplicates_and_wrong_order_on_request(
    visitor: Visitor, mailbox: Mailbox, clock: TestClock
) -> None:
    """At least once, unordered, no sequence number."""
    subscribe(visitor, mailbox)
    visitor.admin("settings", webhook_copies=2)
    first = book(visitor)
    assert [one["Key"] for one in told(mailbox)] == [first, first]
    visitor.admin("settings", webhook_copies=1, webhook_order="reversed")
    mailbox.status = 500
    keys = [book(visitor, amount) for amount in (1, 2, 3)]
    mailbox.came.clear()
    mailbox.status = 200
    visitor.admin("clock", move_seconds=130)
    assert [one["Key"] for one in told(mailbox)] == keys[::-1]
    number = visitor.admin("webhooks", "GET")["notifications"][-1]["number"]
    visitor.admin("webhooks/again", number=number)
    assert told(mailbox)[-1]["Key"] == first


def test_what_waits_survives_a_restart_and_shows_on_the_page(
    visitor: Visitor, mailbox: Mailbox
) -> None:
    subscribe(visitor, mailbox)
    mailbox.status = 500
    book(visitor)
    page = visitor.ask("GET", "/webhooks?lang=nl").body.decode()
    assert mailbox.url.replace("?", "?") in page
    assert "500 Internal Server Error" in page
    rows = visitor.sandbox.store.rows("SELECT state, tries FROM notification")
    assert rows == [("waiting", 1)]
    assert SECRET not in page
