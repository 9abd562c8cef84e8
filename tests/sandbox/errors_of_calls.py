"""How to provoke each error of the login, the limits, the API and OData."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.conftest import TestClock
from tests.sandbox.visitor import BOOKKEEPER, CLIENT_ID, ENTRIES, Reply, Visitor

Provoke = Callable[[Visitor, TestClock], Reply]
HOOKS = "webhooks/WebhookSubscriptions"


def early(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.refresh()


def early_text(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.admin("settings", early_refresh="text")
    return visitor.refresh()


def used(visitor: Visitor, clock: TestClock) -> Reply:
    clock.move(seconds=600)
    visitor.refresh()
    clock.move(seconds=600)
    return visitor.refresh()


def expired(visitor: Visitor, clock: TestClock) -> Reply:
    """Expired at the very second of the recorded text."""
    end = datetime(2022, 10, 11, 21, 18, 20, tzinfo=UTC)
    clock.jump(end - timedelta(days=30))
    visitor.log_in()
    clock.jump(datetime(2022, 10, 28, 16, 15, 50, tzinfo=UTC))
    return visitor.refresh()


def broken_chain(visitor: Visitor, clock: TestClock) -> Reply:
    older = visitor.pair["refresh_token"]
    clock.move(seconds=600)
    visitor.log_in()
    return visitor.refresh(older)


def code_used(visitor: Visitor, clock: TestClock) -> Reply:
    code = visitor.code()
    visitor.redeem(code)
    return visitor.redeem(code)


def wrong_secret(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.refresh(client_secret="guess")


def blocked(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.admin("users", name=BOOKKEEPER, reason="BlockedUser")
    return visitor.refresh()


def token_calls(visitor: Visitor, clock: TestClock) -> Reply:
    replies = [visitor.refresh() for _ in range(199)]
    assert {reply.status for reply in replies} == {400}
    return visitor.refresh()


def minute(visitor: Visitor, clock: TestClock) -> Reply:
    for _ in range(60):
        assert visitor.get("hrm/Divisions").status == 200
    return visitor.get("hrm/Divisions")


def day(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.admin("settings", calls_day=3)
    for _ in range(3):
        assert visitor.get("hrm/Divisions").status == 200
    return visitor.get("hrm/Divisions")


def block(visitor: Visitor, clock: TestClock) -> Reply:
    for _ in range(10):
        visitor.get("financial/Journals", filter="Nope eq 1")
    return visitor.get("financial/Journals")


def no_token(visitor: Visitor, clock: TestClock) -> Reply:
    clock.move(seconds=600)
    assert visitor.get("hrm/Divisions").status == 401
    return visitor.ask("GET", "/api/v1/current/Me")


def scope(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.admin("apps", client_id=CLIENT_ID, scopes=["financial.accounting"])
    return visitor.get(HOOKS)


def no_division(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.division = 2000001
    return visitor.get("hrm/Divisions")


def no_rights(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.admin("profile", name="rights-lost")
    return visitor.get("financial/GLAccounts")


def unknown_path(visitor: Visitor, clock: TestClock) -> Reply:
    assert visitor.get("nothing/Here").status == 404
    assert visitor.get(f"{ENTRIES}(guid'00000000-0000-4000-8000-000000000000')").status == 404
    return visitor.get("hrm/CostCenters")


def broad(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.admin("settings", broad_rows=50)
    assert visitor.get("financial/GLAccounts", filter="Code eq '1300'").status == 200
    return visitor.get("financial/GLAccounts")


def expect(visitor: Visitor, clock: TestClock) -> Reply:
    link = http.client.HTTPConnection("127.0.0.1", visitor.sandbox.port, timeout=5)
    try:
        link.putrequest("POST", f"/api/v1/1000001/{ENTRIES}")
        more = {"Expect": "100-continue", "Content-Length": "2"}
        for name, value in (visitor.headers | more).items():
            link.putheader(name, value)
        link.endheaders()
        answer = link.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        link.close()


def maintenance(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.admin("faults", name="html_503", value=120)
    return visitor.get("hrm/Divisions")


def no_select(visitor: Visitor, clock: TestClock) -> Reply:
    visitor.admin("settings", mandatory_select=True)
    assert visitor.get("financial/GLAccounts", top=1).status == 200
    return visitor.get("financial/GLAccounts")


def no_filter(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.get("crm/Accounts", select="ID")


def unknown_property(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.post("crm/Contacts", {"NotAField": 1})


def not_convertible(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.book({"GLAccount": "8000", "AmountFC": 1})


def not_an_object(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.post(ENTRIES, [{"JournalCode": "91"}])


def put_lines(visitor: Visitor, clock: TestClock) -> Reply:
    customer = visitor.post("crm/Accounts", {"Name": "Kwekerij", "Status": "C"}).json["d"]["ID"]
    line = visitor.line("8220", 5)
    del line["Date"]
    body = {"Journal": "70", "Customer": customer, "SalesEntryLines": [line]}
    entry = visitor.post("salesentry/SalesEntries", body).json["d"]["EntryID"]
    where = f"/api/v1/1000001/salesentry/SalesEntries(guid'{entry}')"
    new = '{"SalesEntryLines": [{"AmountFC": 1}]}'
    return visitor.ask("PUT", where, new, visitor.headers)


def not_implemented(visitor: Visitor, clock: TestClock) -> Reply:
    return visitor.get("financial/GLAccounts", filter="substring(Code,1) eq '2'")


CALLS: dict[str, Provoke] = {
    "early-refresh": early,
    "early-refresh-older-text": early_text,
    "used-refresh-token": used,
    "expired-refresh-token": expired,
    "broken-chain": broken_chain,
    "code-refused": code_used,
    "wrong-secret": wrong_secret,
    "blocked-user": blocked,
    "token-calls": token_calls,
    "minute-limit": minute,
    "day-limit": day,
    "error-block": block,
    "no-token": no_token,
    "scope-not-granted": scope,
    "no-division-access": no_division,
    "no-rights-empty-list": no_rights,
    "unknown-path": unknown_path,
    "too-broad": broad,
    "expect-continue": expect,
    "maintenance": maintenance,
    "select-missing": no_select,
    "filter-missing": no_filter,
    "unknown-property": unknown_property,
    "not-convertible": not_convertible,
    "not-an-object": not_an_object,
    "put-with-new-lines": put_lines,
    "not-implemented": not_implemented,
}
