"""The whole product on ports of its own: web, engine and sandbox, as `serve` runs them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask import Flask

from retailvista import app as product
from retailvista import db
from retailvista.cli.web_server import WebServer
from retailvista.clock import SystemClock
from retailvista.companies import installation, people, registering
from retailvista.companies.models import LICENCE_EXACT
from retailvista.companies.scope import company_scope
from retailvista.config import load_settings
from retailvista.sandbox.server import Sandbox

PASSWORD = "tulpen uit Lisse 7"
EMAIL = "anna@groenhof.example"


@dataclass(frozen=True, slots=True)
class Running:
    """Where it can be reached."""

    app: Flask
    sandbox: Sandbox
    url: str
    base: str


@contextmanager
def running_site(folder: Path) -> Iterator[Running]:
    """A company with a store and an administrator; nothing else is set up."""
    port = free_port()
    with Sandbox(folder / "sandbox.sqlite") as sandbox:
        settings = load_settings(
            {
                "RV_BASE_URL": f"http://retailvista.localhost:{port}",
                "RV_MASTER_KEY_FILE": str(folder / "master.key"),
                "RV_PROVIDER_HOSTS": sandbox.url,
            },
            folder / "instance",
        )
        begun = product.create_app(settings)
        with begun.app_context():
            db.upgrade(db.db.engine)
        with product.outside(begun).sessions() as session:
            installation.begin(session, settings.master_key_file)
        app = product.create_app(settings)
        _add_company(app)
        server = WebServer(app, "127.0.0.1", port)
        server.start()
        engine = product.make_engine(app)
        engine.start()
        try:
            yield Running(
                app, sandbox, f"http://groenhof.retailvista.localhost:{port}", settings.base_url
            )
        finally:
            engine.stop()
            server.stop()


def _add_company(app: Flask) -> None:
    with product.outside(app).sessions() as session:
        company = registering.add_company(
            session, 1, "Tuincentrum Groenhof", "groenhof", licences=[LICENCE_EXACT],
            warn=[EMAIL], post_from=date(2026, 1, 1), actor="test",
        )  # fmt: skip
        with company_scope(company.id):
            registering.add_store(session, "1", "Groenhof Lisse", actor="test")
            people.add_user(
                session, EMAIL, "administrator", PASSWORD, "Anna", "de Vries", actor="test"
            )


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


CLOCK = SystemClock()
