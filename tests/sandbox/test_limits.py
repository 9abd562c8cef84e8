"""Exact's limits and their headers, and what the judge says of a client that breaks them."""

from __future__ import annotations

import http.client
import json
import threading

import pytest

from retailvista.sandbox.store import Store
from tests.conftest import TestClock
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, ENTRIES, NORWEGIAN, Visitor

MINUTELY = {
    "X-RateLimit-Minutely-Limit",
    "X-RateLimit-Minutely-Remaining",
    "X-RateLimit-Minutely-Reset",
}
DAILY = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}


def limits_of(headers: dict[str, str]) -> set[str]:
    return {name for name in headers if name.startswith("X-RateLimit")}


def rules(visitor: Visitor) -> list[str]:
    return [finding["rule"] for finding in visitor.admin("judge", "GET")["findings"]]


def test_sixty_calls_in_a_calendar_minute(visitor: Visitor, clock: TestClock) -> None:
    clock.move(seconds=30)
    for left in range(59, -1, -1):
        reply = visitor.get("hrm/Divisions", select="Code")
        assert reply.headers["X-RateLimit-Minutely-Remaining"] == str(left)
    assert limits_of(reply.headers) == MINUTELY | DAILY
    refused = visitor.get("hrm/Divisions", select="Code")
    assert (refused.status, refused.body) == (429, b"")
    assert limits_of(refused.headers) == MINUTELY
    # 09:01:00 UTC in milliseconds, though only half a minute has passed.
    assert refused.headers["X-RateLimit-Minutely-Reset"] == "1773478860000"
    assert rules(visitor) == ["too-many-calls"]
    clock.move(seconds=30)
    assert visitor.get("hrm/Divisions", select="Code").status == 200


def test_the_day_ends_at_midnight_utc(visitor: Visitor, clock: TestClock) -> None:
    visitor.admin("settings", calls_day=2)
    assert visitor.get("hrm/Divisions").headers["X-RateLimit-Remaining"] == "1"
    assert visitor.get("hrm/Divisions").status == 200
    refused = visitor.get("hrm/Divisions")
    assert (refused.status, refused.body) == (429, b"")
    assert limits_of(refused.headers) == DAILY
    assert refused.headers["X-RateLimit-Reset"] == "1773532800000"
    clock.move(hours=15)
    visitor.log_in()
    assert visitor.get("hrm/Divisions").status == 200


def test_calls_are_counted_per_app_and_division(visitor: Visitor) -> None:
    visitor.admin("settings", calls_minute=1)
    assert visitor.get("hrm/Divisions").status == 200
    visitor.division = 1000002
    assert visitor.get("hrm/Divisions").status == 200
    visitor.division = 1000001
    assert visitor.get("hrm/Divisions").status == 429


def test_ten_errors_in_an_hour_block_the_endpoint(visitor: Visitor, clock: TestClock) -> None:
    for _ in range(10):
        assert visitor.get("financial/GLAccounts", filter="Nope eq 1").status == 400
    blocked = visitor.get("financial/GLAccounts", select="Code")
    assert (blocked.status, blocked.body) == (429, b"API rate limit exceeded")
    assert limits_of(blocked.headers) == set()
    assert visitor.get("financial/Journals").status == 200, "another endpoint is not blocked"
    assert rules(visitor) == ["called-while-blocked", "too-many-errors"]
    clock.move(seconds=3601)
    visitor.log_in()
    assert visitor.get("financial/GLAccounts", select="Code").status == 200
    for _ in range(10):
        visitor.get("financial/GLAccounts", filter="Nope eq 1")
    clock.move(seconds=3601)
    visitor.log_in()
    assert visitor.get("financial/GLAccounts").status == 429, "a repeated block is longer"
    visitor.admin("settings", error_block_text="json")
    assert visitor.get("financial/GLAccounts").says == "API rate limit exceeded"
    clock.move(seconds=3600)
    visitor.log_in()
    assert visitor.get("financial/GLAccounts").status == 200


def test_business_refusals_are_not_counted_as_errors(visitor: Visitor) -> None:
    for _ in range(12):
        assert visitor.book(visitor.line("1210", 1)).status == 500
    assert visitor.book(visitor.line("1210", 1), visitor.line("1205", -1)).status == 201


