"""Whether the Internet can reach the company, as the connector screen tells it."""

from __future__ import annotations

import pytest

from retailvista.companies.scope import company_scope
from retailvista.connectors import registering
from tests.web.site import PASSWORD, Browser, Site, build

HOST = "groenhof.retailvista.example"
BEHIND_A_PROXY = {"RV_BASE_URL": "https://retailvista.example", "RV_PROXY_HOPS": "1"}


def open_screen(site: Site, host: str, **headers: str) -> str:
    """The page of a new connector, as it came in with these headers."""
    with company_scope(site.companies["groenhof"]), site.outside.sessions() as session:
        registering.reserve(session, "exact-online", "test")
    browser = Browser(site.app.test_client(), host)
    entered = browser.post("/login", email="administrator@groenhof.nl", password=PASSWORD)
    assert entered.status_code == 303, entered.text
    page = browser.get("/connectors/1", **headers).text
    callback = f"{site.settings.base_url.split('//')[0]}//{host}/oauth.ashx?provider=1"
    assert callback in page, "built from the settings, whatever the request says"
    return page.split("Bereikbaar voor Exact Online?")[1]


@pytest.mark.statement("R-04", "R-06")
def test_behind_a_proxy_that_passes_everything_on_the_addresses_are_right(tmp_path, clock):
    site = build(tmp_path, clock, **BEHIND_A_PROXY)
    seen = open_screen(site, HOST, **{"X-Forwarded-Proto": "https"})
    assert "is een openbare hostnaam" in seen
    assert "text-danger" not in seen.split("</section>")[0]


@pytest.mark.statement("R-06")
def test_a_proxy_that_does_not_tell_the_scheme_is_named(tmp_path, clock):
    site = build(tmp_path, clock, **BEHIND_A_PROXY)
    seen = open_screen(site, HOST, **{"X-Forwarded-Proto": "http"})
    assert "text-danger" in seen.split("</section>")[0]
    assert "X-Forwarded-Proto" in seen


@pytest.mark.statement("R-04")
def test_on_this_machine_the_screen_says_that_nobody_outside_can_reach_it(site):
    seen = open_screen(site, "groenhof.retailvista.localhost:8000")
    assert "text-warning" in seen.split("</section>")[0]
    assert "retailvista.localhost" in seen
