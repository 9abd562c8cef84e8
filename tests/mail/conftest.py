"""A company with a connector that is logged in, and the outside of a mail run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from retailvista import db as database
from retailvista.companies.models import WarningRecipient
from retailvista.companies.scope import company_scope
from retailvista.config import load_settings
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.outside import Outside
from retailvista.vault import LostVault
from tests.world import add_company, new_database, session_maker


class NoWire:
    """Mails never ask a provider."""

    def send(self, call):
        raise AssertionError(f"a mail run must not call {call}")


@pytest.fixture
def settings(tmp_path):
    return load_settings({}, tmp_path / "instance")


@pytest.fixture
def way_out(tmp_path, clock):
    engine = new_database(tmp_path, clock)
    yield Outside(
        sessions=session_maker(engine),
        vault=LostVault("mails open no secret"),
        wire=NoWire(),
        clock=clock,
        spool=tmp_path,
        owner="here.1.one",
        installation="test",
    )
    engine.dispose()


@pytest.fixture
def log_in(way_out, clock):
    """Adds a company with a logged-in connector and its readers; the ids of both."""

    def add(number=1, alias="groenhof", readers=(("boek@groenhof.nl", "nl"),)):
        with way_out.sessions() as session:
            company_id = add_company(session, number, alias.title(), alias)
            with company_scope(company_id), database.transaction(session):
                grant = Grant(
                    holder_key=f"holder of {alias}",
                    site="https://start.exactonline.nl",
                    client_id="app",
                    provider_user_id="user",
                    provider_user_name="A. de Vries",
                    last_success_at=clock.now(),
                    valid_until=clock.now() + timedelta(days=30),
                )
                session.add(grant)
                session.flush()
                session.add(
                    Connector(
                        number=25,
                        draft=False,
                        provider="exact-online",
                        name="Exact",
                        division_name="Groenhof BV",
                        grant_id=grant.id,
                        created_at=clock.now(),
                    )
                )
                for email, language in readers:
                    session.add(WarningRecipient(email=email, language=language))
                session.flush()
            return company_id, grant.id

    return add


@pytest.fixture
def succeed(way_out, clock):
    """Something went well with the provider: the date of a grant moves."""

    def move(company_id, grant_id):
        with (
            way_out.sessions() as session,
            company_scope(company_id),
            database.transaction(session),
        ):
            grant = session.scalars(select(Grant).where(Grant.id == grant_id)).one()
            grant.last_success_at = clock.now()
            grant.valid_until = clock.now() + timedelta(days=30)

    return move
