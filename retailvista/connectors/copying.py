"""A copy of a connector: a draft with the same way there, and nothing that opens the door.

Invariant: no secret, no login, no division and no journal code comes along, since two connectors
never post to the same journal.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.connectors.choosing import check_licence, connector_by_number
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.fields import NAME_MAX
from retailvista.connectors.models import Connector
from retailvista.connectors.registering import draft
from retailvista.connectors.registry import provider_of


def copy(session: Session, number: int, actor: str) -> Connector:
    """A draft beside the connector, with a name of its own."""
    with db.transaction(session):
        row = connector_by_number(session, number)
        check_licence(session, provider_of(row))
        made = draft(session, row.provider, actor)
        made.name = free_name(session, row.name or provider_of(row).name)
        made.site, made.client_id, made.vat_mode = row.site, row.client_id, row.vat_mode
        made.log_requests = row.log_requests
        made.settings = ConnectorSettings.of(row.settings).document
        audit.record(session, actor, "connector_copied", f"connector {number}", to=made.number)
    return made


def free_name(session: Session, name: str) -> str:
    """The name, else with the first number behind it that is free. The caller's transaction."""
    taken = {
        other.casefold()
        for other in session.scalars(select(Connector.name).where(Connector.deleted_at.is_(None)))
    }
    stem, number = name, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem[: NAME_MAX - 4]} {number}"
    return name
