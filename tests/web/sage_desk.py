"""A desk whose company may use Sage too, with a draft of it as connector 3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from retailvista import db
from retailvista.companies.models import LICENCE_SAGE, Licence
from retailvista.companies.scope import company_scope
from tests.web.desk import CALLBACK, CLIENT_ID, SECRET, Desk, open_desk

SAGE_CALLBACK = CALLBACK.replace("provider=1", "provider=3")
FORM = {"mode": "full", "advanced_open": "yes", "log_requests": "y"}


@contextmanager
def open_sage_desk(tmp_path, clock, request) -> Iterator[Desk]:
    with open_desk(tmp_path, clock, request) as desk:
        with company_scope(1), desk.site.outside.sessions() as session, db.transaction(session):
            session.add(Licence(name=LICENCE_SAGE))
        made = desk.admin.post("/connectors", provider="sage-accounting")
        assert made.location == "/connectors/3"
        desk.sandbox.store.add_app(CLIENT_ID, SECRET, SAGE_CALLBACK)
        yield desk


def fill_sage(desk: Desk, **fields: object):
    usual = {
        "name": "Sage Ierland", "site": desk.sandbox.url, "client_id": CLIENT_ID,
        "client_secret": SECRET, "callback_url": SAGE_CALLBACK, "vat_mode": "own",
        "had_token": "no", **FORM,
    }  # fmt: skip
    return desk.admin.post("/connectors/3", **usual | fields)