def test_limits_can_be_switched_off(visitor: Visitor) -> None:
    visitor.admin("settings", limits=False, calls_minute=1)
    assert [visitor.get("hrm/Divisions").status for _ in range(3)] == [200, 200, 200]


def test_size_limits(visitor: Visitor) -> None:
    assert visitor.get("hrm/Divisions", filter="x" * 6000).status == 414
    visitor.sandbox.store.set("body_bytes", 1000)
    too_big = visitor.post(ENTRIES, '{"JournalCode": "' + "9" * 2000 + '"}')
    assert too_big.status == 413
    assert rules(visitor) == ["body-too-large", "url-too-long"]


def test_the_block_counts_401_403_and_404_too(visitor: Visitor) -> None:
    visitor.admin("settings", errors_hour=3)
    assert [visitor.get("nothing/Here").status for _ in range(4)] == [404, 404, 404, 429]
    visitor.division = 2000001
    assert [visitor.get("hrm/Divisions").status for _ in range(4)] == [403, 403, 403, 429]


def test_each_limit_can_be_set_for_one_app(visitor: Visitor) -> None:
    visitor.admin("apps", client_id="other", client_secret="s", redirect_uri=CALLBACK)
    visitor.admin("settings", client_id=CLIENT_ID, calls_minute=2, calls_day=7, errors_hour=1)
    assert visitor.get("hrm/Divisions").headers["X-RateLimit-Limit"] == "7"
    assert visitor.get("hrm/Divisions").status == 200
    assert visitor.get("hrm/Divisions").status == 429
    other = Visitor(visitor.sandbox)
    pair = other.redeem(other.code(client_id="other"), client_id="other", client_secret="s")
    other.keep(pair)
    assert other.get("hrm/Divisions").headers["X-RateLimit-Limit"] == "5000"
    assert visitor.admin("state", "GET")["settings"]["calls_day@app-one"] == 7
    reply = visitor.ask(
        "POST", "/sandbox/api/settings", json.dumps({"client_id": CLIENT_ID, "vat": "netted"})
    )
    assert (reply.status, reply.json["error"][:11]) == (400, "For one app")


def test_the_limits_of_an_app_survive_a_restart(visitor: Visitor) -> None:
    visitor.admin("settings", client_id=CLIENT_ID, calls_minute=2)
    store = Store(visitor.sandbox.store.path)
    assert store.setting("calls_minute", 1000001, CLIENT_ID) == 2
    assert store.setting("calls_minute", 1000001, "other") == 60
    store.close()


def test_expect_100_continue_is_answered_with_500(visitor: Visitor) -> None:
    link = http.client.HTTPConnection("127.0.0.1", visitor.sandbox.port, timeout=5)
    try:
        link.putrequest("POST", f"/api/v1/1000001/{ENTRIES}")
        for name, value in (visitor.headers | {"Expect": "100-continue"}).items():
            link.putheader(name, value)
        link.putheader("Content-Length", "2")
        link.endheaders()
        assert link.getresponse().status == 500
    finally:
        link.close()
    assert rules(visitor) == ["expect-continue"]


def test_parallel_calls_are_noticed(visitor: Visitor) -> None:
    visitor.get("financial/Journals")
    with visitor.sandbox.store.lock:
        # While the file is held, two calls of one app stand in the division together.
        calls = [
            threading.Thread(target=visitor.get, args=("financial/Journals",)) for _ in range(2)
        ]
        for call in calls:
            call.start()
        wait_until(lambda: sum(visitor.sandbox.judge.busy.values()) == 2)
    for call in calls:
        call.join()
    assert rules(visitor) == ["parallel-calls"]


def wait_until(done) -> None:
    pause = threading.Event()
    for _ in range(200):
        if done():
            return
        pause.wait(0.01)
    pytest.fail("it never came to that")


def test_two_apps_do_not_share_a_budget(visitor: Visitor, stranger: Visitor) -> None:
    visitor.admin("settings", calls_minute=1)
    visitor.get("hrm/Divisions")
    other = Visitor(visitor.sandbox).log_in(NORWEGIAN)
    assert other.get("hrm/Divisions").status == 200
