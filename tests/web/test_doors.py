"""Host names, security headers and forms from elsewhere: what gets in, and what leaves."""

from __future__ import annotations

import pytest

from retailvista.web.tenancy import ASSETS
from tests.web.site import BASE, PASSWORD, build

NOWHERE = 404
HOSTS = [
    ("groenhof.retailvista.localhost:8000", 200),
    ("GroenHof.RetailVista.Localhost:8000", 200),
    ("groenhof.retailvista.localhost", 200),
    ("retailvista.localhost:8000", 200),
    ("RETAILVISTA.LOCALHOST:8000", 200),
    ("unknown.retailvista.localhost:8000", NOWHERE),
    ("www.retailvista.localhost:8000", NOWHERE),
    ("a.groenhof.retailvista.localhost:8000", NOWHERE),
    ("groenhof.example.com", NOWHERE),
    ("evilretailvista.localhost:8000", NOWHERE),
    ("groenhof@retailvista.localhost:8000", NOWHERE),
    ("groenhof.retailvista.localhost@evil.example", NOWHERE),
    ("groenhof.retailvista.localhost/..", NOWHERE),
    ("groenhof_.retailvista.localhost", NOWHERE),
    ("-groenhof.retailvista.localhost", NOWHERE),
    ("127.0.0.1:8000", NOWHERE),
    ("", NOWHERE),
]


@pytest.mark.statement("R-13")
@pytest.mark.parametrize(("host", "status"), HOSTS)
def test_a_host_is_an_alias_the_base_or_nothing(site, host, status):
    client = site.app.test_client()
    answer = client.get("/login", headers={"Host": host})
    assert answer.status_code == status
    if status == NOWHERE:
        assert "Groenhof" not in answer.text
        assert "Set-Cookie" not in answer.headers


@pytest.mark.statement("R-13")
def test_an_unknown_alias_is_answered_like_a_host_that_is_not_ours(site):
    client = site.app.test_client()
    pages = {
        client.get("/login", headers={"Host": host}).text
        for host, status in HOSTS
        if status == NOWHERE
    }
    assert len(pages) == 1, pages


def test_forwarded_headers_change_nothing(site):
    answer = site.browser("groenhof").get(
        "/", **{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    )
    assert answer.location == "/login"
    assert "evil" not in str(answer.headers)


@pytest.mark.statement("R-09")
def test_the_instance_is_a_prefix_of_every_link(tmp_path, clock):
    site = build(tmp_path, clock, RV_INSTANCE="eu1")
    browser = site.browser("groenhof")
    assert browser.get("/login").status_code == NOWHERE
    assert browser.get("/eu2/login").status_code == NOWHERE
    page = browser.get("/eu1/login")
    assert page.status_code == 200
    assert 'action="/eu1/login"' in page.text
    assert 'href="/eu1/static/app.css"' in page.text
    assert browser.get("/eu1/").location == "/eu1/login"


def test_every_answer_has_the_headers(tmp_path, clock):
    site = build(tmp_path, clock, RV_BASE_URL="https://retailvista.example")
    client = site.app.test_client()
    paths = [rule.rule for rule in site.app.url_map.iter_rules() if not rule.arguments]
    paths += ["/nothing", "/static/app.css", "/static/nothing", "/connectors/1", "/api/journals"]
    for path in paths:
        answer = client.get(path, base_url="https://groenhof.retailvista.example")
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy, path
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert headers["Cross-Origin-Opener-Policy"].startswith("same-origin"), path
        assert int(headers["Strict-Transport-Security"].split("=")[1].split(";")[0]) > 31_536_000
        wanted = "public, max-age=3600" if path == "/static/app.css" else "no-store"
        assert headers["Cache-Control"] == wanted, path
        answer.close()


def test_no_page_has_script_or_style_of_its_own(site, admin):
    from tests.web.filling import fill

    fill(site)
    for rule in site.app.url_map.iter_rules():
        if rule.arguments or "GET" not in rule.methods or rule.endpoint in ASSETS:
            continue
        page = admin.get(rule.rule).text
        assert "<script>" not in page, rule.rule
        assert "<style" not in page, rule.rule
        assert ' style="' not in page, rule.rule
        assert " onclick=" not in page, rule.rule
        assert "//cdn" not in page, rule.rule


def unsafe_routes(site) -> list[str]:
    return [
        rule.rule
        for rule in site.app.url_map.iter_rules()
        if "POST" in rule.methods and not rule.arguments and not rule.rule.startswith("/api/")
    ]


def test_a_form_without_the_right_token_changes_nothing(site, admin):
    other = site.browser("groenhof", "viewer@groenhof.nl")
    other.get("/profile")
    assert len(unsafe_routes(site)) > 8
    for path in unsafe_routes(site):
        for token in ("", "0" * 64, other._token):
            answer = admin.send("POST", path, data={"csrf_token": token})
            assert answer.status_code == 403, f"{path} with {token}"


@pytest.mark.parametrize("sent_from", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused_even_with_the_token(site, admin, sent_from):
    admin.get("/profile")
    answer = admin.send(
        "POST", "/logout", data={"csrf_token": admin._token}, headers={"Sec-Fetch-Site": sent_from}
    )
    assert answer.status_code == 403
    assert admin.get("/").status_code == 200


def test_a_login_form_needs_the_cookie_it_was_made_with(site):
    browser = site.browser("groenhof")
    browser.get("/login")
    stranger = site.browser("groenhof")
    answer = stranger.send(
        "POST",
        "/login",
        data={
            "csrf_token": browser._token,
            "email": "viewer@groenhof.nl",
            "password": PASSWORD,
        },
    )
    assert answer.status_code == 403


def test_too_large_a_form_is_refused_before_it_is_read(site, admin):
    answer = admin.send(
        "POST", "/till-files", headers={"Content-Length": str(300 * 1024 * 1024)}, data=b""
    )
    assert answer.status_code in (403, 413)


def test_the_base_host_is_the_one_of_the_settings(site):
    assert site.settings.base_url.endswith(BASE)
