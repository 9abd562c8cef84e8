"""OAuth as Exact speaks it: the bodies are those people have recorded."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.conftest import TestClock
from tests.sandbox.visitor import BOOKKEEPER, CALLBACK, CLIENT_ID, SECRET, Visitor

AUTH = "/api/oauth2/auth"
ASKED = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "state": "s t"}
TOO_EARLY = "Rate limit exceeded: access_token not expired"


def test_a_person_logs_in_chooses_and_comes_back_with_a_code(stranger: Visitor) -> None:
    page = stranger.ask("GET", f"{AUTH}?{urlencode(ASKED)}", headers={"Accept-Language": "nl-NL"})
    assert page.status == 200
    assert "Sandbox, niet Exact Online" in page.body.decode()
    assert "<script" not in page.body.decode()

    wrong = stranger.form(AUTH, ASKED | {"username": BOOKKEEPER, "password": "guess"})
    assert "User name or password is wrong." in wrong.body.decode()

    consent = stranger.form(AUTH, ASKED | {"username": BOOKKEEPER, "password": "sandbox"})
    text = consent.body.decode()
    assert "1000001 Tuincentrum Groenhof B.V." in text
    csrf = re.search(r'name="csrf" value="([^"]+)"', text)
    assert csrf
    cookie = consent.headers["Set-Cookie"].split(";")[0]
    back = stranger.form(
        AUTH, ASKED | {"csrf": csrf[1], "division": "1000001", "answer": "allow"}, Cookie=cookie
    )
    assert back.status == 302
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    assert back.headers["Location"].startswith(f"{CALLBACK}&code=stampNL001.")
    assert "%21" in back.headers["Location"], "the code must be decoded once"
    assert query["state"] == ["s t"]

    stranger.keep(stranger.redeem(query["code"][0]))
    assert [row["Code"] for row in stranger.get("hrm/Divisions").rows] == [1000001]

    again = stranger.ask("GET", f"{AUTH}?{urlencode(ASKED)}", headers={"Cookie": cookie})
    assert "Give access" in again.body.decode()
    forced = stranger.ask(
        "GET", f"{AUTH}?{urlencode(ASKED | {'force_login': '1'})}", headers={"Cookie": cookie}
    )
    assert 'type="password"' in forced.body.decode()


def test_a_consent_without_its_own_page_is_not_taken(stranger: Visitor) -> None:
    consent = stranger.form(AUTH, ASKED | {"username": BOOKKEEPER, "password": "sandbox"})
    cookie = consent.headers["Set-Cookie"].split(";")[0]
    forged = stranger.form(AUTH, ASKED | {"csrf": "guess", "answer": "allow"}, Cookie=cookie)
    assert forged.status == 200
    assert 'type="password"' in forged.body.decode()


def test_denied_access_comes_back_with_the_state(stranger: Visitor) -> None:
    fields = ASKED | {"username": BOOKKEEPER, "password": "sandbox", "answer": "deny"}
    back = stranger.form(AUTH, fields)
    assert back.headers["Location"] == f"{CALLBACK}&error=access_denied&state=s+t"


def test_another_redirect_address_is_shown_beside_the_registered_one(stranger: Visitor) -> None:
    asked = "https://evil.example/oauth.ashx?provider=25"
    page = stranger.ask("GET", f"{AUTH}?{urlencode(ASKED | {'redirect_uri': asked})}")
    assert page.status == 400
    assert "Location" not in page.headers
    assert asked in page.body.decode()
    assert CALLBACK in page.body.decode()


def test_an_unknown_app_gets_a_page_and_no_redirect(stranger: Visitor) -> None:
    page = stranger.ask("GET", f"{AUTH}?{urlencode(ASKED | {'client_id': 'who'})}")
    assert page.status == 400
    assert "Location" not in page.headers


def test_the_answer_has_exacts_shape(stranger: Visitor) -> None:
    reply = stranger.redeem(stranger.code())
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "private"
    assert reply.headers["Pragma"] == "no-cache"
    assert reply.json["expires_in"] == "600"
    assert reply.json["token_type"] == "bearer"
    assert set(reply.json) == {"access_token", "token_type", "expires_in", "refresh_token"}


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": CALLBACK + "&more"},
        {"code": "never-given"},
        {"code": ""},
    ],
)
def test_a_wrong_code_call_is_an_invalid_request(stranger: Visitor, change: dict[str, str]) -> None:
    reply = stranger.redeem(**({"code": stranger.code()} | change))
    assert (reply.status, reply.json) == (400, {"error": "invalid_request"})


def test_a_code_works_once_and_for_three_minutes(stranger: Visitor, clock: TestClock) -> None:
    code = stranger.code()
    stranger.keep(stranger.redeem(code))
    assert stranger.redeem(code).json == {"error": "invalid_request"}
    late = stranger.code()
    clock.move(seconds=181)
    assert stranger.redeem(late).json == {"error": "invalid_request"}


def test_secrets_by_form_or_by_http_basic(stranger: Visitor) -> None:
    wrong = stranger.redeem(stranger.code(), client_secret="wrong")
    assert (wrong.status, wrong.json) == (400, {"error": "invalid_client"})
    basic = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
    fields = {
        "grant_type": "authorization_code",
        "code": stranger.code(),
        "redirect_uri": CALLBACK,
    }
    reply = stranger.form("/api/oauth2/token", fields, Authorization=f"Basic {basic}")
    assert reply.status == 200


def test_a_refresh_within_570_seconds_is_refused_and_costs_nothing(
    visitor: Visitor, clock: TestClock
) -> None:
    clock.move(seconds=569)
    early = visitor.refresh()
    assert early.status == 400
    assert early.json == {"error": "access_denied", "error_description": TOO_EARLY}
    assert early.headers["Reason"] == f"TooEarlyToRefreshTokens: {TOO_EARLY}"
    clock.move(seconds=1)
    assert visitor.refresh().status == 200
    assert [f["rule"] for f in visitor.admin("judge", "GET")["findings"]] == ["refresh-too-early"]


def test_a_refresh_token_works_once(visitor: Visitor, clock: TestClock) -> None:
    clock.move(seconds=600)
    first = visitor.pair["refresh_token"]
    visitor.keep(visitor.refresh())
    clock.move(seconds=600)
    old = visitor.refresh(first)
    assert old.status == 401
    assert old.json == {
        "error": "unauthorized_client",
        "error_description": "Old refresh token used.",
    }
    assert visitor.refresh().status == 200


def test_under_the_lenient_rule_the_old_one_dies_when_the_new_one_is_first_used(
    visitor: Visitor, clock: TestClock
) -> None:
    visitor.admin("settings", refresh_rule="lenient")
    first = visitor.pair["refresh_token"]
    clock.move(seconds=600)
    lost = visitor.refresh().json
    clock.move(seconds=600)
    visitor.keep(visitor.refresh(first))
    assert visitor.refresh(lost["refresh_token"]).status == 401, "the lost pair is dead"
    assert visitor.get("hrm/Divisions").status == 200
    clock.move(seconds=600)
    assert visitor.refresh(first).status == 401, "its successor has been used"
    assert visitor.refresh().status == 200


def test_a_refresh_token_ends_after_thirty_days(visitor: Visitor, clock: TestClock) -> None:
    clock.move(days=30, seconds=1)
    reply = visitor.refresh()
    assert reply.status == 400
    assert reply.json == {
        "error": "invalid_request",
        "error_description": "The refresh token expired at 4/13/2026 9:00:00 AM "
        "and it is now 4/13/2026 9:00:01 AM.",
    }


def test_authorising_again_ends_the_older_chain(visitor: Visitor, clock: TestClock) -> None:
    older = visitor.pair["refresh_token"]
    clock.move(seconds=600)
    visitor.log_in()
    clock.move(seconds=600)
    reply = visitor.refresh(older)
    assert reply.status == 400
    assert reply.json == {
        "error": "invalid_grant",
        "error_description": "Token is not allowed, because of invalid or empty chainId",
    }
    assert visitor.refresh().status == 200


def test_withdrawn_consent_and_blocked_user(visitor: Visitor, clock: TestClock) -> None:
    clock.move(seconds=600)
    visitor.admin("users", name=BOOKKEEPER, reason="BlockedUser")
    blocked = visitor.refresh()
    assert (blocked.status, blocked.headers["Reason"]) == (403, "BlockedUser")
    visitor.admin("users", name=BOOKKEEPER, reason=None)
    assert visitor.admin("revoke", client_id=CLIENT_ID, user=BOOKKEEPER) == {"ended": 1}
    assert visitor.refresh().json["error"] == "invalid_grant"


def test_only_post_gives_tokens(stranger: Visitor) -> None:
    reply = stranger.ask("GET", "/api/oauth2/token?grant_type=refresh_token")
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    fields = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
    assert stranger.form("/api/oauth2/token", fields).json == {"error": "unsupported_grant_type"}


def test_an_access_token_ends_after_600_seconds(visitor: Visitor, clock: TestClock) -> None:
    clock.move(seconds=599)
    assert visitor.get("hrm/Divisions").status == 200
    clock.move(seconds=1)
    assert visitor.get("hrm/Divisions").status == 401
