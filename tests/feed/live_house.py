"""Groenhof with screens, a login to the sandbox, a warehouse, and programs that read its feeds."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from retailvista import db, web
from retailvista.clock import Clock
from retailvista.companies import people
from retailvista.companies.scope import company_scope
from retailvista.config import load_settings
from retailvista.connectors.models import Lane, RequestLog
from retailvista.feed import feeds, live_datasets
from retailvista.feed.flow_rows import FeedRows
from retailvista.flows import offered_rows
from retailvista.sandbox import records
from retailvista.sandbox.server import Sandbox
from retailvista.web.wiring import Wired
from tests.conftest import TestClock
from tests.feed.program import Program, make_program
from tests.flows.flow_house import FlowHouse, add_warehouse
from tests.sandbox.visitor import GROENHOF
from tests.stage import CONNECTOR_NUMBER, open_stage
from tests.web.site import PASSWORD, Site
from tests.world import add_company

ACCOUNTS, ITEMS, CONTACTS = "crm/Accounts", "logistics/Items", "crm/Contacts"


@dataclass
class LiveHouse:
    """Use cases and screens of one company, and what its provider saw."""

    house: FlowHouse
    site: Site

    @property
    def clock(self) -> TestClock:
        return self.house.stage.clock

    @property
    def store(self) -> Any:
        return self.house.stage.sandbox.store

    def feed(self, name: str, *entities: str, warehouse: bool = False) -> int:
        """A feed with tables of connector 25; its number."""
        number = self.do(feeds.add_feed, name, "test")
        self.do(live_datasets.add_live_tables, number, CONNECTOR_NUMBER, entities, "test",
                warehouse=warehouse)  # fmt: skip
        return number

    def program(self, feed: str, role: str = "viewer") -> Program:
        return make_program(self.site, role=role, feed=feed)

    def scope(self) -> AbstractContextManager[None]:
        return company_scope(self.house.stage.company_id)

    def do(self, use_case: Any, *given: Any, **more: Any) -> Any:
        with self.scope():
            return self.house.do(use_case, *given, **more)

    def put(self, entity: str, *rows: dict[str, Any]) -> list[str]:
        """Rows in the other system, in place of all that were there; their keys."""
        with self.store.transaction() as rows_of:
            rows_of.execute(
                "DELETE FROM record WHERE entity = ? AND Division = ?", (entity, GROENHOF)
            )
        return self.add(entity, *rows)

    def add(self, entity: str, *rows: dict[str, Any]) -> list[str]:
        """Rows beside those that are there; their keys."""
        return [record.key for record in records.put(self.store, GROENHOF, entity, list(rows))]

    def calls(self) -> list[str]:
        """What was asked of Exact since the last time, decoded."""
        session = self.house.stage.sessions()
        with company_scope(self.house.stage.company_id), session, db.transaction(session):
            query = select(RequestLog.method, RequestLog.path).order_by(RequestLog.id)
            found = [f"{method} {unquote(path)}" for method, path in session.execute(query)]
            session.execute(delete(RequestLog))
        return [path.replace(f"/api/v1/{GROENHOF}/", "") for path in found if "/api/v1/" in path]

    def lane(self, **values: Any) -> None:
        """Counters of the lane as other work, or a refusal, would leave them."""
        self.house.stage.change(lambda session: session.execute(update(Lane).values(values)))


def open_live(folder: Path, clock: Clock, sandbox: Sandbox, **more: Any) -> LiveHouse:
    """Groenhof with connector 25 (logged in) and 40 (a warehouse); Bloemhof with nothing.

    `more`: for open_stage.
    """
    stage = open_stage(folder, clock, sandbox, master=False, **more)
    add_warehouse(stage)
    settings = load_settings(
        {"RV_MASTER_KEY_FILE": str(folder / "master.key")}, folder / "instance"
    )
    with stage.sessions() as session:
        other = add_company(session, 2, "Bloemhof Canarium", "bloemhof")
        companies = {"groenhof": stage.company_id, "bloemhof": other}
        for alias, company_id in companies.items():
            with company_scope(company_id):
                _add_people(session, alias)
    offered_rows.plug(FeedRows())
    app = Flask("retailvista")
    app.extensions["retailvista"] = Wired(settings, stage.outside)
    web.register(app)
    return LiveHouse(FlowHouse(stage), Site(app, stage.outside, settings, companies))


def _add_people(session: Session, alias: str) -> None:
    for role in ("administrator", "viewer"):
        people.add_user(
            session, f"{role}@{alias}.nl", role, PASSWORD, "Anna", "de Vries", actor="test"
        )
