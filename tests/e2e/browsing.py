"""Steps of a person in a real browser that several stories begin with."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.running import EMAIL, PASSWORD, Running

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000  # a run may wait for a tick and for calls to the sandbox


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
    page.get_by_role("link", name="Connector toevoegen").click()
    page.get_by_label("Zoeken", exact=True).fill("exact")
    page.get_by_role("button", name="Exact Online kiezen").click()
    callback = page.locator("#callback-step").input_value()
    assert callback == f"{site.url}/oauth.ashx?provider=1"
    site.sandbox.store.add_app("retailvista-app", "een geheim", callback)
    page.get_by_label("Basis-URL").select_option(site.sandbox.url)
    page.get_by_label("Client-ID").fill("retailvista-app")
    page.get_by_label("Client secret", exact=True).fill("een geheim")
    page.get_by_role("button", name="Opslaan", exact=True).click()


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
