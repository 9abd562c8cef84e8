"""The screen of a connector in a real browser: modes, variables, advanced table, try, discard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from retailvista import app as product
from retailvista import db
from retailvista.companies.models import Store
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector
from retailvista.flows.variables import set_variable
from tests.e2e.browsing import log_in
from tests.e2e.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def screen(site: Running, page: Page) -> Iterator[Page]:
    """A new connector to Exact, with a variable to choose."""
    with product.outside(site.app).sessions() as session, company_scope(1):
        set_variable(session, "my_app", "the-app", "test")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    log_in(site, page)
    page.goto(f"{site.url}/connectors/new")
    page.get_by_label("Zoeken", exact=True).fill("snow")
    expect(page.get_by_role("button", name="Datawarehouse kiezen")).to_be_visible()
    expect(page.get_by_role("button", name="Exact Online kiezen")).to_be_hidden()
    page.get_by_label("Zoeken", exact=True).fill("zzz")
    expect(page.locator("#kinds-none")).to_be_visible()
    page.get_by_label("Zoeken", exact=True).fill("exact")
    page.get_by_role("button", name="Exact Online kiezen").click()
    expect(page.locator("#form")).to_be_visible()
    yield page
    # Refusals are pages too: 400 at a wrong field, 409 for what is still needed.
    assert not [said for said in complaints if "400" not in said and "409" not in said], complaints


@pytest.mark.statement("J-03", "J-10", "J-11", "J-13", "J-16", "J-18", "C-25")
def test_modes_variables_the_table_and_leaving(site: Running, screen: Page) -> None:
    modes_and_variables(screen)
    the_table_and_a_trial(site, screen)
    saving_and_leaving(site, screen)


def modes_and_variables(page: Page) -> None:
    # Each way to log in shows its own fields.
    page.locator("#mode").select_option("token")
    expect(page.locator("#access_token")).to_be_visible()
    expect(page.locator("#client_id")).to_be_hidden()
    page.locator("#mode").select_option("refresh")
    expect(page.locator("#refresh_token")).to_be_visible()
    page.locator("#mode").select_option("full")
    expect(page.locator("#access_token")).to_be_hidden()
    # The list opens on a bracket, and by the icon.
    page.locator("#client_id").press_sequentially("[my")
    page.locator(".rv-variables").get_by_text("[my_app]").click()
    expect(page.locator("#client_id")).to_have_value("[my_app]")
    page.locator("[data-variables-of=client_id]").click()
    expect(page.locator(".rv-variables").get_by_text("[company.alias]")).to_be_visible()
    page.keyboard.press("Escape")


def the_table_and_a_trial(site: Running, page: Page) -> None:
    # Rows of the table: added, submitted, edited, deleted; all of them at once.
    page.locator("#advanced_open").check()
    page.locator("#advanced-more").click()
    row = page.locator("#advanced tbody tr")
    row.locator("input").nth(0).fill("calls_per_minute")
    row.locator("input").nth(1).fill("9000")
    row.locator("[data-row=submit]").click()
    expect(row.locator("input").nth(1)).to_have_attribute("readonly", "")
    page.locator("#site").select_option(site.sandbox.url)
    page.locator("#client_secret").fill("een geheim")
    # Tried with what stands there; the page stays, with what was typed.
    page.get_by_role("button", name="Deze waarden proberen").click()
    expect(page.locator("#tried")).to_contain_text("9000 kan niet voor calls_per_minute")
    row.locator("[data-row=edit]").click()
    row.locator("input").nth(1).fill("40")
    page.get_by_role("button", name="Deze waarden proberen").click()
    expect(page.locator("#tried")).to_contain_text("nog geen aanmelding")
    expect(page.locator("#client_secret")).to_have_value("een geheim")
    page.locator("#advanced-clear").click()
    expect(page.locator("#advanced tbody tr")).to_have_count(0)


def saving_and_leaving(site: Running, page: Page) -> None:
    page.get_by_role("button", name="Opslaan", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Opgeslagen")
    expect(page.locator("#client_id")).to_have_value("[my_app]")
    # Nothing changed: nothing is asked.
    page.locator("#discard").click()
    expect(page).to_have_url(f"{site.url}/connectors")
    page.get_by_role("link", name="Exact Online").first.click()
    page.locator("#name").fill("Anders")
    page.locator("#discard").click()
    expect(page).to_have_url(f"{site.url}/connectors")
    expect(page.get_by_text("Anders")).to_have_count(0)


@pytest.mark.statement("J-17", "J-32")
def test_delete_shows_what_needs_it_and_a_phone_sees_everything(
    site: Running, screen: Page
) -> None:
    page = screen
    page.locator("#site").select_option(site.sandbox.url)
    page.locator("#client_id").fill("an-app")
    page.locator("#client_secret").fill("een geheim")
    page.get_by_role("button", name="Opslaan en sluiten").click()
    expect(page).to_have_url(f"{site.url}/connectors?done=saved")
    with (
        product.outside(site.app).sessions() as session,
        company_scope(1),
        db.transaction(session),
    ):
        # The store chose no connector: it posts to the only one that posts journals.
        session.scalars(select(Connector)).one().journal_code = "91"
        assert session.scalars(select(Store)).one().connector_id is None
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site.url}/connectors/1")
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{wide} pixels too wide for a phone"
    page.locator(".rv-menu summary").first.click()
    page.locator(".rv-menu-list").get_by_role("button", name="Verwijderen").click()
    expect(page.locator("#refused")).to_be_visible()
    expect(page.locator("#default-store")).to_contain_text("zonder dagboek")
    page.get_by_role("link", name="1 · Groenhof Lisse").click()
    expect(page).to_have_url(f"{site.url}/stores/1")
