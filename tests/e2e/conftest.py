"""The product on ports of its own, and a browser in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from retailvista.sandbox.pytest_plugin import broken
from tests.e2e.browsing import ARGUMENTS
from tests.e2e.running import Running, running_site


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
