"""Master data that is missing: fetched when a connector has just got its login and division.

Without accounts, VAT codes and periods no journal can be checked, so none can be released.
"""

from __future__ import annotations

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import across_companies, company_scope
from retailvista.connectors import visits
from retailvista.connectors.models import Connector, Grant, MasterCopy
from retailvista.connectors.outside import Outside
from retailvista.errors import RetailVistaError
from retailvista.runs.asking import ask

# Two may ask for the same: who comes second finds the copy and is done.
IF_MISSING = "if_missing"


def ask_for_missing_masters(outside: Outside) -> int:
    """The duty: a run for each connector that lacks its master data; how many."""
    with outside.sessions() as session:
        with across_companies(), database.reading(session):
            bare = _bare(session)
        for connector in bare:
            with company_scope(connector.company_id), database.transaction(session):
                ask(
                    session,
                    "master",
                    str(connector.number),
                    {IF_MISSING: True},
                    asked_by="sweep",
                    connector_number=connector.number,
                    sooner=False,
                )
    return len(bare)


def fetch_missing_masters(outside: Outside) -> None:
    """Fetch them now, for the company in scope. What cannot be fetched stays missing, with why."""
    with outside.sessions() as session, database.reading(session):
        bare = _bare(session)
    for connector in bare:
        try:
            visits.fetch_master(outside, connector.id)
        except RetailVistaError as error:
            structlog.get_logger("master").info(
                "master data missing", connector=connector.number, why=str(error)
            )


def lacking_masters(outside: Outside) -> list[int]:
    """Numbers of the connectors of the company in scope that have a login and no master data."""
    with outside.sessions() as session, database.reading(session):
        return [connector.number for connector in _bare(session)]


def _bare(session: Session) -> list[Connector]:
    has_copy = exists().where(
        MasterCopy.company_id == Connector.company_id,
        MasterCopy.site == Connector.site,
        MasterCopy.division == Connector.division,
    )
    return list(
        session.scalars(
            select(Connector)
            .join(Grant, Grant.id == Connector.grant_id)
            .where(Connector.draft.is_(False), Connector.deleted_at.is_(None))
            .where(Connector.division.is_not(None), Connector.paused == "", ~has_copy)
            .where(Grant.login_needed_at.is_(None))
        )
    )
