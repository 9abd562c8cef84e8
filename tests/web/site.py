"""A small site for tests: two companies, three roles each, browsers that send forms with tokens."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine
from werkzeug.test import TestResponse

from retailvista import db, vault, web
from retailvista.clock import Clock
from retailvista.companies import people
from retailvista.companies.models import Instance
from retailvista.companies.scope import company_scope
from retailvista.config import Settings, load_settings
from retailvista.connectors.app_keys import operators_apps
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Call, Reply, Sending
from retailvista.web.wiring import Wired
from tests.conftest import TestClock
from tests.world import add_company, new_database, session_maker

INSTALLATION = "5f2d9a10-0000-4000-8000-000000000001"
COMPANIES = {"groenhof": 1, "bloemhof": 2}
PASSWORD = "tulpen uit Lisse 7"
BASE = "retailvista.localhost:8000"
TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')


class DeadWire:
    """No provider can be reached."""

    def send(self, call: Call) -> Reply:
        return Reply(Sending.NOT_SENT, problem=f"{call.method} not sent")


@dataclass(frozen=True, slots=True)
class Site:
    """The app and what it is wired to."""

    app: Flask
    outside: Outside
    settings: Settings
    companies: dict[str, int]

    def browser(self, alias: str = "groenhof", email: str = "") -> Browser:
        """A browser at the company's address, logged in when an e-mail address is given."""
        host = f"{alias}.{BASE}" if alias else BASE
        browser = Browser(self.app.test_client(), host)
        if email:
            answer = browser.post("/login", email=email, password=PASSWORD)
            assert answer.status_code == 303, answer.text
        return browser


class Browser:
    """A test client that keeps to one host and puts the page's token into its forms."""

    def __init__(self, client: FlaskClient, host: str) -> None:
        self.client = client
        self.host = host
        self._token = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        answer = self.client.get(path, headers={"Host": self.host, **headers})
        self._remember(answer)
        return answer

    def post(self, path: str, **fields: object) -> TestResponse:
        if not self._token:
            self.get("/login")
        if not self._token:
            self.get("/profile")
        form = {"csrf_token": self._token, **fields}
        answer = self.client.post(path, data=form, headers={"Host": self.host})
        if path in ("/login", "/logout", "/profile/password"):
            self._token = ""
        self._remember(answer)
        return answer

    def send(self, method: str, path: str, **options: object) -> TestResponse:
        """A raw request, without any token of the page."""
        headers = {"Host": self.host, **options.pop("headers", {})}
        client = self.client
        if "Cookie" in headers:  # else the client puts its own cookies, or none, in its place
            client = client.application.test_client(use_cookies=False)
        return client.open(path, method=method, headers=headers, **options)

    def _remember(self, answer: TestResponse) -> None:
        if answer.mimetype == "text/html" and (found := TOKEN.search(answer.text)):
            self._token = found.group(1)


def build(
    folder: Path,
    clock: Clock,
    wire: object = None,
    engine: Engine | None = None,
    **environment: str,
) -> Site:
    """A site with the companies groenhof and bloemhof on a fresh database, or on that one."""
    settings = load_settings(
        {"RV_MASTER_KEY_FILE": str(folder / "master.key"), **environment}, folder / "instance"
    )
    if engine is None:
        path = folder / "test.sqlite3"
        shutil.copy(filled_file(), path)
        engine = create_engine(f"sqlite:///{path}")
        db.tune_engine(engine, clock)
    vault.create_key_file(settings.master_key_file)
    outside = Outside(
        sessions=session_maker(engine),
        vault=vault.open_vault(settings.master_key_file, "test"),
        wire=wire or DeadWire(),
        clock=clock,
        spool=folder / "spool",
        owner="test",
        installation="test",
        provider_hosts=settings.provider_hosts,
        apps=operators_apps(settings),
        variables=settings.variables,
    )
    app = Flask("retailvista")
    app.extensions["retailvista"] = Wired(settings, outside)
    web.register(app)
    return Site(app, outside, settings, COMPANIES)


@cache
def filled_file() -> Path:
    """Companies and people, made once per test process: hashing passwords takes its time."""
    folder = Path(tempfile.mkdtemp(prefix="rv-site-"))
    engine = new_database(folder, TestClock())
    populate(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return folder / "test.sqlite3"


def populate(engine: Engine) -> None:
    """Both companies with a person of each role."""
    session = session_maker(engine)()
    made = (
        add_company(session),
        add_company(session, 2, "Bloemhof Canarium", "bloemhof"),
    )
    with db.transaction(session):
        session.add(
            Instance(uuid=INSTALLATION, key_id="k", key_check="", created_at=db.now(session))
        )
    assert dict(zip(COMPANIES, made, strict=True)) == COMPANIES
    for alias, company_id in COMPANIES.items():
        with company_scope(company_id):
            for role in ("administrator", "bookkeeper", "viewer"):
                people.add_user(
                    session, f"{role}@{alias}.nl", role, PASSWORD, "Anna", "de Vries", actor="test"
                )
    session.close()
