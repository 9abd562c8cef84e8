"""A company that is logged in to the sandbox's Sage: the stage of the export, on other books."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.models import LICENCE_SAGE, Company, Instance, Licence, Store
from retailvista.companies.scope import company_scope
from retailvista.connectors import chains
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.port import TokenPair, Wire
from retailvista.connectors.registry import provider_named
from retailvista.connectors.sage_accounting.businesses import division_of
from retailvista.connectors.sealing import client_secret_place
from retailvista.connectors.visits import fetch_master
from retailvista.journals.day_receipts import StoreRef
from retailvista.journals.journal_rows import Snapshot, add_journal
from retailvista.ledger.journal import Journal
from retailvista.sandbox.answers import Request
from retailvista.sandbox.sage.seed import business_id
from retailvista.sandbox.server import Sandbox
from retailvista.vault import Secret
from tests.stage import (
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    CONNECTOR_NUMBER,
    FIRST_DAY,
    INSTALLATION,
    USER,
    Stage,
    outside_for,
)
from tests.store_days import day_journal
from tests.world import add_company, new_database, session_maker

IRELAND = business_id(1)
# The accounts of a store day in the chart of the sandbox's Sage.
NOMINAL = {"1210": "1210", "8220": "4010", "8210": "4000", "1500": "2200", "1510": "2200"}
POST = {"method": "POST", "path": "/v3.1/journals"}
LOOK = {"method": "GET", "path": "/v3.1/journals"}


def sage_day(store: str, on: date, gross: int) -> Journal:
    """The store day of the other stage, on nominal codes."""
    day = day_journal(store, on, gross)
    lines = tuple(replace(line, gl_code=NOMINAL[line.gl_code], key=None) for line in day.lines)
    return replace(day, lines=lines)


@dataclass(slots=True)
class SageStage(Stage):
    """Both sides and everything between."""

    def add_days(self, count: int, first: date = FIRST_DAY, gross: int = 12100) -> list[int]:
        session = self.sessions()
        try:
            with company_scope(self.company_id), db.transaction(session):
                store = StoreRef.of(session.scalars(select(Store)).one())
                return [
                    add_journal(
                        session,
                        sage_day(store.code, first + timedelta(days=n), gross + n),
                        store,
                        Snapshot({}, [], []),
                    ).sequence
                    for n in range(count)
                ]
        finally:
            session.close()

    def booked(self) -> list[tuple[int, str]]:
        """(number in the reference, text of the first line) of what is in the books."""
        rows = self.sandbox.store.rows(
            "SELECT body FROM sage_record WHERE resource = 'journals' AND deleted IS NULL"
        )
        bodies = [json.loads(body) for (body,) in rows]
        return sorted(
            (int(body["reference"][2:]), str(body["journal_lines"][0]["details"]))
            for body in bodies
        )


def open_sage_stage(
    folder: Path, clock: Clock, sandbox: Sandbox, wire: Wire | None = None, *, site: str = ""
) -> SageStage:
    """A new database with a company that is logged in to the sandbox's Sage."""
    engine = new_database(folder, clock)
    site = site or sandbox.url
    wire = wire or RequestsWire(clock, (), [site])
    outside = outside_for(engine, clock, wire, folder, "test-worker")
    stage = SageStage(clock, sandbox, engine, session_maker(engine), outside)
    session = stage.sessions()
    try:
        with db.transaction(session):
            session.add(
                Instance(uuid=INSTALLATION, key_id="k", key_check="", created_at=db.now(session))
            )
        stage.company_id = add_company(session)
        with company_scope(stage.company_id):
            stage.connector_id = _connect(session, stage, site)
            fetch_master(outside, stage.connector_id)
    finally:
        session.close()
    return stage


def _connect(session: Session, stage: SageStage, site: str) -> int:
    pair = log_in(stage.sandbox, stage.clock)
    provider, vault = provider_named("sage-accounting"), stage.outside.vault
    with db.transaction(session):
        session.add(Licence(name=LICENCE_SAGE))
        now = db.now(session)
        company = session.scalars(select(Company)).one()
        grant = Grant(
            holder_key="h", site=site, client_id=CLIENT_ID, provider_user_id=USER, calls_today=0
        )
        session.add(grant)
        session.flush()
        for name, value in chains.pair_values(vault, company.id, grant.id, pair, provider).items():
            setattr(grant, name, value)
        place = client_secret_place(company.id, CONNECTOR_NUMBER)
        connector = Connector(
            number=CONNECTOR_NUMBER,
            draft=False,
            provider="sage-accounting",
            name="Sage",
            site=site,
            client_id=CLIENT_ID,
            client_secret_sealed=vault.seal(Secret(CLIENT_SECRET), place),
            callback_url=CALLBACK,
            division=division_of(IRELAND),
            division_currency="EUR",
            journal_code="JNL",
            vat_mode=provider.vat_mode,
            grant_id=grant.id,
            created_at=now,
        )
        session.add(connector)
        session.flush()
    return connector.id


def log_in(sandbox: Sandbox, clock: Clock) -> TokenPair:
    """What the callback gets: a first pair of tokens."""
    sandbox.store.add_app(CLIENT_ID, CLIENT_SECRET, CALLBACK)
    form = {
        "grant_type": "authorization_code",
        "code": sandbox.sage.login.consent(CLIENT_ID, USER, CALLBACK, "full_access"),
        "redirect_uri": CALLBACK,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = sandbox.carry_out(Request("POST", "/token", headers, urlencode(form).encode()))
    assert answer.status == 200, answer.body
    tokens = json.loads(answer.body)
    access, refresh = Secret(tokens["access_token"]), Secret(tokens["refresh_token"])
    life = timedelta(seconds=tokens["expires_in"])
    return TokenPair(access, refresh, clock.now(), clock.now(), life)
