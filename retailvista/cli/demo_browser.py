"""A browser for the demo: pages, forms, cookies and redirects, over plain HTTP on this machine.

`*.localhost` is this machine for every browser (RFC 6761) but not for Python's resolver, so it
connects to 127.0.0.1 and names the host in the header, as a browser would.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from retailvista.config import is_loopback_host
from retailvista.errors import Refused

REDIRECTS_MAX = 10
SECONDS = 60


@dataclass(slots=True)
class Form:
    """A form of a page, with the values it would send."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Page:
    """Where the browser ended up, and what it sees."""

    url: str
    status: int
    text: str

    def form_with(self, name: str) -> Form:
        """The form that has this field. Refused when there is none."""
        reader = _Forms()
        reader.feed(self.text)
        for found in reader.forms:
            if any(known == name for known, _value in found.fields):
                return found
        raise Refused(f"{self.url} (status {self.status}) shows no form with {name!r}.")


class Browser:
    """One person's browser: it keeps cookies per host and follows redirects."""

    def __init__(self) -> None:
        self._cookies: dict[str, SimpleCookie] = {}

    def get(self, url: str) -> Page:
        """Open an address."""
        return self._follow("GET", url, "")

    def send(self, page: Page, form: Form, **values: str) -> Page:
        """Fill a form in and send it; a field that is named replaces the page's own."""
        kept = [(name, value) for name, value in form.fields if name not in values]
        body = urlencode([*kept, *values.items()])
        return self._follow("POST", urljoin(page.url, form.action), body)

    def _follow(self, method: str, url: str, body: str) -> Page:
        for _ in range(REDIRECTS_MAX):
            status, place, text = self._ask(method, url, body)
            if place is None:
                return Page(url, status, text)
            url, method, body = urljoin(url, place), "GET", ""
        raise Refused(f"{url} redirects without end.")

    def _ask(self, method: str, url: str, body: str) -> tuple[int, str | None, str]:
        parts = urlsplit(url)
        assert is_loopback_host(parts.hostname or ""), "the demo never leaves this machine"
        jar = self._cookies.setdefault(parts.netloc, SimpleCookie())
        headers = {
            "Host": parts.netloc,
            "Accept-Language": "en",
            "Cookie": "; ".join(f"{name}={one.value}" for name, one in jar.items()),
        }
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=SECONDS)
        try:
            target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request(method, target, body.encode() or None, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            jar.load(line)
        place = answer.headers["Location"] if answer.status in (301, 302, 303) else None
        return answer.status, place, text


class _Forms(HTMLParser):
    """Collects the forms of a page and the values that they hold already."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(known.get("action", "")))
        if tag != "input" or not self.forms or not known.get("name"):
            return
        kind = known.get("type", "text")
        if kind in ("checkbox", "radio") and "checked" not in known:
            return
        if kind != "submit":
            self.forms[-1].fields.append((known["name"], known.get("value", "")))
