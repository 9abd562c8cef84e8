"""Who holds a login: one grant per (site, client id, provider user) in the whole installation.

Connectors of one company that log in as the same user share the grant, since a second chain of
tokens would end the first. For that reason another company's login with it is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from retailvista.companies.scope import across_companies, scoped_company_id
from retailvista.connectors import chains
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.port import Provider, ProviderUser, TokenPair
from retailvista.errors import Refused
from retailvista.vault import Vault


class OtherCompany(Refused):
    """This provider user is logged in for another company with the same app."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A fresh login: who, where, and the tokens."""

    site: str
    client_id: str
    user: ProviderUser
    pair: TokenPair


def holder_key(site: str, client_id: str, user_id: str) -> str:
    """SHA-256 of what makes two logins the same one."""
    return hashlib.sha256(f"{site}|{client_id}|{user_id}".encode()).hexdigest()


def hold(
    session: Session, vault: Vault, provider: Provider, row: Connector, login: LoggedIn
) -> Grant:
    """Store a login and give it to the connector. The caller's transaction."""
    key = holder_key(login.site, login.client_id, login.user.user_id)
    grant = held_by_key(session, key)
    if grant is None:
        grant = _added(session, key, login)
    else:
        grant.chain += 1
    grant.provider_user_name = login.user.name
    values = chains.pair_values(vault, grant.company_id, grant.id, login.pair, provider)
    for name, value in values.items():
        setattr(grant, name, value)
    # Whoever renews the old chain right now must not keep the new one waiting.
    grant.lease_owner, grant.lease_until = "", None
    take_over(session, row, grant)
    return grant


def take_over(session: Session, row: Connector, grant: Grant) -> None:
    """Give a connector a login in the place of the one it had. The caller's transaction."""
    if row.grant_id not in (None, grant.id):
        detach(session, row)
    row.grant_id = grant.id


def held_by_key(session: Session, key: str) -> Grant | None:
    """The grant with this key; OtherCompany when it is not ours."""
    query = select(Grant).where(Grant.holder_key == key).with_for_update()
    with across_companies():
        owner = session.scalar(select(Grant.company_id).where(Grant.holder_key == key))
    if owner is None:
        return None
    if owner != scoped_company_id():
        raise OtherCompany
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _added(session: Session, key: str, login: LoggedIn) -> Grant:
    grant = Grant(
        holder_key=key,
        site=login.site,
        client_id=login.client_id,
        provider_user_id=login.user.user_id,
        keep_alive_at=None,
    )
    session.add(grant)
    session.flush()
    return grant


def detach(session: Session, row: Connector) -> None:
    """Take the login from a connector; the tokens go with the last connector that used them."""
    grant_id, row.grant_id = row.grant_id, None
    session.flush()
    if grant_id is None:
        return
    other = select(Connector.id).where(Connector.grant_id == grant_id).limit(1)
    if session.scalar(other) is None:
        session.execute(delete(Grant).where(Grant.id == grant_id))


def grant_of(session: Session, row: Connector) -> Grant | None:
    """The grant of a connector. The caller's transaction."""
    if row.grant_id is None:
        return None
    return session.scalar(select(Grant).where(Grant.id == row.grant_id))


def users_of(session: Session, grant_id: int) -> list[int]:
    """Numbers of the connectors that share a grant. The caller's transaction."""
    query = select(Connector.number).where(
        Connector.grant_id == grant_id, Connector.deleted_at.is_(None)
    )
    return list(session.scalars(query.order_by(Connector.number)))
