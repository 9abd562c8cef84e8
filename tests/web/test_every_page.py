"""Every page that a link leads to: it exists, keeps the instance in its links, shows no secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from retailvista.companies.models import AccessToken, User, UserSession
from retailvista.companies.scope import across_companies, company_scope
from retailvista.connectors.models import Grant, OauthAttempt
from retailvista.connectors.sealing import access_place, refresh_place
from tests.web.crawling import crawl
from tests.web.desk import SECRET, Desk
from tests.web.filling import fill, journals
from tests.web.site import BASE, PASSWORD, Browser, build

# Where a link may lead to outside the house.
ELSEWHERE = {
    "www.exact.com", "start.exactonline.nl", "support.exactonline.com",
    "developer.sage.com", "developerselfservice.sageone.com",
}  # fmt: skip


@pytest.mark.statement("R-09")
def test_every_link_form_and_redirect_keeps_the_instance(tmp_path, clock):
    site = build(tmp_path, clock, RV_INSTANCE="eu1")
    fill(site)
    browser = site.browser("groenhof")
    browser.get("/eu1/login")
    entered = browser.post("/eu1/login", email="administrator@groenhof.nl", password=PASSWORD)
    assert entered.status_code == 303, entered.text
    pages = crawl(browser, entered.location)
    assert len(pages) > 40
    for page in pages:
        assert page.status in (200, 302, 303, 409), f"{page.path}: {page.status}"
        for kind, address in page.addresses:
            parts = urlsplit(address)
            if parts.netloc in ELSEWHERE or address.startswith(("#", "?", "data:", "mailto:")):
                continue
            assert parts.netloc in ("", browser.host), f"{page.path}: {kind} {address}"
            assert parts.path.startswith("/eu1/"), f"{page.path}: {kind} {address}"
    screen = next(page for page in pages if page.path == "/eu1/connectors/1")
    assert f"http://groenhof.{BASE}/eu1/oauth.ashx?provider=1" in screen.html
    assert cookies_of(browser) == {"rv-eu1", "rv-eu1-visitor"}


def cookies_of(browser: Browser) -> set[str]:
    """Names of the cookies that a login and a page set."""
    fresh = browser.client.application.test_client()
    answer = fresh.get("/eu1/login", headers={"Host": browser.host})
    names = [line.split("=", 1)[0] for line in answer.headers.getlist("Set-Cookie")]
    return {*names, *(cookie.key for cookie in browser.client._cookies.values())}


@pytest.mark.statement("R-09")
def test_a_session_of_one_instance_is_none_in_another(tmp_path, clock):
    site = build(tmp_path, clock, RV_INSTANCE="eu1")
    browser = site.browser("groenhof")
    browser.get("/eu1/login")
    browser.post("/eu1/login", email="administrator@groenhof.nl", password=PASSWORD)
    assert browser.get("/eu1/connectors").status_code == 200
    for path in ("/connectors", "/eu2/connectors", "/eu1x/connectors"):
        assert browser.get(path).status_code == 404, path


@pytest.mark.parametrize("role", ["administrator", "bookkeeper", "viewer"])
def test_no_link_leads_nowhere(site, role):
    fill(site)
    browser = site.browser("groenhof", f"{role}@groenhof.nl")
    pages = crawl(browser)
    assert len(pages) > 30
    # The oAuth button of a connector that lacks its keys is answered with what is missing.
    wrong = [(page.path, page.status) for page in pages if page.status not in (200, 302, 303)]
    assert not wrong


@pytest.mark.statement("R-22")
def test_no_secret_is_on_any_page_or_in_any_file(desk: Desk, tmp_path):
    with company_scope(desk.site.companies["groenhof"]), desk.site.outside.sessions() as session:
        journals(session, 1, "1")
    state, code = desk.start(), desk.code()
    assert "connected" in desk.back(state, code).location
    made = desk.admin.post("/profile/tokens", name="kassa", scopes=["journals:read"]).text
    shown_once = re.search(r'data-copy="(rvp_[A-Za-z0-9]+)"', made)
    assert shown_once
    secrets = {
        "client secret": SECRET, "password": PASSWORD, "state": state, "code": code,
        "program token": shown_once.group(1), **tokens_of(desk),
        **{f"cookie {c.key}": c.value for c in desk.admin.client._cookies.values()},
    }  # fmt: skip
    assert len(secrets) >= 8
    for page in crawl(desk.admin):
        for name, secret in secrets.items():
            assert secret not in page.html, f"{name} on {page.path}"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    ours = [path for path in files if not path.name.startswith("sandbox")]
    assert {"test.sqlite3", "test.sqlite3-wal"} <= {path.name for path in ours}
    for path in ours:
        content = path.read_bytes()
        for name, secret in secrets.items():
            assert secret.encode() not in content, f"{name} in {path.name}"


def tokens_of(desk: Desk) -> dict[str, str]:
    """The tokens of the login, opened as only the vault can."""
    vault = desk.site.outside.vault
    with desk.site.outside.sessions() as session, across_companies():
        grant = session.scalars(select(Grant)).one()
        for table in (OauthAttempt, UserSession, AccessToken, User):
            assert session.scalars(select(table)).first() is not None
        company_id, grant_id = grant.company_id, grant.id
        return {
            "access": vault.unseal(
                grant.access_sealed, access_place(company_id, grant_id)
            ).reveal(),
            "refresh": vault.unseal(
                grant.refresh_sealed, refresh_place(company_id, grant_id)
            ).reveal(),
        }
