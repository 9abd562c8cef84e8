"""Walks a site as a person with much patience would: every page that a link leads to."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from tests.web.site import Browser

ADDRESSES = {
    "href", "src", "action", "hx-get", "hx-post", "data-oauth", "data-status", "data-href",
}  # fmt: skip
SILENT = {"script", "style", "title"}


@dataclass
class Page:
    """One page: where it is, what it says, where it leads."""

    path: str
    status: int
    html: str
    addresses: list[tuple[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT or tag == "code":
            self.open.append(tag)
        for name, value in attrs:
            if name in ADDRESSES and value is not None:
                self.page.addresses.append((f"{tag} {name}", value))
            elif name in ("title", "placeholder", "aria-label", "data-confirm") and value:
                self.page.texts.append(value)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open and data.strip():
            self.page.texts.append(" ".join(data.split()))


def crawl(browser: Browser, start: str = "/", alike: int = 12) -> list[Page]:
    """Every page of the host that links lead to from `start`, each path once.

    Of pages that differ in a number only, such as receipts, so many. Logging out is left out.
    """
    found: dict[str, Page] = {}
    shapes: Counter[str] = Counter()
    waiting = deque([start])
    while waiting:
        path = waiting.popleft()
        shape = re.sub(r"\d+", "#", path)
        if path in found or shapes[shape] >= alike:
            continue
        shapes[shape] += 1
        answer = browser.get(path)
        page = Page(path, answer.status_code, "")
        found[path] = page
        if answer.location:
            page.addresses.append(("redirect", answer.location))
        if answer.mimetype == "text/html":
            page.html = answer.text
            _Reader(page).feed(page.html)
        answer.close()
        for kind, address in page.addresses:
            if kind in ("a href", "redirect", "tr data-href") and _is_here(browser, address):
                parts = urlsplit(urljoin(path, address))
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return list(found.values())


def _is_here(browser: Browser, address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme not in ("", "http", "https") or address.startswith("#"):
        return False
    return parts.netloc in ("", browser.host) and not parts.path.endswith(("/oauth", "/logout"))
