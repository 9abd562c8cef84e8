"""What goes wrong at the token endpoint, and who may use an app at all."""

from __future__ import annotations

import pytest

from retailvista.sandbox.admin_apps import REASONS
from tests.conftest import TestClock
from tests.sandbox.visitor import BOOKKEEPER, CLIENT_ID, Visitor


def test_two_hundred_token_calls_a_day(visitor: Visitor, clock: TestClock) -> None:
    visitor.admin("settings", token_calls_day=3)
    assert visitor.refresh().status == 400
    assert visitor.refresh().status == 400
    limited = visitor.refresh()
    assert (limited.status, limited.body) == (429, b"")
    clock.move(days=1)
    assert visitor.refresh().status == 200


def test_a_transient_400_consumes_nothing(visitor: Visitor, clock: TestClock) -> None:
    clock.move(seconds=600)
    visitor.admin("settings", token_transient_400=True)
    assert visitor.refresh().json["error"] == "server_error"
    visitor.admin("settings", token_transient_400=False)
    assert visitor.refresh().status == 200


def test_at_night_a_400_may_come_that_means_nothing(visitor: Visitor, clock: TestClock) -> None:
    """picqer/exact-php-client#497: the same refresh token works a little later."""
    visitor.admin("settings", token_night_400=True)
    clock.move(hours=16)  # 02:00 in Amsterdam
    assert (visitor.refresh().status, visitor.refresh().json["error"]) == (400, "server_error")
    clock.move(hours=4)
    assert visitor.refresh().status == 200


def test_older_wordings_are_switches(visitor: Visitor, clock: TestClock) -> None:
    """401 in words of older official pages (ossobv autorefresh.py); 400 in INV:2903."""
    visitor.admin("settings", early_refresh="text", old_refresh_token="400")
    early = visitor.refresh()
    assert (early.status, early.body) == (401, b"Access Token not expired")
    clock.move(seconds=600)
    first = visitor.pair["refresh_token"]
    assert visitor.refresh().status == 200
    clock.move(seconds=600)
    old = visitor.refresh(first)
    assert (old.status, old.json["error_description"]) == (400, "Old refresh token used.")


@pytest.mark.parametrize("reason", [r for r in REASONS if r])
def test_every_reason_stands_in_its_header(visitor: Visitor, clock: TestClock, reason: str) -> None:
    visitor.admin("users", name=BOOKKEEPER, reason=reason)
    called = visitor.get("hrm/Divisions")
    assert (called.status, called.headers["Reason"]) == (403, reason)
    clock.move(seconds=600)
    refused = visitor.refresh()
    assert (refused.status, refused.headers["Reason"], refused.body) == (403, reason, b"")
    visitor.admin("users", name=BOOKKEEPER, reason=None)
    assert visitor.refresh().status == 200, "nothing was consumed"


def test_the_user_withdraws_the_consent_on_the_page(visitor: Visitor, clock: TestClock) -> None:
    page = visitor.ask("GET", "/apps?lang=en").body.decode()
    assert CLIENT_ID in page
    assert "Withdraw" in page
    fields = {"do": "revoke", "client_id": CLIENT_ID, "user": BOOKKEEPER}
    assert visitor.form("/switch", fields).status == 303
    assert visitor.admin("consents", "GET") == {"consents": []}
    clock.move(seconds=600)
    refused = visitor.refresh()
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")


def test_a_slow_token_answer_takes_its_forty_seconds(visitor: Visitor, clock: TestClock) -> None:
    clock.move(seconds=600)
    visitor.admin("faults", name="slow", value=40, path="/api/oauth2/token")
    before = clock.monotonic()
    assert visitor.refresh().status == 200
    assert clock.monotonic() - before == 40


def test_the_token_endpoint_is_down_for_hours(visitor: Visitor, clock: TestClock) -> None:
    clock.move(seconds=600)
    visitor.admin("faults", name="down", value=10800, path="/api/oauth2/token")
    assert (visitor.refresh().status, visitor.get("hrm/Divisions").status) == (503, 401)
    visitor.admin("clock", hours=3)
    assert visitor.refresh().status == 200


def test_scopes_that_the_app_was_not_given(visitor: Visitor) -> None:
    visitor.admin("apps", client_id=CLIENT_ID, scopes=["financial.generalledgers"])
    assert visitor.get("financial/GLAccounts", top=1).status == 200
    refused = visitor.get("hrm/Costcenters")
    wanted = "Forbidden - Application Scope Violated. Cannot read 'financial.costcenters' scope."
    assert (refused.status, refused.says) == (403, wanted)
    visitor.admin("apps", client_id=CLIENT_ID, scopes=[])
    assert visitor.get("hrm/Costcenters").status == 200


def test_a_lost_token_answer_costs_the_chain(visitor: Visitor, clock: TestClock) -> None:
    clock.move(seconds=600)
    visitor.admin("faults", name="drop_after_commit", path="/api/oauth2/token")
    with pytest.raises(ConnectionError):
        visitor.refresh()
    assert visitor.refresh().json["error_description"] == "Old refresh token used."
