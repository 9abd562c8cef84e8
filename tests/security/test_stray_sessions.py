"""A session that is shown at another company: refused, and its own company is told, once."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.security.test_own_address import audit_of

MINE = "viewer@groenhof.nl"


@pytest.fixture
def token(site) -> str:
    browser = site.browser("groenhof", MINE)
    cookie = browser.client.get_cookie("rv", domain="groenhof.retailvista.localhost")
    assert cookie is not None
    return cookie.value


def show(site, alias: str, cookie: str) -> list[dict]:
    with capture_logs() as logs:
        answer = site.browser(alias).send("GET", "/", headers={"Cookie": f"rv={cookie}"})
    assert answer.location == "/login"
    return [line for line in logs if line["event"] == "session shown elsewhere"]


def test_it_leaves_one_line_and_one_event_however_often_it_is_shown(site, token):
    lines = [line for _n in range(20) for line in show(site, "bloemhof", token)]
    assert len(lines) == 1
    assert lines[0]["log_level"] == "warning"
    assert token not in str(lines)
    (event,) = audit_of(site, "groenhof", "session refused")
    assert (event.actor, event.subject) == ("system", f"user {MINE}")
    assert "bloemhof" not in str(event.detail).lower()
    assert audit_of(site, "bloemhof", "session refused") == []


def test_another_company_number_before_the_token_is_the_same(site, token):
    assert len(show(site, "", f"2.{token}")) == 1
    assert len(audit_of(site, "groenhof", "session refused")) == 1


def test_a_made_up_or_ended_session_leaves_nothing(site, token):
    assert show(site, "bloemhof", "x" * 43) == []
    site.browser("groenhof").send("GET", "/", headers={"Cookie": f"rv={token}"})
    browser = site.browser("groenhof", MINE)
    ended = browser.client.get_cookie("rv", domain="groenhof.retailvista.localhost").value
    browser.post("/logout")
    assert show(site, "bloemhof", ended) == []
    assert audit_of(site, "groenhof", "session refused") == []
