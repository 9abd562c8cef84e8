"""Who guesses leaves a trace; what he typed does not."""

from __future__ import annotations

from structlog.testing import capture_logs

from tests.web.site import PASSWORD, build


def test_a_refused_login_is_logged_without_what_was_typed(site):
    browser = site.browser("groenhof")
    browser.get("/login")
    with capture_logs() as lines:
        browser.post("/login", email="canary@groenhof.nl", password="canary secret")
    (line,) = [line for line in lines if line["event"] == "login refused"]
    assert (line["company"], line["of"]) == (1, "127.0.0.1")
    assert "canary" not in str(lines)


def logged_in(site, address: str, password: str) -> int:
    browser = site.browser("groenhof")
    browser.get("/login")
    form = {"email": "viewer@groenhof.nl", "password": password, "csrf_token": browser._token}
    headers = {"X-Forwarded-For": address}
    return browser.send("POST", "/login", data=form, headers=headers).status_code


def test_guessing_from_elsewhere_does_not_lock_the_owner_out(tmp_path, clock):
    site = build(tmp_path, clock, RV_PROXY_HOPS="1")
    assert logged_in(site, "192.0.2.1", PASSWORD) == 303
    guesses = [logged_in(site, f"203.0.113.{n % 2}", "a wrong guess") for n in range(12)]
    assert guesses[-2:] == [429, 429]
    assert logged_in(site, "198.51.100.9", PASSWORD) == 429
    assert logged_in(site, "192.0.2.1", PASSWORD) == 303


def test_a_stolen_session_does_not_guess_the_password(site):
    browser = site.browser("groenhof", "viewer@groenhof.nl")
    new = {"new": "another password 1", "again": "another password 1"}
    answers = [
        browser.post("/profile/password", current=f"guess {n}", **new).status_code
        for n in range(12)
    ]
    assert answers == [400] * 10 + [429] * 2
