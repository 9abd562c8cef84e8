"""The pages for people as they are seen: nothing sticks out, on a desk or on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.sandbox.visitor import CALLBACK, CLIENT_ID, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
# What reaches past the edge of its card, or of the window.
STICKS_OUT = """() => [...document.querySelectorAll('.card *')].filter(e =>
  e.getBoundingClientRect().right > e.closest('.card').getBoundingClientRect().right + 1
  && !e.closest('details:not([open])')).map(e => e.outerHTML.slice(0, 80))
  .concat(document.documentElement.scrollWidth > innerWidth ? ['the page'] : [])"""


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


@pytest.fixture
def lived(visitor: Visitor) -> Visitor:
    """Some days, some broken rules, a fault that waits."""
    visitor.admin("seed", division=1000001, days=2)
    visitor.get("crm/Accounts", select="*")
    lines = visitor.line("1210", 5), visitor.line("1205", -5)
    for number in (26000001, 26000002):
        visitor.book(*lines, EntryNumber=number)
    visitor.admin("faults", name="late_commit", value="90", path="*/GeneralJournalEntries")
    return visitor


def paths(visitor: Visitor) -> list[str]:
    (entry,) = visitor.sandbox.store.row("SELECT EntryID FROM entry")
    asked = f"client_id={CLIENT_ID}&response_type=code&redirect_uri={quote(CALLBACK, safe='')}"
    return [
        *("/?", "/books/1000001?", f"/entry/{entry}?", "/calls?", "/judge?", "/switches?"),
        *("/apps?", "/webhooks?", f"/api/oauth2/auth?{asked}&"),
    ]


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out_in_either_language(page: Page, lived: Visitor, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    seen = []
    for path in paths(lived):
        for language in ("nl", "en"):
            page.goto(f"{lived.sandbox.url}{path}lang={language}")
            assert page.evaluate("document.documentElement.lang") == language
            assert page.locator("h1").count() == 1
            seen += [(path, language, what) for what in page.evaluate(STICKS_OUT)]
    assert seen == []


def test_a_person_begins_on_the_first_page(page: Page, lived: Visitor) -> None:
    page.goto(f"{lived.sandbox.url}/?lang=en")
    assert lived.sandbox.url in page.locator("ol.steps").inner_text()
    page.get_by_role("link", name="Register your app").click()
    for name, value in (("client_id", "mine"), ("client_secret", "s"), ("redirect_uri", CALLBACK)):
        page.get_by_label(name).fill(value)
    page.get_by_role("button", name="Register").click()
    assert "mine" in page.locator("main").inner_text()
    page.get_by_role("link", name="Nederlands").click()
    page.get_by_role("link", name="Begin").click()
    assert "Zo begint u" in page.locator("main").inner_text()
