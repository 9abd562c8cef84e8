"""A connector as it stands: what a visit and a reader of records need to know of its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors.choosing import check_licence
from retailvista.connectors.connector_settings import ConnectorSettings, provider_under
from retailvista.connectors.field_variables import has_variable, known_to
from retailvista.connectors.guidance import FULL
from retailvista.connectors.lanes import lane_key
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Provider
from retailvista.connectors.registry import provider_of, records_for
from retailvista.errors import Refused

# What the provider would answer.
FORBIDDEN = 403


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
    mode: str = FULL
    use_proxy: bool = False
    free_site: bool = False
    advanced: Mapping[str, str] = field(default_factory=dict)
    # The divisions that the login could see when it was last asked.
    visible: frozenset[int] = frozenset()

    def at(self, division: int) -> Self:
        """The same at a division, with its lane.

        A lane is shared with other companies only where the provider has confirmed who is there.
        What somebody typed proves nothing: his refused calls must not stop the others' postings.
        """
        whose = None if self.mode == FULL else self.company_id
        key = lane_key(self.site, self.client_id, division, whose)
        return replace(self, division=division, lane_key=key)

    def at_other(self, division: int) -> Self:
        """At another division than its own. Refused for one that the login is not known to see."""
        if division not in self.visible:
            raise Refused(
                f"This login has no access to division {division}. If it has meanwhile, press Test"
                f" at connector {self.number}.",
                http_status=FORBIDDEN,
            )
        return replace(self.at(division), division_currency="")


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
            settings = settings_of(session, outside, row)
    finally:
        session.close()
    facts = replace(facts_of(row), free_site=provider.free_site, **as_facts(settings))
    if provider.records_for is not None:
        provider = replace(provider, records=records_for(row))
    return facts, provider_under(provider, settings.advanced)


def settings_of(session: Session, outside: Outside, row: Connector) -> ConnectorSettings:
    """The settings with their variables filled in, as they are now. The caller's transaction.

    Refused names a variable that nobody knows, and one whose value moves the connector elsewhere:
    the stored secret and login belong to the old place.
    """
    settings = ConnectorSettings.of(row.settings)
    if not any(has_variable(text) for _name, text in settings.texts()):
        return settings
    resolved = settings.resolved(known_to(session, outside.variables, row.number))
    for name, text in resolved.patterns.items():
        if getattr(row, name) != text.strip().rstrip("/"):
            raise Refused(
                f"A variable in {name} of connector {row.number} has another value than when it"
                " was saved. Open the connector, enter its secret again and save it."
            )
    return resolved


def as_facts(settings: ConnectorSettings) -> dict[str, Any]:
    """What a visit needs of them."""
    return {
        "mode": settings.mode,
        "use_proxy": settings.use_proxy,
        "advanced": settings.advanced,
    }


def facts_of(row: Connector) -> ConnectorFacts:
    """The columns of a row as a value."""
    facts = ConnectorFacts(
        id=row.id,
        company_id=row.company_id,
        number=row.number,
        provider=row.provider,
        name=row.name,
        site=row.site,
        client_id=row.client_id,
        division=row.division or 0,
        division_currency=row.division_currency,
        journal_code=row.journal_code,
        vat_mode=row.vat_mode,
        automatic=row.automatic,
        log_requests=row.log_requests,
        lane_key="",
        mode=ConnectorSettings.of(row.settings).mode,
        visible=frozenset(int(one["code"]) for one in (row.last_test or {}).get("divisions", [])),
    )
    return facts.at(facts.division)
