"""Finding connectors of the company in scope, and what they need before they may be used."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.companies.models import Company, Licence
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.models import Connector
from retailvista.connectors.port import Provider
from retailvista.errors import NotAllowed, NotFound, Refused


def connector_by_number(session: Session, number: int) -> Connector:
    """A connector of the company, drafts included. The caller's transaction. NotFound otherwise."""
    found = session.scalar(
        select(Connector)
        .where(Connector.number == number, Connector.deleted_at.is_(None))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(f"There is no connector {number}.")
    return found


def connectors_of(session: Session) -> list[Connector]:
    """The saved connectors of the company, by number. The caller's transaction."""
    query = select(Connector).where(Connector.draft.is_(False), Connector.deleted_at.is_(None))
    return list(session.scalars(query.order_by(Connector.number)))


def only_that_posts(session: Session) -> Connector | None:
    """The connector of stores that chose none: the one that posts journals, if it is alone."""
    posting = posting_connectors(session)
    return posting[0] if len(posting) == 1 else None


def posting_connectors(session: Session) -> list[Connector]:
    """Those with a journal code, by number. The caller's transaction."""
    return [row for row in connectors_of(session) if row.journal_code]


def check_licence(session: Session, provider: Provider) -> None:
    """NotAllowed without the provider's licence; some need none."""
    if not provider.licence:
        return
    query = select(Licence.id).where(
        Licence.name == provider.licence, Licence.withdrawn_at.is_(None)
    )
    if session.scalar(query) is None:
        raise NotAllowed(f"The company has no licence {provider.licence!r}.")


def check_alias(session: Session) -> None:
    """Refused without an alias: the callback URL is an address of the company's own."""
    alias = session.scalar(select(Company.alias).where(Company.id == scoped_company_id()))
    if not alias:
        raise Refused("An alias is mandatory for this connector; enter one at Extra > Companies.")
