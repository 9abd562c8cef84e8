"""Logging in on an alias and on the base address."""

from __future__ import annotations

import pytest

from tests.web.site import PASSWORD

WRONG = "E-mailadres of wachtwoord klopt niet."


def test_on_an_alias_no_company_number_is_asked(site):
    page = site.browser("groenhof").get("/login").text
    assert 'name="company"' not in page
    assert "Tuincentrum Groenhof" in page


def test_on_an_alias_a_company_number_is_refused(site):
    answer = site.browser("groenhof").post(
        "/login", email="viewer@groenhof.nl", password=PASSWORD, company="1"
    )
    assert answer.status_code == 400
    assert "rv" not in [cookie.split("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]


def test_on_the_base_address_the_company_number_is_asked(site):
    browser = site.browser("")
    assert 'name="company"' in browser.get("/login").text
    answer = browser.post("/login", email="viewer@groenhof.nl", password=PASSWORD, company="1")
    assert answer.status_code == 303
    assert "Tuincentrum Groenhof" in browser.get("/").text


@pytest.mark.parametrize(
    ("email", "password", "company"),
    [
        ("viewer@groenhof.nl", "wrong", "1"),
        ("nobody@groenhof.nl", PASSWORD, "1"),
        ("viewer@groenhof.nl", PASSWORD, "2"),
        ("viewer@groenhof.nl", PASSWORD, "99"),
        ("viewer@groenhof.nl", PASSWORD, "x"),
        ("viewer@groenhof.nl", PASSWORD, ""),
    ],
)
def test_a_refused_login_never_says_what_was_wrong(site, email, password, company):
    answer = site.browser("").post("/login", email=email, password=password, company=company)
    assert answer.status_code == 400
    assert WRONG in answer.text


def test_somebody_of_another_company_does_not_get_in(site):
    answer = site.browser("groenhof").post(
        "/login", email="administrator@bloemhof.nl", password=PASSWORD
    )
    assert answer.status_code == 400


def test_a_session_is_worth_nothing_at_another_company(site):
    browser = site.browser("groenhof", "administrator@groenhof.nl")
    cookie = browser.client.get_cookie("rv", domain="groenhof.retailvista.localhost")
    assert cookie is not None
    stranger = site.browser("bloemhof")
    answer = stranger.send("GET", "/", headers={"Cookie": f"rv={cookie.value}"})
    assert answer.status_code == 303
    assert answer.location == "/login"


def test_logging_out_ends_the_session_on_the_server(site):
    browser = site.browser("groenhof", "viewer@groenhof.nl")
    cookie = browser.client.get_cookie("rv", domain="groenhof.retailvista.localhost")
    assert browser.post("/logout").status_code == 303
    kept = site.browser("groenhof").send("GET", "/", headers={"Cookie": f"rv={cookie.value}"})
    assert kept.location == "/login"


def test_guessing_passwords_is_slowed_down(site):
    browser = site.browser("groenhof")
    answers = [
        browser.post("/login", email="viewer@groenhof.nl", password=f"guess {n}").status_code
        for n in range(12)
    ]
    assert answers[:10] == [400] * 10
    assert answers[10:] == [429] * 2


def test_the_cookie_on_https_cannot_be_set_by_a_sibling(tmp_path, clock):
    from tests.web.site import build

    site = build(tmp_path, clock, RV_BASE_URL="https://retailvista.example", RV_INSTANCE="eu1")
    client = site.app.test_client()
    page = client.get("/eu1/login", base_url="https://groenhof.retailvista.example")
    token = page.text.split('name="csrf_token" value="')[1][:64]
    answer = client.post(
        "/eu1/login",
        data={"email": "viewer@groenhof.nl", "password": PASSWORD, "csrf_token": token},
        base_url="https://groenhof.retailvista.example",
    )
    assert answer.location == "/eu1/"
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-rv-eu1="))
    assert cookie.split("; ")[1:] == ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"]
