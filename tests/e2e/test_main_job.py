"""The main job once through in a real browser, from an empty company to a receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from retailvista.sandbox.pytest_plugin import broken
from tests.e2e.running import EMAIL, PASSWORD, Running, running_site

TILL_FILE = Path(__file__).parents[2] / "demo/till-files/groenhof-2026-03-10.xaa"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000  # a run may wait for a tick and for calls to the sandbox

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    with running_site(tmp_path) as running:
        yield running
        complaints = broken(running.sandbox)
    assert not complaints, complaints


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = browser.new_context(locale="nl-NL", viewport={"width": 1280, "height": 900})
        context.set_default_timeout(20_000)
        opened = context.new_page()
        opened.on("dialog", lambda dialog: dialog.accept())
        yield opened
        browser.close()


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


def log_in(site: Running, page: Page) -> None:
    page.goto(site.url)
    page.get_by_label("E-mailadres").fill(EMAIL)
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.get_by_role("button", name="Aanmelden").click()
    expect(page.get_by_text(EMAIL)).to_be_visible()


def register(site: Running, page: Page) -> None:
    """Quick search finds the screen; the callback URL is there before the first save."""
    page.get_by_label("Snel zoeken").fill("conn")
    page.locator("#found").get_by_text("Connectoren").click()
    page.get_by_role("button", name="Connector toevoegen").click()
    callback = page.locator("#callback-step").input_value()
    assert callback == f"{site.url}/oauth.ashx?provider=1"
    site.sandbox.store.add_app("retailvista-app", "een geheim", callback)
    page.get_by_label("Basis-URL").select_option(site.sandbox.url)
    page.get_by_label("Client-ID").fill("retailvista-app")
    page.get_by_label("Client secret", exact=True).fill("een geheim")
    page.get_by_role("button", name="Opslaan").click()


def allow(window: Page) -> None:
    """Log in at the provider, let RetailVista in, and come back connected."""
    window.locator("[name=username]").fill("boekhouder@groenhof.example")
    window.locator("[name=password]").fill("sandbox")
    window.locator("[name=password]").press("Enter")
    window.locator("[name=answer][value=allow]").click()
    expect(window.get_by_role("heading", name="Verbonden")).to_be_visible()


def connect(site: Running, page: Page) -> None:
    register(site, page)
    with page.expect_popup() as opened:
        page.locator("#oauth").click()
    popup = opened.value
    allow(popup)
    popup.get_by_role("button", name="Dit venster sluiten").click()
    expect(page.locator("#state")).to_have_text("Verbonden", timeout=PATIENCE)
    expect(page.locator("#connected-as")).to_contain_text("Bo Khouder")
    assert "een geheim" not in page.content()


def choose_administration(page: Page) -> None:
    page.get_by_label("Administratie").select_option(index=1)
    page.get_by_role("button", name="Kiezen").click()
    expect(page.locator("select#journal_code")).to_be_visible(timeout=PATIENCE)
    page.locator("#journal_code").select_option("91")
    page.get_by_role("button", name="Opslaan").click()
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
