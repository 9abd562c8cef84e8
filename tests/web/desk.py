"""A desk for tests of a login: an administrator at his screen, the provider beside him."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from retailvista.clock import Clock
from retailvista.companies.scope import across_companies, company_scope
from retailvista.connectors import registering
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.models import Grant
from retailvista.connectors.port import Call, Reply, Wire
from retailvista.runs import working
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.seed import GROENHOF
from retailvista.sandbox.server import Sandbox
from retailvista.sandbox.tokens import consent
from retailvista.scheduler.kinds import KINDS
from tests.web.filling import journals
from tests.web.site import Browser, Site, build

CALLBACK = "http://groenhof.retailvista.localhost:8000/oauth.ashx?provider=1"
CLIENT_ID, SECRET = "app-of-groenhof", "the-client-secret-of-groenhof"

PERIOD = {"division": GROENHOF, "year": 2026, "period": 3, "journal": "91"}


class CountingWire:
    """Passes calls on, and counts them, those for tokens apart; `places` is where they went."""

    def __init__(self, inner: Wire) -> None:
        self._inner = inner
        self.calls = self.token_calls = 0
        self.places: set[str] = set()

    def send(self, call: Call) -> Reply:
        self.calls += 1
        self.places.add("://".join(urlsplit(call.url)[:2]))
        self.token_calls += call.url.endswith("/token")
        return self._inner.send(call)


class Desk:
    """An administrator at the connector screen, with the provider beside him."""

    def __init__(self, site: Site, sandbox: Sandbox, wire: CountingWire) -> None:
        self.site, self.sandbox, self.wire = site, sandbox, wire
        self.admin = site.browser("groenhof", "administrator@groenhof.nl")

    def start(self, browser: Browser | None = None, number: int = 1, *, again: bool = False) -> str:
        """The state of a login that was begun; the address it leads to is the provider's."""
        more = "?again=yes" if again else ""
        answer = (browser or self.admin).get(f"/connectors/{number}/oauth{more}")
        assert answer.status_code == 302, answer.text
        asked = parse_qs(urlsplit(answer.location).query)
        assert answer.location.startswith(f"{self.sandbox.url}/api/oauth2/auth?")
        assert asked["redirect_uri"] == [CALLBACK]
        return asked["state"][0]

    def code(self) -> str:
        return consent(
            self.sandbox.store, CLIENT_ID, "boekhouder@groenhof.example", [GROENHOF], CALLBACK
        )

    def back(self, state: str, code: str, browser: Browser | None = None, **more: str):
        query = {"provider": "1", "state": state, "code": code} | more
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return (browser or self.admin).get(f"/oauth.ashx?{text}")

    def grants(self) -> int:
        with self.site.outside.sessions() as session, across_companies():
            return session.scalar(select(func.count()).select_from(Grant)) or 0

    def stored(self) -> str:
        with self.site.outside.sessions() as session, across_companies():
            found = session.scalars(select(Grant)).all()
            return " ".join(f"{grant.access_sealed} {grant.refresh_sealed}" for grant in found)


@contextmanager
def open_desk(
    tmp_path: Path, clock: Clock, request: pytest.FixtureRequest, **environment: str
) -> Iterator[Desk]:
    """Two connectors reserved at groenhof, the first one saved; the provider's rules are kept."""
    with judged(Sandbox(tmp_path / "sandbox.sqlite", clock=clock), request) as sandbox:
        sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        wire = CountingWire(RequestsWire(clock, (), [sandbox.url]))
        site = build(tmp_path, clock, wire, RV_PROVIDER_HOSTS=sandbox.url, **environment)
        with company_scope(site.companies["groenhof"]), site.outside.sessions() as session:
            for _number in range(2):
                registering.reserve(session, "exact-online", "test")
        desk = Desk(site, sandbox, wire)
        fill_in(desk, 1)
        yield desk


def fill_in(desk: Desk, number: int, **fields: str):
    usual = {
        "name": "Exact", "site": desk.sandbox.url, "client_id": CLIENT_ID, "vat_mode": "exact",
        "client_secret": SECRET, "callback_url": CALLBACK, "had_token": "no",
    }  # fmt: skip
    return desk.admin.post(f"/connectors/{number}", **usual | fields)


def work_all(desk: Desk) -> None:
    """What the engine does with the runs that are due."""
    while (facts := working.claim(desk.site.outside, KINDS)) is not None:
        working.work(desk.site.outside, KINDS, facts)


def set_up(desk: Desk) -> Desk:
    """Logged in, set up by its screens, with one journal to be released."""
    assert "connected" in desk.back(desk.start(), desk.code()).location
    desk.admin.post("/connectors/1/division", division=GROENHOF)
    work_all(desk)
    saved = fill_in(desk, 1, client_secret="", journal_code="91", division=str(GROENHOF))
    assert saved.status_code == 303, saved.text
    with company_scope(desk.site.companies["groenhof"]), desk.site.outside.sessions() as session:
        journals(session, 1, "1")
    return desk


def release_and_send(desk: Desk) -> None:
    answer = desk.admin.post("/journals/release", number="1")
    assert "1 journaalpost" in answer.text or answer.status_code == 303, answer.text
    desk.admin.post("/journals/export")
    work_all(desk)
