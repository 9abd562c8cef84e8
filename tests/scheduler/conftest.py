"""A company with a saved connector and its schedules, and ways out for two engines."""

from __future__ import annotations

import pytest

from retailvista import db as database
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Reply, Sending
from retailvista.runs import schedules
from retailvista.vault import LostVault
from tests.world import add_company, new_database, session_maker


class DeadWire:
    """No provider can be reached."""

    def send(self, call):
        return Reply(Sending.NOT_SENT, problem=f"{call.method} not sent")


@pytest.fixture
def database_file(tmp_path, clock):
    engine = new_database(tmp_path, clock)
    yield engine
    engine.dispose()


@pytest.fixture
def way_out(tmp_path, clock, database_file):
    """Makes the way out of one engine, by the name of its owner."""

    def make(owner: str = "here.1.one") -> Outside:
        return Outside(
            sessions=session_maker(database_file),
            vault=LostVault("no secret is opened here"),
            wire=DeadWire(),
            clock=clock,
            spool=tmp_path / "spool",
            owner=owner,
            installation="test",
        )

    return make


@pytest.fixture
def groenhof(way_out, clock):
    """A company with connector 25, saved but without a login."""
    with way_out().sessions() as session:
        company_id = add_company(session)
        with company_scope(company_id), database.transaction(session):
            row = Connector(
                number=25, draft=False, provider="exact-online", name="Exact",
                created_at=clock.now(),
            )  # fmt: skip
            session.add(row)
            session.flush()
            schedules.add_defaults(session, row.id)
    return company_id
