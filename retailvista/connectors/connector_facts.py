"""A connector as it stands: what a visit and a reader of records need to know of its row."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from retailvista import db
from retailvista.connectors.choosing import check_licence
from retailvista.connectors.lanes import lane_key
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Provider
from retailvista.connectors.registry import provider_of
from retailvista.errors import Refused


@dataclass(frozen=True, slots=True)
class ConnectorFacts:
    """A connector as it was when the visit began. `division` is 0 before one is chosen."""

    id: int
    company_id: int
    number: int
    provider: str
    name: str
    site: str
    client_id: str
    division: int
    division_currency: str
    journal_code: str
    vat_mode: str
    automatic: bool
    log_requests: bool
    lane_key: str


def connector_facts(outside: Outside, connector_id: int) -> tuple[ConnectorFacts, Provider]:
    """The connector, if it may be used at all; Refused or NotAllowed says what is missing."""
    session = outside.sessions()
    try:
        with db.reading(session):
            row = session.scalars(select(Connector).where(Connector.id == connector_id)).one()
            provider = provider_of(row)
            if row.draft or row.deleted_at is not None:
                raise Refused(f"Connector {row.number} is not saved.")
            check_licence(session, provider)
            return _facts(row), provider
    finally:
        session.close()


def _facts(row: Connector) -> ConnectorFacts:
    division = row.division or 0
    return ConnectorFacts(
        id=row.id,
        company_id=row.company_id,
        number=row.number,
        provider=row.provider,
        name=row.name,
        site=row.site,
        client_id=row.client_id,
        division=division,
        division_currency=row.division_currency,
        journal_code=row.journal_code,
        vat_mode=row.vat_mode,
        automatic=row.automatic,
        log_requests=row.log_requests,
        lane_key=lane_key(row.site, row.client_id, division),
    )
