"""The main job once through in a real browser, from an empty company to a receipt."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import PATIENCE, allow, connect, log_in, register
from tests.e2e.running import Running

TILL_FILE = Path(__file__).parents[2] / "demo/till-files/groenhof-2026-03-10.xaa"
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.mark.statement("R-16", "R-27", "R-31", "R-32", "R-33")
def test_from_an_empty_company_to_a_receipt(site: Running, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    log_in(site, page)
    connect(site, page)
    choose_administration(page)
    read_and_build(site, page)
    release_and_export(site, page)
    drill_down(page)
    assert not complaints, complaints


@pytest.mark.statement("R-28")
def test_a_blocked_popup_is_explained_and_the_same_window_will_do(
    site: Running, page: Page
) -> None:
    page.add_init_script("window.open = () => null")
    log_in(site, page)
    register(site, page)
    page.locator("#oauth").click()
    expect(page.locator("#oauth-blocked")).to_contain_text("pop-upvensters")
    page.locator("#oauth-blocked a").click()
    allow(page)
    page.get_by_role("link", name="Naar de connector").click()
    expect(page.locator("#state")).to_have_text("Verbonden")


def choose_administration(page: Page) -> None:
    page.get_by_label("Administratie").select_option(index=1)
    page.get_by_role("button", name="Kiezen").click()
    expect(page.locator("select#journal_code")).to_be_visible(timeout=PATIENCE)
    page.locator("#journal_code").select_option("91")
    page.get_by_role("button", name="Opslaan", exact=True).click()
    page.get_by_role("button", name="Testen").click()
    expect(page.locator("#run[data-state=ended]")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#run")).to_contain_text("Verbonden als Bo Khouder")


def read_and_build(site: Running, page: Page) -> None:
    page.goto(f"{site.url}/till-files")
    page.locator("#files").set_input_files(TILL_FILE)
    page.get_by_role("button", name="Inlezen").click()
    expect(page.get_by_role("status")).to_contain_text("bonnen")
    page.goto(f"{site.url}/ledger-links")
    page.get_by_role("button", name="Initialiseren").click()
    expect(page.get_by_role("status")).to_contain_text("voorgesteld")
    page.goto(f"{site.url}/store-days")
    page.get_by_role("button", name="Journaalposten maken").click()
    expect(page.locator("#run[data-state=ended]")).to_be_visible(timeout=PATIENCE)


def release_and_export(site: Running, page: Page) -> None:
    page.goto(f"{site.url}/journals/1")
    expect(page.get_by_text("Verzonden:")).to_be_visible()
    page.get_by_role("button", name="Vrijgeven").click()
    expect(page.get_by_role("status")).to_contain_text("1 journaalposten vrijgegeven")
    page.goto(f"{site.url}/journals")
    page.get_by_role("button", name="Nu exporteren").click()
    expect(page.locator("#run[data-state=ended]")).to_be_visible(timeout=PATIENCE)
    page.goto(f"{site.url}/journals/1")
    for _attempt in range(30):
        if page.get_by_text("Geboekt en gecontroleerd").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.get_by_text("Geboekt en gecontroleerd").first).to_be_visible()
    expect(page.get_by_text("260000001").or_(page.get_by_text("26000001")).first).to_be_visible()


def drill_down(page: Page) -> None:
    page.get_by_role("link", name="Bonnen").first.click()
    expect(page.get_by_text("Samen precies de regel")).to_be_visible()
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name=re.compile("^Bon "))).to_be_visible()
    expect(page.get_by_text("De weg naar de boekhouding")).to_be_visible()
    expect(page.get_by_role("link", name="Journaalpost 1").first).to_be_visible()
