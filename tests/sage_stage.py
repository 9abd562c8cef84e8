"""A company that is logged in to the sandbox's Sage: the stage of the export, on other books."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.models import LICENCE_SAGE, Licence
from retailvista.connectors.port import TokenPair, Wire
from retailvista.connectors.registry import provider_named
from retailvista.connectors.sage_accounting.businesses import division_of
from retailvista.ledger.journal import Journal
from retailvista.sandbox.answers import Request
from retailvista.sandbox.sage.seed import business_id
from retailvista.sandbox.server import Sandbox
from retailvista.vault import Secret
from tests.stage import (
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    USER,
    Stage,
    connect,
    open_stage,
)
from tests.store_days import day_journal

SAGE, IRELAND = "sage-accounting", business_id(1)
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

    day = staticmethod(sage_day)

    def join(self, session: Session, site: str) -> int:
        with db.transaction(session):
            session.add(Licence(name=LICENCE_SAGE))
        provider = provider_named(SAGE)
        books = {"division": division_of(IRELAND), "journal_code": "JNL"}
        pair, more = log_in(self.sandbox, self.clock), {"vat_mode": provider.vat_modes[0], **books}
        return connect(session, self, site, pair, provider=SAGE, name="Sage", **more)

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
) -> Stage:
    """A new database with a company that is logged in to the sandbox's Sage."""
    return open_stage(folder, clock, sandbox, wire, site=site, kind=SageStage)


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
